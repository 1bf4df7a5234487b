package policy

import "fmt"

// Error says what is wrong in a policy and where.
type Error struct {
	At  Place
	Msg string
}

func (e *Error) Error() string {
	switch {
	case e.At.Line > 0:
		return fmt.Sprintf("%s:%d: %s", e.At.File, e.At.Line, e.Msg)
	case e.At.File != "":
		return e.At.File + ": " + e.Msg
	}
	return e.Msg
}

func errorAt(at Place, format string, a ...any) *Error { return &Error{at, fmt.Sprintf(format, a...)} }

// String is "file:line", or "" for a command line.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}
