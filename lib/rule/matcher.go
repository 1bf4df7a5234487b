package rule

import (
	"bytes"
	"fmt"
	"math/bits"
	"path"
	"slices"
	"time"

	"sandtrace/lib/event"
)

// Matcher holds records against a Set, one after the other.
type Matcher struct {
	set      *Set
	state    *state
	hits     []int  // probes that may fit the record at hand
	stamps   []uint // by probe: the record that it was last put in hits for
	stamp    uint
	said     []bool // by rule: a failure of its condition has been told
	met      []met  // steps that the record at hand meets
	failures int64
	costs    []Cost // by rule; nil where nobody asks
	gojq     int64  // evaluations of conditions
	silenced int64
	repeated int64
	out      []event.Record
	callers  callers
	lastPkg  *event.Pkg
	hit      func(*pattern, []byte)

	f       *event.Facets
	line    []byte
	decoded any // the record as gojq takes it, once decoded
	proc    *event.Proc
	current *node // of the record's process, once asked for
	asked   bool
	peer    peer
}

// met is a step that a record meets; rule is the one that led to it.
type met struct {
	probe int
	rule  *compiled
}

// NewMatcher begins a stream of records, with memory bytes for what must be remembered of it; 0 is
// DefaultMemory.
func NewMatcher(set *Set, memory int) *Matcher {
	m := &Matcher{set: set, state: newState(memory)}
	m.reset()
	m.hit = func(p *pattern, name []byte) {
		if pr := &m.set.probes[p.probe]; (len(pr.except) > 0 || pr.exceptTop) && pr.excludes(m, name) {
			return
		}
		m.candidate(p.probe)
	}
	return m
}

// reset prepares for the set at hand.
func (m *Matcher) reset() {
	m.stamps = make([]uint, len(m.set.probes))
	m.said = make([]bool, len(m.set.rules))
	m.callers = callers{}
	if m.costs != nil {
		m.costs = make([]Cost, len(m.set.rules))
	}
	m.state.windows.begin(m.set)
}

// Replace goes on with another set. What was remembered for rules that stayed the same is kept.
func (m *Matcher) Replace(set *Set) {
	m.set = set
	m.reset()
}

// ConditionFailures counts the records on which a condition failed.
func (m *Matcher) ConditionFailures() int64 { return m.failures }

// Match is what to write for one record: a *event.Match for each rule that fired, those of one record
// first and then the finished chains, without ID, one *event.Error for a condition that failed for the first time, and a
// *event.Lost where memory ran out. f must be of line. The slice is valid until the next call.
func (m *Matcher) Match(f *event.Facets, line []byte) []event.Record {
	m.out = m.out[:0]
	m.f, m.line, m.decoded, m.proc, m.current, m.asked = f, line, nil, nil, nil, false
	m.peer.asked = false
	t := typeBit(f.Type)
	if t == 0 && len(f.Type) > 0 {
		if string(f.Type) == string(event.TypeStart) {
			m.state.begin(f, line)
		}
		return nil
	}
	if t == 0 { // a record that does not say what it is counts by what it has
		t = anyType
	}
	if t == typeProcess {
		m.track()
	} else if f.Proc.Fresh { // so that the table knows who is whose child
		m.node()
	}
	m.stamp++
	m.hits = m.hits[:0]
	s := m.set
	if len(f.Access) > 0 {
		m.candidatesByPath()
	}
	if isExec(f) {
		m.candidatesByName(f)
		for _, n := range s.execs {
			m.candidate(n)
		}
	}
	if len(f.Syscall) > 0 {
		for _, n := range s.bySyscall[string(f.Syscall)] {
			m.candidate(n)
		}
	}
	if len(f.Addr) > 0 || len(f.Host) > 0 {
		for _, n := range s.network {
			m.candidate(n)
		}
	}
	if t != anyType {
		for _, n := range s.byType[bits.TrailingZeros8(uint8(t))] {
			m.candidate(n)
		}
	}
	if len(m.hits) > 0 {
		m.judge(t)
	}
	if n := m.state.evicted(); n > 0 {
		m.out = append(m.out, &event.Lost{Why: whyEvicted, Count: event.Some(n)})
	}
	return m.out
}

