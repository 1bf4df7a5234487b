package detect

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Options choose what an Engine looks for.
type Options struct {
	// Vendor is the rule data of vendor formats, in the form of gitleaks' configuration; VendorName names it in messages.
	Vendor, VendorName string
	// More is a team's own data in the same form, checked at once. Its rules replace those of the same id.
	More, MoreName string
	// Patterns are the user's own.
	Patterns []Pattern
	// Literals are texts of the user's lists, each at least LeastLiteral bytes long.
	Literals []string
	// Wanted tells whether a rule is to run; nil is all but those that are opt-in.
	Wanted func(*Rule) bool
	// Limits are thresholds a user may set.
	Limits Limits
}

// Limits are the thresholds that a user may set; zero is the default.
type Limits struct {
	TrailingBlanks   int      // more blanks than this at a line's end: 20
	HiddenColumn     int      // content past this column after a run of blanks: 200
	BlankRun         int      // blanks in a row that hide what follows: 50
	InternalPrefixes []string // names of internal packages begin so
	Markers          []string // a text with one of them is no secret
}

// Engine is the compiled set of rules. It is safe for use by several Scanners.
type Engine struct {
	detectors []*detector
	words     *automaton
	named     []*pattern // look at the path alone
	generic   *pattern
	global    *allowlist
	limits    Limits
	wanted    func(*Rule) bool
	rules     []*Rule
	files     []*Pattern // user patterns on file names
	scans     []*Pattern // user expressions on contents
	lists     *literals  // nil where there are none
}

// detector is a row: words that must be there, and what to look at where one is.
type detector struct {
	rule  *Rule
	words []string
	kinds kind // of files; 0 is all
	not   kind
	try   func(s *Scanner, d *detector, start, end int)

	index   int
	pattern *pattern
	custom  *Pattern
	tail    *regexp.Regexp // for tryTail
}

// New compiles an engine.
func New(o Options) (*Engine, error) {
	e := &Engine{limits: o.Limits, wanted: o.Wanted, global: &allowlist{}}
	if e.limits.TrailingBlanks == 0 {
		e.limits.TrailingBlanks = 20
	}
	if e.limits.HiddenColumn == 0 {
		e.limits.HiddenColumn = 200
	}
	if e.limits.BlankRun == 0 {
		e.limits.BlankRun = 50
	}
	if e.wanted == nil {
		e.wanted = func(r *Rule) bool { return !r.OptIn }
	}
	patterns, err := e.vendor(o)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := range rules {
		e.rules = append(e.rules, &rules[i])
		seen[rules[i].ID] = true
	}
	for _, p := range patterns {
		if !seen[p.rule.ID] {
			seen[p.rule.ID] = true
			e.rules = append(e.rules, p.rule)
		}
		e.addPattern(p)
	}
	for i := range table {
		d := &table[i]
		r := ruleByID[d.id]
		if r == nil {
			return nil, fmt.Errorf("detector without a rule: %s", d.id)
		}
		e.add(&detector{rule: r, words: d.words, kinds: d.kinds, not: d.not, try: d.try, tail: d.tail})
	}
	for i := range orders {
		o := &orders[i]
		e.add(&detector{rule: ruleByID["ai-toolchain-prompt-injection"], words: o.words, kinds: readsPrompts, try: order, tail: o.tail})
	}
	e.add(&detector{rule: ruleByID["cred-generic-password"], words: []string{"password", "passwd", "passphrase", "pwd"}, try: (*Scanner).password})
	e.add(&detector{rule: ruleByID["cred-generic-password"], words: []string{"://"}, try: (*Scanner).userinfo})
	for i := range o.Patterns {
		if err := e.addCustom(&o.Patterns[i]); err != nil {
			return nil, err
		}
	}
	e.addLiterals(o.Literals)
	words := map[string][]int{}
	for _, d := range e.detectors {
		for _, w := range d.words {
			w = strings.ToLower(w)
			if !slices.Contains(words[w], d.index) {
				words[w] = append(words[w], d.index)
			}
		}
	}
	e.words = newAutomaton(words)
	return e, nil
}

// vendor reads the rule data; a team's own rules replace those of the same id.
func (e *Engine) vendor(o Options) ([]*pattern, error) {
	var patterns []*pattern
	for _, v := range []struct {
		name, text string
		check      bool
	}{{o.VendorName, o.Vendor, false}, {o.MoreName, o.More, true}} {
		if v.text == "" {
			continue
		}
		more, global, err := parseVendor(v.name, v.text, v.check)
		if err != nil {
			return nil, err
		}
		e.global.merge(global)
		for _, p := range more {
			id := p.rule.Vendor
			if i := slices.IndexFunc(patterns, func(q *pattern) bool { return q.rule.Vendor == id }); i >= 0 {
				patterns[i] = p
			} else {
				patterns = append(patterns, p)
			}
		}
	}
	return patterns, nil
}

func (e *Engine) add(d *detector) {
	if !e.wanted(d.rule) && !(d.rule.ID == "ai-toolchain-prompt-injection" && e.wanted(ruleByID["ai-toolchain-mcp-injection"])) {
		return
	}
	d.index = len(e.detectors)
	e.detectors = append(e.detectors, d)
}

func (e *Engine) addPattern(p *pattern) {
	if !e.wanted(p.rule) {
		return
	}
	switch {
	case p.source == "":
		e.named = append(e.named, p)
	case p.rule.Vendor == "generic-api-key" && strings.HasPrefix(p.source, assignment):
		e.generic = p
		e.add(&detector{rule: p.rule, words: genericWords, not: lockfile | sourceMap | styles, try: (*Scanner).generic})
	case p.rule.Vendor == "private-key":
		e.add(&detector{rule: p.rule, words: []string{"private key-----", "private key block-----"}, pattern: p, try: (*Scanner).privateKey})
	default:
		e.add(&detector{rule: p.rule, words: p.keywords, pattern: p, try: (*Scanner).vendorFormat})
	}
}

// Rules lists all rules, whether they are wanted or not.
func (e *Engine) Rules() []*Rule { return e.rules }

// Catalogue lists the rules that are no vendor format.
func Catalogue() []Rule { return rules }

// Wants tells whether the engine looks for the rule.
func (e *Engine) Wants(r *Rule) bool { return e.wanted(r) }
