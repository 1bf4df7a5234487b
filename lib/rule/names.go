package rule

import (
	"bytes"

	"sandtrace/lib/event"
)

// A rule that looks for a program takes any name it goes by: that of its file, of the file that was
// asked for, comm, argv's first word, the script, and the applet of a program that is many. To
// forge one of these can only make the rule fire. A copy under another name is not recognised.

// maxNames bounds the names of one process.
const maxNames = 7

// namesOf fills list with the names of the process; path is the file of an exec.
func namesOf(p *event.ProcFacets, path []byte, list *[maxNames][]byte) [][]byte {
	out := list[:0]
	for _, v := range [...][]byte{path, p.Exe, p.Script, p.Argv[0]} {
		if i := bytes.LastIndexByte(v, '/'); i >= 0 {
			v = v[i+1:]
		}
		if len(v) > 0 {
			out = append(out, bytes.TrimSuffix(v, []byte(" (deleted)")))
		}
	}
	if len(p.Name) > 0 {
		out = append(out, p.Name)
	}
	if base := baseName(string(p.Exe)); base == "busybox" || base == "toybox" {
		if len(p.Argv[1]) > 0 {
			out = append(out, p.Argv[1])
		}
	}
	return out
}

// candidatesByName puts up the rules on the names of a program that was executed.
func (m *Matcher) candidatesByName(f *event.Facets) {
	if len(m.set.exec) == 0 {
		return
	}
	var list [maxNames][]byte
	for _, n := range namesOf(&f.Proc, f.Path, &list) {
		for _, r := range m.set.exec[string(n)] {
			m.candidate(r)
		}
		plain := bytes.TrimRight(n, "0123456789.-") // python3.12 is python3 and python
		for end := len(plain); end < len(n) && end > 0; end++ {
			for _, r := range m.set.exec[string(n[:end])] {
				m.candidate(r)
			}
		}
		if s := programName(string(n)); s != string(n) {
			for _, r := range m.set.exec[s] {
				m.candidate(r)
			}
		}
	}
}

// names reports whether the process goes by one of the rule's process_names. Of the process records
// only those of execs count.
func (d *Detection) names(f *event.Facets) bool {
	var path []byte
	if string(f.Type) == string(event.TypeProcess) {
		if !isExec(f) {
			return false
		}
		path = f.Path
	}
	var list [maxNames][]byte
	for _, n := range namesOf(&f.Proc, path, &list) {
		for i := range d.ProcessNames {
			want := d.ProcessNames[i].Text
			if nameIs(string(n), want) || programName(string(n)) == want {
				return true
			}
		}
	}
	return false
}
