package rule

import (
	"path"
	"slices"
	"strings"

	"sandtrace/lib/event"
)

// probe is one detection ready to be held against records: that of a rule, of a step or of a
// suppression.
type probe struct {
	rule    int // in Set.rules
	step    int // of its sequence; 0 elsewhere
	types   typeSet
	access  accessSet
	clauses []clause // what the tables that lead to the probe have not answered, cheapest first

	globs     []glob // file_paths and file_patterns
	except    []glob // excluded_paths
	exceptTop bool   // excluded_paths holds ./**
	onExec    bool   // records of execs alone
	condition *condition
	line      int // of the condition
}

// clause is one demand; why says of a record that does not meet it what is missing.
type clause struct {
	key   string
	holds func(m *Matcher) bool
}

// excludes reports whether excluded_paths takes in a path.
func (p *probe) excludes(m *Matcher, name []byte) bool {
	if p.exceptTop {
		if top := m.project(); top != "" && below(string(name), top) {
			return true
		}
	}
	for i := range p.except {
		if p.except[i].match(name) {
			return true
		}
	}
	return false
}

// byPath asks of both paths what the index otherwise answers.
func (p *probe) byPath(m *Matcher) bool {
	f := m.f
	if len(f.Access) == 0 {
		return false
	}
	onPath, onTo := meaningOf(f.Access)
	target := f.To
	if isSymlink(f) {
		onPath, onTo = madeByLink, reachedByLink
		if len(f.To) == 0 {
			target = m.linkTarget(f)
		}
	}
	fits := func(name []byte, a accessSet) bool {
		if len(name) == 0 || a&p.access == 0 {
			return false
		}
		if odd(name) {
			name = clean(name)
		}
		if p.excludes(m, name) {
			return false
		}
		if slices.ContainsFunc(p.globs, func(g glob) bool { return g.match(name) }) {
			return true
		}
		return string(f.Access) == string(event.AccessRename) && slices.ContainsFunc(p.globs, func(g glob) bool {
			return slices.Contains(g.directories(m.set.homes), string(name))
		})
	}
	return fits(f.Path, onPath) || fits(target, onTo)
}

// rest asks what is left once the tables, or byPath, have answered; it returns the key that failed.
func (p *probe) rest(m *Matcher) string {
	for i := range p.clauses {
		if !p.clauses[i].holds(m) {
			return p.clauses[i].key
		}
	}
	if p.condition != nil && !m.holds(p) {
		return "condition"
	}
	return ""
}

// whole asks everything; it returns the key that failed.
func (p *probe) whole(m *Matcher, t typeSet) string {
	switch {
	case p.types&t == 0:
		return "on"
	case p.onExec && !isExec(m.f):
		return "processes: no record of an exec"
	case len(p.globs) > 0 && !p.byPath(m):
		return "file_paths, access_types or excluded_paths"
	}
	return p.rest(m)
}

// builder compiles the detections of one set.
type builder struct {
	env    Env
	set    *Set
	lists  lists
	macros map[string]*Macro
}

// detection compiles d, whose lists are expanded.
func (b *builder) detection(r *Rule, d *Detection, on []event.Type) (p probe, err error) {
	p = probe{types: anyType, access: defaultAccess}
	if len(on) > 0 {
		p.types = 0
		for _, t := range on {
			p.types |= typeBit([]byte(t))
		}
	}
	if len(d.AccessTypes) > 0 {
		p.access = 0
		for _, a := range d.AccessTypes {
			p.access |= accessBit(a)
		}
	}
	if err = b.paths(r, d, &p); err != nil {
		return p, err
	}
	add := func(key string, holds func(m *Matcher) bool) { p.clauses = append(p.clauses, clause{key, holds}) }
	hasPaths := len(p.globs) > 0
	p.onExec = !hasPaths && len(on) == 0 && len(d.AccessTypes) == 0 && d.Network == nil && len(d.Syscalls) == 0 && len(d.Rules) == 0 &&
		len(d.ProcessNames)+len(d.Exes)+len(d.Argv)+len(d.Ancestors) > 0
	if !hasPaths && len(d.AccessTypes) > 0 {
		add("access_types", func(m *Matcher) bool {
			onPath, onTo := meaningOf(m.f.Access)
			return (onPath|onTo)&p.access != 0
		})
	}
	if len(d.Syscalls) > 0 {
		calls := textSet(d.Syscalls)
		add("syscalls", func(m *Matcher) bool { return calls[string(m.f.Syscall)] })
	}
	if d.Success.Set {
		add("success", func(m *Matcher) bool { return failed(m.f) != d.Success.Val })
	}
	if d.Packages != nil {
		if err := b.packages(r, d.Packages, add); err != nil {
			return p, err
		}
	}
	if d.Network != nil {
		n, err := compileNetwork(r, d.Network, b.env)
		if err != nil {
			return p, err
		}
		add("network", func(m *Matcher) bool { ok, _ := n.fits(m); return ok })
	}
	if !hasPaths && (len(p.except) > 0 || p.exceptTop) {
		except := p // the copy that has the patterns
		add("excluded_paths", func(m *Matcher) bool {
			return !(len(m.f.Path) > 0 && except.excludes(m, plainPath(m.f.Path)) && (len(m.f.To) == 0 || except.excludes(m, plainPath(m.f.To))))
		})
	}
	if err := b.processes(r, d, add); err != nil {
		return p, err
	}
	if err := b.contents(r, d, add); err != nil {
		return p, err
	}
	if d.Condition.Text != "" {
		if p.condition, err = compileCondition(withMacros(d.Condition.Text, b.macros)); err != nil {
			return p, r.errorf(d.Condition.Line, "condition of %s: %v", r.ID, err)
		}
		p.line = d.Condition.Line
	}
	return p, nil
}

func plainPath(name []byte) []byte {
	if odd(name) {
		return clean(name)
	}
	return name
}

// paths compiles the patterns of a detection.
func (b *builder) paths(r *Rule, d *Detection, p *probe) (err error) {
	if p.globs, err = compilePaths(r, d.FilePaths, b.env); err != nil {
		return err
	}
	for _, w := range d.FilePatterns {
		if strings.Contains(w.Text, "/") || w.Text == "**" {
			return r.errorf(w.Line, "file pattern %q: expected one for the last name of a path, without a slash", w.Text)
		}
		globs, err := compilePaths(r, []Word{{"**/" + w.Text, w.Line}}, b.env)
		if err != nil {
			return err
		}
		p.globs = append(p.globs, globs...)
	}
	for _, w := range d.ExcludedPaths {
		if w.Text == "./**" {
			p.exceptTop = true
			continue
		}
		globs, err := compilePaths(r, []Word{w}, b.env)
		if err != nil {
			return err
		}
		p.except = append(p.except, globs...)
	}
	return nil
}

// project is the directory in which the process tree was started, "" where it is unknown or says
// nothing: a home, the root or what holds a home.
func (m *Matcher) project() string {
	n := m.node()
	if n == nil {
		return ""
	}
	top := n.tree.find().cwd
	if top == "" || top[0] != '/' || path.Clean(top) != top || strings.Count(top, "/") < 2 {
		return ""
	}
	for _, h := range m.set.homes {
		if below(h, top) {
			return ""
		}
	}
	return top
}
