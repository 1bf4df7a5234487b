package trace

import (
	"encoding/binary"
	"net/netip"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
)

// A socket's kind and peer are asked of the kernel, through a copy of the program's own descriptor
// (pidfd_getfd(2)): no table of descriptors to keep, and nothing that dup(2), fork(2), exec or a
// descriptor received from elsewhere could make wrong.

// socketInfo is what the kernel tells of a socket.
type socketInfo struct {
	proto string
	peer  sockaddr
	bound bool // it has a peer
}

// protocolNames are the names of the key "proto".
var protocolNames = map[[2]int]string{
	{unix.SOCK_STREAM, unix.IPPROTO_TCP}:   "tcp",
	{unix.SOCK_DGRAM, unix.IPPROTO_UDP}:    "udp",
	{unix.SOCK_STREAM, unix.IPPROTO_MPTCP}: "mptcp",
	{unix.SOCK_STREAM, unix.IPPROTO_SCTP}:  "sctp",
	{unix.SOCK_DGRAM, unix.IPPROTO_ICMP}:   "icmp",
	{unix.SOCK_RAW, unix.IPPROTO_ICMP}:     "icmp",
	{unix.SOCK_STREAM, 0}:                  "stream",
	{unix.SOCK_DGRAM, 0}:                   "dgram",
	{unix.SOCK_SEQPACKET, 0}:               "seqpacket",
}

// borrow is a copy of descriptor fd of a task, to be closed by the caller; -1 where it is none.
func borrow(t *task, fd int) int {
	pidfd, err := unix.PidfdOpen(t.proc.pid, 0)
	if err != nil {
		return -1
	}
	defer unix.Close(pidfd)
	s, err := unix.PidfdGetfd(pidfd, fd, 0)
	if err != nil {
		return -1
	}
	return s
}

// socketOf asks about the socket that is descriptor fd of a task; ok is false where it is none.
func socketOf(t *task, fd int) (info socketInfo, ok bool) {
	s := borrow(t, fd)
	if s < 0 {
		return info, false
	}
	defer unix.Close(s)
	return describeSocket(s)
}

func describeSocket(s int) (info socketInfo, ok bool) {
	kind, err := unix.GetsockoptInt(s, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return info, false
	}
	protocol, _ := unix.GetsockoptInt(s, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	info.proto = protocolNames[[2]int{kind, protocol}]
	var b [sockaddrMax]byte
	n := uint32(len(b))
	_, _, e := unix.RawSyscall(unix.SYS_GETPEERNAME, uintptr(s), uintptr(unsafe.Pointer(&b)), uintptr(unsafe.Pointer(&n)))
	if e == 0 {
		info.peer, info.bound = parseSockaddr(b[:min(n, sockaddrMax)], nativeABI)
	}
	return info, true
}

// peek looks at the next packet that waits in a socket's queue, and at where it came from.
func peek(t *task, fd, limit int) (info socketInfo, packet []byte, from sockaddr, ok bool) {
	s := borrow(t, fd)
	if s < 0 {
		return info, nil, from, false
	}
	defer unix.Close(s)
	if info, ok = describeSocket(s); !ok {
		return info, nil, from, false
	}
	packet = make([]byte, limit)
	var b [sockaddrMax]byte
	size := uint32(len(b))
	n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(s), uintptr(unsafe.Pointer(&packet[0])), uintptr(limit),
		unix.MSG_PEEK|unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&b)), uintptr(unsafe.Pointer(&size)))
	if e != 0 {
		return info, nil, from, false
	}
	from, _ = parseSockaddr(b[:min(size, sockaddrMax)], nativeABI)
	return info, packet[:n], from, true
}

// nameSocket puts into the record what a descriptor that is a socket talks to, where the call itself
// does not say.
func (tr *tracer) nameSocket(t *task, fd int) {
	info, ok := socketOf(t, fd)
	if !ok {
		return
	}
	t.rec.Proto = info.proto
	if info.bound && t.rec.Family == "" {
		t.rec.Family, t.rec.Addr, t.rec.Port = info.peer.family, info.peer.addr, info.peer.port
		if strings.HasPrefix(info.peer.path, "/") {
			t.rec.Path = info.peer.path
		}
	}
}

