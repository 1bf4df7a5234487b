package rule

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sandtrace/lib/event"
)

// Checked is what Check found.
type Checked struct {
	Rules, Cases int
	Failures     []error // in the order of the rules
}

// Check runs the tests that stand in the rules that only asks for and says which failed. In the
// records of a test, ~/ at the beginning of path, to, proc.exe and proc.script stands for the first
// home of env. Several records of one case are shown to the rules in order; one match counts.
func Check(b *Bundle, env Env, only func(*Rule) bool) (Checked, error) {
	all := *b
	all.Rules = slices.Clone(b.Rules)
	for i := range all.Rules {
		r := &all.Rules[i]
		r.Enabled = r.Enabled || (r.Severity != "" && (r.Sequence != nil || r.demands()))
		r.Suppress = unexpired(r.Suppress)
	}
	var out Checked
	set, err := Compile(&all, env)
	if err != nil {
		return out, err
	}
	for i := range b.Rules {
		r := &b.Rules[i]
		if !only(r) {
			continue
		}
		out.Rules++
		for _, side := range []struct {
			name  string
			cases [][]json.RawMessage
			want  bool
		}{{"match", r.Tests.Match, true}, {"no_match", r.Tests.NoMatch, false}} {
			for i, records := range side.cases {
				out.Cases++
				got, err := matches(set, r.ID, records, env)
				if err == nil && got != side.want {
					err = fmt.Errorf("expected a match to be %t, got %t", side.want, got)
				}
				if err != nil {
					out.Failures = append(out.Failures, r.errorf(r.Line, "rule %s: tests.%s, case %d: %v", r.ID, side.name, i+1, err))
				}
			}
		}
	}
	return out, nil
}

// unexpired makes suppressions hold for ever: a test must not fail on a later day.
func unexpired(list []Suppress) []Suppress {
	list = slices.Clone(list)
	for i := range list {
		list[i].Expires = event.Opt[time.Time]{}
	}
	return list
}

func matches(set *Set, id string, records []json.RawMessage, env Env) (bool, error) {
	m := NewMatcher(set, minMemory)
	var s event.Scanner
	matched := false
	for _, raw := range records {
		line, err := expandHome(raw, env)
		if err != nil {
			return false, err
		}
		f, err := s.Scan(line)
		if err != nil {
			return false, err
		}
		for _, rec := range m.Match(f, line) {
			switch rec := rec.(type) {
			case *event.Error:
				if strings.HasPrefix(rec.Message, "rule "+id+": ") {
					return false, fmt.Errorf("%s", rec.Message)
				}
			case *event.Match:
				matched = matched || rec.Rule == id
			}
		}
	}
	return matched, nil
}

// expandHome puts the home in place of ~/ in the paths of a test record.
func expandHome(raw json.RawMessage, env Env) ([]byte, error) {
	var rec map[string]any
	if err := json.Unmarshal(raw, &rec); err != nil {
		return nil, err
	}
	expand := func(m map[string]any, keys ...string) {
		for _, k := range keys {
			if rest, ok := strings.CutPrefix(fmt.Sprint(m[k]), "~/"); ok && len(env.Homes) > 0 {
				m[k] = env.Homes[0] + "/" + rest
			}
		}
	}
	expand(rec, "path", "to")
	if proc, ok := rec["proc"].(map[string]any); ok {
		expand(proc, "exe", "script")
	}
	return json.Marshal(rec)
}
