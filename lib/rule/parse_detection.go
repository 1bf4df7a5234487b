package rule

import (
	"strconv"
	"time"

	"gopkg.in/yaml.v3"

	"sandtrace/lib/event"
)

// demands reports whether a detection asks anything that a record of any kind might fail.
func (d *Detection) demands() bool {
	return len(d.FilePaths)+len(d.FilePatterns)+len(d.ProcessNames)+len(d.Exes)+len(d.Argv)+len(d.Ancestors)+
		len(d.Syscalls)+len(d.Args)+len(d.ContentPatterns)+len(d.Rules) > 0 ||
		d.Packages != nil || d.Network != nil || d.Condition.Text != ""
}

// detection reads the keys of a detection, and those of more, which a step or a suppression adds.
func (p *parser) detection(n *yaml.Node, what string, d *Detection, more []field) error {
	words := func(to *[]Word) func(*yaml.Node) error {
		return func(n *yaml.Node) error { return p.words(n, to) }
	}
	return p.mapping(n, what, append([]field{
		{"file_paths", words(&d.FilePaths)},
		{"file_patterns", words(&d.FilePatterns)},
		{"excluded_paths", words(&d.ExcludedPaths)},
		{"access_types", func(n *yaml.Node) error { return p.accesses(n, &d.AccessTypes) }},
		{"process_names", words(&d.ProcessNames)},
		{"excluded_processes", words(&d.Excluded)},
		{"processes", func(n *yaml.Node) error {
			return p.mapping(n, "processes", []field{
				{"names", words(&d.ProcessNames)},
				{"exes", words(&d.Exes)},
				{"argv", words(&d.Argv)},
				{"ancestors", words(&d.Ancestors)},
				{"excluded_names", words(&d.Excluded)},
				{"excluded_exes", words(&d.ExcludedExes)},
				{"excluded_ancestors", words(&d.ExcludedAncestors)},
			})
		}},
		{"packages", func(n *yaml.Node) error { return p.packages(n, d) }},
		{"network", func(n *yaml.Node) error { return p.network(n, d) }},
		{"syscalls", words(&d.Syscalls)},
		{"args", func(n *yaml.Node) error { return p.args(n, d) }},
		{"success", func(n *yaml.Node) error {
			d.Success.Set = true
			return p.boolean(n, &d.Success.Val)
		}},
		{"content_patterns", words(&d.ContentPatterns)},
		{"condition", func(n *yaml.Node) error { return p.word(n, &d.Condition) }},
	}, more...))
}

func (p *parser) packages(n *yaml.Node, d *Detection) error {
	d.Packages = &Packages{}
	return p.mapping(n, "packages", []field{
		{"manager", func(n *yaml.Node) error { return p.words(n, &d.Packages.Manager) }},
		{"stage", func(n *yaml.Node) error { return p.words(n, &d.Packages.Stage) }},
		{"name", func(n *yaml.Node) error { return p.words(n, &d.Packages.Name) }},
		{"any", func(n *yaml.Node) error {
			d.Packages.Any.Set = true
			return p.boolean(n, &d.Packages.Any.Val)
		}},
	})
}

func (p *parser) network(n *yaml.Node, d *Detection) error {
	d.Network = &Network{}
	w := d.Network
	words := func(to *[]Word) func(*yaml.Node) error {
		return func(n *yaml.Node) error {
			return p.list(n, "the value", func(n *yaml.Node) error { return p.scalar(n, to) })
		}
	}
	return p.mapping(n, "network", []field{
		{"kinds", func(n *yaml.Node) error {
			return p.list(n, "kinds", func(n *yaml.Node) error {
				k, err := p.known(n, "kind", networkKinds)
				w.Kinds = append(w.Kinds, Word{k, n.Line})
				return err
			})
		}},
		{"hosts", words(&w.Hosts)},
		{"not_hosts", words(&w.NotHosts)},
		{"cidr", words(&w.CIDR)},
		{"not_cidr", words(&w.NotCIDR)},
		{"ports", words(&w.Ports)},
		{"not_ports", words(&w.NotPorts)},
		{"sockets", words(&w.Sockets)},
	})
}

// scalar reads a text, a number or true and false, as text.
func (p *parser) scalar(n *yaml.Node, to *[]Word) error {
	n, err := p.enter(n)
	if err != nil {
		return err
	}
	switch n.ShortTag() {
	case "!!str", "!!int", "!!bool", "!!float":
		if n.Value != "" {
			*to = append(*to, Word{n.Value, n.Line})
			return nil
		}
	}
	return p.errorf(n, "%s where a text or a number is expected", form(n))
}

