package rule

import (
	"regexp"
	"slices"
	"strings"

	"sandtrace/lib/event"
)

// packages adds the clauses on the package that a process runs for.
func (b *builder) packages(r *Rule, d *Packages, add func(string, func(m *Matcher) bool)) error {
	if d.Any.Set {
		add("packages.any", func(m *Matcher) bool { return (m.pkg() != nil) == d.Any.Val })
	}
	for _, l := range []struct {
		key   string
		words []Word
		of    func(*event.Pkg) string
	}{
		{"packages.stage", d.Stage, func(p *event.Pkg) string { return p.Stage }},
		{"packages.manager", d.Manager, func(p *event.Pkg) string { return p.Manager }},
		{"packages.name", d.Name, func(p *event.Pkg) string { return p.Name }},
	} {
		if len(l.words) == 0 {
			continue
		}
		fits, err := wildcards(r, l.words)
		if err != nil {
			return err
		}
		of := l.of
		add(l.key, func(m *Matcher) bool { p := m.pkg(); return p != nil && fits(of(p)) })
	}
	return nil
}

// wildcards answers whether a text is one of words, in which * and ? are wildcards.
func wildcards(r *Rule, words []Word) (func(string) bool, error) {
	exact := map[string]bool{}
	var globs []part
	for _, w := range words {
		if !strings.ContainsAny(w.Text, "*?\\") {
			exact[w.Text] = true
			continue
		}
		p, err := parsePart(strings.ReplaceAll(w.Text, "[", `\[`))
		if err != nil || p.double {
			return nil, r.errorf(w.Line, "%q: expected a text in which * stands for any characters", w.Text)
		}
		globs = append(globs, p)
	}
	return func(s string) bool {
		return exact[s] || slices.ContainsFunc(globs, func(p part) bool { return p.match([]byte(s)) })
	}, nil
}

// processes adds the clauses on the process.
func (b *builder) processes(r *Rule, d *Detection, add func(string, func(m *Matcher) bool)) error {
	for _, list := range [][]Word{d.ProcessNames, d.Excluded, d.Ancestors, d.ExcludedAncestors} {
		for _, w := range list {
			if strings.Contains(w.Text, "/") {
				return r.errorf(w.Line, "process %q: expected the name of a program's file, without a slash", w.Text)
			}
		}
	}
	if len(d.ProcessNames) > 0 {
		add("process_names", func(m *Matcher) bool { return d.names(m.f) })
	}
	for _, l := range []struct {
		key   string
		words []Word
		want  bool
	}{{"processes.exes", d.Exes, true}, {"processes.excluded_exes", d.ExcludedExes, false}} {
		globs, err := compilePaths(r, l.words, b.env)
		if err != nil {
			return err
		}
		if len(l.words) == 0 {
			continue
		}
		want := l.want
		add(l.key, func(m *Matcher) bool {
			exe := m.f.Proc.Exe
			fits := slices.ContainsFunc(globs, func(g glob) bool { return g.match(exe) })
			if !want && fits { // an allow-list believes trusted files only
				fits = m.callers.of(m.set.trust, m.stage(), &m.f.Proc).exe != ""
			}
			return fits == want
		})
	}
	if len(d.Argv) > 0 {
		any, err := expressions(r, d.Argv)
		if err != nil {
			return err
		}
		add("processes.argv", func(m *Matcher) bool { return any(m.argv()) })
	}
	if len(d.Ancestors) > 0 {
		add("processes.ancestors", func(m *Matcher) bool { return m.hasAncestor(d.Ancestors) })
	}
	if len(d.ExcludedAncestors) > 0 {
		add("processes.excluded_ancestors", func(m *Matcher) bool { return !m.trustedAncestor(d.ExcludedAncestors) })
	}
	if len(d.Excluded) > 0 {
		add("excluded_processes", func(m *Matcher) bool {
			if m.f.Proc.Raw == nil {
				return true
			}
			c := m.callers.of(m.set.trust, m.stage(), &m.f.Proc)
			return !slices.ContainsFunc(d.Excluded, func(w Word) bool { return c.is(w.Text) })
		})
	}
	return nil
}

// contents adds the clauses that need more of the record than its facets.
func (b *builder) contents(r *Rule, d *Detection, add func(string, func(m *Matcher) bool)) error {
	for _, t := range d.Args {
		keys := append([]string{"args"}, strings.Split(t.Path.Text, ".")...)
		if slices.Contains(keys, "") {
			return r.errorf(t.Path.Line, "argument %q: expected names with dots between them", t.Path.Text)
		}
		var re *regexp.Regexp
		var err error
		if t.Regex.Text != "" {
			if re, err = regexp.Compile(t.Regex.Text); err != nil {
				return r.errorf(t.Regex.Line, "argument %s: %v", t.Path.Text, err)
			}
		}
		values := textSet(t.Values)
		add("args."+t.Path.Text, func(m *Matcher) bool {
			return len(m.f.Args) > 0 && anyValue(m.record(), keys, func(s string) bool {
				return values[s] || (re != nil && re.MatchString(s))
			})
		})
	}
	if len(d.ContentPatterns) > 0 {
		any, err := expressions(r, d.ContentPatterns)
		if err != nil {
			return err
		}
		add("content_patterns", func(m *Matcher) bool {
			if string(m.f.Type) != string(event.TypeFinding) {
				return false
			}
			for _, key := range []string{"preview", "message"} {
				if s := lookUp(m.record(), []string{key}); s != "" && any(s) {
					return true
				}
			}
			return false
		})
	}
	return nil
}

// expressions answers whether one of several regular expressions matches a text.
func expressions(r *Rule, words []Word) (func(string) bool, error) {
	var all []*regexp.Regexp
	for _, w := range words {
		re, err := regexp.Compile(w.Text)
		if err != nil {
			return nil, r.errorf(w.Line, "expression %q: %v", w.Text, err)
		}
		all = append(all, re)
	}
	return func(s string) bool {
		return slices.ContainsFunc(all, func(re *regexp.Regexp) bool { return re.MatchString(s) })
	}, nil
}

func textSet(words []Word) map[string]bool {
	out := make(map[string]bool, len(words))
	for _, w := range words {
		out[w.Text] = true
	}
	return out
}
