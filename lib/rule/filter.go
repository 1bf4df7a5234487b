package rule

import (
	"errors"
	"io"
	"slices"
	"sort"
	"sync"

	"sandtrace/lib/event"
)

// Filter turns streams of records into the records that the rules make of them.
type Filter struct {
	Write func(event.Record) error // takes what is found, in the order of the input
	Flush func() error             // called when the input pauses

	Pass Pass                    // which records of the input are written as well
	Raw  func(line []byte) error // writes those

	Tally   Tally
	mu      sync.Mutex // held while a line is worked on
	matcher *Matcher
	scanner event.Scanner
	gaps    gaps
}

// Pass says which records of the input a Filter forwards.
type Pass int

// The values of Pass.
const (
	PassNone    Pass = iota
	PassMatched      // those that finish a match
	PassAll
)

// Between calls do between two records; it may be called while Run waits for input.
func (fl *Filter) Between(do func()) {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	do()
}

// Replace goes on with another set of rules; call it through Between.
func (fl *Filter) Replace(set *Set) { fl.matcher.Replace(set) }

// Matcher is what holds the records against the rules; use it through Between while Run goes on.
func (fl *Filter) Matcher() *Matcher { return fl.matcher }

// Tally counts what a Filter saw.
type Tally struct {
	Records    int64            // lines that are records
	Matches    int64            //
	BySeverity map[string]int64 // matches
	ByRule     map[string]int64 // matches
	Bad        int64            // lines that are no records
	FirstBad   string           // the first of them and what is wrong with it
	Lost       uint64           // records that the input lacks
	Failures   int64            // of conditions
	Forgotten  uint64           // processes and chains for which memory did not suffice
	Suppressed int64            // matches left out by a suppression
	Repeated   int64            // matches left out by dedupe
	Conditions int64            // evaluations of conditions
	Costs      []Cost           // of the rules, where Measure was asked for
}

// NewFilter makes a Filter for a set of rules; memory is as for NewMatcher.
func NewFilter(set *Set, memory int, write func(event.Record) error, flush func() error) *Filter {
	return &Filter{
		Write: write, Flush: flush, matcher: NewMatcher(set, memory),
		Tally: Tally{BySeverity: map[string]int64{}, ByRule: map[string]int64{}},
	}
}

// InputError is a failure to read; everything else that Run returns comes from Write or Flush.
type InputError struct {
	Name string
	Err  error
}

func (e *InputError) Error() string { return e.Name + ": " + e.Err.Error() }

// Unwrap is the reader's own error.
func (e *InputError) Unwrap() error { return e.Err }

