package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/cli"
	"sandtrace/lib/event"
	"sandtrace/lib/jail"
	"sandtrace/lib/proc"
)

// output is where records go.
type output struct {
	emit  func(event.Record) error
	close func() error
	tell  bool // somebody reads of single denials
}

// idleFlush is how long a record may wait for company.
const idleFlush = 5 * time.Millisecond

// openEvents opens --events or the descriptor of SANDTRACE_EVENT_FD. With -v denials are also said
// on stderr.
func openEvents(f *flags, std cli.Std, o *jail.Options) (output, error) {
	to := f.Events
	if fd := os.Getenv("SANDTRACE_EVENT_FD"); to == "" && fd != "" {
		to = "fd:" + fd
	}
	out := output{emit: func(event.Record) error { return nil }, close: func() error { return nil }}
	if to != "" {
		file, err := eventFile(to)
		if err != nil {
			return out, cli.Faultf(cli.CodeToolFailed, "--events: %w", err)
		}
		w := event.NewWriter(file, name, event.NewRun(time.Now()), idleFlush)
		out = output{w.Write, func() error { return errors.Join(w.Close(), file.Close()) }, true}
	}
	if f.Verbose {
		out.tell, o.Note = true, o.Warn
		write := out.emit
		out.emit = func(r event.Record) error {
			if j, ok := r.(*event.Jail); ok && j.Op == "deny" {
				o.Warn(denial(j))
			}
			return write(r)
		}
	}
	return out, nil
}

func denial(j *event.Jail) string {
	what := "denied "
	if j.Action == event.ActionLog {
		what = "saw "
	}
	return what + j.Syscall + " by " + j.Proc.Name + " (" + strconv.Itoa(j.Proc.PID) + ")"
}

func eventFile(to string) (*os.File, error) {
	number, isFD := strings.CutPrefix(to, "fd:")
	if !isFD {
		return os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	}
	fd, err := strconv.Atoi(number)
	if err != nil || fd < 1 {
		return nil, fmt.Errorf("fd:%s: expected the number of a descriptor", number)
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return nil, fmt.Errorf("fd:%d: %w", fd, err)
	}
	if flags&unix.O_ACCMODE == unix.O_RDONLY {
		return nil, fmt.Errorf("fd:%d: is not open for writing", fd)
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("fd:%d: %w", fd, err)
	}
	return os.NewFile(uintptr(own), to), nil
}

// startRecord is the first record of the run.
func startRecord(o *jail.Options) *event.Start {
	host, _ := os.Hostname() // absent where the kernel does not tell
	policyFile := o.Policy.File
	if policyFile == "" {
		policyFile = "strict"
	}
	return &event.Start{
		ToolVersion: cli.ToolVersion(), Host: host, Boot: proc.BootID(), Kernel: proc.KernelRelease(),
		Backend: "namespaces+landlock+seccomp", Cmd: o.Argv,
		Options: event.Args{{Key: "policy", Kind: event.ArgText, Str: policyFile}},
	}
}

func streams(std cli.Std) (stdio [3]*os.File, err error) {
	in, okIn := std.In.(*os.File)
	out, okOut := std.Out.(*os.File)
	errs, okErr := std.Err.(*os.File)
	if !okIn || !okOut || !okErr {
		return stdio, errors.New("the standard streams are no files")
	}
	return [3]*os.File{in, out, errs}, nil
}
