package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"sandtrace/lib/cli"
	"sandtrace/lib/detect"
	"sandtrace/lib/event"
)

// explain says what the named rules are about.
func explain(w io.Writer, e *detect.Engine, ids []string) error {
	if len(ids) == 0 {
		return cli.Faultf(cli.CodeUsage, "explain: expected a rule").WithHint("see " + tool + " --list")
	}
	for i, id := range ids {
		k := slices.IndexFunc(e.Rules(), func(r *detect.Rule) bool { return r.ID == id || r.Vendor == id })
		if k < 0 {
			return cli.Faultf(cli.CodeUsage, "explain: %s: no such rule", id).WithHint("see " + tool + " --list")
		}
		r := e.Rules()[k]
		if i > 0 {
			fmt.Fprintln(w)
		}
		_, err := fmt.Fprintf(w, `%s (%s)
  what      %s
  why       %s
  fix       %s
  tags      %s
  suppress  a comment on the line or the one above: sandtrace:ignore %s
            for good: %s baseline, or [[allow]] in the configuration
`, r.ID, r.Severity, event.Display(r.Title), event.Display(r.Why), event.Display(r.Fix), event.Display(strings.Join(r.Tags, ", ")), r.ID, tool)
		if err != nil {
			return err
		}
	}
	return nil
}

// list writes the rules as a table, or as one JSON object each.
func list(w io.Writer, o *options) error {
	if o.format == "text" {
		t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		fmt.Fprintln(t, "SEVERITY\tID\tWHAT")
		for _, r := range o.engine.Rules() {
			if o.engine.Wants(r) {
				fmt.Fprintf(t, "%s\t%s\t%s\n", r.Severity, r.ID, event.Display(r.Title))
			}
		}
		return t.Flush()
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, r := range o.engine.Rules() {
		err := e.Encode(struct {
			ID       string         `json:"id"`
			Severity event.Severity `json:"severity"`
			Title    string         `json:"title"`
			Why      string         `json:"why"`
			Fix      string         `json:"fix"`
			Tags     []string       `json:"tags"`
			Runs     bool           `json:"runs"`
		}{r.ID, r.Severity, r.Title, r.Why, r.Fix, r.Tags, o.engine.Wants(r)})
		if err != nil {
			return err
		}
	}
	return nil
}
