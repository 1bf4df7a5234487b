package trace

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// callRegisters are the number and the first argument of the call that a task is in, read where
// PTRACE_GET_SYSCALL_INFO does not tell them: at a fork event.
func callRegisters(tid int) (nr, arg0 uint64, ok bool) {
	var r syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &r) != nil {
		return 0, 0, false
	}
	return r.Regs[8], r.Regs[0], true
}

// setFirstArgument changes the first argument of the call that a task is about to make. 32-bit
// programs pass it in the same register.
func setFirstArgument(tid int, _ bool, v uint64) bool {
	var r syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &r) != nil {
		return false
	}
	r.Regs[0] = v
	return syscall.PtraceSetRegs(tid, &r) == nil
}

// skipCall keeps the kernel from making the call that a task is stopped before: it fails with errno.
func skipCall(tid int, errno syscall.Errno) bool {
	var r syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &r) != nil {
		return false
	}
	r.Regs[0] = uint64(-int64(errno))
	if syscall.PtraceSetRegs(tid, &r) != nil {
		return false
	}
	const ntARMSystemCall = 0x404 // NT_ARM_SYSTEM_CALL, elf.h
	none := int32(-1)
	iov := unix.Iovec{Base: (*byte)(unsafe.Pointer(&none)), Len: 4}
	return ptrace(unix.PTRACE_SETREGSET, tid, ntARMSystemCall, uintptr(unsafe.Pointer(&iov))) == 0
}
