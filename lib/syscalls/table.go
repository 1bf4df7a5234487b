package syscalls

import "sandtrace/lib/event"

// Parameters that recur.
var (
	pPath     = Param{Name: "path", Role: RolePath}
	pName     = Param{Name: "path", Role: RoleName}
	pToName   = Param{Name: "to", Role: RoleName}
	pTo       = Param{Name: "to", Role: RolePath}
	pTarget   = Param{Name: "target", Role: RoleTarget}
	pDirFD    = Param{Name: "dirfd", Role: RoleDirFD}
	pToDirFD  = Param{Name: "to_dirfd", Role: RoleDirFD}
	pFD       = Param{Name: "fd", Role: RoleFD}
	pMode     = Param{Name: "mode", Role: RoleMode}
	pHidden   = Param{}
	pPID      = Param{Name: "pid", Role: RolePID}
	pTID      = Param{Name: "tid", Role: RolePID}
	pSignal   = Param{Name: "signal", Role: RoleSignal}
	pUID      = Param{Name: "uid", Role: RoleID}
	pGID      = Param{Name: "gid", Role: RoleID}
	pSockaddr = Param{Name: "addr", Role: RoleSockaddr}
	pPeer     = Param{Name: "addr", Role: RolePeer}
	pMsghdr   = Param{Name: "msg", Role: RoleMsghdr}
	pMmsghdr  = Param{Name: "msgs", Role: RoleMmsghdr}
	pLength   = Param{Name: "length", Role: RoleLong}
	pText     = Param{Name: "name", Role: RoleText}
	pHex      = Param{Name: "addr", Role: RoleHex}
	pArgv     = Param{Name: "argv", Role: RoleArgv}
	pMsgFlags = flags(MessageFlags)
	pAtFlags  = flags(AtFlags)
)

func flags(n *Names) Param             { return Param{Name: "flags", Role: RoleFlags, Names: n} }
func enum(name string, n *Names) Param { return Param{Name: name, Role: RoleEnum, Names: n} }
func number(name string) Param         { return Param{Name: name, Role: RoleInt} }
func id(name string) Param             { return Param{Name: name, Role: RoleID} }

// rawParams serve a call without a row of its own: the registers, nothing known about them.
var rawParams = []Param{
	{Name: "a0", Role: RoleHex},
	{Name: "a1", Role: RoleHex},
	{Name: "a2", Role: RoleHex},
	{Name: "a3", Role: RoleHex},
	{Name: "a4", Role: RoleHex},
	{Name: "a5", Role: RoleHex},
}

// Shorthands for the rows.
const (
	fRead  = event.CategoryFileRead
	fWrite = event.CategoryFileWrite
	fMeta  = event.CategoryFileMetadata
	dir    = event.CategoryDirectory
	proc   = event.CategoryProcess
	net    = event.CategoryNetwork
	mem    = event.CategoryMemory
	sig    = event.CategorySignal
	ipc    = event.CategoryIPC
	sys    = event.CategorySystem

	readA   = event.AccessRead
	writeA  = event.AccessWrite
	create  = event.AccessCreate
	remove  = event.AccessDelete
	rename  = event.AccessRename
	chmod   = event.AccessChmod
	execute = event.AccessExec
	link    = event.AccessLink
	stat    = event.AccessStat

	df = Default | File
	ds = File | Stat
	dp = Default | Process
	dn = Default | Network
	dv = Default | Privilege
	dm = Default | Memory
)

// p lists the parameters of a row.
func p(params ...Param) []Param { return params }

// when lists alternatives, one condition each.
func when(conds ...Cond) [][]Cond {
	out := make([][]Cond, len(conds))
	for i, c := range conds {
		out[i] = []Cond{c}
	}
	return out
}

// given holds where a pointer argument is not null.
func given(arg int) Cond { return Cond{Arg: arg, Mask: ^uint64(0), Op: NotEqual} }

// hasBits holds where all of bits are set; is where the low 32 bits equal v.
func hasBits(arg int, bits uint64) Cond {
	return Cond{Arg: arg, Mask: bits, Op: Equal, Value: bits}
}

func is(arg int, v uint64) Cond { return Cond{Arg: arg, Mask: 0xffffffff, Op: Equal, Value: v} }

// prctlWatched are the options of prctl(2) that matter to security.
func prctlWatched() [][]Cond {
	var conds []Cond
	for _, row := range PrctlOption.rows {
		conds = append(conds, is(0, row.value[0]))
	}
	return when(conds...)
}

const (
	protWrite = 0x2  // PROT_WRITE, mmap(2)
	protExec  = 0x4  // PROT_EXEC
	mapAnon   = 0x20 // MAP_ANONYMOUS
)

