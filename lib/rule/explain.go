package rule

import (
	"fmt"
	"slices"

	"sandtrace/lib/event"
)

// Reason says what one record means to one rule, or to one step of it.
type Reason struct {
	Step   string // "" for a rule without steps
	Met    bool
	Failed string // the first key that failed, or what the step waits for
	Fired  bool   // the rule matched with this record
}

// Explain holds one record against all rules and says of the rule id what came of it; nil for a rule
// that the set does not have.
func (m *Matcher) Explain(id string, f *event.Facets, line []byte) []Reason {
	at := slices.IndexFunc(m.set.rules, func(c compiled) bool { return c.ID == id })
	if at < 0 {
		return nil
	}
	r := &m.set.rules[at]
	fired := false
	var failure string
	for _, rec := range m.Match(f, line) {
		switch rec := rec.(type) {
		case *event.Match:
			fired = fired || rec.Rule == id
		case *event.Error:
			failure = rec.Message
		}
	}
	out := make([]Reason, len(r.probes))
	for step, n := range r.probes {
		why := m.whyNot(r, n, f)
		if why == "" && !fired {
			why = m.waits(r, step, failure)
		}
		out[step] = Reason{Met: why == "", Failed: why, Fired: fired}
		if r.Sequence != nil {
			if out[step].Step = r.Sequence.Steps[step].Name; out[step].Step == "" {
				out[step].Step = fmt.Sprintf("step %d", step+1)
			}
		}
	}
	return out
}

// whyNot is the first key of a probe that the record at hand does not meet.
func (m *Matcher) whyNot(r *compiled, n int, f *event.Facets) string {
	p := &m.set.probes[n]
	t := typeBit(f.Type)
	if t == 0 && len(f.Type) > 0 {
		return "type: rules are not held against " + string(f.Type) + " records"
	}
	if t == 0 {
		t = anyType
	}
	if r.Sequence != nil && len(r.Sequence.Steps[p.step].Rules) > 0 {
		if slices.ContainsFunc(m.met, func(x met) bool { return x.probe == n }) && m.stampedNow() {
			return ""
		}
		if why := p.whole(m, t); why != "" {
			return why
		}
		return "rules: none of them matched"
	}
	return p.whole(m, t)
}

// stampedNow reports whether m.met is of the record at hand: without candidates it is not renewed.
func (m *Matcher) stampedNow() bool { return len(m.hits) > 0 }

// waits says what keeps a rule from firing though the record meets a step.
func (m *Matcher) waits(r *compiled, step int, failure string) string {
	switch {
	case failure != "":
		return failure
	case r.window == nil:
		return "suppress or dedupe"
	}
	key, ok := r.window.key(m, nil)
	if !ok {
		return "by or same: the record lacks what it names"
	}
	c := m.state.windows.rules[r.index].byKey[key]
	switch {
	case r.window.ordered && step > 0 && (c == nil || !c.steps[step-1].done):
		return "sequence: the step before has not been met for this " + r.window.by
	case c != nil && c.fired.Set && near(m.state.now(m.f)-c.fired.Val, r.window.within):
		return "sequence or threshold: it fired for this " + r.window.by + " within its time"
	case r.Threshold != nil && c != nil:
		return fmt.Sprintf("threshold: %d of %d", len(c.steps[0].marks), r.Threshold.Count)
	}
	return "" // the step is met and the chain goes on
}
