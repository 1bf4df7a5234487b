package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"unicode/utf8"
)

// FuzzRoundTrip builds records from the fuzzer's texts and numbers: what is written is one line of
// UTF-8 JSON that decodes to the same bytes.
func FuzzRoundTrip(f *testing.F) {
	f.Add("/home/u/.aws/credentials", "node", int64(41), true)
	f.Add("a\"b\\c\nd\x00\x1b\u2028\u202e", "\xff\xfe", int64(-1), false)
	f.Add("12345678\xe2\x80", "\U000e0041", int64(1)<<62, true)
	f.Fuzz(func(t *testing.T, a, b string, n int64, flag bool) {
		p := &Proc{
			PID: int(int32(n)), PPID: 1, Name: a, Exe: b, Script: a, UID: Opt[uint32]{uint32(n), flag},
			Argv: []string{a, b}, CWD: b, Lineage: []string{b, a}, Pkg: &Pkg{Manager: b, Name: a, Version: b, Stage: a},
		}
		if flag {
			p.Freeze()
		}
		records := []Record{
			&Syscall{
				Head: Head{Time: Time(n)}, Name: "openat", Path: a, To: b, Unresolved: flag, Host: b, Addr: a,
				Args: Args{
					{Key: "int", Int: n},
					{Key: "hex", Kind: ArgHex, Int: n},
					{Key: "text", Kind: ArgText, Str: a},
					{Key: "list", Kind: ArgList, List: []string{a, b}},
					{Key: "bool", Kind: ArgBool, Int: n & 1},
				},
				Ret: Opt[int64]{n, flag}, Success: Some(flag), Duration: n, Proc: p,
			},
			&Match{Rule: a, Path: b, Message: a, Tags: []string{a, b}, Proc: p, Events: []json.RawMessage{json.RawMessage(a)}},
			&Summary{Counts: []Count{{"n", n}}, Lists: []List{{"list", []string{a, b}}}, Lost: uint64(n)},
		}
		for _, r := range records {
			line := encode(r)
			if bytes.Count(line, []byte("\n")) != 1 || !utf8.Valid(line) {
				t.Fatalf("%q", line)
			}
			for _, c := range string(line[:len(line)-1]) {
				if !visible(c) {
					t.Fatalf("%q stands unescaped in %s", c, line)
				}
			}
			back, err := Decode(lines(line)[0])
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if s, ok := back.(*Syscall); ok && (s.Path != a || s.To != b || s.Proc.Name != a || s.Proc.Argv[1] != b || s.Proc.Pkg.String() != p.Pkg.String()) {
				t.Fatalf("%s: %+v", line, s)
			}
			if again := encode(back); !bytes.Equal(again, line) {
				t.Fatalf("written again:\n%s\n%s", line, again)
			}
		}
	})
}

// FuzzReader checks that every byte of a stream comes back as a line, a fault, or a line's end.
func FuzzReader(f *testing.F) {
	f.Add([]byte("a\n\nb\r\n{"), uint16(1))
	f.Add([]byte("00\n\r"), uint16(1))
	f.Add([]byte("{}\n{\"v\":1}"), uint16(3))
	f.Fuzz(func(t *testing.T, in []byte, step uint16) {
		r := NewReader(&steps{in, int(step)%1000 + 1})
		var want [][]byte
		for l := range bytes.SplitSeq(in, []byte("\n")) {
			if l = bytes.TrimSuffix(l, []byte("\r")); len(l) > 0 && len(l) < MaxLine {
				want = append(want, l)
			}
		}
		for n := 0; ; n++ {
			l, err := r.Next()
			var le *LineError
			if errors.As(err, &le) && le.Code == CodeTruncated && n == len(want)-1 {
				continue
			}
			if err == io.EOF && n == len(want) {
				return
			}
			if err != nil || n >= len(want) || !bytes.Equal(l, want[n]) {
				t.Fatalf("line %d: %q %v", n, l, err)
			}
		}
	})
}

// steps reads n bytes at a time.
type steps struct {
	b []byte
	n int
}

func (s *steps) Read(p []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.n)], s.b)
	s.b = s.b[n:]
	return n, nil
}

// FuzzDecode: garbage never panics, and what decodes is written, read and written again the same.
func FuzzDecode(f *testing.F) {
	for _, records := range golden {
		for _, l := range lines(encode(records...)) {
			f.Add(l)
		}
	}
	f.Add([]byte(`{"v":1,"type":"syscall","args":{"a_b64":"/w==","a":"�"},"proc":{"pkg":{}},"":0}`))
	f.Add([]byte(`{"v":1,"type":"summary","x":{"y":1.5},"z":[1],"w":[],"a_b64":["/w=="],"a":["�"]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		Display(string(in))
		r, err := Decode(in)
		if err != nil {
			return
		}
		checkFacets(t, in, r)
		once := encode(r)
		if bytes.Count(once, []byte("\n")) != 1 || !utf8.Valid(once) {
			t.Fatalf("%q", once)
		}
		back, err := Decode(lines(once)[0])
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice := encode(back); !bytes.Equal(once, twice) {
			t.Fatalf("not stable:\n%s\n%s", once, twice)
		}
	})
}

// checkFacets: what a rule sees of a line is what Decode says.
func checkFacets(t *testing.T, line []byte, r Record) {
	t.Helper()
	f, err := new(Scanner).Scan(line)
	if err != nil { // of keys that this type does not have
		return
	}
	type facets struct {
		path, to, host, exe, pkg string
		access                   Access
	}
	got := facets{string(f.Path), string(f.To), string(f.Host), string(f.Proc.Exe), string(f.Proc.Package), Access(f.Access)}
	var want facets
	var p *Proc
	switch r := r.(type) {
	case *Syscall:
		want, p = facets{path: r.Path, to: r.To, host: r.Host, access: r.Access}, r.Proc
	case *Match:
		want, p = facets{path: r.Path, to: r.To, host: r.Host, access: r.Access}, r.Proc
	default:
		return
	}
	if p != nil {
		want.exe = p.Exe
		if p.Pkg != nil {
			want.pkg = p.Pkg.Name
		}
	}
	if got != want {
		t.Fatalf("%q: scanned %+v, decoded %+v", line, got, want)
	}
}
