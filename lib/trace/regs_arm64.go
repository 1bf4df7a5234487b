package trace

import "syscall"

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
