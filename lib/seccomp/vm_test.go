package seccomp

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// machine runs a filter as the kernel does. The virtual machine of x/net/bpf reads words as a network
// packet has them, so struct seccomp_data is laid out in big-endian words here.
type machine struct{ vm *bpf.VM }

func newMachine(t *testing.T, program []byte) machine {
	t.Helper()
	var raw []bpf.RawInstruction
	for p := program; len(p) > 0; p = p[8:] { // struct sock_filter, linux/filter.h
		raw = append(raw, bpf.RawInstruction{
			Op: binary.NativeEndian.Uint16(p), Jt: p[2], Jf: p[3], K: binary.NativeEndian.Uint32(p[4:]),
		})
	}
	code, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatalf("not all of the program is known: %v", code)
	}
	vm, err := bpf.NewVM(code)
	if err != nil {
		t.Fatal(err)
	}
	return machine{vm}
}

// run is the filter's verdict on a call.
func (m machine) run(t *testing.T, audit, nr uint32, args [6]uint64) uint32 {
	t.Helper()
	data := make([]byte, 64) // struct seccomp_data, linux/seccomp.h
	put := func(at int, v uint32) { binary.BigEndian.PutUint32(data[at:], v) }
	put(0, nr)
	put(4, audit)
	for i, a := range args {
		put(16+8*i, uint32(a)) // the low half first, on both supported machines
		put(20+8*i, uint32(a>>32))
	}
	n, err := m.vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}

func verdict(v uint32) string {
	switch v {
	case unix.SECCOMP_RET_ALLOW:
		return "allow"
	case unix.SECCOMP_RET_TRACE:
		return "trace"
	}
	return "neither allow nor trace"
}
