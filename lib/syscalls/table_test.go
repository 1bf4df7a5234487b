package syscalls

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"sandtrace/lib/event"
)

// TestRows holds what the filter and the decoder take for granted of every row.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	categories := []event.Category{
		event.CategoryFileRead, event.CategoryFileWrite, event.CategoryFileMetadata, event.CategoryDirectory, event.CategoryProcess,
		event.CategoryNetwork, event.CategoryMemory, event.CategorySignal, event.CategoryIPC, event.CategorySystem,
	}
	for i := range table {
		c := &table[i]
		bad := func(what string) { t.Errorf("%s: %s", c.Name, what) }
		if seen[c.Name] {
			bad("two rows")
		}
		seen[c.Name] = true
		if !exists(c.Name) {
			bad("exists on no ABI")
		}
		if !slices.Contains(categories, c.Category) {
			bad("category " + string(c.Category))
		}
		if c.Sets == 0 {
			bad("in no set")
		}
		if len(c.Params) > 6 {
			bad("more arguments than registers")
		}
		if c.Event && c.Category != event.CategoryProcess {
			bad("an event of something that is no process")
		}
		checkRoles(c.Params, bad)
		checkConditions(c, bad)
	}
}

func exists(name string) bool {
	for a := range abiCount {
		if _, ok := Number(a, name); ok {
			return true
		}
	}
	return false
}

func checkRoles(params []Param, bad func(string)) {
	paths, keys := 0, map[string]bool{}
	for i, p := range params {
		if (p.Role == RoleHidden) != (p.Name == "") {
			bad("an argument is hidden and has a name, or the opposite")
		}
		if p.Name != "" && keys[p.Name] {
			bad("two arguments " + p.Name)
		}
		keys[p.Name] = true
		switch p.Role {
		case RoleFlags, RoleEnum, RoleSocketType, RoleOpenHow, RoleCloneArgs, RoleCloneFlags:
			if p.Names == nil {
				bad(p.Name + " has no names")
			}
		case RoleSockaddr, RolePeer, RoleMmsghdr:
			if i > 4 {
				bad(p.Name + " has no register left for its length")
			}
			if i+1 < len(params) && params[i+1].Role != RoleHidden {
				bad("the length of " + p.Name + " is shown as something else")
			}
		case RolePath, RoleName:
			paths++
		case RoleDirFD:
			if i+1 == len(params) || params[i+1].Role != RolePath && params[i+1].Role != RoleName {
				bad(p.Name + " is followed by no name")
			}
		}
		if p.Names != nil && len(p.Names.rows) == 0 {
			bad(p.Name + " has an empty list of names")
		}
	}
	if paths > 2 {
		bad("more than two names: a record has path and to")
	}
	for i, p := range params {
		if p.Role == RoleTarget && (i != 0 || paths != 1) {
			bad("a link's contents without the one link")
		}
	}
}

// checkConditions holds the form that seccomp.TraceProgram can say: one condition an argument.
func checkConditions(c *Call, bad func(string)) {
	for _, all := range c.When {
		if len(all) == 0 {
			bad("an alternative without a condition: say none at all")
		}
		seen := map[int]bool{}
		for _, cond := range all {
			if cond.Arg < 0 || cond.Arg > 5 {
				bad("a condition on no argument")
			}
			if seen[cond.Arg] {
				bad("two conditions on one argument")
			}
			seen[cond.Arg] = true
			if cond.Value&^cond.Mask != 0 {
				bad("a value outside its mask: never equal")
			}
		}
	}
}

