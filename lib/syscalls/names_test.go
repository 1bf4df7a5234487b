package syscalls

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// allNames are the lists of names by their variables.
var allNames = map[string]*Names{
	"OpenFlags": OpenFlags, "FDFlags": FDFlags, "AtFlags": AtFlags, "RemoveFlags": RemoveFlags, "AccessAtFlags": AccessAtFlags,
	"CloneFlags": CloneFlags, "UnshareFlags": UnshareFlags, "MountFlags": MountFlags, "MountAttrs": MountAttrs,
	"UmountFlags": UmountFlags, "ProtFlags": ProtFlags, "MapFlags": MapFlags, "MemfdFlags": MemfdFlags,
	"RenameFlags": RenameFlags, "ResolveFlags": ResolveFlags, "AddressFamily": AddressFamily, "SocketType": SocketType,
	"SocketTypeBits": SocketTypeBits, "Protocol": Protocol, "PrctlOption": PrctlOption, "PtraceRequest": PtraceRequest,
	"KeyctlOp": KeyctlOp, "SeccompOp": SeccompOp, "SeccompFlags": SeccompFlags, "BPFCommand": BPFCommand, "MessageFlags": MessageFlags,
}

func TestNamesUnique(t *testing.T) {
	for list, n := range allNames {
		seen := map[string]bool{}
		for _, row := range slices.Concat(n.rows, n.base) {
			if seen[row.name] {
				t.Errorf("%s: %s twice", list, row.name)
			}
			seen[row.name] = true
		}
		for arch := range 4 {
			for i, row := range n.rows {
				// a name that covers another must come first, or it is never shown
				for _, before := range n.rows[:i] {
					if v, b := row.value[arch], before.value[arch]; v != b && b != 0 && v&b == b && isFlags(n) {
						t.Errorf("%s: %s stands before %s, which covers it", list, before.name, row.name)
					}
				}
			}
		}
	}
}

// isFlags reports whether a list is used as a set of bits.
func isFlags(n *Names) bool {
	for _, c := range all {
		for _, p := range c.Params {
			if p.Names == n {
				return p.Role != RoleEnum
			}
		}
	}
	return true
}

// TestFlagsLoseNothing decodes numbers and puts the names together again.
func TestFlagsLoseNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for list, n := range allNames {
		values := map[string]uint64{}
		for abi := range abiCount {
			clear(values)
			for _, row := range slices.Concat(n.rows, n.base) {
				values[row.name] = row.value[abis[abi].arch]
			}
			if n.zero != "" {
				values[n.zero] = 0
			}
			inputs := []uint64{0, 1, 0xffffffff, ^uint64(0), 1 << 63, 1<<32 | 1}
			for range 500 {
				inputs = append(inputs, rng.Uint64(), rng.Uint64()&rng.Uint64()&0xffffffff)
			}
			for _, v := range inputs {
				var back uint64
				names := n.Flags(nil, abi, v)
				for _, name := range names {
					value, ok := values[name]
					if h, isHex := strings.CutPrefix(name, "0x"); isHex {
						var err error
						value, err = strconv.ParseUint(h, 16, 64)
						ok = err == nil
					}
					if !ok {
						t.Fatalf("%s on %s: %#x gives %q", list, abi, v, name)
					}
					back |= value
				}
				if back != v {
					t.Fatalf("%s on %s: %#x gives %q, together %#x", list, abi, v, names, back)
				}
			}
		}
	}
}

