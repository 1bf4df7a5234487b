package trace

import (
	"bytes"
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The bounds of what is read of a tracee's memory, in bytes.
const (
	pathMax     = 4096      // PATH_MAX: longer names are no names to the kernel
	argvMax     = 128 << 10 // all of an argument vector
	sockaddrMax = 128       // sizeof(struct sockaddr_storage)
	pageSize    = 4096      // the smallest there is; a larger page only costs a needless split
)

// memory reads the memory of tracees into buffers that the next read overwrites.
type memory struct {
	buf [pathMax]byte
	one [sockaddrMax]byte
}

// read fills dst from addr, without crossing into what is not mapped: n is how much could be read.
func read(tid int, dst []byte, addr uint64) (n int) {
	if len(dst) == 0 || addr == 0 {
		return 0
	}
	local := unix.Iovec{Base: &dst[0]}
	local.SetLen(len(dst))
	// Two remote parts, split at the end of a page: the call stops between parts, not inside one.
	first := min(uint64(len(dst)), pageSize-addr%pageSize)
	remote := [2]remoteVec{{addr, first}, {addr + first, uint64(len(dst)) - first}}
	parts := 2
	if remote[1].length == 0 {
		parts = 1
	}
	r, _, e := syscall.RawSyscall6(unix.SYS_PROCESS_VM_READV, uintptr(tid), uintptr(unsafe.Pointer(&local)), 1,
		uintptr(unsafe.Pointer(&remote[0])), uintptr(parts), 0)
	if e != 0 {
		return 0
	}
	return int(r)
}

type remoteVec struct{ base, length uint64 }

// text reads a NUL-ended string of at most limit bytes. cut says that it is longer; ok is false
// where the memory cannot be read.
func (m *memory) text(tid int, addr uint64, limit int) (s string, cut, ok bool) {
	const usual = 256
	n := read(tid, m.buf[:min(usual, limit)], addr)
	if i := bytes.IndexByte(m.buf[:n], 0); i >= 0 {
		return string(m.buf[:i]), false, true
	}
	if n < min(usual, limit) {
		return "", false, false
	}
	for n < limit {
		// A page at a time, so that memory that ends behind the string is no hindrance.
		at := addr + uint64(n)
		want := min(limit-n, int(pageSize-at%pageSize))
		got := read(tid, m.buf[n:n+want], at)
		if i := bytes.IndexByte(m.buf[n:n+got], 0); i >= 0 {
			return string(m.buf[:n+i]), false, true
		}
		if got < want {
			return "", false, false
		}
		n += got
	}
	return string(m.buf[:limit]), true, true
}

// word reads one pointer-sized number.
func (m *memory) word(tid int, addr uint64, size int) (uint64, bool) {
	if read(tid, m.one[:size], addr) != size {
		return 0, false
	}
	if size == 4 {
		return uint64(binary.NativeEndian.Uint32(m.one[:])), true
	}
	return binary.NativeEndian.Uint64(m.one[:]), true
}

// array reads a NULL-ended array of strings, execve(2), within argvMax bytes.
func (m *memory) array(tid int, addr uint64, word int) (list []string, cut bool) {
	total := 0
	for i := uint64(0); ; i++ {
		p, ok := m.word(tid, addr+i*uint64(word), word)
		if !ok || p == 0 {
			return list, false
		}
		s, long, ok := m.text(tid, p, pathMax)
		if !ok {
			return list, true
		}
		list = append(list, s)
		cut = cut || long
		if total += len(s) + word; total > argvMax {
			return list, true
		}
	}
}

// write puts bytes into a tracee's memory, read-only pages included, a word at a time.
func write(tid int, addr uint64, b []byte) bool {
	for len(b) >= 8 {
		if ptrace(unix.PTRACE_POKEDATA, tid, uintptr(addr), uintptr(binary.NativeEndian.Uint64(b))) != 0 {
			return false
		}
		addr, b = addr+8, b[8:]
	}
	return len(b) == 0
}