// args reads dotted paths, each with a value, a list of values, or regex: and an expression.
func (p *parser) args(n *yaml.Node, d *Detection) error {
	n, err := p.enter(n)
	if err != nil {
		return err
	}
	if n.Kind != yaml.MappingNode {
		return p.errorf(n, "args is %s: expected names of arguments and their values", form(n))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		t := ArgTest{Path: Word{key.Value, key.Line}}
		switch value.Kind {
		case yaml.SequenceNode:
			err = p.list(value, "args", func(n *yaml.Node) error { return p.scalar(n, &t.Values) })
		case yaml.MappingNode:
			err = p.mapping(value, "an argument", []field{{"regex", func(n *yaml.Node) error { return p.word(n, &t.Regex) }}})
		default:
			err = p.scalar(value, &t.Values)
		}
		if err == nil && len(t.Values) == 0 && t.Regex.Text == "" {
			err = p.errorf(value, "argument %s: expected a value, a list of values or regex", key.Value)
		}
		if err != nil {
			return err
		}
		d.Args = append(d.Args, t)
	}
	return nil
}

// The words of by.
const (
	byProcess = "process"
	byTree    = "tree"
	byPackage = "package"
	byRun     = "run"
)

var groupings = []string{byProcess, byTree, byPackage, byRun}

// maxCount bounds count: so many records are remembered for one key.
const maxCount = 1000

func (p *parser) sequence(n *yaml.Node, r *Rule) error {
	s := &Sequence{Line: n.Line, By: byTree, Ordered: true}
	r.Sequence = s
	err := p.mapping(n, "sequence", []field{
		{"by", func(n *yaml.Node) error { return p.grouping(n, &s.By) }},
		{"same", func(n *yaml.Node) error { return p.words(n, &s.Same) }},
		{"within", func(n *yaml.Node) error { return p.duration(n, &s.Within) }},
		{"ordered", func(n *yaml.Node) error { return p.boolean(n, &s.Ordered) }},
		{"steps", func(n *yaml.Node) error { return p.list(n, "steps", func(n *yaml.Node) error { return p.step(n, s) }) }},
	})
	switch {
	case err != nil:
		return err
	case s.Within == 0:
		return p.errorf(n, "a sequence has no within: expected a time, as in 10m")
	case len(s.Steps) < 2 || len(s.Steps) > 16:
		return p.errorf(n, "a sequence of %d steps: expected 2 to 16", len(s.Steps))
	}
	return nil
}

func (p *parser) step(n *yaml.Node, s *Sequence) error {
	st := Step{Line: n.Line, Count: 1}
	err := p.detection(n, "a step", &st.Detection, []field{
		{"name", func(n *yaml.Node) error { return p.text(n, &st.Name) }},
		{"on", func(n *yaml.Node) error { return p.types(n, &st.On) }},
		{"rules", func(n *yaml.Node) error { return p.words(n, &st.Rules) }},
		{"count", func(n *yaml.Node) error { return p.count(n, &st.Count) }},
		{"distinct", func(n *yaml.Node) error { return p.distinct(n, &st.Count, &st.Distinct) }},
	})
	if err != nil {
		return err
	}
	if !st.demands() {
		return p.errorf(n, "a step would match anything: expected what its record is like")
	}
	s.Steps = append(s.Steps, st)
	return nil
}

func (p *parser) threshold(n *yaml.Node, r *Rule) error {
	t := &Threshold{Line: n.Line, By: byTree}
	r.Threshold = t
	err := p.mapping(n, "threshold", []field{
		{"by", func(n *yaml.Node) error { return p.grouping(n, &t.By) }},
		{"same", func(n *yaml.Node) error { return p.words(n, &t.Same) }},
		{"within", func(n *yaml.Node) error { return p.duration(n, &t.Within) }},
		{"count", func(n *yaml.Node) error { return p.count(n, &t.Count) }},
		{"distinct", func(n *yaml.Node) error { return p.distinct(n, &t.Count, &t.Distinct) }},
	})
	if err == nil && (t.Within == 0 || t.Count < 2) {
		return p.errorf(n, "a threshold needs within, and count or distinct of two or more")
	}
	return err
}