// TestNumbers compares with what the kernel's own tables say.
func TestNumbers(t *testing.T) {
	for _, tt := range []struct {
		name string
		nr   [abiCount]int // amd64, arm64, i386, arm, x32; -1 where there is none
	}{
		{"read", [abiCount]int{0, 63, 3, 3, 0}},
		{"execve", [abiCount]int{59, 221, 11, 11, 520}},
		{"execveat", [abiCount]int{322, 281, 358, 387, 545}},
		{"open", [abiCount]int{2, -1, 5, 5, 2}},
		{"openat", [abiCount]int{257, 56, 295, 322, 257}},
		{"openat2", [abiCount]int{437, 437, 437, 437, 437}},
		{"clone", [abiCount]int{56, 220, 120, 120, 56}},
		{"clone3", [abiCount]int{435, 435, 435, 435, 435}},
		{"fork", [abiCount]int{57, -1, 2, 2, 57}},
		{"connect", [abiCount]int{42, 203, 362, 283, 42}},
		{"accept", [abiCount]int{43, 202, -1, 285, 43}},
		{"sendmsg", [abiCount]int{46, 211, 370, 296, 518}},
		{"recvfrom", [abiCount]int{45, 207, 371, 292, 517}},
		{"ptrace", [abiCount]int{101, 117, 26, 26, 521}},
		{"process_vm_writev", [abiCount]int{311, 271, 348, 377, 540}},
		{"socketcall", [abiCount]int{-1, -1, 102, -1, -1}},
		{"mmap", [abiCount]int{9, 222, -1, -1, 9}},
		{"mmap2", [abiCount]int{-1, -1, 192, 192, -1}},
		{"old_mmap", [abiCount]int{-1, -1, 90, -1, -1}},
		{"newfstatat", [abiCount]int{262, 79, -1, -1, 262}},
		{"fstatat64", [abiCount]int{-1, -1, 300, 327, -1}},
		{"umount", [abiCount]int{-1, -1, 22, -1, -1}},
		{"umount2", [abiCount]int{166, 39, 52, 52, 166}},
		{"io_uring_setup", [abiCount]int{425, 425, 425, 425, 425}},
		{"mount_setattr", [abiCount]int{442, 442, 442, 442, 442}},
		{"fchmodat2", [abiCount]int{452, 452, 452, 452, 452}},
		{"setuid", [abiCount]int{105, 146, 23, 23, 105}},
		{"setuid32", [abiCount]int{-1, -1, 213, 213, -1}},
		{"bpf", [abiCount]int{321, 280, 357, 386, 321}},
		{"kexec_load", [abiCount]int{246, 104, 283, 347, 528}},
	} {
		for a, want := range tt.nr {
			got, ok := Number(ABI(a), tt.name)
			if !ok {
				got = -1
			}
			if got != want {
				t.Errorf("%s on %s: %d, expected %d", tt.name, ABI(a), got, want)
			}
		}
	}
}

// TestAll holds that every call of every ABI has one row, sorted by name, and is found by its number.
func TestAll(t *testing.T) {
	if !slices.IsSortedFunc(All(), func(a, b *Call) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not sorted by name")
	}
	for _, c := range All() {
		if ByName(c.Name) != c {
			t.Errorf("%s: two rows", c.Name)
		}
		found := false
		for a := range abiCount {
			nr, ok := Number(a, c.Name)
			if !ok {
				continue
			}
			found = true
			if a == X32 {
				nr |= x32Bit
			}
			if got, abi, ok := Lookup(a.Audit(), uint64(nr)); got != c || abi != a || !ok {
				t.Errorf("%s on %s: its number %#x is %v on %s", c.Name, a, nr, got, abi)
			}
		}
		if !found {
			t.Errorf("%s: no number", c.Name)
		}
	}
	if ByName("no_such_call") != nil {
		t.Error("a call that does not exist has a row")
	}
}

func TestLookup(t *testing.T) {
	const unknownArch = 0xc00000f3 // AUDIT_ARCH_RISCV64
	for _, tt := range []struct {
		audit uint32
		nr    uint64
		want  string
		abi   ABI
		known bool
	}{
		{AMD64.Audit(), 59, "execve", AMD64, true},
		{AMD64.Audit(), x32Bit | 520, "execve", X32, true},
		{AMD64.Audit(), x32Bit | 59, "", X32, true}, // amd64's number is not x32's
		{AMD64.Audit(), 520, "", AMD64, true},
		{AMD64.Audit(), x32Bit | 0x3fffffff, "", X32, true},
		{AMD64.Audit(), 2 * x32Bit, "", AMD64, true},
		{AMD64.Audit(), 0xffffffff, "", AMD64, true},
		{AMD64.Audit(), 1<<32 | 59, "", AMD64, true},
		{AMD64.Audit(), 1<<32 | x32Bit | 520, "", AMD64, true},
		{AMD64.Audit(), ^uint64(0), "", AMD64, true},
		{AMD64.Audit(), ^uint64(1), "", AMD64, true},
		{AMD64.Audit(), 1 << 63, "", AMD64, true},
		{I386.Audit(), 11, "execve", I386, true},
		{I386.Audit(), x32Bit | 11, "", I386, true},
		{I386.Audit(), ^uint64(0), "", I386, true},
		{ARM64.Audit(), 221, "execve", ARM64, true},
		{ARM64.Audit(), 1 << 20, "", ARM64, true},
		{ARM.Audit(), 11, "execve", ARM, true},
		{ARM.Audit(), 0xf0005, "", ARM, true}, // __ARM_NR_set_tls
		{unknownArch, 221, "", 0, false},
		{0, 0, "", 0, false},
	} {
		c, abi, known := Lookup(tt.audit, tt.nr)
		name := ""
		if c != nil {
			name = c.Name
		}
		if name != tt.want || abi != tt.abi || known != tt.known {
			t.Errorf("%#x %#x: %q on %s, %v; expected %q on %s, %v", tt.audit, tt.nr, name, abi, known, tt.want, tt.abi, tt.known)
		}
	}
}

