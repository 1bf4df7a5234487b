package cli

import (
	"io"
	"os"

	"golang.org/x/term"

	"sandtrace/lib/event"
)

// Std is a program's three standard streams.
type Std struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// OSStd is the process's own.
func OSStd() Std { return Std{os.Stdin, os.Stdout, os.Stderr} }

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// UseColor answers --color for a stream: auto is a terminal, unless NO_COLOR is set to anything
// (no-color.org) or TERM is dumb.
func UseColor(mode string, stream any) bool {
	switch mode {
	case "always":
		return true
	case "never":
		return false
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && IsTerminal(stream)
}

func escapeLine(s string) string { return event.Display(s) }
