package rule

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"sandtrace/lib/event"
)

// What the clauses ask of the record at hand, found once a record.

// process is the record's process block.
func (m *Matcher) process() *event.Proc {
	if m.proc == nil && m.f.Proc.Raw != nil {
		m.proc = procOf(&m.f.Proc)
	}
	return m.proc
}

// argv is the command line, its words with blanks between them.
func (m *Matcher) argv() string {
	p := m.process()
	if p == nil {
		return ""
	}
	return strings.Join(p.Argv, " ")
}

// pkg is the package that the process runs for: the record's own, or that of an ancestor.
func (m *Matcher) pkg() *event.Pkg {
	p := &m.f.Proc
	if len(p.Manager)+len(p.Package)+len(p.Stage) == 0 {
		if n := m.node(); n != nil {
			return n.pkg
		}
		return nil
	}
	if l := m.lastPkg; l == nil || l.Manager != string(p.Manager) || l.Name != string(p.Package) ||
		l.Version != string(p.Version) || l.Stage != string(p.Stage) {
		m.lastPkg = &event.Pkg{Manager: string(p.Manager), Name: string(p.Package), Version: string(p.Version), Stage: string(p.Stage)}
	}
	return m.lastPkg
}

// stage is the stage that an allow-list goes by.
func (m *Matcher) stage() []byte {
	if len(m.f.Proc.Stage) > 0 || !m.state.table.packages {
		return m.f.Proc.Stage
	}
	if p := m.pkg(); p != nil {
		return []byte(p.Stage)
	}
	return nil
}

// lineage names the ancestors, the process itself left out.
func (m *Matcher) lineage() []string {
	var names []string
	if raw := m.f.Proc.Lineage; raw != nil && json.Unmarshal(raw, &names) == nil && len(names) > 0 {
		return names[:len(names)-1]
	}
	return nil
}

// hasAncestor reports whether an ancestor goes by one of the names: by what the producer says of
// its lineage, or by what the stream said of it.
func (m *Matcher) hasAncestor(words []Word) bool {
	is := func(name string) bool {
		name, _, _ = strings.Cut(name, " ") // npm install
		return slices.ContainsFunc(words, func(w Word) bool { return nameIs(name, w.Text) || programName(name) == w.Text })
	}
	if slices.ContainsFunc(m.lineage(), is) {
		return true
	}
	return m.ancestors(func(n *node) bool { return is(baseName(n.exe)) || (n.script != "" && is(baseName(n.script))) })
}

// trustedAncestor reports whether an ancestor is proven to be one of the programs.
func (m *Matcher) trustedAncestor(words []Word) bool {
	return m.ancestors(func(n *node) bool {
		stage := ""
		if n.pkg != nil {
			stage = n.pkg.Stage
		}
		c := m.set.trust.caller(n.exe, n.script, stage, n.injected)
		return slices.ContainsFunc(words, func(w Word) bool { return c.is(w.Text) })
	})
}

// ancestors walks up the table until is says yes.
func (m *Matcher) ancestors(is func(*node) bool) bool {
	n := m.node()
	for range maxAncestors {
		if n == nil {
			return false
		}
		if n = m.state.table.nodes[n.parent]; n != nil && is(n) {
			return true
		}
	}
	return false
}

// maxAncestors bounds the walk up a tree.
const maxAncestors = 256

// fieldOf reads one field of a record as text, "" where it has none.
type fieldOf func(m *Matcher, fed *compiled) string

// fieldNames are the fields that need no dotted path.
var fieldNames = map[string]fieldOf{
	"path":    func(m *Matcher, _ *compiled) string { return string(plainPath(m.f.Path)) },
	"to":      func(m *Matcher, _ *compiled) string { return string(plainPath(m.f.To)) },
	"access":  func(m *Matcher, _ *compiled) string { return string(m.f.Access) },
	"op":      func(m *Matcher, _ *compiled) string { return string(m.f.Op) },
	"syscall": func(m *Matcher, _ *compiled) string { return string(m.f.Syscall) },
	"host":    func(m *Matcher, _ *compiled) string { return plainHost(string(m.f.Host)) },
	"addr":    func(m *Matcher, _ *compiled) string { return string(m.f.Addr) },
	"port":    func(m *Matcher, _ *compiled) string { return optional(m.f.Port) },
	"pid":     func(m *Matcher, _ *compiled) string { return optional(m.f.Proc.PID) },
	"exe":     func(m *Matcher, _ *compiled) string { return string(m.f.Proc.Exe) },
	"script":  func(m *Matcher, _ *compiled) string { return string(m.f.Proc.Script) },
	"domain":  func(m *Matcher, _ *compiled) string { return domainOf(string(m.f.Host)) },
	"process": func(m *Matcher, _ *compiled) string {
		if n := m.node(); n != nil {
			return strconv.FormatUint(n.id, 10)
		}
		return ""
	},
	"package": func(m *Matcher, _ *compiled) string {
		if p := m.pkg(); p != nil {
			return p.Manager + "\x00" + p.Name + "\x00" + p.Version
		}
		return ""
	},
	"rule": func(_ *Matcher, fed *compiled) string {
		if fed == nil {
			return ""
		}
		return fed.ID
	},
}

// domainOf is a host name's last two labels: what a tunnel through look-ups has in common.
func domainOf(host string) string {
	host = plainHost(host)
	if i := strings.LastIndexByte(host, '.'); i > 0 {
		if j := strings.LastIndexByte(host[:i], '.'); j >= 0 {
			return host[j+1:]
		}
	}
	return host
}

// parseField finds a field by its name or dotted path.
func parseField(r *Rule, w Word) (fieldOf, error) {
	if f := fieldNames[w.Text]; f != nil {
		return f, nil
	}
	keys, err := dottedPath(w.Text)
	if err != nil {
		return nil, r.errorf(w.Line, "rule %s: field %q: expected one of %s, or a dotted path as in args.mode", r.ID, w.Text, fieldList())
	}
	return func(m *Matcher, _ *compiled) string { return lookUp(m.record(), keys) }, nil
}

func fieldList() string {
	names := make([]string, 0, len(fieldNames))
	for n := range fieldNames {
		names = append(names, n)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// anyValue reports whether the value at a dotted path, or an element of it, is as is says.
func anyValue(v any, keys []string, is func(string) bool) bool {
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return false
		}
		v = m[k]
	}
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { s, ok := scalarText(e); return ok && is(s) })
	default:
		s, ok := scalarText(v)
		return ok && is(s)
	}
}

func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
