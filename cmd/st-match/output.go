package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"sandtrace/lib/event"
	"sandtrace/lib/rule"
)

// output writes records, as JSONL or as one line each for people.
type output struct {
	w     *event.Writer
	run   string
	text  *bufio.Writer // nil for JSONL
	color bool
}

func newOutput(w io.Writer, text, color bool, began time.Time) *output {
	o := &output{run: event.NewRun(began), color: color}
	if text {
		o.text = bufio.NewWriterSize(w, 64<<10)
		return o
	}
	o.w = event.NewWriter(w, tool, o.run, 0)
	return o
}

func (o *output) write(r event.Record) error {
	if o.text != nil {
		return o.line(r)
	}
	if m, ok := r.(*event.Match); ok {
		m.ID = "m-" + o.run + "-" + strconv.FormatUint(o.w.Seq(), 10)
	}
	return o.w.Write(r)
}

// forward writes a record of the input as it stands; people are shown what was made of it.
func (o *output) forward(line []byte) error {
	if o.text != nil {
		return nil
	}
	return o.w.Forward(line)
}

func (o *output) flush() error {
	if o.text != nil {
		return o.text.Flush()
	}
	return o.w.Flush()
}

// styles are the ANSI colours of severities.
var styles = map[event.Severity]string{
	event.SeverityCritical: "\x1b[1;7;31m", event.SeverityHigh: "\x1b[31m", event.SeverityMedium: "\x1b[33m",
	event.SeverityLow: "\x1b[36m", event.SeverityInfo: "\x1b[2m",
}

func (o *output) line(r event.Record) (err error) {
	switch r := r.(type) {
	case *event.Match:
		before, after := "", ""
		if o.color {
			before, after = styles[r.Severity], "\x1b[0m"
		}
		by := ""
		if r.Proc != nil && r.Proc.Pkg != nil {
			by = "  " + event.Display(r.Proc.Pkg.String())
		}
		_, err = fmt.Fprintf(o.text, "%s%-8s%s %s: %s%s\n", before, r.Severity, after, r.Rule, event.Display(r.Message), by)
	case *event.Error:
		at := ""
		if r.File != "" {
			at = event.Display(r.File) + ": "
		}
		_, err = fmt.Fprintf(o.text, "%-8s %sline %d: %s\n", "error", at, r.Line, event.Display(r.Message))
	case *event.Lost:
		_, err = fmt.Fprintf(o.text, "%-8s %d records of the input: %s\n", "lost", r.Count.Val, r.Why)
	case *event.Summary:
		var counts []string
		for _, c := range r.Counts {
			if c.N > 0 || c.Key == "records" || c.Key == "matches" {
				counts = append(counts, fmt.Sprintf("%s %d", strings.ReplaceAll(c.Key, "_", " "), c.N))
			}
		}
		_, err = fmt.Fprintf(o.text, "%-8s %s\n", "summary", strings.Join(counts, ", "))
	}
	return err
}

func badLines(t *rule.Tally) string {
	if t.Bad == 1 {
		return t.FirstBad
	}
	return fmt.Sprintf("%s; %d bad lines in all", t.FirstBad, t.Bad)
}

// list writes the rules as a table, or as one JSON object each.
func list(w io.Writer, rules []*rule.Rule, text bool) error {
	if text {
		t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		fmt.Fprintln(t, "SEVERITY\tID\tNAME")
		for _, r := range rules {
			fmt.Fprintf(t, "%s\t%s\t%s\n", r.Severity, r.ID, event.Display(r.Name))
		}
		return t.Flush()
	}
	b := bufio.NewWriter(w)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	for _, r := range rules {
		err := e.Encode(struct {
			ID          string         `json:"id"`
			Severity    event.Severity `json:"severity"`
			Name        string         `json:"name"`
			Description string         `json:"description,omitempty"`
			Tags        []string       `json:"tags,omitempty"`
			Channels    []string       `json:"channels"`
			File        string         `json:"file"`
			Line        int            `json:"line"`
		}{r.ID, r.Severity, r.Name, strings.TrimSpace(r.Description), r.Tags, r.Channels, r.File, r.Line})
		if err != nil {
			return err
		}
	}
	return b.Flush()
}
