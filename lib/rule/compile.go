package rule

import (
	"fmt"
	"slices"
	"strings"

	"sandtrace/lib/event"
	"sandtrace/lib/spell"
)

// Env is what rules are compiled for.
type Env struct {
	// Homes are the directories that ~ stands for, absolute.
	Homes []string
	// Trusted are the directories whose programs an allow-list may name; nil is DefaultTrusted.
	Trusted []string
	// Resolve answers a path with its links followed, as records have it, or with "" where it cannot.
	// It may be nil.
	Resolve func(path string) string
}

// Set is a compiled set of rules. It does not change, so several Matchers may share it.
type Set struct {
	rules     []compiled
	probes    []probe // those of one rule stand together, the last step first
	paths     index
	above     index            // the directories that fixed paths lie in, for those that are renamed
	exec      map[string][]int // by a program's name, for process records of execs
	execs     []int            // for all of them
	bySyscall map[string][]int // by the name of the call
	byAccess  [16][]int        // by the access, for rules without paths
	network   []int            // for records with an address or a host
	byType    [8][]int         // for every record of a type, by its bit
	trust     *trust
	homes     []string
	windows   int // rules that remember
}

// compiled is one rule ready to match.
type compiled struct {
	Rule
	message  template
	probes   []int     // of its steps in order; the only one of a plain rule
	window   *window   // nil where one record suffices
	feeds    []int     // the probes of steps that ask for this rule
	suppress []silence //
	dedupe   []fieldOf
	index    int
}

// silence is a compiled Suppress.
type silence struct {
	probe
	until event.Opt[event.Time]
}

// typeSet is a set of record types, one bit each in the order of recordTypes.
type typeSet uint8

func typeBit(t []byte) typeSet {
	for i, known := range recordTypes {
		if string(t) == known {
			return 1 << i
		}
	}
	return 0
}

const anyType typeSet = 1<<8 - 1

// Compile checks what Parse leaves open and builds the tables. It fails with an *Error. Rules that
// are not enabled are checked and left out.
func Compile(in *Bundle, env Env) (*Set, error) {
	if env.Trusted == nil {
		env.Trusted = DefaultTrusted
	}
	s := &Set{exec: map[string][]int{}, bySyscall: map[string][]int{}, trust: newTrust(env.Trusted, env.Homes), homes: env.Homes}
	b := &builder{env: env, set: s, lists: listsOf(in.Lists), macros: map[string]*Macro{}}
	for i := range in.Macros {
		b.macros[in.Macros[i].Name] = &in.Macros[i]
	}
	for i := range in.Macros {
		m := &in.Macros[i]
		if _, err := compileCondition(withMacros(m.Body.Text, b.macros)); err != nil {
			return nil, &Error{m.File, m.Body.Line, fmt.Sprintf("macro %s: %v", m.Name, err)}
		}
	}
	for i := range in.Rules {
		if err := b.rule(&in.Rules[i]); err != nil {
			return nil, err
		}
	}
	return s, b.feed(in)
}

// Rules lists the enabled rules, in order.
func (s *Set) Rules() []*Rule {
	out := make([]*Rule, len(s.rules))
	for i := range s.rules {
		out[i] = &s.rules[i].Rule
	}
	return out
}

// rule compiles one rule and, where it is enabled, adds it.
func (b *builder) rule(r *Rule) error {
	c := compiled{Rule: *r, index: len(b.set.rules)}
	c.Detection = r.Detection
	var probes []probe
	var parts []*Detection
	var err error
	switch {
	case r.Sequence != nil:
		for i := len(r.Sequence.Steps) - 1; i >= 0; i-- {
			d := r.Sequence.Steps[i].Detection
			on := d.On
			if len(on) == 0 {
				on = r.On
			}
			p, err := b.expanded(r, &d, on)
			if err != nil {
				return err
			}
			p.step = i
			probes, parts = append(probes, p), append(parts, &d)
		}
	default:
		d := r.Detection
		p, err := b.expanded(r, &d, r.On)
		if err != nil {
			return err
		}
		probes, parts = []probe{p}, []*Detection{&d}
	}
	if c.window, err = compileWindow(r); err != nil {
		return err
	}
	if c.dedupe, err = dedupeFields(r); err != nil {
		return err
	}
	for i := range r.Suppress {
		d := r.Suppress[i].Detection
		p, err := b.expanded(r, &d, nil)
		if err != nil {
			return err
		}
		s := silence{probe: p}
		if e := r.Suppress[i].Expires; e.Set {
			s.until = event.Some(event.At(e.Val))
		}
		c.suppress = append(c.suppress, s)
	}
	message := r.Message
	if message.Text == "" {
		message.Text = defaultFor(&c)
	}
	if c.message, err = parseTemplate(message.Text); err != nil {
		return r.errorf(message.Line, "message of %s: %v", r.ID, err)
	}
	if r.Enabled {
		b.set.add(c, probes, parts)
	}
	return nil
}

// expanded compiles a detection after it put the items of lists in their place in d.
func (b *builder) expanded(r *Rule, d *Detection, on []event.Type) (probe, error) {
	if err := b.lists.all(r, d); err != nil {
		return probe{}, err
	}
	d.On = on
	return b.detection(r, d, on)
}