// Run reads one stream to its end; name stands for it in records and messages, "" for standard input.
// Lines that are no records become error records and the stream goes on.
func (fl *Filter) Run(in io.Reader, name string) error {
	r := event.NewReader(in)
	fl.mu.Lock()
	defer fl.mu.Unlock()
	for {
		line, err := fl.next(r)
		if err != nil && errors.Is(err, errFlush) {
			return errors.Unwrap(err)
		}
		if err == nil {
			err = fl.line(line)
		}
		if err == nil {
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		bad := badLine(err, r.Line())
		if bad == nil {
			var out *outputError
			if errors.As(err, &out) {
				return out.err
			}
			return &InputError{name, err}
		}
		bad.File = name
		if err := fl.bad(bad); err != nil {
			return err
		}
	}
}

// errFlush marks a failure of Flush.
var errFlush = errors.New("flush")

type flushError struct{ err error }

func (e *flushError) Error() string        { return e.err.Error() }
func (e *flushError) Is(target error) bool { return target == errFlush }
func (e *flushError) Unwrap() error        { return e.err }

// next is the next line; while it waits for one, what was made of those before is flushed and
// others may do something in between.
func (fl *Filter) next(r *event.Reader) ([]byte, error) {
	if r.Buffered() {
		return r.Next()
	}
	if err := fl.Flush(); err != nil {
		return nil, &flushError{err}
	}
	fl.mu.Unlock()
	defer fl.mu.Lock()
	return r.Next()
}

// outputError sets a failure of Write apart from one of the input.
type outputError struct{ err error }

func (e *outputError) Error() string { return e.err.Error() }

func (fl *Filter) line(line []byte) error {
	f, err := fl.scanner.Scan(line)
	if err != nil {
		return &recordError{err}
	}
	fl.Tally.Records++
	if n := fl.gaps.see(f); n > 0 {
		if err := fl.lost(n); err != nil {
			return &outputError{err}
		}
	}
	if again := retold(f, line); again != nil && fl.Pass != PassAll {
		if l, ok := again.(*event.Lost); ok {
			fl.Tally.Lost += max(1, l.Count.Val)
		}
		if err := fl.Write(again); err != nil {
			return &outputError{err}
		}
		return nil
	}
	found := fl.matcher.Match(f, line)
	if fl.Pass == PassAll || (fl.Pass == PassMatched && slices.ContainsFunc(found, isMatch)) {
		if err := fl.Raw(line); err != nil {
			return &outputError{err}
		}
	}
	for _, rec := range found {
		if l, ok := rec.(*event.Lost); ok {
			fl.Tally.Forgotten += l.Count.Val
		}
		if m, ok := rec.(*event.Match); ok {
			fl.Tally.Matches++
			fl.Tally.BySeverity[string(m.Severity)]++
			fl.Tally.ByRule[m.Rule]++
		}
		if err := fl.Write(rec); err != nil {
			return &outputError{err}
		}
	}
	return nil
}

// whyGap is said of records whose seq is missing in the input.
const whyGap = "seq_gap"

// retold is what an upstream tool says about the trust that its records deserve, as a record of
// this run: whoever reads the matches must know what could not be matched. Others give nil.
func retold(f *event.Facets, line []byte) event.Record {
	if t := event.Type(f.Type); t != event.TypeLost && t != event.TypeError {
		return nil
	}
	from := string(f.Src)
	if from == "" {
		from = "upstream"
	}
	switch r, _ := event.Decode(line); r := r.(type) {
	case *event.Lost:
		return &event.Lost{Head: event.Head{Time: r.Time}, Why: from + ": " + r.Why, Count: r.Count}
	case *event.Error:
		r.Head = event.Head{Time: r.Time}
		r.Message = from + ": " + r.Message
		return r
	}
	return &event.Error{Code: "upstream_" + string(f.Type), Message: from + ": a " + string(f.Type) + " record that cannot be read"}
}

// recordError is a line that is no record.
type recordError struct{ err error }

func (e *recordError) Error() string { return e.err.Error() }

// badLine is the error record for a line that is no record, or nil for any other error.
func badLine(err error, line int) *event.Error {
	var le *event.LineError
	if errors.As(err, &le) {
		return &event.Error{Code: le.Code, Line: le.Line, Message: le.Msg}
	}
	var re *recordError
	if !errors.As(err, &re) {
		return nil
	}
	code := event.CodeBadJSON
	var fe *event.FieldError
	if errors.As(re.err, &fe) && fe.Key != "record" {
		code = "bad_record"
	}
	return &event.Error{Code: code, Line: line, Message: re.Error()}
}

func (fl *Filter) bad(e *event.Error) error {
	if fl.Tally.Bad++; fl.Tally.Bad == 1 {
		le := &event.LineError{Line: e.Line, Msg: e.Message}
		fl.Tally.FirstBad = le.Error()
		if e.File != "" {
			fl.Tally.FirstBad = e.File + ": " + fl.Tally.FirstBad
		}
	}
	return fl.Write(e)
}

func (fl *Filter) lost(n uint64) error {
	fl.Tally.Lost += n
	return fl.Write(&event.Lost{Why: whyGap, Count: event.Some(n)})
}

// End says what is left to say after the last stream.
func (fl *Filter) End() error {
	t := &fl.Tally
	t.Failures, t.Conditions, t.Costs = fl.matcher.ConditionFailures(), fl.matcher.Evaluations(), fl.matcher.Costs()
	t.Suppressed, t.Repeated = fl.matcher.Suppressed()
	if n := fl.matcher.state.rest(); n > 0 {
		t.Forgotten += n
		if err := fl.Write(&event.Lost{Why: whyEvicted, Count: event.Some(n)}); err != nil {
			return err
		}
	}
	if n := fl.gaps.end(); n > 0 {
		return fl.lost(n)
	}
	return nil
}

// Summary is the tally as a record, without duration and exit.
func (t *Tally) Summary() *event.Summary {
	s := &event.Summary{
		Counts: []event.Count{
			{Key: "records", N: t.Records},
			{Key: "matches", N: t.Matches},
			{Key: "bad_lines", N: t.Bad},
			{Key: "condition_failures", N: t.Failures},
			{Key: "suppressed", N: t.Suppressed},
			{Key: "repeated", N: t.Repeated},
			{Key: "state_evicted", N: int64(t.Forgotten)},
		},
		Tables: []event.Table{{Key: "severities", Rows: rows(t.BySeverity)}, {Key: "rules", Rows: rows(t.ByRule)}},
		Lost:   t.Lost,
	}
	if t.Costs != nil {
		s.Counts = append(s.Counts, event.Count{Key: "condition_evaluations", N: t.Conditions})
		ns, records := map[string]int64{}, map[string]int64{}
		for _, c := range t.Costs {
			ns[c.Rule], records[c.Rule] = c.Nanoseconds, c.Records
		}
		s.Tables = append(s.Tables, event.Table{Key: "rule_ns", Rows: rows(ns)}, event.Table{Key: "rule_records", Rows: rows(records)})
	}
	return s
}

func isMatch(r event.Record) bool { _, ok := r.(*event.Match); return ok }

func rows(m map[string]int64) []event.Count {
	out := make([]event.Count, 0, len(m))
	for k, n := range m {
		out = append(out, event.Count{Key: k, N: n})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
	return out
}

// Highest is the highest severity of the matches, "" where there was none.
func (t *Tally) Highest() event.Severity {
	for i := len(event.Severities) - 1; i >= 0; i-- {
		if t.BySeverity[string(event.Severities[i])] > 0 {
			return event.Severities[i]
		}
	}
	return ""
}
