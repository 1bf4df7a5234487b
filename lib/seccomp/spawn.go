package seccomp

/*
#include <stdlib.h>
#include "spawn.h"
*/
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Spawn says how a process confines itself before it becomes the command.
type Spawn struct {
	Path       string
	Argv, Env  []string
	OwnSession bool
	Privileged bool    // it holds capabilities: that they cannot be dropped is a failure
	Limits     []Limit // in this order
	Landlock   int     // ruleset, or -1
	Program    []byte  // filter, or nil
	Tell       bool    // send the filter's listener over Socket, with the byte "L"
	Socket     int
}

// Limit is one resource limit, setrlimit(2).
type Limit struct {
	Resource   int
	Soft, Hard uint64
}

// spawnSteps names the steps of spawn.c, in its order.
var spawnSteps = []string{
	"session", "limits", "descriptors", "capabilities: bounding set", "capabilities: securebits", "no_new_privs", "capabilities",
	"landlock", "seccomp", "seccomp: listener", StepExecute,
}

// StepExecute is the last step, execve(2).
const StepExecute = "execute"

// SpawnError says which step of a Start failed; the command has not run.
type SpawnError struct {
	Step string
	Err  syscall.Errno
}

func (e *SpawnError) Error() string { return e.Step + ": " + e.Err.Error() }

// Unwrap is the error number.
func (e *SpawnError) Unwrap() error { return e.Err }

// Start starts the command and returns its pid once it has been executed. Where that fails, the
// error is a *SpawnError and the pid is still to be waited for.
func (s *Spawn) Start() (pid int, err error) {
	if strings.ContainsRune(s.Path+strings.Join(s.Argv, "")+strings.Join(s.Env, ""), 0) {
		return 0, errors.New("spawn: a zero byte in the command or its environment")
	}
	var report [2]int
	if err := unix.Pipe2(report[:], unix.O_CLOEXEC); err != nil {
		return 0, os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(report[0])

	var c C.struct_spawn
	c.own_session, c.privileged, c.tell = cbool(s.OwnSession), cbool(s.Privileged), cbool(s.Tell)
	c.landlock, c.socket, c.report = C.int(s.Landlock), C.int(s.Socket), C.int(report[1])
	limits := (*C.struct_spawn_limit)(C.calloc(C.size_t(len(s.Limits)+1), C.sizeof_struct_spawn_limit))
	defer C.free(unsafe.Pointer(limits))
	for i, l := range s.Limits {
		unsafe.Slice(limits, len(s.Limits))[i] = C.struct_spawn_limit{C.int(l.Resource), C.uint64_t(l.Soft), C.uint64_t(l.Hard)}
	}
	c.limits, c.limit_count = limits, C.int(len(s.Limits))
	if len(s.Program) > 0 {
		text := C.CBytes(s.Program)
		defer C.free(text)
		c.program.len = C.ushort(len(s.Program) / C.sizeof_struct_sock_filter)
		c.program.filter = (*C.struct_sock_filter)(text)
	}
	c.path = C.CString(s.Path)
	defer C.free(unsafe.Pointer(c.path))
	c.argv = cstrings(s.Argv)
	defer freeStrings(c.argv, len(s.Argv))
	c.envp = cstrings(s.Env)
	defer freeStrings(c.envp, len(s.Env))

	r := int(C.spawn(&c))
	unix.Close(report[1])
	if r < 0 {
		return 0, fmt.Errorf("fork: %w", syscall.Errno(-r))
	}
	return r, readFailure(report[0])
}

// readFailure waits for the word of the child, or for the end of the pipe, which a successful
// execve(2) closes.
func readFailure(fd int) error {
	var b [8]byte
	n, err := unix.Read(fd, b[:])
	for errors.Is(err, unix.EINTR) {
		n, err = unix.Read(fd, b[:])
	}
	if err != nil {
		return os.NewSyscallError("read", err)
	}
	if n < len(b) {
		return nil
	}
	step := int(binary.NativeEndian.Uint32(b[:4]))
	if step < 0 || step >= len(spawnSteps) {
		return fmt.Errorf("spawn: step %d is not known", step)
	}
	return &SpawnError{spawnSteps[step], syscall.Errno(binary.NativeEndian.Uint32(b[4:]))}
}

// OpenFiles is the soft limit on open files that this process was started with, which Go's runtime
// has raised since; 0 where it is unknown.
func OpenFiles() uint64 { return uint64(C.spawn_open_files()) }

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

func cstrings(list []string) **C.char {
	p := (**C.char)(C.calloc(C.size_t(len(list)+1), C.size_t(unsafe.Sizeof((*C.char)(nil)))))
	for i, s := range list {
		unsafe.Slice(p, len(list))[i] = C.CString(s)
	}
	return p
}

func freeStrings(p **C.char, n int) {
	for _, s := range unsafe.Slice(p, n) {
		C.free(unsafe.Pointer(s))
	}
	C.free(unsafe.Pointer(p))
}