// feed connects steps that ask for rules with these.
func (b *builder) feed(in *Bundle) error {
	for i := range b.set.rules {
		c := &b.set.rules[i]
		if c.Sequence == nil {
			continue
		}
		for step := range c.Sequence.Steps {
			words, err := b.lists.expand(&c.Rule, c.Sequence.Steps[step].Rules)
			if err != nil {
				return err
			}
			for _, w := range words {
				if err := b.feedFrom(in, c, c.probes[step], w); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (b *builder) feedFrom(in *Bundle, c *compiled, probe int, w Word) error {
	fits, err := wildcards(&c.Rule, []Word{w})
	if err != nil {
		return err
	}
	known := false
	var ids []string
	for i := range in.Rules {
		known = known || fits(in.Rules[i].ID)
		ids = append(ids, in.Rules[i].ID)
	}
	if !known {
		return c.errorf(w.Line, "rule %s: a step asks for rule %s: %s", c.ID, w.Text, spell.Hint(w.Text, ids))
	}
	for i := range b.set.rules {
		r := &b.set.rules[i]
		if r.window == nil && fits(r.ID) && !slices.Contains(r.feeds, probe) {
			r.feeds = append(r.feeds, probe)
		}
	}
	return nil
}

func defaultFor(c *compiled) string {
	switch {
	case c.Sequence != nil:
		return defaultSequence
	case len(c.FilePaths)+len(c.FilePatterns) > 0:
		return defaultMessage
	case c.Network != nil || len(c.ProcessNames)+len(c.Exes)+len(c.Argv) == 0:
		return defaultConnection
	}
	return defaultExec
}

// compilePaths compiles patterns, each also for where links lead it.
func compilePaths(r *Rule, words []Word, env Env) ([]glob, error) {
	var out []glob
	for _, w := range words {
		homes := env.Homes
		if len(homes) == 0 {
			homes = []string{"/nonexistent"} // so that the pattern is checked all the same
		}
		globs, err := parseGlobs(w.Text, homes)
		if err != nil {
			return nil, r.errorf(w.Line, "file path %q: %v", w.Text, err)
		}
		out = append(out, globs...)
		if env.Resolve == nil {
			continue
		}
		for _, g := range globs {
			if there, ok := g.resolve(env.Resolve); ok {
				out = append(out, there)
			}
		}
	}
	return out, nil
}

// resolve is the pattern with the links in its fixed part followed, where there are any: records
// name the file that a link leads to.
func (g *glob) resolve(follow func(string) string) (glob, bool) {
	whole, exact := g.exact()
	fixed, n := whole, len(g.parts)
	if !exact {
		fixed, n = g.prefix()
	}
	to := follow(fixed)
	if exact && to == "" { // the file may come to be where its directory leads
		n--
		fixed, _ = g.prefix()
		to = follow(fixed)
	}
	if fixed == "" || to == "" || to == fixed || !strings.HasPrefix(to, "/") {
		return glob{}, false
	}
	there := glob{absolute: true}
	for _, name := range strings.Split(to[1:], "/") {
		if name != "" {
			there.parts = append(there.parts, part{literal: name})
		}
	}
	there.parts = append(there.parts, g.parts[n:]...)
	return there, len(there.parts) > 0
}

// directories are those that the fixed part of a pattern lies in, up to the home or the second from
// the root: to rename one of them is to rename what the pattern is about.
func (g *glob) directories(homes []string) []string {
	fixed, _ := g.prefix()
	var out []string
	for strings.Count(fixed, "/") >= 2 {
		for _, h := range homes {
			if below(h, fixed) {
				return out
			}
		}
		out = append(out, fixed)
		fixed = fixed[:strings.LastIndexByte(fixed, '/')]
	}
	return out
}

// add puts a rule and its probes into the tables; parts are the detections that the probes are of.
func (s *Set) add(c compiled, probes []probe, parts []*Detection) {
	c.probes = make([]int, len(probes))
	for i := range probes {
		p := probes[i]
		p.rule = c.index
		n := len(s.probes)
		c.probes[p.step] = n
		s.probes = append(s.probes, p)
		s.dispatch(n, parts[i])
	}
	if c.window != nil {
		s.windows++
	}
	s.rules = append(s.rules, c)
}

// dispatch decides which records lead to a probe.
func (s *Set) dispatch(n int, d *Detection) {
	p := &s.probes[n]
	switch {
	case len(d.Rules) > 0: // led to by the rules that it asks for
	case len(p.globs) > 0:
		for _, g := range p.globs {
			to := pattern{access: p.access, probe: n, glob: g}
			if whole, ok := g.exact(); ok {
				to.exact = whole
			}
			s.paths.add(to)
			for _, dir := range g.directories(s.homes) {
				s.above.add(pattern{access: p.access, probe: n, exact: dir})
			}
		}
	case len(d.Syscalls) > 0:
		for _, w := range d.Syscalls {
			if l := s.bySyscall[w.Text]; len(l) == 0 || l[len(l)-1] != n {
				s.bySyscall[w.Text] = append(l, n)
			}
		}
	case d.Network != nil:
		s.network = append(s.network, n)
	case p.onExec && len(d.ProcessNames) > 0:
		for _, w := range d.ProcessNames {
			s.exec[w.Text] = append(s.exec[w.Text], n)
		}
	case p.onExec:
		s.execs = append(s.execs, n)
	case len(d.AccessTypes) > 0:
		for i, a := range event.Accesses {
			if onPath, onTo := meaningOf([]byte(a)); (onPath|onTo)&p.access != 0 {
				s.byAccess[i] = append(s.byAccess[i], n)
			}
		}
	default:
		types := p.types
		if len(d.ContentPatterns) > 0 {
			types &= typeBit([]byte(event.TypeFinding))
		}
		for i := range recordTypes {
			if types&(1<<i) != 0 {
				s.byType[i] = append(s.byType[i], n)
			}
		}
	}
}
