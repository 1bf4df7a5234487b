package rule

import (
	"regexp"
	"sort"
	"strings"

	"sandtrace/lib/spell"
)

// maxItems bounds what the lists of one place expand to.
const maxItems = 1 << 16

// lists answers what $name stands for.
type lists map[string]*List

func listsOf(all []List) lists {
	l := lists{"install_stages": {Name: "install_stages", Items: stageWords()}}
	for i := range all {
		l[all[i].Name] = &all[i]
	}
	return l
}

// stageWords are the stages in which code of a package runs unasked.
func stageWords() []Word {
	var out []Word
	for s := range installStages {
		out = append(out, Word{Text: s})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Text < out[j].Text })
	return out
}

// expand puts the items of lists in the place of their names.
func (l lists) expand(r *Rule, words []Word) ([]Word, error) {
	return l.into(nil, r, words, nil)
}

func (l lists) into(out []Word, r *Rule, words []Word, within []string) (_ []Word, err error) {
	for _, w := range words {
		name, ref := strings.CutPrefix(w.Text, "$")
		if !ref {
			if out = append(out, w); len(out) > maxItems {
				return nil, r.errorf(w.Line, "rule %s: lists of more than %d words", r.ID, maxItems)
			}
			continue
		}
		list := l[name]
		if list == nil {
			known := make([]string, 0, len(l))
			for n := range l {
				known = append(known, n)
			}
			sort.Strings(known)
			return nil, r.errorf(w.Line, "rule %s: unknown list $%s: %s", r.ID, name, spell.Hint(name, known))
		}
		for _, outer := range within {
			if outer == name {
				return nil, r.errorf(w.Line, "rule %s: list $%s holds itself, and no earlier file has one of that name", r.ID, name)
			}
		}
		if out, err = l.into(out, r, list.Items, append(within[:len(within):len(within)], name)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// all expands every list of words of a detection.
func (l lists) all(r *Rule, d *Detection) (err error) {
	places := []*[]Word{
		&d.FilePaths, &d.FilePatterns, &d.ExcludedPaths, &d.ProcessNames, &d.Exes, &d.Argv, &d.Ancestors, &d.Excluded,
		&d.ExcludedExes, &d.ExcludedAncestors, &d.Syscalls, &d.ContentPatterns, &d.Rules,
	}
	if d.Packages != nil {
		p := *d.Packages
		d.Packages = &p
		places = append(places, &p.Manager, &p.Stage, &p.Name)
	}
	if d.Network != nil {
		n := *d.Network
		d.Network = &n
		places = append(places, &n.Hosts, &n.NotHosts, &n.CIDR, &n.NotCIDR, &n.Ports, &n.NotPorts, &n.Sockets)
	}
	for _, p := range places {
		if *p, err = l.expand(r, *p); err != nil {
			return err
		}
	}
	args := make([]ArgTest, len(d.Args))
	copy(args, d.Args)
	for i := range args {
		if args[i].Values, err = l.expand(r, args[i].Values); err != nil {
			return err
		}
	}
	d.Args = args
	return nil
}

var wordForm = regexp.MustCompile(`[a-z_][a-z0-9_]*`)

// withMacros puts the definitions of the macros that an expression uses before it.
func withMacros(text string, macros map[string]*Macro) string {
	if len(macros) == 0 {
		return text
	}
	var defs strings.Builder
	done := map[string]bool{}
	var need func(text string)
	need = func(text string) {
		for _, w := range wordForm.FindAllString(text, -1) {
			if m := macros[w]; m != nil && !done[w] {
				done[w] = true
				need(m.Body.Text)
				defs.WriteString("def " + w + ": (" + m.Body.Text + "\n); ")
			}
		}
	}
	need(text)
	return defs.String() + text
}
