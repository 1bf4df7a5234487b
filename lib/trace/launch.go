package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"sandtrace/lib/seccomp"
)

// launch starts the child that becomes the command, and traces it before it does.
func launch(opt *Options, program []byte, env []string) (*seccomp.Launched, error) {
	l, err := seccomp.Launch{
		Path: opt.Path, Argv: opt.Argv, Env: env, Stdio: opt.Stdio, Program: program,
	}.Start()
	if err != nil {
		return nil, fmt.Errorf("start the command: %w", err)
	}
	if e := ptrace(unix.PTRACE_SEIZE, l.PID, 0, traceOptions); e != 0 {
		_ = unix.Kill(l.PID, unix.SIGKILL)
		return nil, fmt.Errorf("ptrace: seize the command: %w", e)
	}
	if err := hide(); err != nil {
		return nil, err
	}
	if _, err := l.Gate.Write([]byte{1}); err != nil {
		return nil, fmt.Errorf("open the gate of the command: %w", err)
	}
	return l, l.Gate.Close()
}

// hide closes the tracer's memory and descriptors in /proc to the programs that it traces, which run
// with the user's own rights (PR_SET_DUMPABLE, prctl(2)). A child that was forked before is ordinary.
func hide() error {
	return os.NewSyscallError("prctl PR_SET_DUMPABLE", unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
}

// notExecuted is why the command was never executed.
func notExecuted(l *seccomp.Launched) error {
	var b [4]byte
	if _, err := io.ReadFull(l.Report, b[:]); err != nil {
		return fmt.Errorf("%w: %w", ErrNotExecuted, errors.New("it ended before it could be"))
	}
	return fmt.Errorf("%w: %w", ErrNotExecuted, syscall.Errno(binary.NativeEndian.Uint32(b[:])))
}
