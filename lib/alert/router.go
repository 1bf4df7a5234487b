package alert

import (
	"errors"
	"fmt"
	"io"

	"sandtrace/lib/event"
)

// maxBadLines bounds the complaints about the lines of one input; all are counted.
const maxBadLines = 20

// maxNotes bounds the lines about losses and errors upstream; all are counted.
const maxNotes = 20

// Router reads records and gives those that are alerts, and are severe enough, to the console.
type Router struct {
	Min     event.Severity // the lowest that is delivered; "" for all
	Console *Console
	Tally   Tally

	// Complain is told of lines that are no records, each with its place.
	Complain func(text string)

	scan  event.Scanner
	notes int
}

// Run works off one input. name stands in complaints. What was made of the input is written out
// whenever the input pauses. The error is the input's (ErrInput) or the console's.
func (r *Router) Run(in io.Reader, name string) error {
	lines := event.NewReader(in)
	bad := 0
	for {
		line, err := lines.Next()
		var le *event.LineError
		switch {
		case errors.Is(err, io.EOF):
			return r.Console.Flush()
		case errors.As(err, &le):
			r.complain(name, le.Line, le.Msg, &bad)
		case err != nil:
			return errors.Join(r.Console.Flush(), &InputError{name, err})
		default:
			if err := r.line(line); err != nil {
				var de *decodeError
				if !errors.As(err, &de) {
					return err
				}
				r.complain(name, lines.Line(), de.Error(), &bad)
			}
		}
		if !lines.Buffered() {
			if err := r.Console.Flush(); err != nil {
				return err
			}
		}
	}
}

// InputError is a failed read.
type InputError struct {
	Name string
	Err  error
}

func (e *InputError) Error() string { return e.Name + ": " + e.Err.Error() }

// Unwrap is the reader's error.
func (e *InputError) Unwrap() error { return e.Err }

type decodeError struct{ error }

// routed holds the record types that the router looks into; of others it counts the numbers alone.
var routed = map[string]bool{
	string(event.TypeStart): true, string(event.TypeMatch): true, string(event.TypeFinding): true,
	string(event.TypeLost): true, string(event.TypeError): true, string(event.TypeSummary): true,
}

func (r *Router) line(line []byte) error {
	f, err := r.scan.Scan(line)
	var fe *event.FieldError
	switch {
	case errors.As(err, &fe):
		return &decodeError{err}
	case err != nil:
		return &decodeError{fmt.Errorf("not JSON: %w", err)}
	}
	r.Tally.seen(f.Src, f.Run, f.Seq.Val)
	if len(f.Type) > 0 && !routed[string(f.Type)] {
		return nil
	}
	rec, err := event.Decode(line)
	if err != nil {
		return &decodeError{err}
	}
	return r.record(rec)
}

func (r *Router) record(rec event.Record) error {
	switch rec := rec.(type) {
	case *event.Start:
		r.Tally.start(rec)
	case *event.Summary:
		r.Tally.summary(rec)
	case *event.Lost:
		r.Tally.lost(rec)
		return r.note(rec.Time, lostText(rec))
	case *event.Error:
		r.Tally.Errors++
		return r.note(rec.Time, errorText(rec))
	case *event.Finding:
		if rec.Suppressed {
			r.Tally.Suppressed++
			return nil
		}
	}
	a, ok := Of(rec)
	if !ok {
		return nil
	}
	// A severity that is no known word may be a newer, graver one: it is never below the limit.
	if rank := a.Severity.Rank(); rank >= 0 && rank < r.Min.Rank() {
		r.Tally.Below++
		return nil
	}
	r.Tally.alert(&a)
	return r.Console.Alert(&a)
}

func (r *Router) note(at event.Time, text string) error {
	if r.notes++; r.notes > maxNotes {
		return nil
	}
	if err := r.Console.Note(at, text); err != nil || r.notes < maxNotes {
		return err
	}
	return r.Console.Note(at, "further losses and errors upstream are counted, not shown")
}

func (r *Router) complain(name string, line int, why string, bad *int) {
	r.Tally.Bad++
	if *bad++; *bad > maxBadLines {
		return
	}
	r.Complain(fmt.Sprintf("%s: line %d: %s", name, line, why))
	if *bad == maxBadLines {
		r.Complain(name + ": further bad lines are counted, not shown")
	}
}

func lostText(l *event.Lost) string {
	n := "an unknown number of records"
	if l.Count.Set {
		n = plural(int(min(l.Count.Val, 1<<53)), "record")
	}
	return l.Src + " lost " + n + ": " + l.Why
}

func errorText(e *event.Error) string {
	s := e.Src + ": "
	if e.File != "" {
		s += e.File + ": "
	}
	if e.Line > 0 {
		s += fmt.Sprintf("line %d: ", e.Line)
	}
	return s + first(e.Message, e.Code)
}
