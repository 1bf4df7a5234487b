package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sandtrace/lib/cli"
	"sandtrace/lib/event"
)

// output takes the records of a run. One that collects gets the findings sorted, at the end.
type output interface {
	write(r event.Record) error
	close() error
	collects() bool
}

// idle is how long a finding may wait to be written.
const idle = 200 * time.Millisecond

func newOutput(f *flags, o *options, std cli.Std, began time.Time) (output, error) {
	run := event.NewRun(began)
	if o.verb == "baseline" {
		return &baselineOutput{w: std.Out}, nil
	}
	switch o.format {
	case "text":
		return &textOutput{w: bufio.NewWriter(std.Out), color: cli.UseColor(f.Color, std.Out)}, nil
	case "sarif":
		return newSARIF(std.Out, o.engine.Rules()), nil
	case "json":
		return &jsonOutput{w: std.Out}, nil
	case "junit":
		return &junitOutput{w: std.Out}, nil
	case "csv":
		return newCSV(std.Out)
	}
	return jsonlOutput{event.NewWriter(std.Out, tool, run, idle)}, nil
}

// jsonlOutput writes the records as they are.
type jsonlOutput struct{ w *event.Writer }

func (o jsonlOutput) write(r event.Record) error { return o.w.Write(r) }
func (o jsonlOutput) close() error               { return o.w.Close() }
func (o jsonlOutput) collects() bool             { return false }

// styles are the ANSI colours of severities.
var styles = map[event.Severity]string{
	event.SeverityCritical: "\x1b[1;7;31m", event.SeverityHigh: "\x1b[31m", event.SeverityMedium: "\x1b[33m",
	event.SeverityLow: "\x1b[36m", event.SeverityInfo: "\x1b[2m",
}

// textOutput is the report for people: the findings of a file under its name.
type textOutput struct {
	w     *bufio.Writer
	color bool
	path  string
}

func (o *textOutput) collects() bool { return true }
func (o *textOutput) close() error   { return o.w.Flush() }

func (o *textOutput) write(r event.Record) error {
	switch r := r.(type) {
	case *event.Finding:
		if r.Path != o.path {
			o.path = r.Path
			fmt.Fprintf(o.w, "%s\n", event.Display(r.Path))
		}
		before, after := "", ""
		if o.color {
			before, after = styles[r.Severity], "\x1b[0m"
		}
		at := ""
		if r.Line > 0 {
			at = strconv.Itoa(r.Line) + ":" + strconv.Itoa(r.Column)
		}
		mark := ""
		if r.Suppressed {
			mark = " (suppressed)"
		}
		fmt.Fprintf(o.w, "  %-9s %s%-8s%s %s: %s%s\n", at, before, r.Severity, after, r.Rule, event.Display(r.Message), mark)
		if r.Preview != "" {
			fmt.Fprintf(o.w, "            %s\n", event.Display(strings.TrimSpace(r.Preview)))
		}
	case *event.Error:
		fmt.Fprintf(o.w, "%s\n  %-9s error: %s\n", event.Display(r.File), r.Code, event.Display(r.Message))
		o.path = r.File
	case *event.Summary:
		var parts []string
		for _, c := range r.Counts {
			if c.N > 0 || c.Key == "files" || c.Key == "findings" {
				parts = append(parts, strings.ReplaceAll(c.Key, "_", " ")+" "+strconv.FormatInt(c.N, 10))
			}
		}
		fmt.Fprintf(o.w, "%s\n", strings.Join(parts, ", "))
	}
	return nil // Flush says what failed
}

// csvOutput writes one line a finding.
type csvOutput struct{ w *csv.Writer }

func newCSV(w io.Writer) (output, error) {
	c := csvOutput{csv.NewWriter(w)}
	return c, c.w.Write([]string{"severity", "rule", "path", "line", "column", "message", "preview", "fingerprint", "confidence", "suppressed"})
}

func (o csvOutput) collects() bool { return true }

func (o csvOutput) close() error {
	o.w.Flush()
	return o.w.Error()
}

func (o csvOutput) write(r event.Record) error {
	f, ok := r.(*event.Finding)
	if !ok {
		return nil
	}
	return o.w.Write([]string{
		string(f.Severity), f.Rule, cell(f.Path), strconv.Itoa(f.Line), strconv.Itoa(f.Column), cell(f.Message), cell(f.Preview),
		f.Fingerprint, f.Confidence, strconv.FormatBool(f.Suppressed),
	})
}

// cell keeps a spreadsheet from taking a text for a formula.
func cell(s string) string {
	s = event.Display(s)
	if s != "" && strings.ContainsRune("=+-@\t", rune(s[0])) {
		return "'" + s
	}
	return s
}
