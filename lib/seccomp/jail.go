package seccomp

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"syscall"

	libseccomp "github.com/seccomp/libseccomp-golang"

	"sandtrace/lib/syscalls"
)

// Rule is one call that a jail's filter does not let through as it is.
type Rule struct {
	Call  string
	When  []Cond        // all must hold, each for another argument; none is always
	Errno syscall.Errno // what the caller gets; 0 lets the call through once it is reported
	Tell  bool          // ask the supervisor, who reports it
}

// Cond is a condition on one argument of a call.
type Cond struct {
	Arg   uint
	Op    Op
	Mask  uint64 // Masked only
	Value uint64
}

// Op compares an argument, all its 64 bits, with a value.
type Op uint8

// The comparisons.
const (
	Masked  Op = iota // argument & Mask == Value
	AtLeast           // argument >= Value, unsigned
	Other             // argument != Value
)

// Holds reports whether a rule fits a call of its name with these arguments.
func (r Rule) Holds(args *[6]uint64) bool {
	for _, c := range r.When {
		a := args[c.Arg]
		switch {
		case c.Op == Masked && a&c.Mask != c.Value, c.Op == AtLeast && a < c.Value, c.Op == Other && a == c.Value:
			return false
		}
	}
	return true
}

func (c Cond) condition() (libseccomp.ScmpCondition, error) {
	switch c.Op {
	case AtLeast:
		return libseccomp.MakeCondition(c.Arg, libseccomp.CompareGreaterEqual, c.Value)
	case Other:
		return libseccomp.MakeCondition(c.Arg, libseccomp.CompareNotEqual, c.Value)
	}
	return libseccomp.MakeCondition(c.Arg, libseccomp.CompareMaskedEqual, c.Mask, c.Value)
}

// JailProgram is the filter of a jail, as an array of struct sock_filter in the machine's byte order.
// What no rule names runs. Calls of another architecture, x32 included, kill the process; numbers
// that no table knows get ENOSYS, as on a kernel that is older.
//
// With tell, calls of rules that say so go to the listener (Notification); without, they get their
// error at once, and those that would only be reported run.
func JailProgram(rules []Rule, tell bool) ([]byte, error) {
	f, err := libseccomp.NewFilter(libseccomp.ActAllow)
	if err != nil {
		return nil, fmt.Errorf("seccomp filter: %w", err)
	}
	defer f.Release()
	if err := f.SetBadArchAction(libseccomp.ActKillProcess); err != nil {
		return nil, fmt.Errorf("seccomp filter: foreign architectures: %w", err)
	}
	if err := f.SetOptimize(2); err != nil && !isUnsupported(err) { // a binary tree, libseccomp 2.5
		return nil, fmt.Errorf("seccomp filter: optimise: %w", err)
	}
	native := syscalls.Native(runtime.GOARCH)
	for _, r := range rules {
		nr, ok := syscalls.Number(native, r.Call)
		if !ok {
			continue
		}
		action := libseccomp.ActErrno.SetReturnCode(int16(r.Errno))
		switch {
		case tell && r.Tell:
			action = libseccomp.ActNotify
		case r.Errno == 0:
			continue
		}
		if err := addRule(f, libseccomp.ScmpSyscall(nr), action, r.When); err != nil {
			return nil, fmt.Errorf("seccomp filter: %s: %w", r.Call, err)
		}
	}
	program, err := export(f)
	if err != nil {
		return nil, err
	}
	return append(refuseUnknown(firstUnknown(native)), program...), nil
}

func addRule(f *libseccomp.ScmpFilter, nr libseccomp.ScmpSyscall, action libseccomp.ScmpAction, when []Cond) error {
	if len(when) == 0 {
		return f.AddRule(nr, action)
	}
	var conds []libseccomp.ScmpCondition
	for _, w := range when {
		c, err := w.condition()
		if err != nil {
			return err
		}
		conds = append(conds, c)
	}
	return f.AddRuleConditional(nr, action, conds)
}

// Opcodes and return values of classic BPF, linux/filter.h and linux/seccomp.h.
const (
	bpfLoadWord = 0x20 // BPF_LD|BPF_W|BPF_ABS
	bpfJumpGE   = 0x35 // BPF_JMP|BPF_JGE|BPF_K
	bpfReturn   = 0x06 // BPF_RET|BPF_K
	retErrno    = 0x00050000
	x32Bit      = 0x40000000 // numbers from here on are x32's, for the program to kill
)

// firstUnknown is the number above all that the tables know.
func firstUnknown(abi syscalls.ABI) uint32 {
	last := 0
	for _, c := range syscalls.All() {
		if nr, ok := syscalls.Number(abi, c.Name); ok {
			last = max(last, nr)
		}
	}
	return uint32(last) + 1
}

// refuseUnknown is the head of a program: numbers from count on, which libseccomp cannot say, get
// ENOSYS. Jumps are relative, so that it can stand before any program.
func refuseUnknown(count uint32) []byte {
	var b []byte
	for _, i := range []struct {
		code   uint16
		jt, jf uint8
		k      uint32
	}{
		{bpfLoadWord, 0, 0, 0}, // seccomp_data.nr
		{bpfJumpGE, 0, 2, count},
		{bpfJumpGE, 1, 0, x32Bit},
		{bpfReturn, 0, 0, retErrno | uint32(syscall.ENOSYS)},
	} {
		b = binary.NativeEndian.AppendUint16(b, i.code)
		b = append(b, i.jt, i.jf)
		b = binary.NativeEndian.AppendUint32(b, i.k)
	}
	return b
}