// whyEvicted is said where memory did not suffice for what rules had to remember.
const whyEvicted = "state_evicted"

var typeProcess = typeBit([]byte(event.TypeProcess))

func (m *Matcher) candidatesByPath() {
	f, s := m.f, m.set
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
	for i, a := range event.Accesses {
		if len(s.byAccess[i]) > 0 && string(a) == string(f.Access) {
			for _, n := range s.byAccess[i] {
				m.candidate(n)
			}
		}
	}
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

func (m *Matcher) candidate(probe int) {
	if m.stamps[probe] != m.stamp {
		m.stamps[probe] = m.stamp
		m.hits = append(m.hits, probe)
	}
}

// judge asks of each candidate what the tables did not answer, and what the rules make of it.
func (m *Matcher) judge(t typeSet) {
	slices.Sort(m.hits)
	m.met = m.met[:0]
	for _, n := range m.hits {
		p := &m.set.probes[n]
		r := &m.set.rules[p.rule]
		if p.types&t == 0 || (p.onExec && !isExec(m.f)) || (p.step > 0 && !m.state.windows.waits(r)) {
			continue
		}
		if !m.fits(p) {
			continue
		}
		if r.window != nil {
			m.met = append(m.met, met{probe: n})
			continue
		}
		if !m.fire(r, nil) {
			continue
		}
		for _, to := range r.feeds {
			step := &m.set.probes[to]
			if step.types&t != 0 && m.fits(step) {
				m.met = append(m.met, met{to, r})
			}
		}
	}
	if len(m.met) == 0 {
		return
	}
	slices.SortStableFunc(m.met, func(a, b met) int { return a.probe - b.probe })
	finished := -1 // the rule whose chain the record has ended: it does not begin the next one too
	for i := range m.met {
		p := &m.set.probes[m.met[i].probe]
		if p.rule == finished {
			continue
		}
		r := &m.set.rules[p.rule]
		found, done := m.state.windows.step(m, r, p.step, m.met[i].rule)
		if done {
			finished = p.rule
		}
		if found != nil {
			m.fire(r, found)
		}
	}
}

// fits asks the clauses of a probe, and counts what that costs where somebody wants to know.
func (m *Matcher) fits(p *probe) bool {
	if m.costs == nil {
		return p.rest(m) == ""
	}
	began := time.Now()
	ok := p.rest(m) == ""
	c := &m.costs[p.rule]
	c.Records++
	c.Nanoseconds += int64(time.Since(began))
	return ok
}

// fire writes a match unless the rule says otherwise; found is what a window remembers. It reports
// whether the match counts: one that is merely not repeated does.
func (m *Matcher) fire(r *compiled, found *found) bool {
	for i := range r.suppress {
		s := &r.suppress[i]
		if s.until.Set {
			if at, ok := m.f.When(); !ok || at >= s.until.Val {
				continue
			}
		}
		t := typeBit(m.f.Type)
		if t == 0 {
			t = anyType
		}
		if s.whole(m, t) == "" {
			m.silenced++
			return false
		}
	}
	if r.dedupe != nil && m.state.repeated(m, r) {
		m.repeated++
		return true
	}
	m.out = append(m.out, m.build(r, m.f, found))
	return true
}

func (m *Matcher) holds(p *probe) bool {
	m.gojq++
	ok, err := p.condition.holds(m.record())
	if err == nil {
		return ok
	}
	m.failures++
	if r := &m.set.rules[p.rule]; !m.said[p.rule] {
		m.said[p.rule] = true
		m.out = append(m.out, &event.Error{
			Code: "condition_failed", File: r.File, Line: p.line,
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
