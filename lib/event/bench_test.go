package event

import (
	"bytes"
	"io"
	"testing"
)

// benchProc is the process block that the benchmarks' records carry.
func benchProc() *Proc {
	p := &Proc{
		PID: 41, PPID: 40, Start: 7344, Name: "node", Exe: "/usr/bin/node", UID: Some[uint32](1000),
		Lineage: []string{"npm", "sh", "node"},
		Pkg:     &Pkg{Manager: "npm", Name: "evil-left-pad", Version: "1.3.0", Stage: "postinstall"},
	}
	p.Freeze()
	return p
}

// benchSyscall is what st-trace writes most: an openat with a path of 60 bytes.
func benchSyscall() *Syscall {
	return &Syscall{
		Head: Head{Time: 1795247340000000001},
		Name: "openat", Path: "/home/user/project/node_modules/left-pad/lib/internal/pad.js",
		Access: AccessRead, Category: CategoryFileRead,
		Args: Args{
			{Key: "dirfd", Kind: ArgText, Str: "AT_FDCWD"},
			{Key: "flags", Kind: ArgList, List: []string{"O_RDONLY", "O_CLOEXEC"}},
		},
		Ret: Some[int64](21), Success: Some(true), Duration: 8120, Action: ActionAllow,
		Proc: benchProc(),
	}
}

// step moves a record on by what a call takes, so that the clock is measured as it is used.
func step(r *Syscall) { r.Time += 8120 }

func BenchmarkWriterSyscall(b *testing.B) {
	w := NewWriter(io.Discard, "st-trace", "01JDABCDEFGHJKMNPQRSTVWXYZ", 0)
	r := benchSyscall()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		step(r)
		if err := w.Write(r); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkReader(b *testing.B) {
	var stream bytes.Buffer
	w := NewWriter(&stream, "st-trace", "01JDABCDEFGHJKMNPQRSTVWXYZ", 0)
	r := benchSyscall()
	const lines = 10_000
	for range lines {
		step(r)
		_ = w.Write(r)
	}
	_ = w.Flush()
	b.SetBytes(int64(stream.Len()))
	b.ReportAllocs()
	for b.Loop() {
		in := NewReader(bytes.NewReader(stream.Bytes()))
		for range lines {
			if _, err := in.Next(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(lines*b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkDecode(b *testing.B) {
	var stream bytes.Buffer
	w := NewWriter(&stream, "st-trace", "01JDABCDEFGHJKMNPQRSTVWXYZ", 0)
	_ = w.Write(benchSyscall())
	_ = w.Flush()
	line := bytes.TrimSuffix(stream.Bytes(), []byte("\n"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(line); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
