package trace

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// traceOptions make system call stops tell themselves from SIGTRAP, follow every way to make a
// task, report execs and seccomp stops, and leave no tracee behind when the tracer dies (ptrace(2)).
const traceOptions = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK |
	unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_EXITKILL

// syscallStop is the stop signal of a system call stop under PTRACE_O_TRACESYSGOOD.
const syscallStop = int(unix.SIGTRAP) | 0x80

// callInfo is struct ptrace_syscall_info, ptrace(2).
type callInfo struct {
	op   uint8
	_    [3]byte
	arch uint32 // AUDIT_ARCH_*
	ip   uint64
	sp   uint64
	data [8]uint64 // entry, seccomp: number and arguments; exit: return value and error flag
}

// The kinds of stop that PTRACE_GET_SYSCALL_INFO tells.
const (
	opEntry   = 1
	opExit    = 2
	opSeccomp = 3
)

func ptrace(request, tid int, addr, data uintptr) syscall.Errno {
	_, _, e := syscall.RawSyscall6(syscall.SYS_PTRACE, uintptr(request), uintptr(tid), addr, data, 0, 0)
	return e
}

// getCallInfo reads why a task stands at a system call stop.
func getCallInfo(tid int, info *callInfo) bool {
	return ptrace(unix.PTRACE_GET_SYSCALL_INFO, tid, unsafe.Sizeof(*info), uintptr(unsafe.Pointer(info))) == 0
}

// eventMessage is what PTRACE_GETEVENTMSG tells of an event stop: the new task's id at a fork, the
// caller's former id at an exec.
func eventMessage(tid int) (int, bool) {
	var msg uintptr
	e := ptrace(unix.PTRACE_GETEVENTMSG, tid, 0, uintptr(unsafe.Pointer(&msg)))
	return int(msg), e == 0
}

// wait waits for the next stop or end of any tracee, or for a signal to this thread (EINTR).
//
// It is a raw call: the scheduler is not told that the thread sleeps, since telling it twice a stop,
// and its monitor that then wakes every 20 microseconds, cost a sixth of the tracer's time. When the
// scheduler wants the thread (for the collector, or for a timer where there is one processor) it
// sends SIGURG, which interrupts the call (interruptible): the loop then passes through a function's
// prologue, where it yields.
func wait() (tid int, status syscall.WaitStatus, err syscall.Errno) {
	var st int32
	r, _, e := syscall.RawSyscall6(syscall.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&st)), unix.WALL, 0, 0, 0)
	return int(r), syscall.WaitStatus(st), e
}

// interruptible makes a signal that the Go runtime handles interrupt a system call for good: the
// runtime asks the kernel to restart them.
func interruptible(sig unix.Signal) error {
	const saRestart = 0x10000000
	var action struct{ handler, flags, restorer, mask uintptr }
	call := func(set, get unsafe.Pointer) error {
		_, _, e := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), uintptr(set), uintptr(get), 8, 0, 0)
		if e != 0 {
			return os.NewSyscallError("rt_sigaction", e)
		}
		return nil
	}
	if err := call(nil, unsafe.Pointer(&action)); err != nil {
		return err
	}
	action.flags &^= saRestart
	return call(unsafe.Pointer(&action), nil)
}

// quietChildren sets SIGCHLD to its default without the notices of stops. The Go runtime's own
// handler would run on some thread at each stop and doubles what a stop costs; ignoring the signal
// instead would reap children before wait sees them.
func quietChildren() error {
	const noChildStop = 1 // SA_NOCLDSTOP
	action := struct{ handler, flags, restorer, mask uintptr }{flags: noChildStop}
	_, _, e := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	if e != 0 {
		return os.NewSyscallError("rt_sigaction", e)
	}
	return interruptible(unix.SIGURG)
}

// pidfdInfo is the request PIDFD_GET_INFO of ioctl(2).
func pidfdInfo(fd int, info *unix.PidfdInfo) error {
	_, _, e := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), unix.PIDFD_GET_INFO, uintptr(unsafe.Pointer(info)))
	if e != 0 {
		return os.NewSyscallError("ioctl PIDFD_GET_INFO", e)
	}
	return nil
}
