// Package cli is what the six binaries share at their edges: flags, streams, exit codes, colour,
// version and signals.
package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Exit codes, as sysexits(3) numbers them. 1 and 2 are a filter's answer to --fail-on.
const (
	CodeOK          = 0
	CodeHigh        = 1
	CodeCritical    = 2
	CodeUsage       = 64
	CodeBadRecords  = 65
	CodeNoInput     = 66
	CodeUnavailable = 69
	CodeInternal    = 70
	CodeOS          = 71
	CodeCannotMake  = 73
	CodeIO          = 74
	CodePermission  = 77
	CodeConfig      = 78
)

// Exit codes of the chain-loaders, as env(1) and timeout(1) use them.
const (
	CodeTimeout       = 124
	CodeToolFailed    = 125
	CodeCannotExecute = 126
	CodeNotFound      = 127
	CodeSignal        = 128 // plus the signal's number
)

// Fault is an error that knows its exit code, and perhaps the remedy.
type Fault struct {
	Code int
	Err  error
	Hint string
}

func (f *Fault) Error() string { return f.Err.Error() }

// Unwrap is the error without the code.
func (f *Fault) Unwrap() error { return f.Err }

// Faultf is a Fault with a formatted error.
func Faultf(code int, format string, a ...any) *Fault {
	return &Fault{Code: code, Err: fmt.Errorf(format, a...)}
}

// WithHint adds the remedy.
func (f *Fault) WithHint(hint string) *Fault {
	f.Hint = hint
	return f
}

// Report writes err to w as "tool: what: why", the hint on a line of its own, and returns its exit
// code: CodeInternal for an error that is no Fault. A nil error is CodeOK and writes nothing.
func Report(w io.Writer, tool string, err error) int {
	if err == nil {
		return CodeOK
	}
	Say(w, tool, err.Error())
	var f *Fault
	if !errors.As(err, &f) {
		return CodeInternal
	}
	if f.Hint != "" {
		Say(w, tool, f.Hint)
	}
	return f.Code
}

// Say writes one line "tool: text" for a person; control characters in text are escaped, so that
// no name from outside can forge a second line.
func Say(w io.Writer, tool, text string) {
	fmt.Fprintf(w, "%s: %s\n", tool, escapeLine(strings.TrimRight(text, "\n")))
}
