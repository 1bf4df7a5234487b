package main

import (
	"errors"
	"io"
	"os"

	"sandtrace/lib/alert"
	"sandtrace/lib/cli"
)

// source is one input, by the name that complaints give it.
type source struct {
	name string
	in   io.Reader
}

// open opens every file before the first is read, so that a misspelled name costs no alert.
func open(names []string, stdin io.Reader) (sources []source, closeAll func(), err error) {
	var files []*os.File
	closeAll = func() {
		for _, f := range files {
			_ = f.Close() // was only read
		}
	}
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		if name == "-" {
			sources = append(sources, source{"<stdin>", stdin})
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, closeAll, cli.Faultf(cli.CodeNoInput, "%s: %w", name, errors.Unwrap(err))
		}
		files = append(files, f)
		sources = append(sources, source{name, f})
	}
	return sources, closeAll, nil
}

// drain works off one source; signal is the exit code that a signal asks for which ended it early.
func drain(r *alert.Router, s source) (signal int, err error) {
	in, err := cli.NewInput(s.in)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	if err := r.Run(in, s.name); err != nil {
		var read *alert.InputError
		if errors.As(err, &read) {
			return 0, cli.Faultf(cli.CodeIO, "%w", err)
		}
		return 0, cli.Faultf(cli.CodeIO, "standard output: %w", err)
	}
	return in.Code(), nil
}