// distinct reads {field: path, count: 3}.
func (p *parser) distinct(n *yaml.Node, count *int, to *string) error {
	*count = 2
	err := p.mapping(n, "distinct", []field{
		{"field", func(n *yaml.Node) error { return p.text(n, to) }},
		{"count", func(n *yaml.Node) error { return p.count(n, count) }},
	})
	if err == nil && *to == "" {
		return p.errorf(n, "distinct has no field: expected the name of one, as in path")
	}
	return err
}

func (p *parser) dedupe(n *yaml.Node, r *Rule) error {
	r.Dedupe = &Dedupe{}
	err := p.mapping(n, "dedupe", []field{
		{"by", func(n *yaml.Node) error { return p.words(n, &r.Dedupe.By) }},
		{"for", func(n *yaml.Node) error { return p.duration(n, &r.Dedupe.For) }},
	})
	if err == nil && (r.Dedupe.For == 0 || len(r.Dedupe.By) == 0) {
		return p.errorf(n, "dedupe needs by, a list of fields, and for, a time")
	}
	return err
}

func (p *parser) suppress(n *yaml.Node, r *Rule) error {
	return p.list(n, "suppress", func(n *yaml.Node) error {
		s := Suppress{Line: n.Line}
		err := p.detection(n, "a suppression", &s.Detection, []field{
			{"reason", func(n *yaml.Node) error { return p.text(n, &s.Reason) }},
			{"expires", func(n *yaml.Node) error { return p.date(n, &s.Expires) }},
		})
		switch {
		case err != nil:
			return err
		case s.Reason == "":
			return p.errorf(n, "a suppression has no reason: expected reason: why these matches are right")
		case !s.demands():
			return p.errorf(n, "a suppression would leave out every match: expected what their records are like, or enabled: false in the rule")
		}
		r.Suppress = append(r.Suppress, s)
		return nil
	})
}

func (p *parser) grouping(n *yaml.Node, to *string) (err error) {
	*to, err = p.known(n, "by", groupings)
	return err
}

func (p *parser) duration(n *yaml.Node, to *time.Duration) error {
	var w []Word
	if err := p.scalar(n, &w); err != nil {
		return err
	}
	d, err := time.ParseDuration(w[0].Text)
	if err != nil || d <= 0 || d > 366*24*time.Hour {
		return p.errorf(n, "%q: expected a time of up to a year, as in 30s, 10m or 24h", w[0].Text)
	}
	*to = d
	return nil
}

func (p *parser) count(n *yaml.Node, to *int) error {
	var w []Word
	if err := p.scalar(n, &w); err != nil {
		return err
	}
	v, err := strconv.Atoi(w[0].Text)
	if err != nil || v < 1 || v > maxCount {
		return p.errorf(n, "count %q: expected a number from 1 to %d", w[0].Text, maxCount)
	}
	*to = v
	return nil
}

func (p *parser) date(n *yaml.Node, to *event.Opt[time.Time]) error {
	n, err := p.enter(n)
	if err != nil {
		return err
	}
	t, err := time.Parse(time.DateOnly, n.Value)
	if err != nil {
		return p.errorf(n, "%q: expected a day, as in 2026-12-31", n.Value)
	}
	*to = event.Some(t.Add(24 * time.Hour))
	return nil
}

// lists reads names and their words.
func (p *parser) lists(n *yaml.Node) error {
	return p.named(n, "lists", func(name string, n *yaml.Node) error {
		l := List{File: p.file, Line: n.Line, Name: name}
		err := p.list(n, "a list", func(n *yaml.Node) error { return p.scalar(n, &l.Items) })
		p.out.Lists = append(p.out.Lists, l)
		return err
	})
}

// macros reads names and their expressions.
func (p *parser) macros(n *yaml.Node) error {
	return p.named(n, "macros", func(name string, n *yaml.Node) error {
		m := Macro{File: p.file, Name: name}
		err := p.word(n, &m.Body)
		p.out.Macros = append(p.out.Macros, m)
		return err
	})
}

// named reads a mapping whose keys the file's author chose.
func (p *parser) named(n *yaml.Node, what string, each func(name string, n *yaml.Node) error) error {
	n, err := p.enter(n)
	if err != nil {
		return err
	}
	if n.Kind != yaml.MappingNode {
		return p.errorf(n, "%s is %s: expected names and values", what, form(n))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if !nameForm.MatchString(key.Value) {
			return p.errorf(key, "name %q in %s: expected small letters, digits and underscores", key.Value, what)
		}
		if seen[key.Value] {
			return p.errorf(key, "name %q comes twice in %s", key.Value, what)
		}
		seen[key.Value] = true
		if err := each(key.Value, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}
