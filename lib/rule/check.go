package rule

import (
	"encoding/json"
	"fmt"
	"strings"

	"sandtrace/lib/event"
)

// Check runs the tests that stand in a rule and says which failed. In the records of a test, ~/ at
// the beginning of path, to, proc.exe and proc.script stands for the first home of env. Several
// records of one case are shown to the rule in order; one match counts.
func Check(r Rule, env Env) []error {
	r.Enabled = true
	set, err := Compile([]Rule{r}, env)
	if err != nil {
		return []error{err}
	}
	var out []error
	for _, side := range []struct {
		name  string
		cases [][]json.RawMessage
		want  bool
	}{{"match", r.Tests.Match, true}, {"no_match", r.Tests.NoMatch, false}} {
		for i, records := range side.cases {
			got, err := matches(set, records, env)
			if err == nil && got != side.want {
				err = fmt.Errorf("expected a match to be %t, got %t", side.want, got)
			}
			if err != nil {
				out = append(out, r.errorf(r.Line, "rule %s: tests.%s, case %d: %v", r.ID, side.name, i+1, err))
			}
		}
	}
	return out
}

func matches(set *Set, records []json.RawMessage, env Env) (bool, error) {
	m := NewMatcher(set)
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
			if e, ok := rec.(*event.Error); ok {
				return false, fmt.Errorf("%s", e.Message)
			}
			matched = true
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
