// Command st-alert shows match and finding records to people.
package main

import (
	"errors"
	"io"
	"os"
	"time"

	"sandtrace/lib/alert"
	"sandtrace/lib/cli"
	"sandtrace/lib/event"
)

const tool = "st-alert"

type flags struct {
	cli.Common
	MinSeverity string   `help:"Show only alerts of SEVERITY or above: info, low, medium, high or critical." default:"info" placeholder:"SEVERITY"`
	To          []string `help:"Deliver to SINK: console, which is the default, or stdout, its other name." default:"console" placeholder:"SINK" sep:"none"`
	Files       []string `arg:"" optional:"" name:"file" help:"Read records from FILE instead of standard input; - is standard input."`
}

func main() { os.Exit(run(os.Args[1:], cli.OSStd())) }

func run(args []string, std cli.Std) int {
	var f flags
	p := cli.Program{Name: tool, Help: "Show match and finding records to people.", UsageCode: cli.CodeUsage}
	if code, done := p.Parse(&f, args, std); done {
		return code
	}
	code, err := deliver(&f, std)
	if err != nil {
		return cli.Report(std.Err, tool, err)
	}
	return code
}

// source is one input, by the name that complaints give it.
type source struct {
	name string
	in   io.Reader
}

func deliver(f *flags, std cli.Std) (int, error) {
	lowest, err := event.ParseSeverity(f.MinSeverity)
	if err != nil {
		return 0, cli.Faultf(cli.CodeUsage, "--min-severity: %w", err)
	}
	for _, name := range f.To {
		if err := alert.CheckSink(name); err != nil {
			return 0, cli.Faultf(cli.CodeUsage, "--to: %w", err)
		}
	}
	stdin, err := cli.NewInput(std.In)
	if err != nil {
		return 0, err
	}
	defer stdin.Close()
	sources, closeAll, err := open(f.Files, stdin)
	defer closeAll()
	if err != nil {
		return 0, err
	}
	r := alert.Router{
		Min:      lowest,
		Console:  alert.NewConsole(std.Out, cli.UseColor(f.Color, std.Out), time.Local),
		Complain: func(text string) { cli.Say(std.Err, tool, text) },
	}
	for _, s := range sources {
		if err := r.Run(s.in, s.name); err != nil {
			var in *alert.InputError
			if errors.As(err, &in) {
				return 0, cli.Faultf(cli.CodeIO, "%w", err)
			}
			return 0, cli.Faultf(cli.CodeIO, "standard output: %w", err)
		}
	}
	return closing(f, &r, lowest, stdin.Code(), std.Err), nil
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
			return nil, closeAll, cli.Faultf(cli.CodeNoInput, "%w", err)
		}
		files = append(files, f)
		sources = append(sources, source{name, f})
	}
	return sources, closeAll, nil
}

// closing says what passed and what is known to be missing, and returns the exit code.
func closing(f *flags, r *alert.Router, lowest event.Severity, signal int, stderr io.Writer) int {
	if !f.Quiet {
		cli.Say(stderr, tool, r.Tally.Closing(lowest))
	}
	if l := r.Tally.Losses(signal != 0); l != "" {
		cli.Say(stderr, tool, "not all was seen: "+l)
	}
	switch {
	case signal != 0:
		return signal
	case r.Tally.Bad > 0:
		return cli.CodeBadRecords
	}
	return cli.CodeOK
}
