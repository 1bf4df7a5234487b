package trace

import (
	"encoding/binary"
	"strings"
	"testing"

	"sandtrace/lib/syscalls"
)

// FuzzSockaddr: whatever a program calls an address is decoded or refused, within its bytes.
func FuzzSockaddr(f *testing.F) {
	for _, seed := range []string{
		"", "\x02", "\x02\x00\x00\x50\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", "\x0a\x00\x00\x50",
		"\x0a\x00\x00\x50\x00\x00\x00\x00" + strings.Repeat("\xff", 16) + "\x07\x00\x00\x00",
		"\x01\x00/run/x\x00y", "\x01\x00\x00abstract\x00", "\x10\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00", "\xff\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := parseSockaddr(b, nativeABI)
		if ok != (len(b) >= 2) {
			t.Fatalf("%x: %v", b, ok)
		}
		if ok && a.family == "" {
			t.Fatalf("%x: no family", b)
		}
		if len(a.path)+len(a.addr) > 2*len(b)+64 {
			t.Fatalf("%x: more than was there: %+v", b, a)
		}
	})
}

// FuzzAnswer: no packet makes the parser fail, hang or take more than it may.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x04evil\x07example\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xcb\x00\x71\x09"))
	f.Add([]byte("\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		host, answers := parseAnswer(packet)
		if len(answers) > answersMost || len(host) > 255 {
			t.Fatalf("%q, %d answers", host, len(answers))
		}
		for _, a := range answers {
			if a == "" {
				t.Fatal("an empty answer")
			}
		}
		parseAnswer(unframe(&socketInfo{proto: "tcp"}, packet))
	})
}

// FuzzShebang: the line is cut as execve(2) has it.
func FuzzShebang(f *testing.F) {
	for _, seed := range []string{"", "#!", "#!/bin/sh", "#!/bin/sh -e\n", "#! \t/usr/bin/env node \t\nx", "#!/bin/sh\t-e x", "#!\n", "\x7fELF"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		interpreter, arg := shebang(head)
		if strings.ContainsAny(interpreter, " \t\n") || strings.Contains(arg, "\n") || interpreter == "" && arg != "" {
			t.Fatalf("%q: %q, %q", head, interpreter, arg)
		}
	})
}

// FuzzFlags: every bit of a word is named or shown, for every set of names and every ABI.
func FuzzFlags(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 8 {
			return
		}
		v := binary.NativeEndian.Uint64(b)
		for _, c := range syscalls.All() {
			for _, p := range c.Params {
				if p.Names == nil {
					continue
				}
				for _, s := range p.Names.Flags(nil, nativeABI, v) {
					if s == "" {
						t.Fatalf("%s.%s: an empty name for %#x", c.Name, p.Name, v)
					}
				}
			}
		}
	})
}
