package seccomp

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"sandtrace/lib/syscalls"
)

var native = syscalls.Native(runtime.GOARCH)

// program makes the filter of a choice of calls.
func program(t *testing.T, words ...string) (machine, []*syscalls.Call) {
	t.Helper()
	calls, err := syscalls.Select(words)
	if err != nil {
		t.Fatal(err)
	}
	b, err := TraceProgram(calls)
	if err != nil {
		t.Fatal(err)
	}
	if len(b)%8 != 0 || len(b)/8 > 4096 { // BPF_MAXINSNS
		t.Fatalf("%q: %d bytes", words, len(b))
	}
	return newMachine(t, b), calls
}

// stops is what the filter has to say of a call: it stops what is wanted, except for what an event of
// ptrace tells, and what libseccomp cannot tell from it.
func stops(c *syscalls.Call, args *[6]uint64) bool {
	if c.Event && len(c.When) == 0 {
		return false
	}
	wide := *c
	wide.When = nil
	for _, all := range c.When {
		var conds []syscalls.Cond
		for _, cond := range all {
			if cond.Op == syscalls.NotEqual {
				cond.Mask = ^uint64(0) // it has no "masked and not equal"
			}
			conds = append(conds, cond)
		}
		wide.When = append(wide.When, conds)
	}
	return wide.Wanted(args)
}

// arguments are values on both sides of each of the call's conditions, mixed.
func arguments(c *syscalls.Call, rng *rand.Rand) [][6]uint64 {
	out := [][6]uint64{{}, {^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}}
	if len(c.When) == 0 {
		return out
	}
	pool := [6][]uint64{}
	for i := range pool {
		pool[i] = []uint64{0, 1, rng.Uint64()}
	}
	for _, all := range c.When {
		for _, cond := range all {
			low := cond.Mask & -cond.Mask
			pool[cond.Arg] = append(pool[cond.Arg],
				cond.Value, cond.Value^low, cond.Value|^cond.Mask, cond.Value|1<<32, cond.Value|1<<63, cond.Value&(cond.Value-1))
		}
	}
	for range 300 {
		var args [6]uint64
		for i := range args {
			args[i] = pool[i][rng.IntN(len(pool[i]))]
		}
		out = append(out, args)
	}
	return out
}

// TestVerdicts compares the filter with the table, for every call that there is.
func TestVerdicts(t *testing.T) {
	for _, words := range [][]string{{"default"}, {"all"}, {"network"}, {"openat"}, {"mmap", "prctl"}, {"default", "!openat", "!prctl"}, nil} {
		m, calls := program(t, words...)
		rng := rand.New(rand.NewPCG(1, 2))
		traced, allowed := 0, 0
		for _, c := range syscalls.All() {
			nr, ok := syscalls.Number(native, c.Name)
			if !ok {
				continue
			}
			for _, args := range arguments(c, rng) {
				want := uint32(unix.SECCOMP_RET_ALLOW)
				if slices.Contains(calls, c) && stops(c, &args) {
					want = unix.SECCOMP_RET_TRACE
				}
				got := m.run(t, native.Audit(), uint32(nr), args)
				if got != want {
					t.Errorf("%q: %s%#x: %s, expected %s", words, c.Name, args, verdict(got), verdict(want))
					break
				}
				// the filter may stop more than is wanted, never less
				if slices.Contains(calls, c) && c.Wanted(&args) && got != unix.SECCOMP_RET_TRACE && (!c.Event || len(c.When) > 0) {
					t.Errorf("%q: %s%#x is wanted and not stopped", words, c.Name, args)
					break
				}
				if got == unix.SECCOMP_RET_TRACE {
					traced++
				} else {
					allowed++
				}
			}
		}
		if allowed == 0 && !slices.Equal(words, []string{"all"}) || traced == 0 && words != nil {
			t.Errorf("%q: %d traced, %d allowed", words, traced, allowed)
		}
	}
}

