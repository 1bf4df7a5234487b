package trace

import "syscall"

// callRegisters are the number and the first argument of the call that a task is in, read where
// PTRACE_GET_SYSCALL_INFO does not tell them: at a fork event.
func callRegisters(tid int) (nr, arg0 uint64, ok bool) {
	var r syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &r) != nil {
		return 0, 0, false
	}
	return r.Orig_rax, r.Rdi, true
}

// setFirstArgument changes the first argument of the call that a task is about to make, as the
// calling convention abi has it.
func setFirstArgument(tid int, foreign bool, v uint64) bool {
	var r syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &r) != nil {
		return false
	}
	if foreign {
		r.Rbx = v // i386
	} else {
		r.Rdi = v
	}
	return syscall.PtraceSetRegs(tid, &r) == nil
}

// skipCall keeps the kernel from making the call that a task is stopped before: it fails with errno.
func skipCall(tid int, errno syscall.Errno) bool {
	var r syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &r) != nil {
		return false
	}
	r.Orig_rax = ^uint64(0)
	r.Rax = uint64(-int64(errno))
	return syscall.PtraceSetRegs(tid, &r) == nil
}
