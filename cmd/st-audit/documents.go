package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"strings"

	"sandtrace/lib/cli"
	"sandtrace/lib/detect"
	"sandtrace/lib/event"
)

// encode writes v as indented JSON.
func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// jsonOutput is one array of findings.
type jsonOutput struct {
	w        io.Writer
	findings []*event.Finding
}

func (o *jsonOutput) collects() bool { return true }

func (o *jsonOutput) write(r event.Record) error {
	if f, ok := r.(*event.Finding); ok {
		o.findings = append(o.findings, f)
	}
	return nil
}

// place is a finding in the JSON document: the keys of the record, without those of the stream.
type place struct {
	Rule        string         `json:"rule"`
	Path        string         `json:"path"`
	Line        int            `json:"line,omitempty"`
	Column      int            `json:"column,omitempty"`
	EndLine     int            `json:"end_line,omitempty"`
	EndColumn   int            `json:"end_column,omitempty"`
	Severity    event.Severity `json:"severity"`
	Message     string         `json:"message"`
	Preview     string         `json:"preview,omitempty"`
	Fingerprint string         `json:"fingerprint"`
	Tags        []string       `json:"tags,omitempty"`
	Confidence  string         `json:"confidence,omitempty"`
	Remediation string         `json:"remediation,omitempty"`
	Suppressed  bool           `json:"suppressed,omitempty"`
}

func (o *jsonOutput) close() error {
	out := []place{}
	for _, f := range o.findings {
		out = append(out, place{f.Rule, f.Path, f.Line, f.Column, f.EndLine, f.EndColumn, f.Severity, f.Message, f.Preview, f.Fingerprint, f.Tags, f.Confidence, f.Remediation, f.Suppressed})
	}
	return encode(o.w, out)
}

// sarif is a log of SARIF 2.1.0 with what code hosts read of it.
type sarif struct {
	w     io.Writer
	rules []*detect.Rule
	index map[string]int
	log   sarifRun
}

type (
	sarifText struct {
		Text string `json:"text"`
	}
	sarifRule struct {
		ID         string         `json:"id"`
		Short      sarifText      `json:"shortDescription"`
		Full       sarifText      `json:"fullDescription"`
		Help       sarifText      `json:"help"`
		Properties map[string]any `json:"properties"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region *sarifRegion `json:"region,omitempty"`
		} `json:"physicalLocation"`
	}
	sarifSuppression struct {
		Kind string `json:"kind"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifRun struct {
		Tool struct {
			Driver struct {
				Name    string      `json:"name"`
				Version string      `json:"version"`
				Rules   []sarifRule `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
)

// levels are SARIF's words, and the scores by which code hosts rank security findings.
var levels = map[event.Severity]struct{ level, score string }{
	event.SeverityCritical: {"error", "9.5"}, event.SeverityHigh: {"error", "8.0"}, event.SeverityMedium: {"warning", "5.5"},
	event.SeverityLow: {"note", "3.0"}, event.SeverityInfo: {"note", "0.1"},
}

func newSARIF(w io.Writer, rules []*detect.Rule) *sarif {
	s := &sarif{w: w, rules: rules, index: map[string]int{}}
	s.log.Tool.Driver.Name, s.log.Tool.Driver.Version = tool, cli.ToolVersion()
	s.log.Tool.Driver.Rules = []sarifRule{}
	s.log.ColumnKind, s.log.Results = "unicodeCodePoints", []sarifResult{}
	return s
}

func (s *sarif) collects() bool { return true }

// rule is the index of the rule, which is described when it is first needed.
func (s *sarif) rule(id string) int {
	if i, ok := s.index[id]; ok {
		return i
	}
	for _, r := range s.rules {
		if r.ID == id {
			s.index[id] = len(s.log.Tool.Driver.Rules)
			s.log.Tool.Driver.Rules = append(s.log.Tool.Driver.Rules, sarifRule{
				r.ID,
				sarifText{r.Title},
				sarifText{r.Why},
				sarifText{r.Fix},
				map[string]any{"tags": append([]string{"security"}, r.Tags...), "security-severity": levels[r.Severity].score},
			})
			break
		}
	}
	return s.index[id]
}

func (s *sarif) write(r event.Record) error {
	f, ok := r.(*event.Finding)
	if !ok {
		return nil
	}
	out := sarifResult{RuleID: f.Rule, RuleIndex: s.rule(f.Rule), Level: levels[f.Severity].level, Message: sarifText{event.Display(f.Message)}}
	var at sarifLocation
	at.Physical.Artifact.URI = (&url.URL{Path: strings.TrimPrefix(f.Path, "./")}).EscapedPath()
	if f.Line > 0 {
		at.Physical.Region = &sarifRegion{f.Line, f.Column, f.EndLine, f.EndColumn}
	}
	out.Locations = []sarifLocation{at}
	out.Fingerprints = map[string]string{"sandtrace/v1": f.Fingerprint}
	if f.Suppressed {
		out.Suppressions = []sarifSuppression{{"external"}}
	}
	s.log.Results = append(s.log.Results, out)
	return nil
}

func (s *sarif) close() error {
	return encode(s.w, struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{s.log}})
}

// junitOutput is a test report in which every finding is a failure.
type junitOutput struct {
	w     io.Writer
	cases []junitCase
}

type (
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Skipped *struct{}     `xml:"skipped,omitempty"`
	}
	junitFailure struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
)

func (o *junitOutput) collects() bool { return true }

func (o *junitOutput) write(r event.Record) error {
	f, ok := r.(*event.Finding)
	if !ok {
		return nil
	}
	c := junitCase{Class: event.Display(f.Path), Name: fmt.Sprintf("%s:%d", f.Rule, f.Line)}
	if f.Suppressed {
		c.Skipped = &struct{}{}
	} else {
		c.Failure = &junitFailure{string(f.Severity), event.Display(f.Message), event.Display(f.Preview)}
	}
	o.cases = append(o.cases, c)
	return nil
}

func (o *junitOutput) close() error {
	s := junitSuite{Name: tool, Tests: len(o.cases), Cases: o.cases}
	for _, c := range o.cases {
		if c.Failure != nil {
			s.Failures++
		} else {
			s.Skipped++
		}
	}
	if _, err := io.WriteString(o.w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(o.w)
	e.Indent("", "  ")
	if err := e.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(o.w, "\n")
	return err
}