// TestDefaultVerdicts spells out what matters most, free of the table's own words.
func TestDefaultVerdicts(t *testing.T) {
	m, _ := program(t, "default")
	const high, trace, allow = 1 << 32, unix.SECCOMP_RET_TRACE, unix.SECCOMP_RET_ALLOW
	for _, tt := range []struct {
		name string
		args [6]uint64
		want uint32
	}{
		{"openat", [6]uint64{}, trace},
		{"execve", [6]uint64{}, trace},
		{"connect", [6]uint64{}, trace},
		{"read", [6]uint64{}, allow},
		{"newfstatat", [6]uint64{}, allow},
		{"faccessat2", [6]uint64{}, allow},
		{"readlinkat", [6]uint64{}, allow},
		{"close", [6]uint64{}, allow},
		{"exit_group", [6]uint64{}, allow},
		{"futex", [6]uint64{}, allow},

		{"sendto", [6]uint64{3, 1, 1, 0, 0, 16}, allow},
		{"sendto", [6]uint64{3, 1, 1, 0, 0x7fff0000, 16}, trace},
		{"sendto", [6]uint64{3, 1, 1, 0, 0x7fff_0000_0000, 16}, trace}, // the low half is zero

		{"mmap", [6]uint64{0, 4096, unix.PROT_READ | unix.PROT_WRITE, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS}, allow},
		{"mmap", [6]uint64{0, 4096, unix.PROT_READ | unix.PROT_EXEC, unix.MAP_PRIVATE}, allow}, // a library
		{"mmap", [6]uint64{0, 4096, unix.PROT_READ | unix.PROT_EXEC, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS}, trace},
		{"mmap", [6]uint64{0, 4096, unix.PROT_WRITE | unix.PROT_EXEC, unix.MAP_SHARED}, trace},
		{"mmap", [6]uint64{0, 4096, high | unix.PROT_WRITE | unix.PROT_EXEC, high | unix.MAP_SHARED}, trace},
		{"mprotect", [6]uint64{0, 4096, unix.PROT_READ}, allow},
		{"mprotect", [6]uint64{0, 4096, high | unix.PROT_READ}, allow},
		{"mprotect", [6]uint64{0, 4096, unix.PROT_READ | unix.PROT_EXEC}, trace},
		{"mprotect", [6]uint64{0, 4096, high | unix.PROT_EXEC}, trace},

		{"prctl", [6]uint64{unix.PR_SET_NAME}, trace},
		{"prctl", [6]uint64{unix.PR_SET_NO_NEW_PRIVS}, trace},
		{"prctl", [6]uint64{unix.PR_SET_PTRACER}, trace},
		{"prctl", [6]uint64{high | unix.PR_SET_DUMPABLE}, trace}, // the kernel reads 32 bits
		{"prctl", [6]uint64{unix.PR_GET_NAME}, allow},
		{"prctl", [6]uint64{unix.PR_SET_TIMERSLACK}, allow},

		{"clone", [6]uint64{unix.CLONE_VM | unix.CLONE_THREAD}, allow}, // ptrace has an event for it
		{"clone", [6]uint64{17}, allow},
		{"clone", [6]uint64{unix.CLONE_UNTRACED | 17}, trace},
		{"clone", [6]uint64{high | unix.CLONE_UNTRACED}, trace},
		{"clone3", [6]uint64{0x1000, 88}, trace},
		{"clone3", [6]uint64{0x7fff_0000_0000, 88}, trace},

		{"personality", [6]uint64{0xffffffff}, allow}, // a question
		{"personality", [6]uint64{0}, trace},
		{"personality", [6]uint64{^uint64(0)}, trace}, // wider than need be: the tracer lets it go
	} {
		nr, ok := syscalls.Number(native, tt.name)
		if !ok {
			t.Errorf("%s: no such call", tt.name)
			continue
		}
		if got := m.run(t, native.Audit(), uint32(nr), tt.args); got != tt.want {
			t.Errorf("%s%#x: %s, expected %s", tt.name, tt.args, verdict(got), verdict(tt.want))
		}
	}
}

// TestForeign holds that no call gets past the filter by another convention.
func TestForeign(t *testing.T) {
	for _, words := range [][]string{{"default"}, {"openat"}, nil} {
		m, _ := program(t, words...)
		audits := []uint32{syscalls.AMD64.Audit(), syscalls.ARM64.Audit(), syscalls.I386.Audit(), syscalls.ARM.Audit(), 0, 0xc00000f3, ^uint32(0)}
		for _, audit := range audits {
			if audit == native.Audit() {
				continue
			}
			for _, nr := range []uint32{0, 1, 5, 11, 59, 221, 1 << 30, ^uint32(0)} {
				if got := m.run(t, audit, nr, [6]uint64{}); got != unix.SECCOMP_RET_TRACE {
					t.Errorf("%q: call %d of architecture %#x: %s", words, nr, audit, verdict(got))
				}
			}
		}
		if native != syscalls.AMD64 {
			continue
		}
		const x32 = 0x40000000
		for nr := range uint32(600) {
			if got := m.run(t, native.Audit(), x32|nr, [6]uint64{}); got != unix.SECCOMP_RET_TRACE {
				t.Errorf("%q: x32 call %d: %s", words, nr, verdict(got))
			}
		}
		for _, nr := range []uint32{0x7fffffff, 0x80000000, 0xfffffffe} {
			if got := m.run(t, native.Audit(), nr, [6]uint64{}); got != unix.SECCOMP_RET_TRACE {
				t.Errorf("%q: call %#x: %s", words, nr, verdict(got))
			}
		}
	}
}

// TestUnknownNumbers holds that what no table knows runs at full speed, and that a call that a tracer
// skipped by the number -1 is not stopped again.
func TestUnknownNumbers(t *testing.T) {
	m, _ := program(t, "default")
	for _, nr := range []uint32{480, 1000, 1 << 20, ^uint32(0)} {
		if got := m.run(t, native.Audit(), nr, [6]uint64{}); got != unix.SECCOMP_RET_ALLOW {
			t.Errorf("call %d: %s", int32(nr), verdict(got))
		}
	}
}

func TestProgramSame(t *testing.T) {
	calls, err := syscalls.Select([]string{"default"})
	if err != nil {
		t.Fatal(err)
	}
	one, err := TraceProgram(calls)
	if err != nil {
		t.Fatal(err)
	}
	two, err := TraceProgram(calls)
	if err != nil || !bytes.Equal(one, two) {
		t.Errorf("two programs of the same calls differ: %v", err)
	}
}

func BenchmarkTraceProgram(b *testing.B) {
	calls, err := syscalls.Select([]string{"default"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := TraceProgram(calls); err != nil {
			b.Fatal(err)
		}
	}
}
