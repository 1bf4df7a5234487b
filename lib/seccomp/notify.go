package seccomp

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sandtrace/lib/syscalls"
)

// Listener is the supervisor's end of a filter that tells, seccomp_unotify(2).
type Listener struct{ fd int }

// NewListener takes over a listener's descriptor. It fails where the kernel's structures are larger
// than those known here.
func NewListener(fd int) (*Listener, error) {
	var sizes struct{ notif, resp, data uint16 }
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_NOTIF_SIZES, 0, uintptr(unsafe.Pointer(&sizes)))
	if e != 0 {
		return nil, os.NewSyscallError("seccomp SECCOMP_GET_NOTIF_SIZES", e)
	}
	if uintptr(sizes.notif) > unsafe.Sizeof(notif{}) || uintptr(sizes.resp) > unsafe.Sizeof(response{}) {
		return nil, fmt.Errorf("seccomp: notifications of %d bytes are not known", sizes.notif)
	}
	return &Listener{fd}, nil
}

// notif is struct seccomp_notif with its struct seccomp_data.
type notif struct {
	id    uint64
	pid   uint32
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	val   int64
	errno int32 // negative
	flags uint32
}

// Requests of ioctl(2) on a listener, and the flag that lets a call run; linux/seccomp.h.
const (
	notifReceive  = 0xc0502100
	notifSend     = 0xc0182101
	notifIDValid  = 0x40082102
	notifContinue = 1
)

// Notification is one call that waits for its answer.
type Notification struct {
	ID   uint64
	TID  int // in the receiver's pid namespace
	Call string
	Args [6]uint64

	Arch uint32 // AUDIT_ARCH_*
	NR   uint64
}

// Receive waits for a call. It fails with ENOENT where the caller was killed meanwhile (wait again),
// and with EPIPE once no process is left under the filter.
func (l *Listener) Receive() (Notification, error) {
	var n notif
	err := l.ioctl(notifReceive, unsafe.Pointer(&n))
	for err == unix.EINTR {
		n = notif{} // the kernel wants it zeroed
		err = l.ioctl(notifReceive, unsafe.Pointer(&n))
	}
	if err != nil {
		if err == unix.ENOENT && l.hungUp() {
			err = unix.EPIPE
		}
		return Notification{}, err
	}
	name := ""
	if c, _, _ := syscalls.Lookup(n.arch, uint64(uint32(n.nr))); c != nil {
		name = c.Name
	} else {
		name = fmt.Sprint(n.nr)
	}
	return Notification{n.id, int(n.pid), name, n.args, n.arch, uint64(uint32(n.nr))}, nil
}

// hungUp reports whether no process is left under the filter.
func (l *Listener) hungUp() bool {
	fds := []unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}
	_, err := unix.Poll(fds, 0)
	return err == nil && fds[0].Revents&unix.POLLHUP != 0
}

// Sync lets the processor that a call came from run the supervisor at once, and the caller again
// when it has its answer (SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, Linux 6.6). Older kernels go without.
func (l *Listener) Sync() {
	const setFlags, syncWakeUp = 0x40082104, 1
	_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(l.fd), setFlags, syncWakeUp)
}

// Valid reports whether the call still waits: what was read of its process before is then that
// process's own.
func (l *Listener) Valid(id uint64) bool {
	return l.ioctl(notifIDValid, unsafe.Pointer(&id)) == nil
}

// Refuse answers a call with an error.
func (l *Listener) Refuse(id uint64, e syscall.Errno) error {
	return l.ioctl(notifSend, unsafe.Pointer(&response{id: id, errno: -int32(e)}))
}

// Continue lets a call run. Its arguments may have changed meanwhile: it is no way to allow what
// would be refused.
func (l *Listener) Continue(id uint64) error {
	return l.ioctl(notifSend, unsafe.Pointer(&response{id: id, flags: notifContinue}))
}

// Close gives the listener up: calls that wait, and those to come, get ENOSYS.
func (l *Listener) Close() error { return unix.Close(l.fd) }

func (l *Listener) ioctl(request uint, arg unsafe.Pointer) error {
	_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(l.fd), uintptr(request), uintptr(arg))
	runtime.KeepAlive(arg)
	if e != 0 {
		return e
	}
	return nil
}
