package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Lint says what is allowed in a rule and yet most likely wrong. Faults that Parse and Compile find
// are not among it. today decides which suppressions are over.
func Lint(b *Bundle, env Env, today time.Time, only func(*Rule) bool) []error {
	var out []error
	say := func(r *Rule, line int, format string, a ...any) {
		out = append(out, r.errorf(max(line, r.Line), "rule %s: %s", r.ID, fmt.Sprintf(format, a...)))
	}
	seen := map[string]*Rule{}
	for i := range b.Rules {
		r := &b.Rules[i]
		if !only(r) || !r.Enabled {
			continue
		}
		if len(r.Tests.Match) == 0 || len(r.Tests.NoMatch) == 0 {
			say(r, 0, "no tests of both kinds: expected match and no_match")
		}
		if r.Description == "" {
			say(r, 0, "no description: whoever gets its alert must know what it means")
		}
		def := definition(&Rule{Detection: r.Detection, Sequence: r.Sequence, Threshold: r.Threshold})
		if first := seen[def]; first != nil {
			say(r, 0, "asks for the same as rule %s in %s:%d", first.ID, first.File, first.Line)
		} else {
			seen[def] = r
		}
		for _, s := range r.Suppress {
			if s.Expires.Set && !today.Before(s.Expires.Val) {
				say(r, s.Line, "a suppression is over since %s: %s", s.Expires.Val.Add(-time.Second).Format(time.DateOnly), s.Reason)
			}
		}
		parts := []*Detection{&r.Detection}
		if r.Sequence != nil {
			parts = nil
			for i := range r.Sequence.Steps {
				parts = append(parts, &r.Sequence.Steps[i].Detection)
			}
		}
		for _, d := range parts {
			lintDetection(r, d, env, say)
		}
	}
	return out
}

// lintDetection looks for keys that can never hold, or that say nothing.
func lintDetection(r *Rule, d *Detection, env Env, say func(*Rule, int, string, ...any)) {
	hasPaths := len(d.FilePaths)+len(d.FilePatterns) > 0
	if hasPaths && d.Network != nil {
		say(r, 0, "file_paths and network together: no record has both a file that is accessed and a connection")
	}
	if len(d.ContentPatterns) > 0 && (d.Network != nil || len(d.Syscalls) > 0 || len(d.ProcessNames) > 0) {
		say(r, 0, "content_patterns are for findings, which have no process and no system call")
	}
	if p := d.Packages; p != nil && p.Any.Set && !p.Any.Val && len(p.Manager)+len(p.Stage)+len(p.Name) > 0 {
		say(r, 0, "packages: any is false, and yet a package is asked for")
	}
	except, err := compilePaths(r, onlyPatterns(d.ExcludedPaths), env)
	if err != nil {
		return // Compile says so
	}
	for _, w := range d.FilePaths {
		if strings.HasPrefix(w.Text, "$") {
			continue
		}
		globs, err := compilePaths(r, []Word{w}, env)
		if err != nil {
			return
		}
		for i := range globs {
			whole, ok := globs[i].exact()
			if ok && slices.ContainsFunc(except, func(g glob) bool { return g.match([]byte(whole)) }) {
				say(r, w.Line, "file path %q is never reached: excluded_paths takes it out", w.Text)
			}
		}
	}
	for _, w := range d.ProcessNames {
		if slices.ContainsFunc(d.Excluded, func(e Word) bool { return e.Text == w.Text }) {
			say(r, w.Line, "process %q is asked for and excluded", w.Text)
		}
	}
}

func onlyPatterns(words []Word) []Word {
	return slices.DeleteFunc(slices.Clone(words), func(w Word) bool { return w.Text == "./**" || strings.HasPrefix(w.Text, "$") })
}
