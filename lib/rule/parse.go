package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"sandtrace/lib/event"
	"sandtrace/lib/spell"
)

// idForm is what an id may look like; it becomes part of records, file names and commands.
var idForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// nameForm is what the name of a list or macro may look like.
var nameForm = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,99}$`)

// Parse reads the rules of one file: a mapping with the key rules, or a list of rules. It fails with
// an *Error at the first fault. Patterns, conditions and messages are checked by Compile.
func Parse(file string, text []byte) (*Bundle, error) {
	p := &parser{file: file}
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, yamlError(file, err)
		}
		if err := p.document(doc.Content[0]); err != nil {
			return nil, err
		}
	}
	lines := map[string]int{}
	for i := range p.out.Rules {
		r := &p.out.Rules[i]
		if first, ok := lines[r.ID]; ok {
			return nil, r.errorf(r.Line, "id %s: used before, in line %d: expected one rule an id", r.ID, first)
		}
		lines[r.ID] = r.Line
	}
	return &p.out, nil
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// yamlError puts the line that yaml names in front.
func yamlError(file string, err error) error {
	msg, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if m := yamlLine.FindStringSubmatchIndex(msg); m != nil {
		line, _ = strconv.Atoi(msg[m[2]:m[3]])
		msg = msg[:m[0]] + msg[m[1]:]
	}
	return &Error{file, line, "no YAML: " + msg}
}

type parser struct {
	file  string
	out   Bundle
	nodes int
}

func (p *parser) document(n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		return p.mapping(n, "the file", []field{
			{"rules", func(n *yaml.Node) error { return p.list(n, "rules", p.rule) }},
			{"lists", p.lists},
			{"macros", p.macros},
		})
	case yaml.SequenceNode:
		return p.list(n, "rules", p.rule)
	}
	if n.ShortTag() == "!!null" { // nothing but comments
		return nil
	}
	return p.errorf(n, "expected rules: and a list of rules")
}

func (p *parser) rule(n *yaml.Node) error {
	r := Rule{File: p.file, Line: n.Line, Enabled: true}
	var idLine, severityLine, detectionLine int
	err := p.mapping(n, "a rule", []field{
		{"id", func(n *yaml.Node) error { idLine = n.Line; return p.id(n, &r.ID) }},
		{"name", func(n *yaml.Node) error { return p.text(n, &r.Name) }},
		{"severity", func(n *yaml.Node) error { severityLine = n.Line; return p.oneOf(n, &r.Severity) }},
		{"description", func(n *yaml.Node) error { return p.text(n, &r.Description) }},
		{"references", func(n *yaml.Node) error { return p.texts(n, &r.References) }},
		{"on", func(n *yaml.Node) error { return p.types(n, &r.On) }},
		{"detection", func(n *yaml.Node) error {
			detectionLine = n.Line
			return p.detection(n, "detection", &r.Detection, nil)
		}},
		{"sequence", func(n *yaml.Node) error { return p.sequence(n, &r) }},
		{"threshold", func(n *yaml.Node) error { return p.threshold(n, &r) }},
		{"dedupe", func(n *yaml.Node) error { return p.dedupe(n, &r) }},
		{"suppress", func(n *yaml.Node) error { return p.suppress(n, &r) }},
		{"alert", func(n *yaml.Node) error { return p.alert(n, &r) }},
		{"tags", func(n *yaml.Node) error { return p.texts(n, &r.Tags) }},
		{"enabled", func(n *yaml.Node) error { return p.boolean(n, &r.Enabled) }},
		{"tests", func(n *yaml.Node) error { return p.tests(n, &r) }},
	})
	if err != nil {
		return err
	}
	switch {
	case idLine == 0:
		return p.errorf(n, "a rule has no id: expected id: some-name")
	case r.Enabled && severityLine == 0:
		return p.errorf(n, "rule %s has no severity: expected %s", r.ID, spell.List(severities))
	case r.Enabled && detectionLine == 0 && r.Sequence == nil:
		return p.errorf(n, "rule %s has no detection: expected what it is to find", r.ID)
	case r.Sequence != nil && (detectionLine > 0 || r.Threshold != nil):
		return p.errorf(n, "rule %s has a sequence beside a detection or threshold: expected these in its steps", r.ID)
	case r.Enabled && r.Sequence == nil && !r.demands():
		return &Error{p.file, detectionLine, "rule " + r.ID + " would match anything: expected file_paths, processes, network, syscalls or condition"}
	}
	if r.Name == "" {
		r.Name = r.ID
	}
	if len(r.Channels) == 0 {
		r.Channels = []string{"stdout"}
	}
	p.out.Rules = append(p.out.Rules, r)
	return nil
}

func (p *parser) alert(n *yaml.Node, r *Rule) error {
	return p.mapping(n, "alert", []field{
		{"channels", func(n *yaml.Node) error { return p.texts(n, &r.Channels) }},
		{"message", func(n *yaml.Node) error { return p.word(n, &r.Message) }},
	})
}

var (
	severities  = wordsOf(event.Severities)
	accesses    = wordsOf(event.Accesses)
	recordTypes = []string{"syscall", "process", "file", "net", "jail", "finding"}
)

func wordsOf[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

func (p *parser) id(n *yaml.Node, to *string) error {
	if err := p.text(n, to); err != nil {
		return err
	}
	if !idForm.MatchString(*to) {
		return p.errorf(n, "id %q: expected up to 100 letters, digits, dots, dashes and underscores", *to)
	}
	return nil
}

func (p *parser) oneOf(n *yaml.Node, to *event.Severity) error {
	var s string
	if err := p.text(n, &s); err != nil {
		return err
	}
	if *to = event.Severity(s); to.Rank() < 0 {
		return p.errorf(n, "severity %q: %s", s, spell.Hint(s, severities))
	}
	return nil
}

func (p *parser) types(n *yaml.Node, to *[]event.Type) error {
	return p.list(n, "on", func(n *yaml.Node) error {
		w, err := p.known(n, "record type", recordTypes)
		*to = append(*to, event.Type(w))
		return err
	})
}

func (p *parser) accesses(n *yaml.Node, to *[]event.Access) error {
	return p.list(n, "access_types", func(n *yaml.Node) error {
		w, err := p.known(n, "access type", accesses)
		*to = append(*to, event.Access(w))
		return err
	})
}

// known reads a text that must be one of words.
func (p *parser) known(n *yaml.Node, what string, words []string) (string, error) {
	var s string
	if err := p.text(n, &s); err != nil {
		return "", err
	}
	for _, w := range words {
		if w == s {
			return s, nil
		}
	}
	return "", p.errorf(n, "%s %q: %s", what, s, spell.Hint(s, words))
}

func (p *parser) tests(n *yaml.Node, r *Rule) error {
	cases := func(to *[][]json.RawMessage) func(*yaml.Node) error {
		return func(n *yaml.Node) error {
			return p.list(n, "tests", func(n *yaml.Node) error {
				var records []json.RawMessage
				one := func(n *yaml.Node) error {
					raw, err := p.record(n)
					records = append(records, raw)
					return err
				}
				err := one(n)
				if n.Kind == yaml.SequenceNode {
					records = nil
					err = p.list(n, "a case", one)
				}
				*to = append(*to, records)
				return err
			})
		}
	}
	return p.mapping(n, "tests", []field{
		{"match", cases(&r.Tests.Match)},
		{"no_match", cases(&r.Tests.NoMatch)},
	})
}

// record is a mapping as a line of JSON.
func (p *parser) record(n *yaml.Node) (json.RawMessage, error) {
	if n.Kind == yaml.SequenceNode {
		return nil, nil
	}
	if n.Kind != yaml.MappingNode {
		return nil, p.errorf(n, "a test case is %s: expected a record or a list of records", form(n))
	}
	var v map[string]any
	if err := n.Decode(&v); err != nil {
		return nil, yamlError(p.file, err)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, p.errorf(n, "a test case cannot be a record: %v", err)
	}
	return raw, nil
}
