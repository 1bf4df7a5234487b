package rule

import (
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
