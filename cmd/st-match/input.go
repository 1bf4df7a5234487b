package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"sandtrace/lib/cli"
	"sandtrace/lib/rule"
)

// passes are the values of --pass.
var passes = map[string]rule.Pass{"none": rule.PassNone, "matched": rule.PassMatched, "all": rule.PassAll}

// source is one input; its name is "" for standard input.
type source struct {
	name string
	in   io.Reader
}

// open opens every file before the first is read, so that a misspelled name costs no match.
func open(names []string, stdin io.Reader) ([]source, error) {
	if len(names) == 0 {
		return []source{{"", stdin}}, nil
	}
	var out []source
	for _, name := range names {
		if name == "-" {
			out = append(out, source{"", stdin})
			continue
		}
		f, err := os.Open(name) // closed by the end of the program
		if err != nil {
			return nil, fault(err)
		}
		out = append(out, source{name, f})
	}
	return out, nil
}

// input is all that is read, and what signals do to it.
type input struct {
	sources []source
	code    func() int // the exit status that a signal asks for, or 0
	close   func()
}

// openInput opens the files, or standard input, or the file that is followed.
func openInput(f *flags, stdin io.Reader) (*input, error) {
	if f.Follow == "" {
		in, err := cli.NewInput(stdin)
		if err != nil {
			return nil, err
		}
		sources, err := open(f.Files, in)
		if err != nil {
			in.Close()
			return nil, err
		}
		return &input{sources, in.Code, in.Close}, nil
	}
	if len(f.Files) > 0 {
		return nil, cli.Faultf(cli.CodeUsage, "--follow and a FILE: expected one of them")
	}
	signals, stop := make(chan os.Signal, 1), make(chan struct{})
	var got atomic.Int32
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		if s, ok := <-signals; ok {
			got.Store(int32(s.(syscall.Signal)))
			close(stop)
		}
	}()
	code := func() int {
		if s := got.Load(); s != 0 {
			return cli.CodeSignal + int(s)
		}
		return 0
	}
	return &input{
		[]source{{f.Follow, &follower{name: f.Follow, stop: stop}}},
		code,
		func() { signal.Stop(signals); close(signals) },
	}, nil
}

// restore takes up what an earlier run remembered; without a file there is nothing to take up.
func restore(file string, filter *rule.Filter) error {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault(err)
	}
	if err := filter.Matcher().Restore(bytes.NewReader(text)); err != nil {
		return cli.Faultf(cli.CodeConfig, "%s: %w", file, err).WithHint("remove the file to begin anew")
	}
	return nil
}

// save writes what is remembered, whole or not at all, for the user alone: it holds records.
func save(file string, filter *rule.Filter) error {
	if file == "" {
		return nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".st-match-*")
	if err == nil {
		err = errors.Join(filter.Matcher().Save(tmp), tmp.Close())
		if err == nil {
			err = os.Rename(tmp.Name(), file)
		}
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}
	if err != nil {
		return cli.Faultf(cli.CodeCannotMake, "state: %w", err)
	}
	return nil
}
