package trace

import (
	"encoding/binary"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/proc"
	"sandtrace/lib/syscalls"
)

const atFDCWD = unix.AT_FDCWD

// ownPID is the tracer's own process id.
var ownPID = os.Getpid()

// decodeStruct decodes an argument that points to more than a number or a string.
func (tr *tracer) decodeStruct(t *task, p *syscalls.Param, i int) {
	v := t.args[i]
	switch p.Role {
	case syscalls.RoleFD:
		fd := int(int32(v))
		t.arg(p.Name, int64(fd))
		tr.nameDescriptor(t, fd)
	case syscalls.RoleSockaddr:
		if v != 0 && i+1 < len(t.args) {
			tr.sockaddr(t, v, t.args[i+1]&0xffffffff)
		}
	case syscalls.RoleMsghdr, syscalls.RoleMmsghdr:
		tr.msghdr(t, v) // of an array the first: the rest of a sendmmsg(2) seldom goes elsewhere
	case syscalls.RoleOpenHow:
		tr.openHow(t, p, v)
	case syscalls.RoleCloneArgs:
		t.cloneArgs(p, tr.cloneFlags(t), 0)
	case syscalls.RoleCloneFlags:
		t.cloneArgs(p, v&^syscalls.CloneSignalMask, v&syscalls.CloneSignalMask)
	case syscalls.RoleArgv:
		// Read at the exit stop of a call that failed; after one that succeeded the kernel tells.
	}
}

// nameDescriptor puts what a descriptor is open on into the record.
func (tr *tracer) nameDescriptor(t *task, fd int) {
	name, err := proc.FD(t.tid, fd)
	if err != nil {
		return
	}
	switch {
	case strings.HasPrefix(name, "/"):
		if t.rec.Path == "" {
			t.rec.Path = strings.TrimSuffix(name, " (deleted)")
		}
	case !strings.HasPrefix(name, "socket:"):
		t.text("file", name) // a pipe, or one of the kernel's nameless files
	}
}

func (t *task) cloneArgs(p *syscalls.Param, flags, signal uint64) {
	from := len(t.names)
	t.names = p.Names.Flags(t.names, t.abi, flags)
	if list := t.names[from:]; len(list) > 0 {
		t.rec.Args = append(t.rec.Args, event.Arg{Key: "flags", Kind: event.ArgList, List: list[:len(list):len(list)]})
	}
	if signal != 0 {
		t.text("exit_signal", syscalls.Signal(int(signal)))
	}
}

// openHow decodes struct open_how, openat2(2).
func (tr *tracer) openHow(t *task, p *syscalls.Param, addr uint64) {
	var how [24]byte
	if read(t.tid, how[:], addr) != len(how) {
		return
	}
	t.flags(&syscalls.Param{Name: "flags", Role: syscalls.RoleFlags, Names: p.Names}, binary.NativeEndian.Uint64(how[:]))
	if mode := binary.NativeEndian.Uint64(how[8:]); mode != 0 {
		t.text("mode", octal(mode&0o7777))
	}
	if r := binary.NativeEndian.Uint64(how[16:]); r != 0 {
		t.flags(&syscalls.Param{Name: "resolve", Role: syscalls.RoleFlags, Names: syscalls.ResolveFlags}, r)
	}
}

// msghdr decodes the address in a struct msghdr, sendmsg(2).
func (tr *tracer) msghdr(t *task, addr uint64) {
	word := t.abi.Word()
	name, ok := tr.mem.word(t.tid, addr, word)
	if !ok || name == 0 {
		return
	}
	length, ok := tr.mem.word(t.tid, addr+uint64(word), 4)
	if ok {
		tr.sockaddr(t, name, length)
	}
}

// sockaddr reads a struct sockaddr of the given length into the record.
func (tr *tracer) sockaddr(t *task, addr, length uint64) {
	n := int(min(length, sockaddrMax))
	if read(t.tid, tr.mem.one[:n], addr) != n {
		return
	}
	a, ok := parseSockaddr(tr.mem.one[:n], t.abi)
	if !ok {
		return
	}
	t.rec.Family, t.rec.Addr, t.rec.Port = a.family, a.addr, a.port
	if a.path == "" {
		return
	}
	r := resolve(t.tid, pathArg{text: a.path, dirfd: atFDCWD, given: true, follow: true})
	t.rec.Path = r.path
	t.rec.Unresolved = !r.resolved
	if r.path != a.path {
		t.text("path", a.path)
	}
}

// sockaddr is a decoded address.
type sockaddr struct {
	family string
	addr   string
	port   event.Opt[uint16]
	path   string // unix(7): a name in the file system
}

// parseSockaddr decodes a struct sockaddr as its family has it: ip(7), ipv6(7), unix(7), netlink(7),
// packet(7), vsock(7).
func parseSockaddr(b []byte, abi syscalls.ABI) (a sockaddr, ok bool) {
	if len(b) < 2 {
		return a, false
	}
	family := binary.NativeEndian.Uint16(b)
	a.family = strings.ToLower(strings.TrimPrefix(syscalls.AddressFamily.Enum(abi, uint64(family)), "AF_"))
	switch family {
	case unix.AF_INET:
		if len(b) >= 8 {
			a.addr = netip.AddrFrom4([4]byte(b[4:8])).String()
			a.port = event.Some(binary.BigEndian.Uint16(b[2:]))
		}
	case unix.AF_INET6:
		if len(b) >= 24 {
			ip := netip.AddrFrom16([16]byte(b[8:24]))
			if len(b) >= 28 {
				if scope := binary.NativeEndian.Uint32(b[24:]); scope != 0 {
					ip = ip.WithZone(strconv.FormatUint(uint64(scope), 10))
				}
			}
			a.addr = ip.String()
			a.port = event.Some(binary.BigEndian.Uint16(b[2:]))
		}
	case unix.AF_UNIX:
		name := string(b[2:])
		if strings.HasPrefix(name, "\x00") {
			a.addr = "@" + name[1:] // abstract: every byte counts
		} else {
			name, _, _ = strings.Cut(name, "\x00")
			a.addr, a.path = name, name
		}
	case unix.AF_NETLINK:
		if len(b) >= 12 {
			a.addr = strconv.FormatUint(uint64(binary.NativeEndian.Uint32(b[4:])), 10)
		}
	case unix.AF_PACKET:
		if len(b) >= 12 {
			a.addr = "if" + strconv.FormatInt(int64(int32(binary.NativeEndian.Uint32(b[4:]))), 10)
		}
	case unix.AF_VSOCK:
		if len(b) >= 12 {
			a.addr = strconv.FormatUint(uint64(binary.NativeEndian.Uint32(b[8:])), 10) + ":" +
				strconv.FormatUint(uint64(binary.NativeEndian.Uint32(b[4:])), 10)
		}
	}
	return a, true
}
