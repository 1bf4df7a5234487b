package rule

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"sandtrace/lib/event"
)

// A sequence or threshold is followed for each key on its own (a process, a tree ...). Of every
// step, what is remembered is the latest time at which a chain that has come this far can have
// begun, to within a 256th of the time: that decides whether one within the time exists, in memory
// that does not grow with the stream. Order is the order of the stream; times only bound the window, so that records a
// little out of order, or a clock set back, break no chain.

// window is a compiled Sequence or Threshold.
type window struct {
	by      string
	within  event.Time
	ordered bool
	same    []fieldOf
	steps   []windowStep
}

type windowStep struct {
	need     int
	distinct fieldOf // nil where every record counts
}

func compileWindow(r *Rule) (*window, error) {
	var w *window
	var same []Word
	add := func(count int, distinct string, line int) error {
		s := windowStep{need: max(1, count)}
		if distinct != "" {
			f, err := parseField(r, Word{distinct, line})
			if err != nil {
				return err
			}
			s.distinct = f
		}
		w.steps = append(w.steps, s)
		return nil
	}
	switch {
	case r.Sequence != nil:
		s := r.Sequence
		w = &window{by: s.By, within: event.Time(s.Within), ordered: s.Ordered}
		for i := range s.Steps {
			if err := add(s.Steps[i].Count, s.Steps[i].Distinct, s.Steps[i].Line); err != nil {
				return nil, err
			}
		}
		same = s.Same
	case r.Threshold != nil:
		t := r.Threshold
		w = &window{by: t.By, within: event.Time(t.Within), ordered: true}
		if err := add(t.Count, t.Distinct, t.Line); err != nil {
			return nil, err
		}
		same = t.Same
	default:
		return nil, nil
	}
	var err error
	w.same, err = fields(r, same)
	return w, err
}

func fields(r *Rule, words []Word) (out []fieldOf, err error) {
	for _, word := range words {
		f, err := parseField(r, word)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func dedupeFields(r *Rule) ([]fieldOf, error) {
	if r.Dedupe == nil {
		return nil, nil
	}
	return fields(r, r.Dedupe.By)
}

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

// chains are those of one rule, the one used last in front.
type chains struct {
	byKey       map[chainKey]*chain
	front, back *chain
	size        int
}

// windows holds all chains of all rules.
type windows struct {
	rules []*chains // by the rule's index; nil for rules without a window
	defs  []string  // their definitions
	size  int
	limit int
	lost  int // chains that were forgotten before their time was over
}

// found is a finished chain.
type found struct {
	events []json.RawMessage // its records, in order
	count  int
	cut    bool
}

// begin makes room for the rules of a set; rules that stayed the same keep their chains.
func (w *windows) begin(set *Set) {
	old := map[string]*chains{}
	for i, def := range w.defs {
		if w.rules[i] != nil {
			old[def] = w.rules[i]
		}
	}
	w.rules, w.defs = make([]*chains, len(set.rules)), make([]string, len(set.rules))
	w.size = 0
	for i := range set.rules {
		r := &set.rules[i]
		if r.window == nil {
			continue
		}
		w.defs[i] = definition(&r.Rule)
		if w.rules[i] = old[w.defs[i]]; w.rules[i] == nil {
			w.rules[i] = &chains{byKey: map[chainKey]*chain{}}
		}
		w.size += w.rules[i].size
	}
}

var lineNumber = regexp.MustCompile(`"Line":[0-9]+`)

// definition is what a rule asks for, as text: where it stands in its file does not matter.
func definition(r *Rule) string {
	text, err := json.Marshal([]any{r.ID, r.Detection, r.Sequence, r.Threshold})
	if err != nil { // nothing in a rule cannot be encoded
		return r.ID
	}
	return lineNumber.ReplaceAllString(string(text), "")
}

// waits reports whether a step other than the first may matter to a rule.
func (w *windows) waits(r *compiled) bool {
	return !r.window.ordered || w.rules[r.index].front != nil
}

// step takes the record at hand as one that a step of r asks for; done says that a chain is now
// finished, and found is the chain unless the rule fired a short time ago.
func (w *windows) step(m *Matcher, r *compiled, step int, fed *compiled) (chained *found, done bool) {
	spec, all := r.window, w.rules[r.index]
	key, ok := spec.key(m, fed)
	if !ok {
		return nil, false
	}
	now := m.state.now(m.f)
	c := all.byKey[key]
	if c == nil {
		if spec.ordered && step > 0 {
			return nil, false
		}
		c = &chain{key: key, steps: make([]progress, len(spec.steps)), last: now}
		all.byKey[c.key] = c
		all.push(c)
	} else {
		all.drop(c)
		all.push(c)
	}
	c.last = max(c.last, now)
	done = c.take(m, spec, step, now, fed)
	size := c.measure()
	all.size, w.size = all.size+size-c.size, w.size+size-c.size
	c.size = size
	w.shrink(all, c, spec.within)
	if !done {
		return nil, false
	}
	if f := c.fired; f.Set && near(now-f.Val, spec.within) {
		c.steps = make([]progress, len(spec.steps))
		return nil, true
	}
	chained = c.found(spec)
	c.fired = event.Some(now)
	c.steps = make([]progress, len(spec.steps))
	return chained, true
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

// key is whose chain a record belongs to; ok is false where it lacks what the rule goes by.
func (w *window) key(m *Matcher, fed *compiled) (k chainKey, ok bool) {
	st := m.state.stream(m.f)
	k.ID = st.id<<32 | 1<<63 // apart from those of nodes
	switch n := m.node(); w.by {
	case byProcess:
		if n == nil {
			return k, false
		}
		k.ID = n.id
	case byTree:
		if n != nil {
			k.ID = n.tree.find().id
		}
	case byPackage:
		p := m.pkg()
		if p == nil {
			return k, false
		}
		k.Text = p.Manager + "\x00" + p.Name + "\x00" + p.Version
	}
	if len(w.same) == 0 {
		return k, true
	}
	var b strings.Builder
	b.WriteString(k.Text)
	for _, f := range w.same {
		v := f(m, fed)
		if v == "" || len(v) > maxPath {
			return k, false
		}
		b.WriteByte(0)
		b.WriteString(v)
	}
	k.Text = b.String()
	return k, true
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

func (l *chains) push(c *chain) {
	c.prev, c.next = nil, l.front
	if l.front != nil {
		l.front.prev = c
	} else {
		l.back = c
	}
	l.front = c
}

func (l *chains) drop(c *chain) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.front = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		l.back = c.prev
	}
	c.prev, c.next = nil, nil
}

// shrink forgets chains whose time is over, and where there is no room the oldest of the rule that
// has most: one rule's flood does not cost the others their chains.
func (w *windows) shrink(used *chains, keep *chain, within event.Time) {
	for b := used.back; b != keep && keep.last-b.last > within; b = used.back {
		w.forget(used, b)
	}
	for w.size > w.limit {
		most := used
		for _, l := range w.rules {
			if l != nil && l.size > most.size {
				most = l
			}
		}
		b := most.back
		if b == nil || b == keep {
			if b == nil || b.prev == nil {
				return
			}
			b = b.prev
		}
		w.forget(most, b)
		w.lost++
	}
}

func (w *windows) forget(l *chains, c *chain) {
	l.drop(c)
	delete(l.byKey, c.key)
	l.size -= c.size
	w.size -= c.size
}
