package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"sandtrace/lib/cli"
	"sandtrace/lib/config"
	"sandtrace/lib/event"
	"sandtrace/lib/policy"
	"sandtrace/lib/proc"
	"sandtrace/lib/syscalls"
	"sandtrace/lib/trace"
)

// options are what the flags mean to the tracer.
func options(f *flags) (trace.Options, error) {
	opt := trace.Options{
		Timeout: f.Timeout, Raw: f.Raw, Fold: f.RateSummary, Env: f.Env, AllowIOUring: f.AllowIOUring,
		KeepOn: f.OnBrokenPipe == "continue", Placement: f.Placement == "auto",
	}
	if own, err := os.Executable(); err == nil {
		opt.Jail = filepath.Join(filepath.Dir(own), "st-jail")
	}
	if f.Output != "" && f.Output != "-" {
		if dir, err := filepath.Abs(filepath.Dir(f.Output)); err == nil {
			if real, err := filepath.EvalSymlinks(dir); err == nil {
				opt.Output = filepath.Join(real, filepath.Base(f.Output)) // as the kernel will name it
			}
		}
	}
	var err error
	if opt.Argv, opt.Path, err = command(f); err != nil {
		return opt, err
	}
	if opt.Calls, err = syscalls.Select(f.Trace); err != nil {
		return opt, cli.Faultf(cli.CodeToolFailed, "--trace: %w", err)
	}
	if opt.Judge, err = judge(f.Policy); err != nil {
		return opt, err
	}
	if opt.Linger, err = lingerTime(f.Linger); err != nil {
		return opt, err
	}
	if f.Timeout < 0 {
		return opt, cli.Faultf(cli.CodeToolFailed, "--timeout: %v: expected a positive duration such as 60s", f.Timeout)
	}
	return opt, nil
}

// command is the command that is to run, and its file; nothing where running processes are traced.
func command(f *flags) (argv []string, path string, err error) {
	if len(f.Attach) > 0 {
		if len(f.Cmd) > 0 {
			return nil, "", usage("expected a command or --attach, not both")
		}
		if f.Backend == "notify" {
			return nil, "", usage("--backend notify: no filter can be put into what runs already")
		}
		return nil, "", nil
	}
	if argv, err = cli.Command(f.Cmd); err != nil {
		return nil, "", usage(err.Error())
	}
	path, err = cli.FindCommand(argv[0])
	return argv, path, err
}

func usage(what string) error {
	return cli.Faultf(cli.CodeToolFailed, "%s", what).WithHint("see " + name + " --help")
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

// judge is the verdict of a policy on a record; nil without one. It is a dry run: nothing is enforced.
func judge(file string) (func(*event.Syscall) event.Action, error) {
	if file == "" {
		return nil, nil
	}
	p, err := config.Policy(file)
	if err != nil {
		return nil, cli.Faultf(cli.CodeToolFailed, "%w", err)
	}
	home, err := config.Home("")
	if err != nil {
		return nil, cli.Faultf(cli.CodeToolFailed, "%w", err)
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, cli.Faultf(cli.CodeToolFailed, "%w", err)
	}
	rules, err := p.Anchor(policy.Anchors{Home: home, Dir: here})
	if err != nil {
		return nil, cli.Faultf(cli.CodeToolFailed, "%w", err)
	}
	return rules.Record, nil
}

// startRecord is the first record of the run.
func startRecord(f *flags, opt trace.Options) *event.Start {
	host, _ := os.Hostname() // absent where the kernel does not tell
	r := &event.Start{
		ToolVersion: cli.ToolVersion(), Host: host, Boot: proc.BootID(), Kernel: proc.KernelRelease(),
		Backend: "ptrace+seccomp", Cmd: opt.Argv,
		Options: event.Args{
			{Key: "trace", Kind: event.ArgList, List: f.Trace},
			{Key: "arch", Kind: event.ArgText, Str: syscalls.Native(runtime.GOARCH).String()},
		},
	}
	if f.Policy != "" {
		r.Options = append(r.Options, event.Arg{Key: "policy", Kind: event.ArgText, Str: f.Policy})
	}
	if f.Backend == "notify" {
		r.Backend = "notify+seccomp"
		r.Options = append(r.Options, event.Arg{Key: "results", Kind: event.ArgBool})
	}
	if len(f.Attach) > 0 {
		r.Backend = "ptrace" // no filter can be put into what runs: every call stops
		var pids []string
		for _, pid := range f.Attach {
			pids = append(pids, strconv.Itoa(pid))
		}
		r.Options = append(r.Options, event.Arg{Key: "attach", Kind: event.ArgList, List: pids})
	}
	return r
}
