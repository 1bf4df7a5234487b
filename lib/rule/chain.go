package rule

import (
	"bytes"
	"encoding/json"

	"sandtrace/lib/event"
)

// chainKey says whose chain it is.
type chainKey struct {
	ID   uint64 // of a process, tree or stream
	Text string // the package and the values of same
}

// chain is what is remembered of one rule for one key.
type chain struct {
	key        chainKey
	steps      []progress
	fired      event.Opt[event.Time]
	last       event.Time // of the newest record
	size       int
	prev, next *chain
}

// progress is how far one step of a chain is.
type progress struct {
	done  bool
	start event.Time // the latest beginning of a chain that ends with this step
	proof *proof
	marks []mark // of a step that needs several records
}

// mark is one of several records that a step needs.
type mark struct {
	start event.Time
	value uint64 // the hash of what must differ
	proof *proof
}

// proof is the records of a chain, the last one first.
type proof struct {
	line  []byte // as it was read
	prev  *proof
	depth int
}

// Bounds of what is kept as proof.
const (
	maxProofs    = 24      // records of one chain
	maxProofLine = 8 << 10 // bytes of one record
)

func (p *proof) with(line []byte) *proof {
	n := &proof{prev: p, depth: 1}
	if p != nil {
		n.depth += p.depth
	}
	if n.depth > maxProofs { // the first and the newest tell most
		n.prev = p.prev
		n.depth--
	}
	if len(line) <= maxProofLine {
		n.line = bytes.Clone(line)
	}
	return n
}

func (p *proof) size() (n int) {
	for ; p != nil; p = p.prev {
		n += len(p.line) + 64
	}
	return n
}

// near reports whether two times are no further apart than within, in whatever order they came.
func near(d, within event.Time) bool { return d <= within && d >= -within }

// take notes the record; it reports whether the chain is finished with it.
func (c *chain) take(m *Matcher, spec *window, step int, now event.Time, fed *compiled) bool {
	s, want := &c.steps[step], &spec.steps[step]
	start := now
	var before *proof
	if spec.ordered && step > 0 {
		prev := &c.steps[step-1]
		if !prev.done || now-prev.start > spec.within {
			return false
		}
		start, before = prev.start, prev.proof
	}
	if d := start - s.start; want.need == 1 && s.done && d >= 0 && d < spec.within>>slack && (!spec.ordered || step < len(spec.steps)-1) {
		return !spec.ordered && c.complete(spec, now) // as good as what is remembered
	}
	if want.need == 1 {
		s.done, s.start, s.proof = true, start, before.with(m.line)
	} else if !s.several(m, want, start, now, spec.within, before, fed) {
		return false
	}
	if spec.ordered {
		return step == len(spec.steps)-1
	}
	return c.complete(spec, now)
}

// complete reports whether every step of a chain without order has been met within the time.
func (c *chain) complete(spec *window, now event.Time) bool {
	for i := range c.steps {
		if !c.steps[i].done || now-c.steps[i].start > spec.within {
			return false
		}
	}
	return true
}

// slack is how little later a new beginning is not worth noting, as a power of two: a flood of
// records that all begin a chain costs next to nothing.
const slack = 8

// several notes one of the records that a step needs; it reports whether they are complete.
func (s *progress) several(m *Matcher, want *windowStep, start, now, within event.Time, before *proof, fed *compiled) bool {
	k := mark{start: start}
	if want.distinct != nil {
		v := want.distinct(m, fed)
		if v == "" {
			return false
		}
		k.value = hash([]byte(v))
	}
	if want.need <= maxProofs {
		k.proof = (*proof)(nil).with(m.line)
	}
	at := -1
	if want.distinct != nil {
		for i := range s.marks {
			if s.marks[i].value == k.value {
				at = i
			}
		}
	}
	switch {
	case at >= 0:
		s.marks = append(append(s.marks[:at:at], s.marks[at+1:]...), k)
	case len(s.marks) >= want.need:
		copy(s.marks, s.marks[1:])
		s.marks[len(s.marks)-1] = k
	default:
		s.marks = append(s.marks, k)
	}
	if len(s.marks) < want.need {
		return false
	}
	oldest := s.marks[0].start
	for i := range s.marks {
		if now-s.marks[i].start > within {
			return false
		}
		oldest = min(oldest, s.marks[i].start)
	}
	s.done, s.start, s.proof = true, oldest, before
	for i := range s.marks {
		if s.marks[i].proof != nil {
			s.proof = s.proof.and(s.marks[i].proof)
		}
	}
	if s.proof == before || s.proof == nil {
		s.proof = before.with(m.line)
	}
	return true
}

// and is p with one record more.
func (p *proof) and(one *proof) *proof {
	n := &proof{line: one.line, prev: p, depth: 1}
	if p != nil {
		n.depth += p.depth
	}
	if n.depth > maxProofs {
		n.prev = p.prev
		n.depth--
	}
	return n
}

// found collects the proof.
func (c *chain) found(spec *window) *found {
	out := &found{}
	for i := range spec.steps {
		out.count += spec.steps[i].need
	}
	var lines []json.RawMessage
	collect := func(p *proof) {
		for ; p != nil; p = p.prev {
			if p.line == nil {
				out.cut = true
				continue
			}
			lines = append(lines, event.Embed(p.line))
		}
	}
	if spec.ordered {
		collect(c.steps[len(c.steps)-1].proof)
	} else {
		for i := len(c.steps) - 1; i >= 0; i-- {
			collect(c.steps[i].proof)
		}
	}
	for i := len(lines) - 1; i >= 0; i-- {
		out.events = append(out.events, lines[i])
	}
	return out
}

const chainSize = 320

func (c *chain) measure() int {
	n := chainSize + 2*len(c.key.Text)
	for i := range c.steps {
		s := &c.steps[i]
		n += 96 + s.proof.size() + cap(s.marks)*40
		for j := range s.marks {
			if p := s.marks[j].proof; p != nil {
				n += len(p.line) + 64
			}
		}
	}
	return n
}
