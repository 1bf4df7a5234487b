package syscalls

import (
	"strconv"

	"sandtrace/lib/spell"
)

// flagRow is a name and its value on amd64, arm64, i386 and arm.
type flagRow struct {
	name  string
	value [4]uint64
}

func same(v uint64) [4]uint64 { return [4]uint64{v, v, v, v} }

// Names gives names to the bits or the values of an argument.
type Names struct {
	rows []flagRow
	zero string // what an empty set is called, or ""
	base []flagRow
	mask uint64 // the bits that hold one of base rather than flags
}

// Flags appends the names of the bits in v; bits without a name follow as one hex number, so that
// nothing is lost.
func (n *Names) Flags(dst []string, abi ABI, v uint64) []string {
	arch := abis[abi].arch
	if n.mask != 0 {
		dst = append(dst, lookup(n.base, arch, v&n.mask))
		v &^= n.mask
	} else if v == 0 && n.zero != "" {
		return append(dst, n.zero)
	}
	for i := range n.rows {
		if b := n.rows[i].value[arch]; b != 0 && v&b == b {
			dst = append(dst, n.rows[i].name)
			v &^= b
		}
	}
	if v != 0 {
		dst = append(dst, hex(v))
	}
	return dst
}

// Enum is the name of the value v, or its hex form.
func (n *Names) Enum(abi ABI, v uint64) string { return lookup(n.rows, abis[abi].arch, v) }

func lookup(rows []flagRow, arch int, v uint64) string {
	for i := range rows {
		if rows[i].value[arch] == v {
			return rows[i].name
		}
	}
	return hex(v)
}

func hex(v uint64) string { return "0x" + strconv.FormatUint(v, 16) }

// accessModes are the values of O_ACCMODE, open(2).
var accessModes = []flagRow{{"O_RDONLY", same(0)}, {"O_WRONLY", same(1)}, {"O_RDWR", same(2)}}

// The names of arguments.
var (
	OpenFlags      = &Names{rows: openBits, base: accessModes, mask: 3}
	FDFlags        = &Names{rows: openBits} // of a new descriptor that is no open file: pipe2, dup3
	AtFlags        = &Names{rows: atBits}
	RemoveFlags    = &Names{rows: []flagRow{{"AT_REMOVEDIR", same(0x200)}}}
	AccessAtFlags  = &Names{rows: []flagRow{{"AT_EACCESS", same(0x200)}, {"AT_SYMLINK_NOFOLLOW", same(0x100)}, {"AT_EMPTY_PATH", same(0x1000)}}}
	CloneFlags     = &Names{rows: cloneBits}
	UnshareFlags   = &Names{rows: unshareBits}
	MountFlags     = &Names{rows: mountBits}
	MountAttrs     = &Names{rows: mountAttrBits}
	UmountFlags    = &Names{rows: append(umountBits, flagRow{"UMOUNT_NOFOLLOW", same(8)})}
	ProtFlags      = &Names{rows: protBits, zero: "PROT_NONE"}
	MapFlags       = &Names{rows: mapBits}
	MemfdFlags     = &Names{rows: memfdBits}
	RenameFlags    = &Names{rows: renameBits}
	ResolveFlags   = &Names{rows: resolveBits}
	AddressFamily  = &Names{rows: families}
	SocketType     = &Names{rows: socketTypeBits, base: socketTypes, mask: 0xf}
	SocketTypeBits = &Names{rows: socketTypeBits}
	Protocol       = &Names{rows: protocols}
	PrctlOption    = &Names{rows: prctlOptions}
	PtraceRequest  = &Names{rows: ptraceRequests}
	KeyctlOp       = &Names{rows: keyctlOperations}
	SeccompOp      = &Names{rows: seccompOperations}
	SeccompFlags   = &Names{rows: seccompBits}
	BPFCommand     = &Names{rows: bpfCommands}
)

// MessageFlags are those of send(2) and recv(2), include/linux/socket.h.
var MessageFlags = &Names{rows: []flagRow{
	{"MSG_OOB", same(1)},
	{"MSG_PEEK", same(2)},
	{"MSG_DONTROUTE", same(4)},
	{"MSG_CTRUNC", same(8)},
	{"MSG_TRUNC", same(0x20)},
	{"MSG_DONTWAIT", same(0x40)},
	{"MSG_EOR", same(0x80)},
	{"MSG_WAITALL", same(0x100)},
	{"MSG_CONFIRM", same(0x800)},
	{"MSG_ERRQUEUE", same(0x2000)},
	{"MSG_NOSIGNAL", same(0x4000)},
	{"MSG_MORE", same(0x8000)},
	{"MSG_WAITFORONE", same(0x10000)},
	{"MSG_ZEROCOPY", same(0x4000000)},
	{"MSG_FASTOPEN", same(0x20000000)},
	{"MSG_CMSG_CLOEXEC", same(0x40000000)},
}}

// CloneSignalMask is the part of clone's flags that holds the exit signal (CSIGNAL, clone(2)).
const CloneSignalMask = 0xff

// CloneUntraced asks that the child be hidden from a tracer (CLONE_UNTRACED, clone(2)).
const CloneUntraced = 0x00800000

// The clone flags that decide what a new task shares, clone(2).
const (
	CloneVM     = 0x00000100
	CloneFS     = 0x00000200
	CloneParent = 0x00008000
	CloneThread = 0x00010000
)

// Errno is the name of an error number, or its decimal form.
func Errno(n int) string {
	if s, ok := errnos[n]; ok {
		return s
	}
	if s, ok := restarts[n]; ok {
		return s
	}
	return strconv.Itoa(n)
}

// restarts are the kernel's own numbers for a call that a signal interrupted; a program never sees
// them (include/linux/errno.h).
var restarts = map[int]string{
	512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND", 516: "ERESTART_RESTARTBLOCK",
}

// IsRestart reports whether the error number n means that the call has no result yet.
func IsRestart(n int) bool { return restarts[n] != "" }

// Signal is the name of a signal number; real-time signals are SIGRT_n, counted from the first.
func Signal(n int) string {
	if s, ok := signals[n]; ok {
		return s
	}
	if n >= firstRealtime && n <= lastRealtime {
		return "SIGRT_" + strconv.Itoa(n-firstRealtime)
	}
	return strconv.Itoa(n)
}

const firstRealtime, lastRealtime = 32, 64

// Nearest is the known name that a mistyped word most likely means, or "".
func Nearest(word string) string {
	known := []string{"all"}
	for _, s := range SetNames {
		known = append(known, s.Name)
	}
	for _, c := range all {
		known = append(known, c.Name)
	}
	return spell.Nearest(word, known)
}
