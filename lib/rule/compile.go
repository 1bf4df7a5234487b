package rule

import (
	"strings"
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
	rules  []compiled
	paths  index
	above  index            // the directories that fixed paths lie in, for those that are renamed
	exec   map[string][]int // by a program's name, for process records of execs
	byType [8][]int         // rules that are held against every record of a type, by its bit
	trust  *trust
}

// compiled is one rule ready to match.
type compiled struct {
	Rule
	types     typeSet
	access    accessSet
	condition *condition // nil where there is none
	message   template
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
func Compile(rules []Rule, env Env) (*Set, error) {
	if env.Trusted == nil {
		env.Trusted = DefaultTrusted
	}
	s := &Set{exec: map[string][]int{}, trust: newTrust(env.Trusted, env.Homes)}
	for i := range rules {
		c, err := compileRule(&rules[i])
		if err != nil {
			return nil, err
		}
		globs, err := compilePaths(&rules[i], env)
		if err != nil {
			return nil, err
		}
		if c.Enabled {
			s.add(c, globs, env.Homes)
		}
	}
	return s, nil
}

// Rules lists the enabled rules, in order.
func (s *Set) Rules() []*Rule {
	out := make([]*Rule, len(s.rules))
	for i := range s.rules {
		out[i] = &s.rules[i].Rule
	}
	return out
}

func compileRule(r *Rule) (c compiled, err error) {
	c = compiled{Rule: *r, types: anyType, access: defaultAccess}
	if len(r.On) > 0 {
		c.types = 0
		for _, t := range r.On {
			c.types |= typeBit([]byte(t))
		}
	}
	if len(r.AccessTypes) > 0 {
		c.access = 0
		for _, a := range r.AccessTypes {
			c.access |= accessBit(a)
		}
	}
	for _, list := range [][]Word{r.ProcessNames, r.Excluded} {
		for _, w := range list {
			if strings.Contains(w.Text, "/") {
				return c, r.errorf(w.Line, "process %q: expected the name of a program's file, without a slash", w.Text)
			}
		}
	}
	if r.Condition.Text != "" {
		if c.condition, err = compileCondition(r.Condition.Text); err != nil {
			return c, r.errorf(r.Condition.Line, "condition of %s: %v", r.ID, err)
		}
	}
	message := r.Message
	if message.Text == "" {
		message.Text = defaultFor(&c)
	}
	if c.message, err = parseTemplate(message.Text); err != nil {
		return c, r.errorf(message.Line, "message of %s: %v", r.ID, err)
	}
	return c, nil
}

func defaultFor(c *compiled) string {
	switch {
	case len(c.FilePaths) > 0:
		return defaultMessage
	case len(c.ProcessNames) > 0:
		return defaultExec
	}
	return defaultConnection
}

// compilePaths compiles the patterns of a rule, each also for where links lead it.
func compilePaths(r *Rule, env Env) ([]glob, error) {
	var out []glob
	for _, w := range r.FilePaths {
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

func (s *Set) add(c compiled, globs []glob, homes []string) {
	n := len(s.rules)
	s.rules = append(s.rules, c)
	for _, g := range globs {
		p := pattern{access: c.access, rule: n, glob: g}
		if whole, ok := g.exact(); ok {
			p.exact = whole
		}
		s.paths.add(p)
		for _, dir := range g.directories(homes) {
			s.above.add(pattern{access: c.access, rule: n, exact: dir})
		}
	}
	switch {
	case len(c.FilePaths) > 0:
	case len(c.ProcessNames) > 0 && len(c.On) == 0:
		for _, w := range c.ProcessNames {
			s.exec[w.Text] = append(s.exec[w.Text], n)
		}
	default:
		for i := range recordTypes {
			if c.types&(1<<i) != 0 {
				s.byType[i] = append(s.byType[i], n)
			}
		}
	}
}
