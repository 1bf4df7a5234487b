// St-trace runs a command and writes every security-relevant system call of it, and of all that it
// starts, as a record.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"sandtrace/lib/cli"
	"sandtrace/lib/event"
	"sandtrace/lib/proc"
	"sandtrace/lib/syscalls"
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
	Raw          bool          `help:"Add the registers of each call to its record."`
	Env          []string      `help:"Record these environment variables at exec; none by default." placeholder:"NAME"`
	AllowIOUring bool          `name:"allow-io-uring" help:"Let programs use io_uring, whose calls are not seen; without this it answers ENOSYS."`
	SummaryOnly  bool          `name:"summary-only" short:"c" help:"Write a table of the counts instead of the records."`
	Placement    string        `help:"Draw what stops often to the tracer's processor: auto or off." enum:"auto,off" default:"auto" placeholder:"WHEN"`
	Cmd          []string      `arg:"" name:"command" help:"The command and its arguments." passthrough:"partial"`
}

func main() {
	if trace.IsLauncher() {
		os.Exit(trace.Launch())
	}
	os.Exit(run(os.Args[1:], cli.OSStd()))
}

func run(args []string, std cli.Std) int {
	var f flags
	p := cli.Program{
		Name: name, UsageCode: cli.CodeToolFailed,
		Help: "Run a command and report its security-relevant system calls.",
	}
	if code, done := p.Parse(&f, args, std); done {
		return code
	}
	code, err := traceCommand(&f, std)
	if err != nil {
		return cli.Report(std.Err, name, err)
	}
	return code
}

// traceCommand runs the command; the error is that of the tool, not of the command.
func traceCommand(f *flags, std cli.Std) (int, error) {
	argv, err := cli.Command(f.Cmd)
	if err != nil {
		return 0, cli.Faultf(cli.CodeToolFailed, "%w", err).WithHint("see " + name + " --help")
	}
	calls, err := syscalls.Select(f.Trace)
	if err != nil {
		return 0, cli.Faultf(cli.CodeToolFailed, "--trace: %w", err)
	}
	linger, err := lingerTime(f.Linger)
	if err != nil {
		return 0, err
	}
	if f.Timeout < 0 {
		return 0, cli.Faultf(cli.CodeToolFailed, "--timeout: %v: expected a positive duration such as 60s", f.Timeout)
	}
	path, err := cli.FindCommand(argv[0])
	if err != nil {
		return 0, err
	}
	out, stdio, err := streams(f, std)
	if err != nil {
		return 0, err
	}
	defer out.close()

	if err := out.emit(startRecord(f, argv)); err != nil {
		return 0, cli.Faultf(cli.CodeToolFailed, "write the records: %w", err)
	}
	res, err := trace.Run(trace.Options{
		Path: path, Argv: argv, Stdio: stdio, Calls: calls, Emit: out.emit,
		Linger: linger, Timeout: f.Timeout, Raw: f.Raw, Env: f.Env, AllowIOUring: f.AllowIOUring, KeepOn: f.OnBrokenPipe == "continue", Placement: f.Placement == "auto",
	})
	switch {
	case errors.Is(err, trace.ErrNotExecuted):
		code := cli.CodeCannotExecute
		if errors.Is(err, syscall.ENOENT) {
			code = cli.CodeNotFound
		}
		return 0, cli.Faultf(code, "%s: %w", argv[0], err)
	case err != nil:
		return 0, cli.Faultf(cli.CodeToolFailed, "%w", err)
	}
	err = errors.Join(out.emit(&res.Summary), out.close())
	if res.Unheard > 0 {
		cli.Say(std.Err, name, fmt.Sprintf("the reader of the records is gone: %d records and the summary were lost", res.Unheard))
	} else if err != nil {
		return 0, cli.Faultf(cli.CodeToolFailed, "write the records: %w", err)
	}
	if res.TimedOut {
		return cli.CodeTimeout, nil
	}
	return res.Exit, nil
}

// lingerTime reads --linger: a duration, or inf, which is negative to the tracer.
func lingerTime(s string) (time.Duration, error) {
	if s == "inf" {
		return -1, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, cli.Faultf(cli.CodeToolFailed, "--linger: %q: expected a duration such as 5s, or inf", s)
	}
	return d, nil
}

// startRecord is the first record of the run.
func startRecord(f *flags, argv []string) *event.Start {
	host, _ := os.Hostname() // absent where the kernel does not tell
	return &event.Start{
		ToolVersion: cli.ToolVersion(), Host: host, Boot: proc.BootID(), Kernel: proc.KernelRelease(),
		Backend: "ptrace+seccomp", Cmd: argv,
		Options: event.Args{
			{Key: "trace", Kind: event.ArgList, List: f.Trace},
			{Key: "arch", Kind: event.ArgText, Str: syscalls.Native(runtime.GOARCH).String()},
		},
	}
}