func TestABI(t *testing.T) {
	for abi, want := range map[ABI]struct {
		name string
		word int
	}{AMD64: {"x86_64", 8}, ARM64: {"aarch64", 8}, I386: {"i386", 4}, ARM: {"arm", 4}, X32: {"x32", 4}} {
		if abi.String() != want.name || abi.Word() != want.word {
			t.Errorf("%s has words of %d", abi, abi.Word())
		}
	}
	if Native("amd64") != AMD64 || Native("arm64") != ARM64 {
		t.Error("a machine's own ABI is another's")
	}
}

// listed is the default set as the project wants it; * stands for any letters. What has several
// forms, for other machines or newer kernels, is listed by one of them: see others.
const listed = `execve execveat fork vfork clone clone3 kill tkill tgkill ptrace process_vm_readv process_vm_writev
	pidfd_getfd pidfd_send_signal
	open openat openat2 creat truncate rename* link* symlink* unlink* mkdir* rmdir mknod* chmod* fchmod* chown* fchown*
	*setxattr chdir fchdir open_by_handle_at
	socket connect bind listen accept accept4 sendto sendmsg sendmmsg
	set*uid set*gid capset unshare setns chroot pivot_root mount umount2
	fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr
	init_module finit_module bpf memfd_create io_uring_setup seccomp prctl userfaultfd perf_event_open kexec* mprotect mmap
	personality keyctl add_key`

// others are calls of the default set that do what a listed one does, by another name.
var others = map[string]string{
	"rt_sigqueueinfo": "kill with a value", "rt_tgsigqueueinfo": "tgkill with a value",
	"truncate64": "truncate on 32 bits", "lchown": "chown of a link", "lchown32": "lchown on 32 bits", "setxattrat": "setxattr by dirfd",
	"setuid32": "setuid on 32 bits", "setgid32": "setgid on 32 bits", "setreuid32": "setreuid on 32 bits",
	"setregid32": "setregid on 32 bits", "setresuid32": "setresuid on 32 bits", "setresgid32": "setresgid on 32 bits",
	"setfsuid32": "setfsuid on 32 bits", "setfsgid32": "setfsgid on 32 bits",
	"setgroups": "the gids besides setgid's", "setgroups32": "setgroups on 32 bits",
	"umount": "umount2 without flags", "open_tree_attr": "open_tree and mount_setattr",
	"pkey_mprotect": "mprotect with a key", "mmap2": "mmap on 32 bits", "old_mmap": "mmap of i386",
	"socketcall": "all network calls of i386",
}

// unlike are calls that a pattern of the list takes in by accident.
var unlike = []string{"setpgid"} // sets a process group, not a group id

func TestDefaultSet(t *testing.T) {
	var want []string
	for pattern := range strings.FieldsSeq(listed) {
		n := len(want)
		for _, c := range All() {
			if ok, err := path.Match(pattern, c.Name); err != nil {
				t.Fatal(err)
			} else if ok && !slices.Contains(unlike, c.Name) {
				want = append(want, c.Name)
			}
		}
		if len(want) == n {
			t.Errorf("%s: no such call", pattern)
		}
	}
	for name := range others {
		if slices.Contains(want, name) {
			t.Errorf("%s is listed already", name)
		}
		want = append(want, name)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	var got []string
	calls, err := Select([]string{"default"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		got = append(got, c.Name)
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s is not in the default set", name)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("%s is in the default set and should not be", name)
		}
	}
}

// TestGenerated holds that the generated tables are what the generator writes.
func TestGenerated(t *testing.T) {
	cmd := exec.Command("go", "run", "./scripts/gen-syscalls", "-check")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
