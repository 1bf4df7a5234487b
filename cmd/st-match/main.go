// Command st-match reads records and writes a match record for every rule that one of them meets.
package main

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"sandtrace/lib/cli"
	"sandtrace/lib/event"
	"sandtrace/lib/rule"
)

const tool = "st-match"

type flags struct {
	cli.Common
	Rules     []string `short:"r" help:"Add the rules of FILE, or of the *.yml in DIR." placeholder:"FILE|DIR" sep:"none"`
	NoBuiltin bool     `help:"Leave the built-in rules out."`
	List      bool     `help:"List the rules and exit."`
	FailOn    string   `help:"Exit 1 (critical: 2) if a match reaches SEVERITY." placeholder:"SEVERITY"`
	Home      string   `help:"Let ~ in rules stand for DIR." placeholder:"DIR"`
	Format    string   `help:"Write jsonl or text; auto: text on a terminal." enum:"auto,jsonl,text" default:"auto" placeholder:"FORM"`
	Files     []string `arg:"" optional:"" name:"file" help:"Read FILE instead of standard input."`
}

func main() { os.Exit(run(os.Args[1:], cli.OSStd())) }

func run(args []string, std cli.Std) int {
	var f flags
	p := cli.Program{Name: tool, Help: "Find the records that rules are about.", UsageCode: cli.CodeUsage}
	if code, done := p.Parse(&f, args, std); done {
		return code
	}
	code, err := match(&f, std)
	if err != nil {
		return cli.Report(std.Err, tool, err)
	}
	return code
}

func match(f *flags, std cli.Std) (int, error) {
	began := time.Now()
	threshold := event.Severity("")
	if f.FailOn != "" {
		var err error
		if threshold, err = event.ParseSeverity(f.FailOn); err != nil {
			return 0, cli.Faultf(cli.CodeUsage, "--fail-on: %w", err)
		}
	}
	loaded, err := load(f, std.Err)
	if err != nil {
		return 0, err
	}
	text := f.Format == "text" || (f.Format == "auto" && cli.IsTerminal(std.Out))
	if f.List {
		return 0, list(std.Out, loaded.set.Rules(), text)
	}
	stdin, err := cli.NewInput(std.In)
	if err != nil {
		return 0, err
	}
	defer stdin.Close()
	sources, err := open(f.Files, stdin)
	if err != nil {
		return 0, err
	}
	out := newOutput(std.Out, text, cli.UseColor(f.Color, std.Out), began)
	filter := rule.NewFilter(loaded.set, 0, out.write, out.flush)
	err = out.write(loaded.start())
	for _, s := range sources {
		if err == nil {
			err = filter.Run(s.in, s.name)
		}
	}
	if err == nil {
		err = filter.End()
	}
	code := exitCode(&filter.Tally, threshold, stdin.Code())
	if in := (*rule.InputError)(nil); err == nil || errors.As(err, &in) {
		if err != nil {
			code = fault(err).Code
		}
		sum := filter.Tally.Summary()
		sum.Duration, sum.Exit = int64(time.Since(began)), event.Some(int64(code))
		if werr := errors.Join(out.write(sum), out.flush()); werr != nil {
			err = werr
		}
	}
	if err != nil {
		return 0, fault(err)
	}
	if filter.Tally.Bad > 0 && !f.Quiet {
		cli.Say(std.Err, tool, badLines(&filter.Tally))
	}
	return code, nil
}

// exitCode ranks what a caller most needs to know: that the threshold was reached, that the input
// was cut short by a signal, that some of it was no record.
func exitCode(t *rule.Tally, threshold event.Severity, signal int) int {
	highest := t.Highest()
	switch {
	case threshold != "" && highest.Rank() >= threshold.Rank():
		if highest == event.SeverityCritical {
			return cli.CodeCritical
		}
		return cli.CodeHigh
	case signal != 0:
		return signal
	case t.Bad > 0:
		return cli.CodeBadRecords
	}
	return cli.CodeOK
}

// fault gives a failure to open or read something its exit code.
func fault(err error) *cli.Fault {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return cli.Faultf(cli.CodePermission, "%w", err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR):
		return cli.Faultf(cli.CodeNoInput, "%w", err)
	}
	return cli.Faultf(cli.CodeIO, "%w", err)
}