func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		names *Names
		abi   ABI
		v     uint64
		want  string
	}{
		{OpenFlags, AMD64, 0, "O_RDONLY"},
		{OpenFlags, AMD64, unix.O_WRONLY | unix.O_CREAT | unix.O_TRUNC | 0x80000, "O_WRONLY O_CREAT O_TRUNC O_CLOEXEC"},
		{OpenFlags, AMD64, 3, "0x3"},
		{OpenFlags, AMD64, 0x80000002, "O_RDWR 0x80000000"},
		{OpenFlags, AMD64, 0x101000, "O_RDONLY O_SYNC"},
		{OpenFlags, AMD64, 0x1000, "O_RDONLY O_DSYNC"},
		// musl sets it on every machine
		{OpenFlags, AMD64, 0x8000, "O_RDONLY O_LARGEFILE"},
		// the same bits mean other things on ARM, asm/fcntl.h
		{OpenFlags, AMD64, 0x10000, "O_RDONLY O_DIRECTORY"},
		{OpenFlags, ARM64, 0x10000, "O_RDONLY O_DIRECT"},
		{OpenFlags, ARM64, 0x4000, "O_RDONLY O_DIRECTORY"},
		{OpenFlags, ARM64, 0x8000, "O_RDONLY O_NOFOLLOW"},
		{OpenFlags, AMD64, 0x20000, "O_RDONLY O_NOFOLLOW"},
		{OpenFlags, ARM64, 0x20000, "O_RDONLY O_LARGEFILE"},
		{OpenFlags, ARM64, 0x404002, "O_RDWR O_TMPFILE"},
		{OpenFlags, AMD64, 0x410002, "O_RDWR O_TMPFILE"},
		{OpenFlags, I386, 0x8000, "O_RDONLY O_LARGEFILE"},
		{OpenFlags, ARM, 0x4000, "O_RDONLY O_DIRECTORY"},
		{OpenFlags, X32, 0x10000, "O_RDONLY O_DIRECTORY"},
		{FDFlags, AMD64, 0, ""},
		{FDFlags, AMD64, 0x80800, "O_NONBLOCK O_CLOEXEC"},
		{ProtFlags, AMD64, 0, "PROT_NONE"},
		{ProtFlags, AMD64, 7, "PROT_READ PROT_WRITE PROT_EXEC"},
		{MapFlags, AMD64, 0x22, "MAP_PRIVATE MAP_ANONYMOUS"},
		{MapFlags, AMD64, 0x3, "MAP_SHARED_VALIDATE"},
		{MapFlags, AMD64, 0x1, "MAP_SHARED"},
		{CloneFlags, AMD64, unix.CLONE_NEWTIME | unix.CLONE_NEWUSER, "CLONE_NEWTIME CLONE_NEWUSER"},
		{CloneFlags, AMD64, CloneVM | CloneFS | CloneThread, "CLONE_VM CLONE_FS CLONE_THREAD"},
		{SocketType, AMD64, unix.SOCK_DGRAM | unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK, "SOCK_DGRAM SOCK_CLOEXEC SOCK_NONBLOCK"},
		{SocketType, AMD64, 0xf, "0xf"},
		{UmountFlags, AMD64, 0xa, "MNT_DETACH UMOUNT_NOFOLLOW"},
		{AtFlags, AMD64, 0, ""},
		{AccessAtFlags, AMD64, 0x200, "AT_EACCESS"},
		{RemoveFlags, AMD64, 0x200, "AT_REMOVEDIR"},
	} {
		if got := strings.Join(tt.names.Flags(nil, tt.abi, tt.v), " "); got != tt.want {
			t.Errorf("%#x on %s: %q, expected %q", tt.v, tt.abi, got, tt.want)
		}
	}
	kept := OpenFlags.Flags([]string{"before"}, AMD64, 1)
	if !slices.Equal(kept, []string{"before", "O_WRONLY"}) {
		t.Errorf("not appended: %q", kept)
	}
}

