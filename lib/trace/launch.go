package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"sandtrace/lib/seccomp"
)

// launchName is the name under which this program, started again, is the launcher: the process that
// becomes the traced command.
const launchName = "st-trace: launcher"

func init() {
	if IsLauncher() {
		// The filter binds one thread, the one that is traced and that executes the command: the
		// first, which is the process to the outside.
		runtime.LockOSThread()
	}
}

// IsLauncher reports whether this process was started by Run to become the command.
func IsLauncher() bool { return len(os.Args) > 0 && os.Args[0] == launchName }

// Launch is the launcher: it waits until it is traced, installs the filter and executes the
// command. It returns only where that failed, with the exit code.
func Launch() int {
	const fixed = 5 // name, three descriptors, file to execute
	if len(os.Args) <= fixed {
		return 125
	}
	var fds [3]int
	for i := range fds {
		n, err := strconv.Atoi(os.Args[1+i])
		if err != nil {
			return 125
		}
		fds[i] = n
		unix.CloseOnExec(n)
	}
	gate, report, filter := fds[0], fds[1], fds[2]
	fail := func(err error) int {
		var e syscall.Errno
		errors.As(err, &e)
		var b [4]byte
		binary.NativeEndian.PutUint32(b[:], uint32(e))
		_, _ = unix.Write(report, b[:]) // the tracer also sees that nothing was executed
		return 125
	}
	program, err := io.ReadAll(os.NewFile(uintptr(filter), "filter"))
	if err != nil {
		return fail(err)
	}
	// From here on nothing is executed before the command: the tracer may attach.
	if _, err := unix.Write(report, []byte{1}); err != nil {
		return 125
	}
	var b [1]byte
	for {
		n, err := unix.Read(gate, b[:])
		if n == 1 {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			return 125 // the tracer is gone
		}
	}
	if err := seccomp.Install(program); err != nil {
		return fail(err)
	}
	return fail(syscall.Exec(os.Args[4], os.Args[fixed:], os.Environ()))
}

// launched is a launcher that waits at its gate.
type launched struct {
	pid    int
	gate   *os.File
	report *os.File
}

// launch starts the launcher for the command argv, whose file is path, with the filter program and
// the three standard streams.
func launch(path string, argv []string, program []byte, stdio [3]*os.File) (*launched, error) {
	gateR, gateW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer gateR.Close()
	reportR, reportW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reportW.Close() // so that the launcher holds the only end, and its end is seen
	filter, err := memfile(program)
	if err != nil {
		return nil, err
	}
	defer filter.Close()

	args := []string{launchName}
	for _, f := range []*os.File{gateR, reportW, filter} {
		fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD, 3) // inheritable, at a number that the user has not given to the command
		if err != nil {
			return nil, os.NewSyscallError("fcntl F_DUPFD", err)
		}
		defer unix.Close(fd)
		args = append(args, strconv.Itoa(fd))
	}
	args = append(append(args, path), argv...)
	pid, err := syscall.ForkExec("/proc/self/exe", args, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{stdio[0].Fd(), stdio[1].Fd(), stdio[2].Fd()},
	})
	if err != nil {
		return nil, fmt.Errorf("start the launcher: %w", err)
	}
	return &launched{pid: pid, gate: gateW, report: reportR}, nil
}

// memfile is a file in memory with the given content, at its start.
func memfile(content []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("filter", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "filter")
	if _, err := f.Write(content); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// seize attaches to the launcher when it is ready and opens its gate.
func (l *launched) seize() error {
	if _, err := io.ReadFull(l.report, make([]byte, 1)); err != nil {
		return errors.New("the launcher did not start")
	}
	if e := ptrace(unix.PTRACE_SEIZE, l.pid, 0, traceOptions); e != 0 {
		_ = unix.Kill(l.pid, unix.SIGKILL)
		return fmt.Errorf("ptrace: seize the command: %w", e)
	}
	if _, err := l.gate.Write([]byte{1}); err != nil {
		return fmt.Errorf("open the launcher's gate: %w", err)
	}
	return l.gate.Close()
}

// failure is why the launcher could not execute the command; nil where it could.
func (l *launched) failure() error {
	var b [4]byte
	if _, err := io.ReadFull(l.report, b[:]); err != nil {
		return nil
	}
	return syscall.Errno(binary.NativeEndian.Uint32(b[:]))
}
