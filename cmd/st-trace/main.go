// St-trace runs a command and writes every security-relevant system call of it, and of all that it
// starts, as a record.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"sandtrace/lib/cli"
	"sandtrace/lib/trace"
)

const name = "st-trace"

type flags struct {
	cli.Common
	Output       string        `short:"o" help:"Write the records to FILE; the command then keeps its stdout." placeholder:"FILE"`
	Trace        []string      `help:"Trace these system calls and sets (default, file, stat, process, network, privilege, memory, ipc, io, all); !NAME takes one out." placeholder:"SET" default:"default"`
	Format       string        `help:"Write auto, jsonl or text; auto is text on a terminal." enum:"auto,jsonl,text" default:"auto" placeholder:"FORMAT"`
	Stdout       string        `help:"Send the command's stdout to stderr, inherit it, or write it to FILE." placeholder:"stderr|inherit|FILE"`
	Linger       string        `help:"Let processes outlive the command for DUR, then kill them; inf waits for ever." default:"5s" placeholder:"DUR"`
	Timeout      time.Duration `help:"End the whole tree after DUR: SIGTERM, then SIGKILL; exit 124." placeholder:"DUR"`
	OnBrokenPipe string        `help:"When the reader of the records is gone, kill the tree or continue." enum:"kill,continue" default:"kill" placeholder:"kill|continue"`
	Attach       []int         `short:"p" help:"Trace the running process PID instead of a command; ^C lets it go." placeholder:"PID"`
	Backend      string        `help:"See the calls by ptrace, with their results, or by notify: faster, unseen by the program, without results." enum:"auto,ptrace,notify" default:"auto" placeholder:"NAME"`
	Policy       string        `help:"Mark each record with what the policy of FILE would decide; nothing is enforced." placeholder:"FILE"`
	RateSummary  bool          `name:"rate-summary" help:"Fold the calls that a process repeats within a second into one more record that counts them."`
	Raw          bool          `help:"Add the registers of each call to its record."`
	Env          []string      `help:"Record these environment variables at exec; none by default." placeholder:"NAME"`
	AllowIOUring bool          `name:"allow-io-uring" help:"Let programs use io_uring, whose calls are not seen; without this it answers ENOSYS."`
	SummaryOnly  bool          `name:"summary-only" short:"c" help:"Write a table of the counts instead of the records."`
	Placement    string        `help:"Draw what stops often to the tracer's processor: auto or off." enum:"auto,off" default:"auto" placeholder:"WHEN"`
	Cmd          []string      `arg:"" optional:"" name:"command" help:"The command and its arguments." passthrough:"partial"`
}

func main() {
	os.Exit(run(os.Args[1:], cli.OSStd()))
}

// gcPercent lets the heap, of a few megabytes, grow further between collections: they stop the thread
// that traces.
const gcPercent = 400

func run(args []string, std cli.Std) int {
	var f flags
	p := cli.Program{
		Name: name, UsageCode: cli.CodeToolFailed,
		Help: "Run a command and report its security-relevant system calls.",
	}
	if code, done := p.Parse(&f, args, std); done {
		return code
	}
	debug.SetGCPercent(gcPercent)
	code, err := traceIt(&f, std)
	if err != nil {
		return cli.Report(std.Err, name, err)
	}
	return code
}

// traceIt traces the command, or what runs already; the error is that of the tool, not of the
// command.
func traceIt(f *flags, std cli.Std) (int, error) {
	opt, err := options(f)
	if err != nil {
		return 0, err
	}
	out, stdio, err := streams(f, std)
	if err != nil {
		return 0, err
	}
	defer out.close()
	opt.Stdio, opt.Emit = stdio, out.emit
	if err := out.emit(startRecord(f, opt)); err != nil {
		return 0, cli.Faultf(cli.CodeToolFailed, "write the records: %w", err)
	}
	res, err := start(f, opt)
	if err != nil {
		return 0, runFault(opt, err)
	}
	err = out.finish(&res.Summary)
	switch {
	case res.Unheard > 0:
		cli.Say(std.Err, name, fmt.Sprintf("the reader of the records is gone: %d records and the summary were lost", res.Unheard))
	case err != nil:
		return 0, cli.Faultf(cli.CodeToolFailed, "write the records: %w", err)
	case res.TimedOut:
		return cli.CodeTimeout, nil
	}
	return res.Exit, nil
}

func start(f *flags, opt trace.Options) (trace.Result, error) {
	switch {
	case len(f.Attach) > 0:
		return trace.Attach(opt, f.Attach)
	case f.Backend == "notify":
		return trace.Notify(opt)
	}
	return trace.Run(opt)
}

// runFault gives an error of the tracer its exit code: env(1)'s for a command that did not run.
func runFault(opt trace.Options, err error) error {
	code := cli.CodeToolFailed
	if errors.Is(err, trace.ErrNotExecuted) {
		if code = cli.CodeCannotExecute; errors.Is(err, syscall.ENOENT) {
			code = cli.CodeNotFound
		}
		return cli.Faultf(code, "%s: %w", opt.Argv[0], err)
	}
	return cli.Faultf(code, "%w", err)
}
