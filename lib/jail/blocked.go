package jail

import (
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"sandtrace/lib/policy"
	"sandtrace/lib/seccomp"
)

// blockedCall is one row of what the filter refuses by a call's arguments or with an error of its own.
type blockedCall struct {
	calls string // space-separated
	errno syscall.Errno
	tell  bool
	when  []seccomp.Cond
	why   string
}

// always are refused whatever the policy says, besides the sets of policy.Blocked.
var always = slices.Concat(
	[]blockedCall{
		{"clone3", unix.ENOSYS, false, nil, "its flags lie in memory, where a filter cannot look; libraries fall back to clone"},
		{"openat2", unix.ENOSYS, false, nil, "as clone3; libraries fall back to openat"},
	},
	each("clone unshare", unix.EPERM, bits(0, unix.CLONE_NEWNS, unix.CLONE_NEWCGROUP, unix.CLONE_NEWUTS, unix.CLONE_NEWIPC,
		unix.CLONE_NEWUSER, unix.CLONE_NEWPID, unix.CLONE_NEWNET), "new namespaces bring capabilities back"),
	each("unshare", unix.EPERM, bits(0, unix.CLONE_NEWTIME), "as for clone, where the bit is part of the exit signal"),
	each("ioctl", unix.EPERM, low(1, unix.TIOCSTI, tiocLinux, tiocCons, unix.TIOCSETD), "typing into the terminal outside, or changing what it is"),
	each("chmod fchmod creat mknod", unix.EPERM, setID(1), "a set-user-id file left behind is the next user's privilege"),
	each("fchmodat fchmodat2 mknodat", unix.EPERM, setID(2), "as chmod"),
	each("open", unix.EPERM, creating(1, 2), "as chmod"),
	each("openat", unix.EPERM, creating(2, 3), "as chmod"),
	each("socket socketpair", unix.EAFNOSUPPORT, oddFamilies(), "families other than unix, inet, inet6 and netlink"),
	each("socket", unix.EPROTONOSUPPORT, [][]seccomp.Cond{
		{equal(0, unix.AF_NETLINK), {Arg: 2, Op: seccomp.Other, Value: unix.NETLINK_ROUTE}},
	}, "netlink but for routes"),
	each("socket", unix.EPERM, rawSockets(), "raw sockets"),
	each("socket", unix.EPROTONOSUPPORT, oddProtocols(), "protocols that filters of ports do not see"),
	each("personality", unix.EPERM, otherPersonality(), "personalities other than the default: old address space layouts"),
)

// plain are the sets whose refusal is not worth a report, with their error: libraries only try them.
var plain = map[string]syscall.Errno{"@io-uring": unix.ENOSYS, "@obsolete": unix.ENOSYS}

// executableMemory refuses files in memory that could be executed past every mount and rule. Where
// the kernel makes them not executable unless asked (vm.memfd_noexec), only the asking is refused.
func executableMemory(sysctl bool) []blockedCall {
	const exec, noExecSeal = 0x10, 0x08 // MFD_EXEC, MFD_NOEXEC_SEAL; linux/memfd.h
	if sysctl {
		return each("memfd_create", unix.EACCES, bits(1, exec), "a program in memory")
	}
	return each("memfd_create", unix.EACCES, [][]seccomp.Cond{{{Arg: 1, Mask: noExecSeal, Value: 0}}}, "a program in memory")
}

const (
	tiocLinux = 0x541c // TIOCLINUX
	tiocCons  = 0x541d // TIOCCONS
	word      = 0xffffffff
	tmpFile   = unix.O_TMPFILE &^ unix.O_DIRECTORY
)

func each(calls string, e syscall.Errno, any [][]seccomp.Cond, why string) []blockedCall {
	var out []blockedCall
	for _, when := range any {
		out = append(out, blockedCall{calls, e, true, when, why})
	}
	return out
}

// equal compares the low 32 bits, as the kernel does with an int.
func equal(arg uint, v uint64) seccomp.Cond { return seccomp.Cond{Arg: arg, Mask: word, Value: v} }

func bit(arg uint, v uint64) seccomp.Cond { return seccomp.Cond{Arg: arg, Mask: v, Value: v} }

