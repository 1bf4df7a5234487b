package policy

import (
	"slices"
	"strings"

	"sandtrace/lib/spell"
	"sandtrace/lib/syscalls"
)

// Set is a named group of system calls, for deny and log_only.
type Set struct {
	Name  string // with its "@"
	Calls []string
	About string
}

// Sets are the groups that a policy may name. Calls that an architecture lacks are passed over there.
var Sets = []Set{
	{"@bpf", []string{"bpf", "perf_event_open"}, "programs in the kernel, and its counters"},
	{"@chown", []string{"chown", "fchown", "fchownat", "lchown"}, "owners of files"},
	{"@clock", []string{"adjtimex", "clock_adjtime", "clock_settime", "settimeofday", "stime"}, "setting the clock"},
	{"@io-uring", []string{"io_uring_setup", "io_uring_enter", "io_uring_register"}, "calls that no filter sees"},
	{"@ipc", []string{
		"msgctl", "msgget", "msgrcv", "msgsnd", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink",
		"semctl", "semget", "semop", "semtimedop", "shmat", "shmctl", "shmdt", "shmget",
	}, "System V IPC and message queues"},
	{"@kexec", []string{"kexec_load", "kexec_file_load"}, "starting another kernel"},
	{"@keyring", []string{"add_key", "keyctl", "request_key"}, "keys that the kernel keeps"},
	{"@module", []string{"init_module", "finit_module", "delete_module"}, "kernel modules"},
	{"@mount", []string{
		"mount", "umount", "umount2", "pivot_root", "chroot", "fsconfig", "fsmount", "fsopen", "fspick", "mount_setattr", "move_mount", "open_tree", "open_tree_attr",
	}, "the tree of mounts"},
	{"@namespace", []string{"setns"}, "joining a namespace; new ones are blocked by their flags"},
	{"@network", []string{"accept", "accept4", "bind", "connect", "listen", "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg", "sendmmsg", "socket", "socketpair"}, "sockets of any kind"},
	{"@obsolete", []string{"_sysctl", "afs_syscall", "create_module", "get_kernel_syms", "getpmsg", "lookup_dcookie", "nfsservctl", "putpmsg", "query_module", "sysfs", "tuxcall", "uselib", "ustat", "vserver"}, "calls that nothing needs any more"},
	{"@ptrace", []string{"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"}, "reading and changing other processes"},
	{"@quota", []string{"quotactl", "quotactl_fd", "acct"}, "quotas and accounting"},
	{"@raw-io", []string{"ioperm", "iopl", "pciconfig_iobase", "pciconfig_read", "pciconfig_write"}, "ports and buses"},
	{"@reboot", []string{"reboot", "vhangup"}, "ending the machine, or the session of a terminal"},
	{"@swap", []string{"swapon", "swapoff"}, "swap space"},
	{"@syslog", []string{"syslog"}, "the kernel's log"},
	{"@handle", []string{"open_by_handle_at"}, "opening files by their number, past every path"},
	{"@userfault", []string{"userfaultfd"}, "holding the kernel in a page fault"},
}

// Releasable are the sets that are blocked unless [syscalls] allow names them.
var Releasable = []string{"@ptrace"}

// Blocked are the sets that are refused whatever a policy says, but for the Releasable ones.
var Blocked = []string{
	"@bpf", "@clock", "@handle", "@io-uring", "@kexec", "@keyring", "@module", "@mount", "@namespace", "@obsolete",
	"@ptrace", "@quota", "@raw-io", "@reboot", "@swap", "@syslog", "@userfault",
}

// SetByName is the set of that name, or nil.
func SetByName(name string) *Set {
	i := slices.IndexFunc(Sets, func(s Set) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &Sets[i]
}

// expand is the calls that a name means.
func expand(n Name) ([]string, error) {
	if strings.HasPrefix(n.Text, "@") {
		if s := SetByName(n.Text); s != nil {
			return s.Calls, nil
		}
		return nil, errorAt(n.At, "unknown set %q: %s", n.Text, spell.Hint(n.Text, setNames()))
	}
	if syscalls.ByName(n.Text) == nil {
		if near := spell.Nearest(n.Text, callNames()); near != "" {
			return nil, errorAt(n.At, "unknown system call %q: expected %s", n.Text, near)
		}
		return nil, errorAt(n.At, "unknown system call %q: expected its name, or a set such as @mount", n.Text)
	}
	return []string{n.Text}, nil
}

func setNames() []string {
	var out []string
	for _, s := range Sets {
		out = append(out, s.Name)
	}
	return out
}

func callNames() []string {
	var out []string
	for _, c := range syscalls.All() {
		out = append(out, c.Name)
	}
	return out
}

// Calls are the system calls that a list of names means, without repeats, in their order.
func Calls(names []Name) ([]string, error) {
	var out []string
	for _, n := range names {
		calls, err := expand(n)
		if err != nil {
			return nil, err
		}
		for _, c := range calls {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out, nil
}

// blockedBy is the set that always blocks a call, "" where none does.
func blockedBy(call string) string {
	for _, name := range Blocked {
		if slices.Contains(SetByName(name).Calls, call) {
			return name
		}
	}
	return ""
}
