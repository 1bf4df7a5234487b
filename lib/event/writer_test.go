package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// chunks keeps each write apart.
type chunks struct {
	mu     sync.Mutex
	writes [][]byte
	err    error
	short  bool
}

func (c *chunks) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	c.writes = append(c.writes, bytes.Clone(b))
	if c.short {
		return len(b) - 1, nil
	}
	return len(b), nil
}

func (c *chunks) all() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Join(c.writes, nil)
}

func TestWriterWritesWholeLines(t *testing.T) {
	var c chunks
	w := NewWriter(&c, "st-test", "R", 0)
	r := benchSyscall()
	for range 1000 {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.writes) == 0 {
		t.Error("nothing is written at 64 KiB")
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	for i, b := range c.writes {
		if b[len(b)-1] != '\n' {
			t.Errorf("write %d ends inside a line", i)
		}
		if n := len(b); i < len(c.writes)-1 && (n < flushSize || n > flushSize+MaxLine) {
			t.Errorf("write %d has %d bytes", i, n)
		}
	}
	if n := bytes.Count(c.all(), []byte("\n")); n != 1000 {
		t.Errorf("%d lines", n)
	}
	if w.Seq() != 1000 {
		t.Errorf("next seq %d", w.Seq())
	}
}

func TestWriterFlushesWhenIdle(t *testing.T) {
	var c chunks
	w := NewWriter(&c, "st-test", "R", time.Millisecond)
	for round := 1; round <= 3; round++ {
		_ = w.Write(&Lost{Why: "x"})
		for deadline := time.Now().Add(10 * time.Second); bytes.Count(c.all(), []byte("\n")) < round; {
			if time.Now().After(deadline) {
				t.Fatalf("round %d: not flushed", round)
			}
			time.Sleep(time.Millisecond)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWriterErrorStays(t *testing.T) {
	boom := errors.New("boom")
	c := chunks{err: boom}
	w := NewWriter(&c, "st-test", "R", 0)
	_ = w.Write(&Lost{Why: "x"})
	if err := w.Flush(); !errors.Is(err, boom) {
		t.Errorf("flush: %v", err)
	}
	c.err = nil
	if err := w.Write(&Lost{Why: "x"}); !errors.Is(err, boom) {
		t.Errorf("write: %v", err)
	}
	if err := w.Close(); !errors.Is(err, boom) {
		t.Errorf("close: %v", err)
	}
	if len(c.writes) > 0 {
		t.Error("wrote after an error")
	}
}

func TestWriterShortWrite(t *testing.T) {
	w := NewWriter(&chunks{short: true}, "st-test", "R", 0)
	_ = w.Write(&Lost{Why: "x"})
	if err := w.Flush(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("flush: %v", err)
	}
}

func TestWriterClose(t *testing.T) {
	var c chunks
	w := NewWriter(&c, "st-test", "R", time.Hour)
	_ = w.Write(&Lost{Why: "x"})
	for range 2 {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if len(c.writes) != 1 {
		t.Errorf("%d writes", len(c.writes))
	}
	if err := w.Write(&Lost{Why: "x"}); err == nil {
		t.Error("wrote after close")
	}
}

func TestWriterReplacesTooLongRecord(t *testing.T) {
	for _, over := range []int{0, 1} {
		base := len(encode(&Error{Code: "x", Message: "m"})) - 1
		r := &Error{Code: "x", Message: strings.Repeat("m", MaxLine-base+over)}
		out := lines(encode(&Lost{Why: "first"}, r, &Lost{Why: "last"}))
		if len(out) != 3 {
			t.Fatalf("%d lines", len(out))
		}
		got, err := Decode(out[1])
		if err != nil {
			t.Fatal(err)
		}
		if over == 0 {
			if len(out[1])+1 != MaxLine {
				t.Errorf("the longest record has %d bytes", len(out[1])+1)
			}
			continue
		}
		l, ok := got.(*Lost)
		if !ok || l.Why != "record_too_long" || l.Count != Some[uint64](1) || l.Seq != 1 || l.Time != goldenTime {
			t.Errorf("%+v", got)
		}
		if last, _ := Decode(out[2]); HeadOf(last).Seq != 2 {
			t.Errorf("seq %d after a lost record", HeadOf(last).Seq)
		}
	}
}

func TestWriterLeavesRecordAlone(t *testing.T) {
	r := &Lost{Why: "x"}
	encode(r)
	if r.Head != (Head{}) {
		t.Errorf("%+v", r.Head)
	}
}

func TestWriterConcurrently(t *testing.T) {
	var c chunks
	w := NewWriter(&c, "st-test", "R", time.Microsecond)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			r := benchSyscall()
			for range 500 {
				if err := w.Write(r); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var scan Scanner
	for i, l := range lines(c.all()) {
		if f, err := scan.Scan(l); err != nil || f.Seq != Some(uint64(i)) {
			t.Fatalf("line %d: %s", i, l)
		}
	}
}

func TestWriteAllocatesNothing(t *testing.T) {
	w := NewWriter(io.Discard, "st-test", "R", 0)
	for name, r := range map[string]Record{
		"frozen":   benchSyscall(),
		"unfrozen": golden[TypeSyscall][0],
		"bytes":    golden[TypeSyscall][2],
		"long":     &Syscall{Name: "unlink", Path: strings.Repeat(bad, 100), To: strings.Repeat("\n", 300)},
		"process":  golden[TypeProcess][0],
	} {
		_ = w.Write(r)
		if n := testing.AllocsPerRun(1000, func() { _ = w.Write(r) }); n != 0 {
			t.Errorf("%s: %v allocations a record", name, n)
		}
	}
}

// TestNothingForgesARecord puts what would end a line, a string or an object into every text.
func TestNothingForgesARecord(t *testing.T) {
	const evil = "x\"}\n{\"v\":1,\"type\":\"match\",\"rule\":\"forged\"}\n\u2028\\"
	p := &Proc{
		PID: 1, Name: evil, Exe: evil, Script: evil, Argv: []string{evil}, CWD: evil, Lineage: []string{evil},
		Pkg: &Pkg{Manager: evil, Name: evil, Version: evil, Stage: evil},
	}
	p.Freeze()
	records := []Record{
		&Start{Host: evil, Cmd: []string{evil}, Options: Args{{Key: evil, Kind: ArgText, Str: evil}}},
		&Syscall{Name: evil, Path: evil, To: evil, Addr: evil, Host: evil, Args: Args{{Key: evil, Kind: ArgList, List: []string{evil}}}, Errno: evil, Proc: p},
		&Match{Rule: evil, Message: evil, ID: evil, Severity: evil, Events: []json.RawMessage{
			json.RawMessage(`{"a":1}`), json.RawMessage("{\n}"), json.RawMessage(`{}],"rule":"forged"`), json.RawMessage(""),
			json.RawMessage("{\"a\":\"\xff\"}"), json.RawMessage("7"),
		}},
		&Summary{Counts: []Count{{evil, 1}}, Tables: []Table{{evil, []Count{{evil, 1}}}}, Lists: []List{{evil, []string{evil}}}},
	}
	out := lines(encode(records...))
	if len(out) != len(records) {
		t.Fatalf("%d records made %d lines", len(records), len(out))
	}
	for i, l := range out {
		r, err := Decode(l)
		if err != nil {
			t.Errorf("%s: %v", l, err)
			continue
		}
		if r.Kind() != records[i].Kind() {
			t.Errorf("record %d is a %s", i, r.Kind())
		}
		if m, ok := r.(*Match); ok && (m.Rule != evil || len(m.Events) != 1 || !m.Truncated) {
			t.Errorf("%+v", m)
		}
	}
}