func bits(arg uint, values ...uint64) (any [][]seccomp.Cond) {
	for _, v := range values {
		any = append(any, []seccomp.Cond{bit(arg, v)})
	}
	return any
}

func low(arg uint, values ...uint64) (any [][]seccomp.Cond) {
	for _, v := range values {
		any = append(any, []seccomp.Cond{equal(arg, v)})
	}
	return any
}

func setID(arg uint) [][]seccomp.Cond { return bits(arg, unix.S_ISUID, unix.S_ISGID) }

// creating are the set-id bits in the mode of an open that creates a file, O_TMPFILE too.
func creating(flags, mode uint) (any [][]seccomp.Cond) {
	for _, f := range []uint64{unix.O_CREAT, tmpFile} {
		for _, m := range []uint64{unix.S_ISUID, unix.S_ISGID} {
			any = append(any, []seccomp.Cond{bit(flags, f), bit(mode, m)})
		}
	}
	return any
}

func oddFamilies() (any [][]seccomp.Cond) {
	for f := range uint64(unix.AF_NETLINK) {
		if f != unix.AF_UNIX && f != unix.AF_INET && f != unix.AF_INET6 {
			any = append(any, []seccomp.Cond{equal(0, f)})
		}
	}
	return append(any, []seccomp.Cond{{Arg: 0, Op: seccomp.AtLeast, Value: unix.AF_NETLINK + 1}})
}

func rawSockets() (any [][]seccomp.Cond) {
	const typeMask = 0xf // SOCK_TYPE_MASK, linux/net.h
	for _, f := range []uint64{unix.AF_INET, unix.AF_INET6} {
		for _, t := range []uint64{unix.SOCK_RAW, unix.SOCK_PACKET} {
			any = append(any, []seccomp.Cond{equal(0, f), {Arg: 1, Mask: typeMask, Value: t}})
		}
	}
	return any
}

func oddProtocols() (any [][]seccomp.Cond) {
	for _, f := range []uint64{unix.AF_INET, unix.AF_INET6} {
		for _, p := range []uint64{unix.IPPROTO_MPTCP, unix.IPPROTO_SCTP, unix.IPPROTO_DCCP, unix.IPPROTO_UDPLITE} {
			any = append(any, []seccomp.Cond{equal(0, f), equal(2, p)})
		}
	}
	return any
}

// otherPersonality fits every 32-bit value but 0 (the default) and 0xffffffff (the question): those
// are the ones in whose ring of bits no set bit is followed by a clear one.
func otherPersonality() (any [][]seccomp.Cond) {
	for i := range 32 {
		set, next := uint64(1)<<i, uint64(1)<<((i+1)%32)
		any = append(any, []seccomp.Cond{{Arg: 0, Mask: set | next, Value: set}})
	}
	return any
}

// internet are the families that are refused where a network namespace was wanted and cannot be had.
var internet = each("socket", unix.EACCES, low(0, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK), "no network")

// policyRules are the rules of the filter for a policy.
func policyRules(rules *policy.Rules, p *policy.Policy, plan *plan) []seccomp.Rule {
	var out []seccomp.Rule
	whole := map[string]bool{} // refused whatever the arguments: no other rule of the call counts
	add := func(call string, e syscall.Errno, tell bool) {
		if !whole[call] {
			whole[call] = true
			out = append(out, seccomp.Rule{Call: call, Errno: e, Tell: tell})
		}
	}
	for _, name := range policy.Blocked {
		if p.Syscalls.Releases(name) {
			continue
		}
		e, quiet := plain[name]
		if !quiet {
			e = unix.EPERM
		}
		for _, c := range policy.SetByName(name).Calls {
			add(c, e, !quiet)
		}
	}
	for _, c := range rules.DeniedCalls() {
		add(c, unix.EPERM, true)
	}
	for _, c := range rules.LoggedCalls() {
		add(c, 0, true)
	}
	rows := always
	if !plan.ExecAny {
		rows = append(slices.Clone(rows), executableMemory(plan.SealMemory)...)
	}
	for _, row := range rows {
		for _, c := range fields(row.calls) {
			if len(row.when) == 0 {
				add(c, row.errno, row.tell)
			} else if !whole[c] {
				out = append(out, seccomp.Rule{Call: c, When: row.when, Errno: row.errno, Tell: row.tell})
			}
		}
	}
	return out
}