// table has one row a call that is decoded. The order is that of the sections in syscalls(2)'s kin.
var table = []Call{
	// Programs and processes.
	{Name: "execve", Category: proc, Access: execute, Sets: dp | File, Params: p(pPath, pArgv)},
	{Name: "execveat", Category: proc, Access: execute, Sets: dp | File, Params: p(pDirFD, pPath, pArgv, pHidden, pAtFlags)},
	{Name: "fork", Category: proc, Sets: dp, Event: true},
	{Name: "vfork", Category: proc, Sets: dp, Event: true},
	{Name: "clone", Category: proc, Sets: dp, Event: true, Params: p(Param{"flags", RoleCloneFlags, CloneFlags}), When: when(hasBits(0, CloneUntraced))},
	{Name: "clone3", Category: proc, Sets: dp, Event: true, Params: p(Param{"args", RoleCloneArgs, CloneFlags}), When: when(given(0))},
	{Name: "waitpid", Category: proc, Sets: Process, Params: p(pPID)},
	{Name: "setsid", Category: proc, Sets: Process},
	{Name: "setpgid", Category: proc, Sets: Process, Params: p(pPID, number("pgid"))},
	{Name: "prlimit64", Category: proc, Sets: Process, Params: p(pPID, number("resource"))},
	{Name: "setrlimit", Category: proc, Sets: Process, Params: p(number("resource"))},
	{Name: "sched_setaffinity", Category: proc, Sets: Process, Params: p(pPID)},
	{Name: "process_madvise", Category: proc, Sets: Process | Memory, Params: p(pFD)},
	{Name: "process_mrelease", Category: proc, Sets: Process, Params: p(pFD)},
	{Name: "kcmp", Category: proc, Sets: Process | Privilege, Params: p(pPID, Param{Name: "pid2", Role: RolePID})},
	{Name: "exit", Category: proc, Sets: Process, Params: p(number("status"))},
	{Name: "exit_group", Category: proc, Sets: Process, Params: p(number("status"))},
	{Name: "wait4", Category: proc, Sets: Process, Params: p(pPID)},
	{Name: "waitid", Category: proc, Sets: Process, Params: p(number("idtype"), pPID)},
	{Name: "kill", Category: sig, Sets: dp, Params: p(pPID, pSignal)},
	{Name: "tkill", Category: sig, Sets: dp, Params: p(pTID, pSignal)},
	{Name: "tgkill", Category: sig, Sets: dp, Params: p(pPID, pTID, pSignal)},
	{Name: "rt_sigqueueinfo", Category: sig, Sets: dp, Params: p(pPID, pSignal)},
	{Name: "rt_tgsigqueueinfo", Category: sig, Sets: dp, Params: p(pPID, pTID, pSignal)},
	{Name: "pidfd_open", Category: proc, Sets: Process, Params: p(pPID, Param{Name: "flags", Role: RoleHex})},
	{Name: "pidfd_send_signal", Category: sig, Sets: dp, Params: p(pFD, pSignal)},
	{Name: "pidfd_getfd", Category: proc, Sets: dp, Params: p(pFD, number("target_fd"))},
	{Name: "ptrace", Category: proc, Sets: dp | Privilege, Params: p(enum("request", PtraceRequest), pPID, pHex, Param{Name: "data", Role: RoleHex})},
	{Name: "process_vm_readv", Category: proc, Sets: dp | Privilege, Params: p(pPID)},
	{Name: "process_vm_writev", Category: proc, Sets: dp | Privilege, Params: p(pPID)},
	{Name: "prctl", Category: proc, Sets: dv | Process, Params: p(enum("option", PrctlOption), Param{Name: "arg", Role: RoleHex}), When: prctlWatched()},

	// Files: opening.
	{Name: "open", Category: fRead, Sets: df, Params: p(pPath, flags(OpenFlags), pMode)},
	{Name: "openat", Category: fRead, Sets: df, Params: p(pDirFD, pPath, flags(OpenFlags), pMode)},
	{Name: "openat2", Category: fRead, Sets: df, Params: p(pDirFD, pPath, Param{"how", RoleOpenHow, OpenFlags})},
	{Name: "creat", Category: fWrite, Access: create, Sets: df, Params: p(pPath, pMode)},
	{Name: "open_by_handle_at", Category: fRead, Sets: df | Privilege, Params: p(Param{Name: "mount_fd", Role: RoleFD}, pHidden, flags(OpenFlags))},
	{Name: "name_to_handle_at", Category: fMeta, Access: stat, Sets: ds, Params: p(pDirFD, pName, pHidden, pHidden, pAtFlags)},
	{Name: "memfd_create", Category: fWrite, Sets: df | Memory, Params: p(pText, flags(MemfdFlags))},
	{Name: "truncate", Category: fWrite, Access: writeA, Sets: df, Params: p(pPath, pLength)},
	{Name: "truncate64", Category: fWrite, Access: writeA, Sets: df, Params: p(pPath)},
	{Name: "ftruncate", Category: fWrite, Access: writeA, Sets: File | IO, Params: p(pFD, pLength)},

	// Files: names.
	{Name: "rename", Category: fWrite, Access: rename, Sets: df, Params: p(pName, pToName)},
	{Name: "renameat", Category: fWrite, Access: rename, Sets: df, Params: p(pDirFD, pName, pToDirFD, pToName)},
	{Name: "renameat2", Category: fWrite, Access: rename, Sets: df, Params: p(pDirFD, pName, pToDirFD, pToName, flags(RenameFlags))},
	{Name: "link", Category: fWrite, Access: link, Sets: df, Params: p(pName, pToName)},
	{Name: "linkat", Category: fWrite, Access: link, Sets: df, Params: p(pDirFD, pName, pToDirFD, pToName, pAtFlags)},
	{Name: "symlink", Category: fWrite, Access: link, Sets: df, Params: p(pTarget, pName)},
	{Name: "symlinkat", Category: fWrite, Access: link, Sets: df, Params: p(pTarget, pDirFD, pName)},
	{Name: "unlink", Category: fWrite, Access: remove, Sets: df, Params: p(pName)},
	{Name: "unlinkat", Category: fWrite, Access: remove, Sets: df, Params: p(pDirFD, pName, flags(RemoveFlags))},
	{Name: "mkdir", Category: dir, Access: create, Sets: df, Params: p(pName, pMode)},
	{Name: "mkdirat", Category: dir, Access: create, Sets: df, Params: p(pDirFD, pName, pMode)},
	{Name: "rmdir", Category: dir, Access: remove, Sets: df, Params: p(pName)},
	{Name: "mknod", Category: fWrite, Access: create, Sets: df, Params: p(pName, pMode, Param{Name: "dev", Role: RoleHex})},
	{Name: "mknodat", Category: fWrite, Access: create, Sets: df, Params: p(pDirFD, pName, pMode, Param{Name: "dev", Role: RoleHex})},
	{Name: "chdir", Category: dir, Sets: df, Params: p(pPath)},
	{Name: "fchdir", Category: dir, Sets: df, Params: p(pFD)},
	{Name: "ftruncate64", Category: fWrite, Access: writeA, Sets: File | IO, Params: p(pFD)},
	{Name: "fallocate", Category: fWrite, Access: writeA, Sets: File | IO, Params: p(pFD, Param{Name: "mode", Role: RoleHex})},
	{Name: "getdents", Category: dir, Access: readA, Sets: File | IO, Params: p(pFD)},
	{Name: "getdents64", Category: dir, Access: readA, Sets: File | IO, Params: p(pFD)},

	// Files: attributes.
	{Name: "chmod", Category: fMeta, Access: chmod, Sets: df, Params: p(pPath, pMode)},
	{Name: "fchmod", Category: fMeta, Access: chmod, Sets: df, Params: p(pFD, pMode)},
	{Name: "fchmodat", Category: fMeta, Access: chmod, Sets: df, Params: p(pDirFD, pPath, pMode)},
	{Name: "fchmodat2", Category: fMeta, Access: chmod, Sets: df, Params: p(pDirFD, pPath, pMode, pAtFlags)},
	{Name: "chown", Category: fMeta, Access: chmod, Sets: df, Params: p(pPath, pUID, pGID)},
	{Name: "lchown", Category: fMeta, Access: chmod, Sets: df, Params: p(pName, pUID, pGID)},
	{Name: "fchown", Category: fMeta, Access: chmod, Sets: df, Params: p(pFD, pUID, pGID)},
	{Name: "chown32", Category: fMeta, Access: chmod, Sets: df, Params: p(pPath, pUID, pGID)},
	{Name: "lchown32", Category: fMeta, Access: chmod, Sets: df, Params: p(pName, pUID, pGID)},
	{Name: "fchown32", Category: fMeta, Access: chmod, Sets: df, Params: p(pFD, pUID, pGID)},
	{Name: "fchownat", Category: fMeta, Access: chmod, Sets: df, Params: p(pDirFD, pPath, pUID, pGID, pAtFlags)},
	{Name: "setxattr", Category: fMeta, Access: chmod, Sets: df, Params: p(pPath, pText)},
	{Name: "lsetxattr", Category: fMeta, Access: chmod, Sets: df, Params: p(pName, pText)},
	{Name: "fsetxattr", Category: fMeta, Access: chmod, Sets: df, Params: p(pFD, pText)},
	{Name: "setxattrat", Category: fMeta, Access: chmod, Sets: df, Params: p(pDirFD, pPath, pAtFlags, pText)},
	{Name: "removexattr", Category: fMeta, Access: chmod, Sets: File, Params: p(pPath, pText)},
	{Name: "lremovexattr", Category: fMeta, Access: chmod, Sets: File, Params: p(pName, pText)},
	{Name: "fremovexattr", Category: fMeta, Access: chmod, Sets: File, Params: p(pFD, pText)},
	{Name: "removexattrat", Category: fMeta, Access: chmod, Sets: File, Params: p(pDirFD, pPath, pAtFlags, pText)},
	{Name: "utimensat_time64", Category: fMeta, Sets: File, Params: p(pDirFD, pPath, pHidden, pAtFlags)},
	{Name: "utimensat", Category: fMeta, Sets: File, Params: p(pDirFD, pPath, pHidden, pAtFlags)},
	{Name: "utime", Category: fMeta, Sets: File, Params: p(pPath)},
	{Name: "utimes", Category: fMeta, Sets: File, Params: p(pPath)},
	{Name: "futimesat", Category: fMeta, Sets: File, Params: p(pDirFD, pPath)},

	// Files: looking.
	{Name: "stat", Category: fMeta, Access: stat, Sets: ds, Params: p(pPath)},
	{Name: "lstat", Category: fMeta, Access: stat, Sets: ds, Params: p(pName)},
	{Name: "stat64", Category: fMeta, Access: stat, Sets: ds, Params: p(pPath)},
	{Name: "lstat64", Category: fMeta, Access: stat, Sets: ds, Params: p(pName)},
	{Name: "newfstatat", Category: fMeta, Access: stat, Sets: ds, Params: p(pDirFD, pPath, pHidden, pAtFlags)},
	{Name: "fstatat64", Category: fMeta, Access: stat, Sets: ds, Params: p(pDirFD, pPath, pHidden, pAtFlags)},
	{Name: "statx", Category: fMeta, Access: stat, Sets: ds, Params: p(pDirFD, pPath, pAtFlags)},
	{Name: "fstat", Category: fMeta, Access: stat, Sets: ds, Params: p(pFD)},
	{Name: "fstat64", Category: fMeta, Access: stat, Sets: ds, Params: p(pFD)},
	{Name: "oldstat", Category: fMeta, Access: stat, Sets: ds, Params: p(pPath)},
	{Name: "oldlstat", Category: fMeta, Access: stat, Sets: ds, Params: p(pName)},
	{Name: "oldfstat", Category: fMeta, Access: stat, Sets: ds, Params: p(pFD)},
	{Name: "statfs64", Category: fMeta, Access: stat, Sets: ds, Params: p(pPath)},
	{Name: "fstatfs", Category: fMeta, Access: stat, Sets: ds, Params: p(pFD)},
	{Name: "fstatfs64", Category: fMeta, Access: stat, Sets: ds, Params: p(pFD)},
	{Name: "fgetxattr", Category: fMeta, Access: stat, Sets: ds, Params: p(pFD, pText)},
	{Name: "getxattrat", Category: fMeta, Access: stat, Sets: ds, Params: p(pDirFD, pPath, pAtFlags, pText)},
	{Name: "listxattr", Category: fMeta, Access: stat, Sets: ds, Params: p(pPath)},
	{Name: "llistxattr", Category: fMeta, Access: stat, Sets: ds, Params: p(pName)},
	{Name: "flistxattr", Category: fMeta, Access: stat, Sets: ds, Params: p(pFD)},
	{Name: "listxattrat", Category: fMeta, Access: stat, Sets: ds, Params: p(pDirFD, pPath, pAtFlags)},
	{Name: "access", Category: fMeta, Access: stat, Sets: ds, Params: p(pPath, Param{Name: "mode", Role: RoleInt})},
	{Name: "faccessat", Category: fMeta, Access: stat, Sets: ds, Params: p(pDirFD, pPath, Param{Name: "mode", Role: RoleInt})},
	{Name: "faccessat2", Category: fMeta, Access: stat, Sets: ds, Params: p(pDirFD, pPath, Param{Name: "mode", Role: RoleInt}, flags(AccessAtFlags))},
	{Name: "readlink", Category: fMeta, Access: stat, Sets: ds, Params: p(pName)},
	{Name: "readlinkat", Category: fMeta, Access: stat, Sets: ds, Params: p(pDirFD, pName)},
	{Name: "statfs", Category: fMeta, Access: stat, Sets: ds, Params: p(pPath)},
	{Name: "getxattr", Category: fMeta, Access: stat, Sets: ds, Params: p(pPath, pText)},
	{Name: "lgetxattr", Category: fMeta, Access: stat, Sets: ds, Params: p(pName, pText)},
	{Name: "inotify_add_watch", Category: fMeta, Access: stat, Sets: ds, Params: p(pFD, pPath, Param{Name: "mask", Role: RoleHex})},

	// Input and output.
	{Name: "read", Category: fRead, Access: readA, Sets: IO, Params: p(pFD, pHidden, Param{Name: "count", Role: RoleLong})},
	{Name: "write", Category: fWrite, Access: writeA, Sets: IO, Params: p(pFD, pHidden, Param{Name: "count", Role: RoleLong})},
	{Name: "pread64", Category: fRead, Access: readA, Sets: IO, Params: p(pFD, pHidden, Param{Name: "count", Role: RoleLong})},
	{Name: "pwrite64", Category: fWrite, Access: writeA, Sets: IO, Params: p(pFD, pHidden, Param{Name: "count", Role: RoleLong})},
	{Name: "readv", Category: fRead, Access: readA, Sets: IO, Params: p(pFD)},
	{Name: "writev", Category: fWrite, Access: writeA, Sets: IO, Params: p(pFD)},
	{Name: "preadv", Category: fRead, Access: readA, Sets: IO, Params: p(pFD)},
	{Name: "preadv2", Category: fRead, Access: readA, Sets: IO, Params: p(pFD)},
	{Name: "pwritev", Category: fWrite, Access: writeA, Sets: IO, Params: p(pFD)},
	{Name: "pwritev2", Category: fWrite, Access: writeA, Sets: IO, Params: p(pFD)},
	{Name: "splice", Category: fWrite, Sets: IO, Params: p(Param{Name: "in_fd", Role: RoleFD}, pHidden, number("out_fd"))},
	{Name: "tee", Category: fWrite, Sets: IO, Params: p(Param{Name: "in_fd", Role: RoleFD}, number("out_fd"))},
	{Name: "vmsplice", Category: fWrite, Sets: IO, Params: p(pFD)},
	{Name: "io_submit", Category: fWrite, Sets: IO},
	{Name: "io_uring_enter", Category: fWrite, Sets: IO, Params: p(pFD)},
	{Name: "close_range", Category: fMeta, Sets: IO, Params: p(number("first"), number("last"))},
	{Name: "fcntl64", Category: fMeta, Sets: IO, Params: p(pFD, number("command"))},
	{Name: "sendfile64", Category: fWrite, Sets: IO, Params: p(Param{Name: "out_fd", Role: RoleFD}, Param{Name: "in_fd", Role: RoleInt})},
	{Name: "sendfile", Category: fWrite, Sets: IO, Params: p(Param{Name: "out_fd", Role: RoleFD}, Param{Name: "in_fd", Role: RoleInt})},
	{Name: "copy_file_range", Category: fWrite, Access: writeA, Sets: IO, Params: p(Param{Name: "in_fd", Role: RoleFD}, pHidden, Param{Name: "out_fd", Role: RoleInt})},
	{Name: "close", Category: fMeta, Sets: IO, Params: p(pFD)},
	{Name: "dup", Category: fMeta, Sets: IO, Params: p(pFD)},
	{Name: "dup2", Category: fMeta, Sets: IO, Params: p(pFD, number("new_fd"))},
	{Name: "dup3", Category: fMeta, Sets: IO, Params: p(pFD, number("new_fd"), flags(FDFlags))},
	{Name: "fcntl", Category: fMeta, Sets: IO, Params: p(pFD, number("command"))},
	{Name: "ioctl", Category: sys, Sets: IO, Params: p(pFD, Param{Name: "request", Role: RoleHex})},

	// Network.
	{Name: "socket", Category: net, Sets: dn, Params: p(enum("domain", AddressFamily), Param{"type", RoleSocketType, SocketType}, enum("protocol", Protocol))},
	{Name: "socketpair", Category: ipc, Sets: Network | IPC, Params: p(enum("domain", AddressFamily), Param{"type", RoleSocketType, SocketType})},
	{Name: "connect", Category: net, Sets: dn, Params: p(pFD, pSockaddr)},
	{Name: "bind", Category: net, Sets: dn, Params: p(pFD, pSockaddr)},
	{Name: "listen", Category: net, Sets: dn, Params: p(pFD, number("backlog"))},
	{Name: "accept", Category: net, Sets: dn, Params: p(pFD, pPeer)},
	{Name: "accept4", Category: net, Sets: dn, Params: p(pFD, pPeer, pHidden, flags(SocketTypeBits))},
	{Name: "sendto", Category: net, Sets: dn, Params: p(pFD, pHidden, Param{Name: "size", Role: RoleLong}, pMsgFlags, pSockaddr), When: when(given(4))},
	{Name: "sendmsg", Category: net, Sets: dn, Params: p(pFD, pMsghdr, pMsgFlags)},
	{Name: "sendmmsg", Category: net, Sets: dn, Params: p(pFD, pMmsghdr, pHidden, pMsgFlags)},
	{Name: "recvfrom", Category: net, Sets: Network | IO, Params: p(pFD, pHidden, Param{Name: "size", Role: RoleLong}, pMsgFlags)},
	{Name: "recvmsg", Category: net, Sets: Network | IO, Params: p(pFD, pHidden, pMsgFlags)},
	{Name: "recvmmsg", Category: net, Sets: Network | IO, Params: p(pFD, pHidden, pHidden, pMsgFlags)},
	{Name: "recvmmsg_time64", Category: net, Sets: Network | IO, Params: p(pFD, pHidden, pHidden, pMsgFlags)},
	{Name: "send", Category: net, Sets: Network | IO, Params: p(pFD, pHidden, Param{Name: "size", Role: RoleLong}, pMsgFlags)},
	{Name: "recv", Category: net, Sets: Network | IO, Params: p(pFD, pHidden, Param{Name: "size", Role: RoleLong}, pMsgFlags)},
	{Name: "getsockname", Category: net, Sets: Network, Params: p(pFD, pPeer)},
	{Name: "getpeername", Category: net, Sets: Network, Params: p(pFD, pPeer)},
	{Name: "setsockopt", Category: net, Sets: Network, Params: p(pFD, number("level"), number("option"))},
	{Name: "getsockopt", Category: net, Sets: Network, Params: p(pFD, number("level"), number("option"))},
	{Name: "shutdown", Category: net, Sets: Network, Params: p(pFD, number("how"))},
	{Name: "socketcall", Category: net, Sets: dn, Params: p(number("call"))},

	// Identity and privilege.
	{Name: "setuid", Category: sys, Sets: dv, Params: p(pUID)},
	{Name: "setgid", Category: sys, Sets: dv, Params: p(pGID)},
	{Name: "setreuid", Category: sys, Sets: dv, Params: p(id("ruid"), id("euid"))},
	{Name: "setregid", Category: sys, Sets: dv, Params: p(id("rgid"), id("egid"))},
	{Name: "setresuid", Category: sys, Sets: dv, Params: p(id("ruid"), id("euid"), id("suid"))},
	{Name: "setresgid", Category: sys, Sets: dv, Params: p(id("rgid"), id("egid"), id("sgid"))},
	{Name: "setfsuid", Category: sys, Sets: dv, Params: p(pUID)},
	{Name: "setfsgid", Category: sys, Sets: dv, Params: p(pGID)},
	{Name: "setuid32", Category: sys, Sets: dv, Params: p(pUID)},
	{Name: "setgid32", Category: sys, Sets: dv, Params: p(pGID)},
	{Name: "setreuid32", Category: sys, Sets: dv, Params: p(id("ruid"), id("euid"))},
	{Name: "setregid32", Category: sys, Sets: dv, Params: p(id("rgid"), id("egid"))},
	{Name: "setresuid32", Category: sys, Sets: dv, Params: p(id("ruid"), id("euid"), id("suid"))},
	{Name: "setresgid32", Category: sys, Sets: dv, Params: p(id("rgid"), id("egid"), id("sgid"))},
	{Name: "setfsuid32", Category: sys, Sets: dv, Params: p(pUID)},
	{Name: "setfsgid32", Category: sys, Sets: dv, Params: p(pGID)},
	{Name: "setgroups", Category: sys, Sets: dv, Params: p(number("count"))},
	{Name: "setgroups32", Category: sys, Sets: dv, Params: p(number("count"))},
	{Name: "capset", Category: sys, Sets: dv},
	{Name: "unshare", Category: sys, Sets: dv, Params: p(flags(UnshareFlags))},
	{Name: "setns", Category: sys, Sets: dv, Params: p(pFD, flags(UnshareFlags))},
	{Name: "chroot", Category: sys, Sets: dv, Params: p(pPath)},
	{Name: "pivot_root", Category: sys, Sets: dv, Params: p(pPath, pTo)},
	{Name: "seccomp", Category: sys, Sets: dv, Params: p(enum("operation", SeccompOp), flags(SeccompFlags))},
	{Name: "personality", Category: sys, Sets: dv, Params: p(Param{Name: "persona", Role: RoleHex}), When: when(Cond{Arg: 0, Mask: 0xffffffff, Op: NotEqual, Value: 0xffffffff})},
	{Name: "keyctl", Category: sys, Sets: dv, Params: p(enum("operation", KeyctlOp))},
	{Name: "add_key", Category: sys, Sets: dv, Params: p(Param{Name: "key_type", Role: RoleText}, pText)},
	{Name: "request_key", Category: sys, Sets: Privilege, Params: p(Param{Name: "key_type", Role: RoleText}, pText)},

	// Mounts.
	{Name: "mount", Category: sys, Sets: dv, Params: p(Param{Name: "source", Role: RoleText}, pPath, Param{Name: "fstype", Role: RoleText}, flags(MountFlags))},
	{Name: "umount", Category: sys, Sets: dv, Params: p(pPath)},
	{Name: "umount2", Category: sys, Sets: dv, Params: p(pPath, flags(UmountFlags))},
	{Name: "fsopen", Category: sys, Sets: dv, Params: p(Param{Name: "fstype", Role: RoleText}, Param{Name: "flags", Role: RoleHex})},
	{Name: "fsconfig", Category: sys, Sets: dv, Params: p(pFD, number("command"), Param{Name: "key", Role: RoleText})},
	{Name: "fsmount", Category: sys, Sets: dv, Params: p(pFD, Param{Name: "flags", Role: RoleHex}, Param{"attr", RoleFlags, MountAttrs})},
	{Name: "fspick", Category: sys, Sets: dv, Params: p(pDirFD, pPath, Param{Name: "flags", Role: RoleHex})},
	{Name: "open_tree", Category: sys, Sets: dv, Params: p(pDirFD, pPath, pAtFlags)},
	{Name: "open_tree_attr", Category: sys, Sets: dv, Params: p(pDirFD, pPath, pAtFlags)},
	{Name: "move_mount", Category: sys, Sets: dv, Params: p(pDirFD, pName, pToDirFD, pToName, Param{Name: "flags", Role: RoleHex})},
	{Name: "mount_setattr", Category: sys, Sets: dv, Params: p(pDirFD, pPath, pAtFlags)},
	{Name: "swapon", Category: sys, Sets: Privilege, Params: p(pPath)},
	{Name: "swapoff", Category: sys, Sets: Privilege, Params: p(pPath)},

	// The kernel itself.
	{Name: "init_module", Category: sys, Sets: dv},
	{Name: "finit_module", Category: sys, Sets: dv, Params: p(pFD)},
	{Name: "delete_module", Category: sys, Sets: Privilege, Params: p(pText)},
	{Name: "kexec_load", Category: sys, Sets: dv},
	{Name: "kexec_file_load", Category: sys, Sets: dv, Params: p(Param{Name: "kernel_fd", Role: RoleFD})},
	{Name: "reboot", Category: sys, Sets: Privilege, Params: p(pHidden, pHidden, Param{Name: "command", Role: RoleHex})},
	{Name: "bpf", Category: sys, Sets: dv, Params: p(enum("command", BPFCommand))},
	{Name: "perf_event_open", Category: sys, Sets: dv, Params: p(pHidden, pPID)},
	{Name: "userfaultfd", Category: sys, Sets: dv, Params: p(Param{Name: "flags", Role: RoleHex})},
	{Name: "io_uring_setup", Category: sys, Sets: dv | IO, Params: p(number("entries"))},
	{Name: "io_uring_register", Category: sys, Sets: Privilege | IO, Params: p(pFD, number("operation"))},
	{Name: "acct", Category: sys, Sets: Privilege, Params: p(pPath)},
	{Name: "quotactl", Category: sys, Sets: Privilege, Params: p(Param{Name: "command", Role: RoleHex}, pPath)},
	{Name: "iopl", Category: sys, Sets: Privilege, Params: p(number("level"))},
	{Name: "ioperm", Category: sys, Sets: Privilege},
	{Name: "modify_ldt", Category: sys, Sets: Privilege, Params: p(number("function"))},
	{Name: "fanotify_init", Category: sys, Sets: Privilege, Params: p(Param{Name: "flags", Role: RoleHex})},
	{Name: "lookup_dcookie", Category: sys, Sets: Privilege},
	{Name: "setdomainname", Category: sys, Sets: Privilege},
	{Name: "clock_settime64", Category: sys, Sets: Privilege, Params: p(number("clock"))},
	{Name: "stime", Category: sys, Sets: Privilege},
	{Name: "landlock_restrict_self", Category: sys, Sets: Privilege, Params: p(pFD)},
	{Name: "settimeofday", Category: sys, Sets: Privilege},
	{Name: "clock_settime", Category: sys, Sets: Privilege, Params: p(number("clock"))},
	{Name: "sethostname", Category: sys, Sets: Privilege},

	// Memory: only what makes written memory executable.
	{Name: "mmap", Category: mem, Sets: dm, Params: p(pHex, pLength, Param{"prot", RoleFlags, ProtFlags}, flags(MapFlags), pFD), When: [][]Cond{{hasBits(2, protExec|protWrite)}, {hasBits(2, protExec), hasBits(3, mapAnon)}}},
	{Name: "mmap2", Category: mem, Sets: dm, Params: p(pHex, pLength, Param{"prot", RoleFlags, ProtFlags}, flags(MapFlags), pFD), When: [][]Cond{{hasBits(2, protExec|protWrite)}, {hasBits(2, protExec), hasBits(3, mapAnon)}}},
	{Name: "old_mmap", Category: mem, Sets: dm, Params: p(pHex)}, // i386: the arguments are in memory
	{Name: "mprotect", Category: mem, Sets: dm, Params: p(pHex, pLength, Param{"prot", RoleFlags, ProtFlags}), When: when(hasBits(2, protExec))},
	{Name: "pkey_mprotect", Category: mem, Sets: dm, Params: p(pHex, pLength, Param{"prot", RoleFlags, ProtFlags}), When: when(hasBits(2, protExec))},

	{Name: "mremap", Category: mem, Sets: Memory, Params: p(pHex, Param{Name: "old_length", Role: RoleLong}, pLength)},
	{Name: "munmap", Category: mem, Sets: Memory, Params: p(pHex, pLength)},
	{Name: "brk", Category: mem, Sets: Memory, Params: p(pHex)},
	{Name: "madvise", Category: mem, Sets: Memory, Params: p(pHex, pLength, number("advice"))},
	{Name: "remap_file_pages", Category: mem, Sets: Memory, Params: p(pHex, pLength)},
	{Name: "memfd_secret", Category: mem, Sets: Memory, Params: p(flags(FDFlags))},

	// Between processes.
	{Name: "pipe", Category: ipc, Sets: IPC},
	{Name: "pipe2", Category: ipc, Sets: IPC, Params: p(pHidden, flags(FDFlags))},
	{Name: "shmget", Category: ipc, Sets: IPC, Params: p(Param{Name: "key", Role: RoleHex})},
	{Name: "shmat", Category: ipc, Sets: IPC, Params: p(number("id"))},
	{Name: "msgget", Category: ipc, Sets: IPC, Params: p(Param{Name: "key", Role: RoleHex})},
	{Name: "semget", Category: ipc, Sets: IPC, Params: p(Param{Name: "key", Role: RoleHex})},
	{Name: "shmdt", Category: ipc, Sets: IPC, Params: p(pHex)},
	{Name: "shmctl", Category: ipc, Sets: IPC, Params: p(number("id"), number("command"))},
	{Name: "msgsnd", Category: ipc, Sets: IPC, Params: p(number("id"))},
	{Name: "msgrcv", Category: ipc, Sets: IPC, Params: p(number("id"))},
	{Name: "msgctl", Category: ipc, Sets: IPC, Params: p(number("id"), number("command"))},
	{Name: "semop", Category: ipc, Sets: IPC, Params: p(number("id"))},
	{Name: "semtimedop", Category: ipc, Sets: IPC, Params: p(number("id"))},
	{Name: "semctl", Category: ipc, Sets: IPC, Params: p(number("id"), number("number"), number("command"))},
	{Name: "ipc", Category: ipc, Sets: IPC, Params: p(number("call"))},
	{Name: "mq_unlink", Category: ipc, Sets: IPC, Params: p(pText)},
	{Name: "mq_timedsend", Category: ipc, Sets: IPC, Params: p(pFD)},
	{Name: "mq_timedreceive", Category: ipc, Sets: IPC, Params: p(pFD)},
	{Name: "eventfd", Category: ipc, Sets: IPC},
	{Name: "eventfd2", Category: ipc, Sets: IPC, Params: p(pHidden, flags(FDFlags))},
	{Name: "mq_open", Category: ipc, Sets: IPC, Params: p(pText)},
}
