package seccomp

// #include <stdlib.h>
// #include "launch.h"
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Launch says what a child becomes.
type Launch struct {
	Path    string // file to execute
	Argv    []string
	Env     []string
	Stdio   [3]*os.File
	Program []byte // the filter, of TraceProgram or TellProgram
	Tell    bool   // the filter is TellProgram's: Report gives its listener's number first
}

// Launched is a child that waits at its gate: a byte written there lets it go on, closing it ends
// the child. Report gives the errno of an execve(2) that failed, as four bytes in the machine's
// order, and its end where the command was executed.
type Launched struct {
	PID    int
	Gate   *os.File
	Report *os.File
}

// Start forks the child. The filter binds it, and all that it starts, from just before it executes
// the command; it has no_new_privs set only where the kernel demands that.
func (l Launch) Start() (*Launched, error) {
	gateR, gateW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer gateR.Close()
	reportR, reportW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reportW.Close() // so that the child holds the only end, and its end is seen

	var pin runtime.Pinner
	defer pin.Unpin()
	c := C.struct_launch{
		gate: C.int(gateR.Fd()), gate_other: C.int(gateW.Fd()), report: C.int(reportW.Fd()),
		path: C.CString(l.Path),
	}
	defer C.free(unsafe.Pointer(c.path))
	if l.Tell {
		c.tell = 1
	}
	for i, f := range l.Stdio {
		c.stdio[i] = C.int(f.Fd())
	}
	c.argv, c.envp = cstrings(l.Argv), cstrings(l.Env)
	defer freeStrings(c.argv, len(l.Argv))
	defer freeStrings(c.envp, len(l.Env))
	pin.Pin(&l.Program[0])
	c.program.len = C.ushort(len(l.Program) / instructionSize)
	c.program.filter = (*C.struct_sock_filter)(unsafe.Pointer(&l.Program[0]))

	pid := C.launch(&c)
	if pid < 0 {
		gateW.Close()
		reportR.Close()
		return nil, fmt.Errorf("fork: %w", syscall.Errno(-pid))
	}
	return &Launched{PID: int(pid), Gate: gateW, Report: reportR}, nil
}

// Listener takes over the listener of a child that was started with Tell: it opens the child's gate
// and borrows the descriptor from it (pidfd_getfd(2)) as soon as it is there.
func (l *Launched) Listener() (*Listener, error) {
	var b [4]byte
	if _, err := io.ReadFull(l.Report, b[:]); err != nil {
		return nil, errors.New("seccomp: the command's process did not start")
	}
	pidfd, err := unix.PidfdOpen(l.PID, 0)
	if err != nil {
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(pidfd)
	if _, err := l.Gate.Write([]byte{1}); err != nil {
		return nil, err
	}
	number := int(binary.NativeEndian.Uint32(b[:]))
	for end := time.Now().Add(listenerPatience); time.Now().Before(end); time.Sleep(50 * time.Microsecond) {
		fd, err := unix.PidfdGetfd(pidfd, number, 0)
		switch err {
		case nil:
			return NewListener(fd)
		case unix.EBADF: // not yet
		default:
			return nil, os.NewSyscallError("pidfd_getfd", err)
		}
	}
	return nil, errors.New("seccomp: the command's process has no listener")
}

// listenerPatience is how long a child may take to install its filter.
const listenerPatience = 10 * time.Second
