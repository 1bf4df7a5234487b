package trace

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls that placement answers for, so that the program sees and governs its own mask only.
const (
	getAffinity = "sched_getaffinity"
	setAffinity = "sched_setaffinity"
)

// affinityTarget is the task that a call of either kind is about.
func (tr *tracer) affinityTarget(t *task) *task {
	if pid := int(int32(t.args[0])); pid != 0 {
		return tr.tasks[pid]
	}
	return t
}

// affinityEntry lets go of a task before its mask is changed.
func (tr *tracer) affinityEntry(t *task) {
	if target := tr.affinityTarget(t); target != nil {
		tr.place.governs(target)
	}
}

// affinityExit puts the task's own mask into the answer, or takes note of a new one.
func (tr *tracer) affinityExit(t *task, ret int64) {
	target := tr.affinityTarget(t)
	if target == nil {
		return
	}
	if t.call.Name == setAffinity {
		tr.place.governs(target)
		return
	}
	const sane = 1 << 16 // bytes of mask; a kernel has at most 1 KiB
	if ret > 0 && ret < sane {
		if b := tr.place.ownBytes(target, int(ret)); b != nil {
			overwrite(t.tid, t.args[2], b)
		}
	}
}

// overwrite puts bytes into a tracee's writable memory. What cannot be written the program made
// unwritable since the kernel wrote there: it then keeps the kernel's answer.
func overwrite(tid int, addr uint64, b []byte) {
	local := unix.Iovec{Base: &b[0]}
	local.SetLen(len(b))
	remote := remoteVec{addr, uint64(len(b))}
	_, _, _ = unix.RawSyscall6(unix.SYS_PROCESS_VM_WRITEV, uintptr(tid), uintptr(unsafe.Pointer(&local)), 1,
		uintptr(unsafe.Pointer(&remote)), 1, 0)
}

// governs lets go of a task before it, or another, changes its mask.
func (pl *placement) governs(t *task) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if t.cpus.drawn.Load() {
		pl.letGo(t)
	}
	t.cpus.known = false
}

// ownBytes is the mask that a task believes to have, as sched_getaffinity(2) lays it out; nil where
// the kernel's own answer is right.
func (pl *placement) ownBytes(t *task, size int) []byte {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if !t.cpus.drawn.Load() {
		return nil
	}
	b := make([]byte, size)
	for i := range size * 8 {
		if i < len(t.cpus.own)*64 && t.cpus.own.IsSet(i) {
			b[i/8] |= 1 << (i % 8)
		}
	}
	return b
}
