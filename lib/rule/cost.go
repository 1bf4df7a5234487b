package rule

// Cost is what one rule costs.
type Cost struct {
	Rule        string
	Records     int64 // that its tables let through
	Nanoseconds int64 // spent on them
}

// Measure makes the Matcher count what each rule costs, from now on.
func (m *Matcher) Measure() { m.costs = make([]Cost, len(m.set.rules)) }

// Costs are those of the rules that cost anything; nil without Measure.
func (m *Matcher) Costs() []Cost {
	var out []Cost
	for i, c := range m.costs {
		if c.Records > 0 {
			c.Rule = m.set.rules[i].ID
			out = append(out, c)
		}
	}
	return out
}

// Evaluations counts how often a condition was evaluated.
func (m *Matcher) Evaluations() int64 { return m.gojq }

// Suppressed counts the matches that a suppression left out, and those that dedupe did.
func (m *Matcher) Suppressed() (suppressed, repeated int64) { return m.silenced, m.repeated }