func TestEnum(t *testing.T) {
	for _, tt := range []struct {
		names *Names
		v     uint64
		want  string
	}{
		{AddressFamily, unix.AF_UNIX, "AF_UNIX"},
		{AddressFamily, unix.AF_INET6, "AF_INET6"},
		{AddressFamily, unix.AF_VSOCK, "AF_VSOCK"},
		{AddressFamily, 4096, "0x1000"},
		{Protocol, unix.IPPROTO_UDP, "IPPROTO_UDP"},
		{PrctlOption, unix.PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS"},
		{PrctlOption, unix.PR_SET_PTRACER, "PR_SET_PTRACER"},
		{PrctlOption, unix.PR_GET_NAME, "0x10"},
		{PtraceRequest, unix.PTRACE_ATTACH, "PTRACE_ATTACH"},
		{PtraceRequest, unix.PTRACE_SEIZE, "PTRACE_SEIZE"},
		{KeyctlOp, unix.KEYCTL_JOIN_SESSION_KEYRING, "KEYCTL_JOIN_SESSION_KEYRING"},
		{SeccompOp, unix.SECCOMP_SET_MODE_FILTER, "SECCOMP_SET_MODE_FILTER"},
		{BPFCommand, unix.BPF_PROG_LOAD, "BPF_PROG_LOAD"},
		{BPFCommand, ^uint64(0), "0xffffffffffffffff"},
	} {
		if got := tt.names.Enum(AMD64, tt.v); got != tt.want {
			t.Errorf("%#x: %q, expected %q", tt.v, got, tt.want)
		}
	}
}

// TestNamesOfThisMachine compares with the constants that Go has for the machine that runs the test.
func TestNamesOfThisMachine(t *testing.T) {
	constants := map[string]uint64{
		"O_CREAT": unix.O_CREAT, "O_EXCL": unix.O_EXCL, "O_TRUNC": unix.O_TRUNC, "O_APPEND": unix.O_APPEND,
		"O_NONBLOCK": unix.O_NONBLOCK, "O_DIRECTORY": unix.O_DIRECTORY, "O_NOFOLLOW": unix.O_NOFOLLOW, "O_DIRECT": unix.O_DIRECT,
		"O_CLOEXEC": unix.O_CLOEXEC, "O_PATH": unix.O_PATH, "O_TMPFILE": unix.O_TMPFILE, "O_SYNC": unix.O_SYNC,
		"AT_SYMLINK_NOFOLLOW": unix.AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_FOLLOW": unix.AT_SYMLINK_FOLLOW, "AT_EMPTY_PATH": unix.AT_EMPTY_PATH,
		"AT_REMOVEDIR": unix.AT_REMOVEDIR, "AT_EACCESS": unix.AT_EACCESS,
		"CLONE_UNTRACED": unix.CLONE_UNTRACED, "CLONE_NEWUSER": unix.CLONE_NEWUSER, "CLONE_INTO_CGROUP": unix.CLONE_INTO_CGROUP,
		"MS_BIND": unix.MS_BIND, "MS_NOSUID": unix.MS_NOSUID, "MS_PRIVATE": unix.MS_PRIVATE,
		"MNT_DETACH": unix.MNT_DETACH, "UMOUNT_NOFOLLOW": unix.UMOUNT_NOFOLLOW,
		"PROT_EXEC": unix.PROT_EXEC, "PROT_WRITE": unix.PROT_WRITE, "MAP_ANONYMOUS": unix.MAP_ANONYMOUS, "MAP_FIXED": unix.MAP_FIXED,
		"MFD_CLOEXEC": unix.MFD_CLOEXEC, "RENAME_EXCHANGE": unix.RENAME_EXCHANGE, "RESOLVE_BENEATH": unix.RESOLVE_BENEATH,
		"AF_NETLINK": unix.AF_NETLINK, "AF_PACKET": unix.AF_PACKET, "SOCK_SEQPACKET": unix.SOCK_SEQPACKET,
		"MSG_OOB": unix.MSG_OOB, "MSG_PEEK": unix.MSG_PEEK, "MSG_DONTROUTE": unix.MSG_DONTROUTE, "MSG_CTRUNC": unix.MSG_CTRUNC,
		"MSG_TRUNC": unix.MSG_TRUNC, "MSG_DONTWAIT": unix.MSG_DONTWAIT, "MSG_EOR": unix.MSG_EOR, "MSG_WAITALL": unix.MSG_WAITALL,
		"MSG_CONFIRM": unix.MSG_CONFIRM, "MSG_ERRQUEUE": unix.MSG_ERRQUEUE, "MSG_NOSIGNAL": unix.MSG_NOSIGNAL, "MSG_MORE": unix.MSG_MORE,
		"MSG_WAITFORONE": unix.MSG_WAITFORONE, "MSG_ZEROCOPY": unix.MSG_ZEROCOPY, "MSG_FASTOPEN": unix.MSG_FASTOPEN,
		"MSG_CMSG_CLOEXEC":                 unix.MSG_CMSG_CLOEXEC,
		"SECCOMP_FILTER_FLAG_NEW_LISTENER": unix.SECCOMP_FILTER_FLAG_NEW_LISTENER,
		"PTRACE_GET_SYSCALL_INFO":          unix.PTRACE_GET_SYSCALL_INFO, "PR_CAP_AMBIENT": unix.PR_CAP_AMBIENT,
	}
	arch := abis[Native(runtime.GOARCH)].arch
	found := map[string]bool{}
	for list, n := range allNames {
		for _, row := range slices.Concat(n.rows, n.base) {
			if want, ok := constants[row.name]; ok {
				found[row.name] = true
				if row.value[arch] != want {
					t.Errorf("%s: %s is %#x, expected %#x", list, row.name, row.value[arch], want)
				}
			}
		}
	}
	for name := range constants {
		if !found[name] {
			t.Errorf("%s has no name in any list", name)
		}
	}
	for name, pair := range map[string][2]uint64{
		"CloneUntraced": {CloneUntraced, unix.CLONE_UNTRACED}, "CloneVM": {CloneVM, unix.CLONE_VM}, "CloneFS": {CloneFS, unix.CLONE_FS},
		"CloneParent": {CloneParent, unix.CLONE_PARENT}, "CloneThread": {CloneThread, unix.CLONE_THREAD},
		"CloneSignalMask": {CloneSignalMask, unix.CSIGNAL}, "protExec": {protExec, unix.PROT_EXEC},
		"protWrite": {protWrite, unix.PROT_WRITE}, "mapAnon": {mapAnon, unix.MAP_ANONYMOUS},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %#x, expected %#x", name, pair[0], pair[1])
		}
	}
}

