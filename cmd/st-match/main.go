// Command st-match reads records and writes a match record for every rule that one of them meets.
package main

import (
	"errors"
	"io/fs"
	"os"
	"runtime/debug"
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
	List      bool     `help:"List the rules and exit, as the verb list."`
	FailOn    string   `help:"Exit 1 (critical: 2) if a match reaches SEVERITY." placeholder:"SEVERITY"`
	Home      string   `help:"Let ~ in rules stand for DIR." placeholder:"DIR"`
	Format    string   `help:"Write jsonl or text; auto: text on a terminal." enum:"auto,jsonl,text" default:"auto" placeholder:"FORM"`
	Pass      string   `help:"Also write the records of the input that matched, all, or none." enum:"all,matched,none" default:"none" placeholder:"WHICH"`
	Follow    string   `help:"Read FILE as it grows and across rotation." placeholder:"FILE"`
	State     string   `help:"Keep what is remembered in FILE over a restart." placeholder:"FILE"`
	Memory    int      `name:"state-memory" help:"Remember at most so much." placeholder:"MIB" default:"64"`
	Files     []string `arg:"" optional:"" name:"file" help:"Read FILE instead of standard input; or test, list, lint, explain, export or import-sigma and what it works on: see st-match(1)."`
}

func main() { os.Exit(run(os.Args[1:], cli.OSStd())) }

func run(args []string, std cli.Std) int {
	var f flags
	p := cli.Program{Name: tool, Help: "Find the records that rules are about.", UsageCode: cli.CodeUsage}
	if code, done := p.Parse(&f, args, std); done {
		return code
	}
	work := match
	if len(f.Files) > 0 && verbs[f.Files[0]] != nil {
		words := f.Files[1:]
		work = func(f *flags, std cli.Std) (int, error) { return verbs[f.Files[0]](f, words, std) }
	}
	code, err := work(&f, std)
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
	if f.Memory < 1 || f.Memory > 1<<20 {
		return 0, cli.Faultf(cli.CodeUsage, "--state-memory %d: expected MiB from 1 to %d", f.Memory, 1<<20)
	}
	loaded, err := load(f, std.Err)
	if err != nil {
		return 0, err
	}
	if f.List {
		return 0, list(std.Out, loaded.set.Rules(), textForm(f, std))
	}
	in, err := openInput(f, std.In)
	if err != nil {
		return 0, err
	}
	defer in.close()
	// What is remembered is counted roughly, and the collector would let it double.
	debug.SetMemoryLimit(int64(f.Memory)<<20 + 24<<20)
	out := newOutput(std.Out, textForm(f, std), cli.UseColor(f.Color, std.Out), began)
	filter := rule.NewFilter(loaded.set, f.Memory<<20, out.write, out.flush)
	filter.Pass, filter.Raw = passes[f.Pass], out.forward
	if f.Verbose {
		filter.Matcher().Measure()
	}
	if err := restore(f.State, filter); err != nil {
		return 0, err
	}
	err = out.write(loaded.start())
	reload := watchRules(f, loaded, filter, out, std.Err)
	for _, s := range in.sources {
		if err == nil {
			err = filter.Run(s.in, s.name)
		}
	}
	reload.stop()
	if err == nil {
		err = filter.End()
	}
	code, err := finish(filter, out, err, exitCode(&filter.Tally, threshold, in.code()), began)
	if err != nil {
		return 0, err
	}
	if err := save(f.State, filter); err != nil {
		return 0, err
	}
	if filter.Tally.Bad > 0 && !f.Quiet {
		cli.Say(std.Err, tool, badLines(&filter.Tally))
	}
	return code, nil
}

// finish writes the summary, also after the input could not be read on.
func finish(filter *rule.Filter, out *output, err error, code int, began time.Time) (int, error) {
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
	return code, nil
}

// textForm reports whether output is for people.
func textForm(f *flags, std cli.Std) bool {
	return f.Format == "text" || (f.Format == "auto" && cli.IsTerminal(std.Out))
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
