// St-alert shows match and finding records to people.
package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"sandtrace/lib/alert"
	"sandtrace/lib/cli"
	"sandtrace/lib/config"
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

// loadConfig holds the configuration to its form, as every tool does; nothing in it is st-alert's yet.
func loadConfig(f *flags, stderr io.Writer) error {
	home, err := config.Home("")
	if err != nil {
		return cli.Faultf(cli.CodeConfig, "%w", err)
	}
	conf, err := config.Load(f.Config, home)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return cli.Faultf(cli.CodeNoInput, "%w", err)
	case err != nil:
		return cli.Faultf(cli.CodeConfig, "%w", err)
	}
	if f.Verbose && !f.Quiet && conf.File != "" {
		cli.Say(stderr, tool, "configuration: "+conf.File)
	}
	return nil
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
	if err := loadConfig(f, std.Err); err != nil {
		return 0, err
	}
	sources, closeAll, err := open(f.Files, std.In)
	defer closeAll()
	if err != nil {
		return 0, err
	}
	if len(f.Files) == 0 && cli.IsTerminal(std.In) && !f.Quiet {
		cli.Say(std.Err, tool, "reading records from the terminal; usual is: st-trace -- COMMAND | st-match | st-alert")
	}
	r := alert.Router{
		Min:      lowest,
		Console:  alert.NewConsole(std.Out, cli.UseColor(f.Color, std.Out), time.Local),
		Complain: func(text string) { cli.Say(std.Err, tool, text) },
	}
	for _, s := range sources {
		signal, err := drain(&r, s)
		if err != nil {
			return 0, err
		}
		if signal != 0 {
			closing(f, &r, lowest, true, std.Err)
			return signal, nil
		}
	}
	closing(f, &r, lowest, false, std.Err)
	if r.Tally.Bad > 0 {
		return cli.CodeBadRecords, nil
	}
	return cli.CodeOK, nil
}

// closing says what passed and what is known to be missing; cut is true where input was left unread.
func closing(f *flags, r *alert.Router, lowest event.Severity, cut bool, stderr io.Writer) {
	if !f.Quiet {
		cli.Say(stderr, tool, r.Tally.Closing(lowest))
	}
	if l := r.Tally.Losses(cut); l != "" {
		cli.Say(stderr, tool, "not all was seen: "+l)
	}
}