func TestErrno(t *testing.T) {
	for n := range 200 {
		want := unix.ErrnoName(syscall.Errno(n))
		switch want { // of two names for a number, the one of errno(3)
		case "ENOTSUP":
			want = "EOPNOTSUPP"
		case "EFSCORRUPTED":
			want = "EUCLEAN"
		case "":
			want = strconv.Itoa(n)
		}
		if got := Errno(n); got != want {
			t.Errorf("%d: %s, expected %s", n, got, want)
		}
	}
	for n, want := range map[int]string{
		512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND", 516: "ERESTART_RESTARTBLOCK",
		-1: "-1", 4095: "4095",
	} {
		if got := Errno(n); got != want {
			t.Errorf("%d: %s, expected %s", n, got, want)
		}
	}
	for n := 500; n < 530; n++ {
		if want := n >= 512 && n <= 516 && n != 515; IsRestart(n) != want { // 515 is ENOIOCTLCMD
			t.Errorf("%d: a restart is %v", n, !want)
		}
	}
}

func TestSignal(t *testing.T) {
	for n := range 32 {
		want := unix.SignalName(syscall.Signal(n))
		if want == "" {
			want = strconv.Itoa(n)
		}
		if got := Signal(n); got != want {
			t.Errorf("%d: %s, expected %s", n, got, want)
		}
	}
	for n, want := range map[int]string{32: "SIGRT_0", 34: "SIGRT_2", 64: "SIGRT_32", 65: "65", -1: "-1", 1 << 30: "1073741824"} {
		if got := Signal(n); got != want {
			t.Errorf("%d: %s, expected %s", n, got, want)
		}
	}
}
