package rule

import (
	"encoding/json"

	"sandtrace/lib/event"
)

// build makes the match record of a rule and a record. What would not fit into a line is left out,
// the least telling first.
func (m *Matcher) build(r *compiled, f *event.Facets, found *found) *event.Match {
	proc := m.process()
	s := &subject{rule: &r.Rule, f: f, proc: proc, record: m.record}
	match := &event.Match{
		Rule: r.ID, Name: r.Name, Severity: r.Severity, Tags: r.Tags, Channels: r.Channels,
		Message: r.message.expand(s), Count: 1,
		Path: string(f.Path), To: string(f.To), Access: event.Access(f.Access),
		Addr: string(f.Addr), Port: f.Port, Host: string(f.Host),
		Success: f.Success, Errno: string(f.Errno), Action: event.Action(f.Action),
		Proc: proc, Events: []json.RawMessage{event.Embed(m.line)},
	}
	if found != nil {
		match.Count, match.Events = found.count, found.events
		match.Truncated = found.cut
	}
	if found == nil && len(m.line) < event.MaxLine/16 { // encoding makes a byte six at the most, and all stands twice
		return match
	}
	for _, drop := range shorten {
		if event.Len(match) <= event.MaxLine {
			break
		}
		match.Truncated = true
		drop(match)
	}
	return match
}

// procOf is the whole process block or, where a key that no rule looks at has the wrong form, what
// rules look at.
func procOf(f *event.ProcFacets) *event.Proc {
	p, err := event.DecodeProc(f.Raw)
	if err == nil {
		return p
	}
	p = &event.Proc{PID: int(f.PID.Val), Name: string(f.Name), Exe: string(f.Exe), Script: string(f.Script)}
	if len(f.Manager)+len(f.Package)+len(f.Stage) > 0 {
		p.Pkg = &event.Pkg{Manager: string(f.Manager), Name: string(f.Package), Stage: string(f.Stage)}
	}
	return p
}

// maxPath is how much of a path is kept where a match would be too long, in bytes.
const maxPath = 16 << 10

// shorten are the ways to make a match shorter, tried in order.
var shorten = []func(*event.Match){
	func(m *event.Match) { m.Events = nil },
	func(m *event.Match) {
		if m.Proc != nil {
			m.Proc.Argv = cutList(m.Proc.Argv, maxPath)
			m.Proc.Lineage = cutList(m.Proc.Lineage, maxPath)
		}
	},
	func(m *event.Match) {
		texts := []*string{&m.Path, &m.To, &m.Addr, &m.Host, &m.Errno, (*string)(&m.Access), (*string)(&m.Action)}
		if p := m.Proc; p != nil {
			texts = append(texts, &p.Name, &p.Exe, &p.Script, &p.CWD)
			if p.Pkg != nil {
				texts = append(texts, &p.Pkg.Manager, &p.Pkg.Name, &p.Pkg.Version, &p.Pkg.Stage)
			}
		}
		for _, t := range texts {
			*t = (*t)[:min(len(*t), maxPath)]
		}
	},
}

// cutList keeps the first words, of n bytes at the most.
func cutList(list []string, n int) []string {
	for i, s := range list {
		if n -= len(s) + 16; n < 0 { // each word costs a few bytes of its own
			return list[:i]
		}
	}
	return list
}
