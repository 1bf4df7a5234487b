// Package seccomp makes seccomp filters with libseccomp. It is the only package that uses cgo.
package seccomp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	libseccomp "github.com/seccomp/libseccomp-golang"
	"golang.org/x/sys/unix"

	"sandtrace/lib/syscalls"
)

// TraceProgram is a filter that stops the given calls for a ptrace(2) tracer (SECCOMP_RET_TRACE)
// and lets all others run, as an array of struct sock_filter in the machine's byte order. Calls of
// an architecture other than the machine's own, x32 included, are stopped all: the tracer decides.
//
// A condition on a part of an argument is widened where libseccomp cannot say it, so the filter may
// stop a call that is not wanted but never misses one that is.
func TraceProgram(calls []*syscalls.Call) ([]byte, error) {
	return traceProgram(calls, func(c *syscalls.Call) (when [][]syscalls.Cond, stop bool) {
		return c.When, !c.Event || len(c.When) > 0
	})
}

// traceProgram stops each call under the conditions that rule gives for it, any of which suffices,
// and always where it gives none.
func traceProgram(calls []*syscalls.Call, rule func(*syscalls.Call) (when [][]syscalls.Cond, stop bool)) ([]byte, error) {
	f, err := libseccomp.NewFilter(libseccomp.ActAllow)
	if err != nil {
		return nil, fmt.Errorf("seccomp filter: %w", err)
	}
	defer f.Release()
	if err := f.SetBadArchAction(libseccomp.ActTrace); err != nil {
		return nil, fmt.Errorf("seccomp filter: foreign architectures: %w", err)
	}
	if len(calls) > treeFrom {
		if err := f.SetOptimize(2); err != nil && !isUnsupported(err) { // a binary tree, libseccomp 2.5
			return nil, fmt.Errorf("seccomp filter: optimise: %w", err)
		}
	}
	native := syscalls.Native(runtime.GOARCH)
	for _, c := range calls {
		nr, ok := syscalls.Number(native, c.Name)
		when, stop := rule(c)
		if !ok || !stop {
			continue
		}
		if err := addRules(f, libseccomp.ScmpSyscall(nr), when); err != nil {
			return nil, fmt.Errorf("seccomp filter: %s: %w", c.Name, err)
		}
	}
	return export(f)
}

// TellProgram is TraceProgram for a supervisor instead of a tracer: the calls wait for its answer
// (SECCOMP_RET_USER_NOTIF). Those that a tracer is told of by an event are among them.
func TellProgram(calls []*syscalls.Call) ([]byte, error) {
	program, err := traceProgram(calls, func(c *syscalls.Call) (when [][]syscalls.Cond, stop bool) {
		if c.Event {
			return nil, true
		}
		return c.When, true
	})
	if err != nil {
		return nil, err
	}
	const (
		returns = 0x06 // BPF_RET | BPF_K
		trace   = 0x7ff00000
		notify  = 0x7fc00000
	)
	for i := 0; i+instructionSize <= len(program); i += instructionSize {
		if binary.NativeEndian.Uint16(program[i:]) == returns && binary.NativeEndian.Uint32(program[i+4:])&0xffff0000 == trace {
			binary.NativeEndian.PutUint32(program[i+4:], notify)
		}
	}
	return program, nil
}

// treeFrom is the number of calls from which a binary tree is worth its set-up.
const treeFrom = 16

func addRules(f *libseccomp.ScmpFilter, nr libseccomp.ScmpSyscall, when [][]syscalls.Cond) error {
	if len(when) == 0 {
		return f.AddRule(nr, libseccomp.ActTrace)
	}
	for _, all := range when {
		var conds []libseccomp.ScmpCondition
		for _, w := range all {
			cond, err := condition(w)
			if err != nil {
				return err
			}
			conds = append(conds, cond)
		}
		if err := f.AddRuleConditional(nr, libseccomp.ActTrace, conds); err != nil {
			return err
		}
	}
	return nil
}

// condition says c in libseccomp's terms. It has no "masked and not equal": the unmasked form holds
// whenever the masked one does.
func condition(c syscalls.Cond) (libseccomp.ScmpCondition, error) {
	if c.Op == syscalls.NotEqual {
		return libseccomp.MakeCondition(uint(c.Arg), libseccomp.CompareNotEqual, c.Value)
	}
	return libseccomp.MakeCondition(uint(c.Arg), libseccomp.CompareMaskedEqual, c.Mask, c.Value)
}

func isUnsupported(err error) bool {
	var v libseccomp.VersionError
	return errors.As(err, &v) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL)
}

// export reads the program back through a file in memory, which every libseccomp can write to.
func export(f *libseccomp.ScmpFilter) ([]byte, error) {
	fd, err := unix.MemfdCreate("seccomp", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL) // inside a jail there is no other
	if errors.Is(err, unix.EINVAL) {                                              // before Linux 6.3
		fd, err = unix.MemfdCreate("seccomp", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), "seccomp")
	defer file.Close()
	if err := f.ExportBPF(file); err != nil {
		return nil, fmt.Errorf("seccomp filter: export: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("seccomp filter: %w", err)
	}
	return io.ReadAll(file)
}

// instructionSize is sizeof(struct sock_filter), in bytes.
const instructionSize = 8
