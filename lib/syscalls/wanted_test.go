package syscalls

import (
	"testing"

	"golang.org/x/sys/unix"
)

const high = 1 << 32 // a bit that the kernel does not look at in a 32-bit argument

func TestWanted(t *testing.T) {
	for _, tt := range []struct {
		name string
		args [6]uint64
		want bool
	}{
		{"openat", [6]uint64{}, true},
		{"fork", [6]uint64{}, true},

		{"sendto", [6]uint64{3, 0x1000, 5, 0, 0x2000, 16}, true},
		{"sendto", [6]uint64{3, 0x1000, 5, 0, 1 << 40, 16}, true},
		{"sendto", [6]uint64{3, 0x1000, 5, 0, 0, 0}, false},

		{"mmap", [6]uint64{0, 4096, unix.PROT_READ, unix.MAP_PRIVATE}, false},
		{"mmap", [6]uint64{0, 4096, unix.PROT_READ | unix.PROT_EXEC, unix.MAP_PRIVATE}, false},
		{"mmap", [6]uint64{0, 4096, unix.PROT_WRITE, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS}, false},
		{"mmap", [6]uint64{0, 4096, unix.PROT_EXEC, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS}, true},
		{"mmap", [6]uint64{0, 4096, unix.PROT_WRITE | unix.PROT_EXEC, unix.MAP_PRIVATE}, true},
		{"mmap", [6]uint64{0, 4096, high | unix.PROT_WRITE | unix.PROT_EXEC, unix.MAP_PRIVATE}, true},
		{"mprotect", [6]uint64{0x1000, 4096, unix.PROT_READ}, false},
		{"mprotect", [6]uint64{0x1000, 4096, unix.PROT_READ | unix.PROT_EXEC}, true},
		{"mprotect", [6]uint64{0x1000, 4096, high | unix.PROT_EXEC}, true},
		{"pkey_mprotect", [6]uint64{0x1000, 4096, unix.PROT_EXEC, 1}, true},

		{"prctl", [6]uint64{unix.PR_SET_NO_NEW_PRIVS, 1}, true},
		{"prctl", [6]uint64{high | unix.PR_SET_NO_NEW_PRIVS, 1}, true},
		{"prctl", [6]uint64{unix.PR_SET_PTRACER, 1}, true},
		{"prctl", [6]uint64{unix.PR_SET_DUMPABLE, 0}, true},
		{"prctl", [6]uint64{unix.PR_SET_SECCOMP, 2}, true},
		{"prctl", [6]uint64{unix.PR_GET_NAME}, false},
		{"prctl", [6]uint64{unix.PR_SET_VMA}, false},

		{"clone", [6]uint64{unix.CLONE_VM | unix.CLONE_THREAD}, false},
		{"clone", [6]uint64{unix.CLONE_UNTRACED | 17}, true},
		{"clone3", [6]uint64{0x1000, 88}, true},
		{"clone3", [6]uint64{0, 88}, false},

		{"personality", [6]uint64{0xffffffff}, false},
		{"personality", [6]uint64{^uint64(0)}, false},
		{"personality", [6]uint64{8}, true},
		{"personality", [6]uint64{0x0040000}, true}, // ADDR_NO_RANDOMIZE
		{"personality", [6]uint64{0}, true},
	} {
		c := ByName(tt.name)
		if c == nil {
			t.Errorf("%s: no such call", tt.name)
			continue
		}
		if got := c.Wanted(&tt.args); got != tt.want {
			t.Errorf("%s%#x: %v", tt.name, tt.args, got)
		}
	}
}

// TestPrctlOptions holds that every option that has a name is worth a stop.
func TestPrctlOptions(t *testing.T) {
	for _, row := range PrctlOption.rows {
		if !ByName("prctl").Wanted(&[6]uint64{row.value[0]}) {
			t.Errorf("%s is not wanted", row.name)
		}
	}
}
