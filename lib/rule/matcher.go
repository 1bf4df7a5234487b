package rule

import (
	"bytes"
	"fmt"
	"math/bits"
	"path"
	"slices"

	"sandtrace/lib/event"
)

// Matcher holds records against a Set, one after the other.
type Matcher struct {
	set      *Set
	hits     []int  // rules that may match the record at hand
	stamps   []uint // by rule: the record that it was last put in hits for
	stamp    uint
	failed   []bool // by rule: its condition has failed before
	failures int64
	out      []event.Record
	callers  callers
	hit      func(*pattern)

	line    []byte
	decoded any // the record as gojq takes it, once decoded
}

// NewMatcher begins a stream of records.
func NewMatcher(set *Set) *Matcher {
	m := &Matcher{set: set, stamps: make([]uint, len(set.rules)), failed: make([]bool, len(set.rules))}
	m.hit = func(p *pattern) { m.candidate(p.rule) }
	return m
}

// ConditionFailures counts the records on which a condition failed.
func (m *Matcher) ConditionFailures() int64 { return m.failures }

// Match is what to write for one record: a *event.Match for each rule that fired, in the order of
// the rules, without ID, and one *event.Error for a condition that failed for the first time. f must
// be of line. The slice is valid until the next call.
func (m *Matcher) Match(f *event.Facets, line []byte) []event.Record {
	t := typeBit(f.Type)
	if t == 0 && len(f.Type) > 0 {
		return nil
	}
	if t == 0 { // a record that does not say what it is counts by what it has
		t = anyType
	}
	m.stamp++
	m.hits = m.hits[:0]
	m.line, m.decoded = line, nil
	s := m.set
	if len(f.Access) > 0 {
		onPath, onTo := meaningOf(f.Access)
		if isSymlink(f) {
			onPath, onTo = madeByLink, reachedByLink
			if len(f.To) == 0 {
				s.paths.find(m.linkTarget(f), onTo, m.hit)
			}
		}
		s.paths.find(f.Path, onPath, m.hit)
		if len(f.To) > 0 {
			s.paths.find(f.To, onTo, m.hit)
		}
		if string(f.Access) == string(event.AccessRename) {
			s.above.find(f.Path, onPath, m.hit)
			s.above.find(f.To, onTo, m.hit)
		}
	}
	if isExec(f) {
		m.candidatesByName(f)
	}
	if t != anyType {
		for _, n := range s.byType[bits.TrailingZeros8(uint8(t))] {
			m.candidate(n)
		}
	}
	if len(m.hits) == 0 {
		return nil
	}
	return m.judge(f, t)
}

// isSymlink reports whether a record is of the making of a symbolic link. Its path is the link, its
// second path, or else the text in args, what it leads to.
func isSymlink(f *event.Facets) bool {
	return bytes.HasPrefix(f.Syscall, []byte("symlink"))
}

// linkTarget is the file that a symbolic link leads to, as far as its text tells.
func (m *Matcher) linkTarget(f *event.Facets) []byte {
	target := lookUp(m.record(), []string{"args", "target"})
	if target == "" {
		return nil
	}
	if target[0] != '/' {
		target = path.Dir(string(f.Path)) + "/" + target
	}
	return []byte(target)
}

// isExec reports whether a record says that a process runs another program now. The execve record
// that comes with it says the same, so rules on programs look at this one alone.
func isExec(f *event.Facets) bool {
	return string(f.Type) == string(event.TypeProcess) && string(f.Op) == event.OpExec
}

func (m *Matcher) candidate(rule int) {
	if m.stamps[rule] != m.stamp {
		m.stamps[rule] = m.stamp
		m.hits = append(m.hits, rule)
	}
}

// judge asks of each candidate what its tables did not answer.
func (m *Matcher) judge(f *event.Facets, t typeSet) []event.Record {
	slices.Sort(m.hits)
	m.out = m.out[:0]
	for _, n := range m.hits {
		r := &m.set.rules[n]
		if r.types&t == 0 || !r.admits(f) {
			continue
		}
		if len(r.Excluded) > 0 && f.Proc.Raw != nil {
			if r.exempts(m.callers.of(m.set.trust, &f.Proc)) {
				continue
			}
		}
		if r.condition != nil && !m.holds(n, r) {
			continue
		}
		m.out = append(m.out, m.build(r, f))
	}
	return m.out
}

// admits asks what neither the path nor the type has answered: the program and, for rules
// without paths, the access.
func (r *compiled) admits(f *event.Facets) bool {
	if len(r.ProcessNames) > 0 && (len(r.FilePaths) > 0 || len(r.On) > 0) && !r.names(f) {
		return false
	}
	if len(r.FilePaths) == 0 && len(r.AccessTypes) > 0 {
		path, to := meaningOf(f.Access)
		return (path|to)&r.access != 0
	}
	return true
}

func (r *compiled) exempts(c *caller) bool {
	for i := range r.Excluded {
		if c.is(r.Excluded[i].Text) {
			return true
		}
	}
	return false
}

func (m *Matcher) holds(n int, r *compiled) bool {
	ok, err := r.condition.holds(m.record())
	if err == nil {
		return ok
	}
	m.failures++
	if !m.failed[n] {
		m.failed[n] = true
		m.out = append(m.out, &event.Error{
			Code: "condition_failed", File: r.File, Line: r.Condition.Line,
			Message: fmt.Sprintf("rule %s: condition: %v; it does not match where it fails, and this is said once", r.ID, err),
		})
	}
	return false
}

// record is the record at hand as gojq takes it.
func (m *Matcher) record() any {
	if m.decoded == nil {
		m.decoded, _ = decodeAny(m.line) // the line has been read before
	}
	return m.decoded
}