// hostOf puts the name behind the record's address into it, if a look-up of this run has told one.
func (tr *tracer) hostOf(r *event.Syscall) {
	if r.Addr != "" && r.Port.Set {
		r.Host = tr.hosts.name(r.Addr)
	}
}

// hostNames remembers which name an address was the answer to. It is bounded: the oldest half goes
// when it is full.
type hostNames struct {
	young, old map[string]string
}

// hostNamesMax is how many addresses each half holds.
const hostNamesMax = 8192

func (h *hostNames) add(addr, name string) {
	if h.young == nil || len(h.young) >= hostNamesMax {
		h.young, h.old = map[string]string{}, h.young
	}
	h.young[addr] = name
}

func (h *hostNames) name(addr string) string {
	if name, ok := h.young[addr]; ok {
		return name
	}
	return h.old[addr]
}

// machineResolvers are the name servers of resolv.conf(5), by address.
func machineResolvers() map[string]bool {
	out := map[string]bool{}
	text, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return map[string]bool{"127.0.0.1": true, "::1": true} // what resolv.conf(5) says for that case
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) >= 2 && f[0] == "nameserver" {
			if a, err := netip.ParseAddr(f[1]); err == nil {
				out[a.String()] = true
			}
		}
	}
	return out
}

// isDNS reports whether an address is that of a name server.
func isDNS(a *sockaddr) bool {
	const domain = 53 // IANA
	return a.port == event.Some[uint16](domain)
}

// sockaddrAt reads the address at a place in a task's memory.
func (tr *tracer) sockaddrAt(t *task, addr, length uint64) (sockaddr, bool) {
	n := int(min(length, sockaddrMax))
	if addr == 0 || read(t.tid, tr.mem.one[:n], addr) != n {
		return sockaddr{}, false
	}
	return parseSockaddr(tr.mem.one[:n], t.abi)
}

// iovecs reads an array of struct iovec: the places that a vector call reads or writes.
func (tr *tracer) iovecs(t *task, addr, count uint64) []remoteVec {
	const most = 16 // a name server's packet is never in more parts
	word := t.abi.Word()
	out := make([]remoteVec, 0, 2)
	for i := range min(count, most) {
		at := addr + i*2*uint64(word)
		base, ok1 := tr.mem.word(t.tid, at, word)
		length, ok2 := tr.mem.word(t.tid, at+uint64(word), word)
		if !ok1 || !ok2 {
			return out
		}
		out = append(out, remoteVec{base, length})
	}
	return out
}

// message is the part of a struct msghdr that matters here.
type message struct {
	name    sockaddr
	hasName bool
	iov     []remoteVec
}

// messageAt reads a struct msghdr, recvmsg(2).
func (tr *tracer) messageAt(t *task, addr uint64) (m message, ok bool) {
	word := uint64(t.abi.Word())
	var b [40]byte // name, namelen and padding, iov, iovlen
	if n := int(5 * word); read(t.tid, b[:n], addr) < int(4*word) {
		return m, false
	}
	get := func(i uint64) uint64 {
		if word == 4 {
			return uint64(binary.NativeEndian.Uint32(b[i*4:]))
		}
		return binary.NativeEndian.Uint64(b[i*8:])
	}
	if get(0) != 0 {
		m.name, m.hasName = tr.sockaddrAt(t, get(0), get(1)&0xffffffff)
	}
	m.iov = tr.iovecs(t, get(2), get(3))
	return m, true
}

// fill reads at most limit bytes of the places in turn.
func fill(tid int, iov []remoteVec, limit int) []byte {
	out := make([]byte, 0, min(limit, 4096))
	for _, v := range iov {
		n := min(limit-len(out), int(min(v.length, 1<<16)))
		if n <= 0 {
			break
		}
		from := len(out)
		out = append(out, make([]byte, n)...)
		got := read(tid, out[from:], v.base)
		out = out[:from+got]
		if got < n {
			break
		}
	}
	return out
}

// canonical is an address in the one form that records have.
func canonical(ip []byte) string {
	a, ok := netip.AddrFromSlice(ip)
	if !ok {
		return ""
	}
	return a.String()
}
