package seccomp

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"sandtrace/lib/syscalls"
)

// jailed is a jail's filter in an interpreter.
func jailed(t *testing.T, rules []Rule, tell bool) func(audit, nr uint32, args ...uint64) uint32 {
	t.Helper()
	program, err := JailProgram(rules, tell)
	if err != nil {
		t.Fatal(err)
	}
	m := newMachine(t, program)
	return func(audit, nr uint32, args ...uint64) uint32 {
		var all [6]uint64
		copy(all[:], args)
		return m.run(t, audit, nr, all)
	}
}

const (
	allow = 0x7fff0000
	tell  = 0x7fc00000
	kill  = 0x80000000
)

func TestJailProgram(t *testing.T) {
	rules := []Rule{
		{Call: "mount", Errno: unix.EPERM, Tell: true},
		{Call: "clone3", Errno: unix.ENOSYS},
		{Call: "renameat", Tell: true}, // reported only
		{Call: "socket", When: []Cond{{Arg: 0, Mask: 0xffffffff, Value: 38}}, Errno: unix.EAFNOSUPPORT},
		{Call: "socket", When: []Cond{{Arg: 0, Op: AtLeast, Value: 45}}, Errno: unix.EAFNOSUPPORT},
		{Call: "ioctl", When: []Cond{{Arg: 1, Mask: 0xffffffff, Value: unix.TIOCSTI}}, Errno: unix.EPERM},
		{Call: "memfd_create", When: []Cond{{Arg: 1, Mask: 8, Value: 0}}, Errno: unix.EACCES},
		{Call: "socket", When: []Cond{{Arg: 0, Mask: 0xffffffff, Value: 16}, {Arg: 2, Op: Other, Value: 0}}, Errno: unix.EPROTONOSUPPORT},
		{Call: "open", Errno: unix.EPERM}, // no call on arm64
	}
	abi := syscalls.Native(runtime.GOARCH)
	loud, quiet := jailed(t, rules, true), jailed(t, rules, false)
	refuse := func(e unix.Errno) uint32 { return retErrno | uint32(e) }
	for _, tt := range []struct {
		call        string
		args        []uint64
		loud, quiet uint32
	}{
		{"mount", nil, tell, refuse(unix.EPERM)},
		{"clone3", nil, refuse(unix.ENOSYS), refuse(unix.ENOSYS)},
		{"renameat", nil, tell, allow},
		{"read", nil, allow, allow},
		{"socket", []uint64{2, 1, 0}, allow, allow},
		{"socket", []uint64{38}, refuse(unix.EAFNOSUPPORT), refuse(unix.EAFNOSUPPORT)},
		{"socket", []uint64{1<<32 | 38}, refuse(unix.EAFNOSUPPORT), refuse(unix.EAFNOSUPPORT)},
		{"socket", []uint64{99}, refuse(unix.EAFNOSUPPORT), refuse(unix.EAFNOSUPPORT)},
		{"socket", []uint64{16, 3, 0}, allow, allow},
		{"socket", []uint64{16, 3, 9}, refuse(unix.EPROTONOSUPPORT), refuse(unix.EPROTONOSUPPORT)},
		{"ioctl", []uint64{0, unix.TIOCSTI}, refuse(unix.EPERM), refuse(unix.EPERM)},
		{"ioctl", []uint64{0, 0xdead<<32 | unix.TIOCSTI}, refuse(unix.EPERM), refuse(unix.EPERM)},
		{"ioctl", []uint64{0, unix.TCGETS}, allow, allow},
		{"memfd_create", []uint64{0, 1}, refuse(unix.EACCES), refuse(unix.EACCES)},
		{"memfd_create", []uint64{0, 9}, allow, allow},
	} {
		nr, ok := syscalls.Number(abi, tt.call)
		if !ok {
			t.Fatalf("%s has no number", tt.call)
		}
		if got := loud(abi.Audit(), uint32(nr), tt.args...); got != tt.loud {
			t.Errorf("%s%v with a listener: %#x, expected %#x", tt.call, tt.args, got, tt.loud)
		}
		if got := quiet(abi.Audit(), uint32(nr), tt.args...); got != tt.quiet {
			t.Errorf("%s%v: %#x, expected %#x", tt.call, tt.args, got, tt.quiet)
		}
	}
	for _, nr := range []uint32{600, 1000, x32Bit - 1} {
		if got := loud(abi.Audit(), nr); got != refuse(unix.ENOSYS) {
			t.Errorf("number %d: %#x", nr, got)
		}
	}
	foreign := []struct{ audit, nr uint32 }{{syscalls.I386.Audit(), 21}, {syscalls.ARM.Audit(), 21}, {1, 0}}
	if abi == syscalls.AMD64 {
		foreign = append(foreign, struct{ audit, nr uint32 }{abi.Audit(), x32Bit + 1})
	}
	for _, f := range foreign {
		if got := loud(f.audit, f.nr); got != kill {
			t.Errorf("architecture %#x, number %d: %#x", f.audit, f.nr, got)
		}
	}
}

// TestHolds: what the supervisor takes a rule for is what the filter takes it for.
func TestHolds(t *testing.T) {
	for _, c := range []Cond{{Arg: 1, Mask: 0xff, Value: 7}, {Arg: 1, Op: AtLeast, Value: 7}, {Arg: 1, Op: Other, Value: 7}} {
		r := Rule{Call: "socket", When: []Cond{c}, Errno: unix.EPERM}
		run := jailed(t, []Rule{r}, false)
		nr, _ := syscalls.Number(syscalls.Native(runtime.GOARCH), "socket")
		for _, v := range []uint64{0, 6, 7, 8, 0x107, 1 << 40, 1<<40 | 7, ^uint64(0)} {
			args := [6]uint64{0, v}
			if got := run(syscalls.Native(runtime.GOARCH).Audit(), uint32(nr), args[:]...) != allow; got != r.Holds(&args) {
				t.Errorf("%+v on %#x: the filter says %v", c, v, got)
			}
		}
	}
}
