package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// plainRecord is a record as st-trace writes most of them.
const plainRecord = `{"v":1,"type":"syscall","ts":"2026-11-23T07:49:00.000000002Z","seq":2,"src":"st-trace","run":"01JDAB0000000000000000000","syscall":"openat","path":"/home/u/src/app/node_modules/left-pad/index.js","access":"read","category":"file_read","args":{"dirfd":"AT_FDCWD","flags":["O_RDONLY","O_CLOEXEC"]},"ret":3,"success":true,"duration_ns":8120,"action":"allow","proc":{"pid":41,"ppid":40,"start":7344,"name":"node","exe":"/usr/bin/node","uid":1000,"lineage":["npm","sh","node"],"pkg":{"manager":"npm","name":"evil","version":"1.0.0","stage":"postinstall"}}}`

// scanLines are lines at the edges of the fast pass.
var scanLines = []string{
	plainRecord,
	`{}`, `[]`, `null`, `1`, `"x"`, ``, `{`, `nope`, `{"v":1`,
	`{"v":2,"type":"syscall"}`, `{"v":1.0}`, `{"v":null}`,
	`{"type":"file","path":"/a","path":"/b"}`,
	`{"type":"file","path":"/a","p\u0061th":"/b"}`,
	`{"type":"file","Path":"/b"}`,
	`{"type":"file","args":{"path":"/nested"},"path":"/top"}`,
	`{"type":"file","args":[{"path":"/nested"}]}`,
	`{"type":"file","path":"/a\u002fb"}`,
	`{"type":"file","path":"/a\nb\u001b[31m"}`,
	"{\"type\":\"file\",\"path\":\"/a\xffb\"}",
	"{\"type\":\"file\",\"x\":\"\xff\",\"path\":\"/é\"}",
	"{\"type\":\"file\",\"path\":\"/a\x01b\"}",
	`{"type":"file","path":"/a�","path_b64":"L2H/"}`,
	`{"type":"file","path_b64":"L2H/","path":"/a�"}`,
	`{"type":"file","path":"/b","path_b64":"L2H/"}`, `{"type":"file","path_b64":"L2H/"}`, `{"proc":{"pid":1,"argv":["a"],"argv_b64":["YQ==","Yg=="]}}`,
	`{"ts":7}`, `{"ts":"x"}`, `{"args":{},"args":1}`, `{"args":null}`, `{"proc":{"pid":1,"ppid":2,"start":3,"cwd":"/x","lineage":["a","b"],"pkg":{"version":"1"}}}`, `{"proc":{"pid":1,"lineage":7,"name":"0123456789"}}`,
	`{"type":"file","path":"/a","path_b64":"!!"}`,
	`{"type":"file","path":null,"access":"read"}`,
	`{"type":"file","path":7}`,
	`{"type":"x","path":7}`,
	`{ "type" : "file", "path" : "/a" }`,
	"{\"type\":\"file\",\"path\":\"/a\"}\r",
	`{"type":"file","path":"/a"}}`,
	`{"type":"file","path":"/a"},`,
	`{"type":"file","path":"/a",}`,
	`{"type":"file" "path":"/a"}`,
	`{"seq":01}`, `{"seq":-1}`, `{"seq":1e3}`, `{"seq":18446744073709551615}`, `{"seq":18446744073709551616}`,
	`{"port":65535}`, `{"port":65536}`, `{"port":"80"}`,
	`{"ret":-}`, `{"ret":-0}`, `{"ret":00}`, `{"ret":1.}`, `{"ret":1.5e+10}`, `{"ret":1e999}`, `{"ret":.5}`,
	`{"x":tru}`, `{"x":nul}`, `{"success":truefalse}`, `{"success":"true"}`,
	`{"x":"\x"}`, `{"x":"\u12G4"}`, `{"x":"\ud800"}`, `{"x":"\"`, `{"x":"\\"}`,
	`{"proc":{"pid":1,"name":"a","exe":"/a","argv":["x"],"cwd":"/"},"x":1}`,
	`{"proc":{"pid":1,"name":"a","exe":"/a","argv":[],"cwd":"/"}}`,
	`{"proc":{"pid":1,"name":"a","exe":"/a","argv":["a","b","c\n"],"cwd":"/"}}`,
	`{"proc":{"pid":1,"name":"a","exe":"/a","argv":["a",2],"cwd":"/"}}`,
	`{"proc":{"pid":1,"name":"a","exe":"/a","argv":["a","b",2],"cwd":"/"}}`,
	`{"proc":{"pid":1,"name":"a","exe":"/a","argv":"a","cwd":"/"}}`,
	`{"proc":{"pid":1,"exe":"/a","exe":"/b","cwd":"/0123456789"}}`,
	`{"proc":{"pid":1},"proc":{"pid":2}}`,
	`{"proc":[]}`, `{"proc":7}`, `{"proc":null}`, `{"proc":{}}`,
	`{"proc":{"pid":1,"pkg":{"name":"x","stage":"install"},"argv":["\u0061"]}}`,
	`{"proc":{"pid":1,"pkg":7,"name":"0123456789012345"}}`,
	`{"proc":{"pid":1,"pkg":{"proc":{"pid":9}},"name":"0123456789012345"}}`,
	`{"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
	`{"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`,
	`{"x":` + strings.Repeat(`{"a":`, 64) + `1` + strings.Repeat("}", 64) + `,"path":"/deep"}`,
	`{"x":` + strings.Repeat("9", 5000) + `}`,
}

func FuzzScanner(f *testing.F) {
	for _, l := range scanLines {
		f.Add([]byte(l))
	}
	var s Scanner // kept over the lines: what it remembers must not change an answer
	f.Fuzz(func(t *testing.T, line []byte) { checkScan(t, &s, line) })
}

func TestScanEdges(t *testing.T) {
	var s Scanner
	for range 2 {
		for _, l := range scanLines {
			checkScan(t, &s, []byte(l))
		}
	}
}

// checkScan holds the two ways of reading a line against each other and against encoding/json.
func checkScan(t *testing.T, s *Scanner, line []byte) {
	t.Helper()
	var want Facets
	err := want.decode(line)
	var any map[string]json.RawMessage
	if plain := json.Unmarshal(line, &any); (plain != nil || any == nil) && err == nil {
		t.Fatalf("%q: decoded, but encoding/json says %v", line, plain)
	}
	if !s.fast(line) {
		return
	}
	if err != nil {
		var fe *FieldError
		if !errors.As(err, &fe) {
			t.Fatalf("%q: read fast, but: %v", line, err)
		}
		t.Fatalf("%q: read fast, but field error %v", line, err)
	}
	got := s.facets
	got.seen, got.Proc.seen, got.Proc.Fresh = 0, 0, want.Proc.Fresh
	if show(got) != show(want) {
		t.Fatalf("%q:\nfast %s\nfull %s", line, show(got), show(want))
	}
}

// show prints facets by content, telling absent from empty.
func show(f Facets) string {
	var b strings.Builder
	var walk func(v reflect.Value, name string)
	walk = func(v reflect.Value, name string) {
		for i := range v.NumField() {
			ft := v.Type().Field(i)
			if !ft.IsExported() {
				continue
			}
			switch x := v.Field(i).Interface().(type) {
			case []byte:
				if ft.Name == "Raw" {
					fmt.Fprintf(&b, "%s%s=%v ", name, ft.Name, len(bytes.TrimSpace(x)))
				} else if x != nil {
					fmt.Fprintf(&b, "%s%s=%q ", name, ft.Name, x)
				}
			case ProcFacets:
				walk(v.Field(i), "proc.")
			default:
				fmt.Fprintf(&b, "%s%s=%q ", name, ft.Name, fmt.Sprint(x))
			}
		}
	}
	walk(reflect.ValueOf(f), "")
	return b.String()
}

func TestScanFastOnOwnRecords(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, "st-trace", NewRun(time.Unix(0, 0)), 0)
	proc := &Proc{
		PID: 41, TID: 43, PPID: 40, Start: 7, Name: "node", Exe: "/usr/bin/node", Script: "/x/y.js",
		UID: Some[uint32](0), Argv: []string{"node", "y.js", "-e", "a\nb"}, CWD: "/x",
		Pkg: &Pkg{"npm", "evil", "1.0.0", "postinstall"},
	}
	recs := []Record{
		&Syscall{Name: "renameat2", Path: "/é", To: "/b", Access: AccessRename, Success: Some(false), Ret: Some[int64](-1), Errno: "EPERM", Proc: proc},
		&Process{Op: OpExec, Path: "/bin/x", Proc: proc},
		&Net{Op: "dns", Host: "evil.example", Port: Some[uint16](53), Proc: proc},
	}
	for _, r := range recs {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	var s Scanner
	for l := range bytes.Lines(out.Bytes()) {
		l = bytes.TrimSpace(l)
		if !s.fast(l) {
			t.Errorf("not read fast: %s", l)
		}
		checkScan(t, &s, l)
		p, err := DecodeProc(s.facets.Proc.Raw)
		if err != nil || p.Pkg.Stage != "postinstall" || p.Argv[3] != "a\nb" {
			t.Errorf("DecodeProc: %+v, %v", p, err)
		}
	}
}

func TestScanErrors(t *testing.T) {
	var s Scanner
	for line, want := range map[string]string{
		`{"v":1`:                           "unexpected end of JSON input",
		`nope`:                             "invalid character 'o' in literal null (expecting 'u')",
		`[1]`:                              "record: expected a JSON object",
		`{"type":"file","path":7}`:         "path: expected a string",
		`{"type":"file","proc":7}`:         "proc: expected a JSON object",
		`{"v":2,"type":"file"}`:            "v: expected 1: a later schema would be misread",
		`{"proc":{"pkg":{"stage":false}}}`: "proc.pkg.stage: expected a string",
		`{"type":"novel","path":7}`:        "",
	} {
		_, err := s.Scan([]byte(line))
		if got := fmt.Sprint(err); (err == nil) != (want == "") || (err != nil && got != want) {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	line := []byte(plainRecord)
	var s Scanner
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Scan(line); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScanNewProcess is the same without what the Scanner remembers.
func BenchmarkScanNewProcess(b *testing.B) {
	line := []byte(plainRecord)
	var s Scanner
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		s.blocks[slotOf(line[bytes.Index(line, []byte(`{"pid"`)):])].valid = false
		if !s.fast(line) {
			b.Fatal("not fast")
		}
	}
}

func TestWhen(t *testing.T) {
	for _, s := range []string{
		"2026-11-23T07:49:00.000000002Z", "2024-02-29T23:59:59.999999999Z", "1999-12-31T00:00:00.000000000Z",
		"2000-03-01T12:00:00.123456789Z", "1970-01-01T00:00:00.000000000Z", "1969-12-31T23:59:59.500000000Z",
		"2026-11-23T07:49:00Z", "2026-11-23T09:49:00.5+02:00", "2100-02-28T01:02:03.000000004Z",
	} {
		want, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := (&Facets{Time: []byte(s)}).When(); !ok || got != At(want) {
			t.Errorf("%s: got %v %t", s, got, ok)
		}
	}
	for _, s := range []string{"", "now", "2026-13-23T07:49:00.000000002Z", "2026-11-23 07:49:00.000000002Z", "2026-11-23T07:49:0x.000000002Z", "9999-11-23T07:49:00.000000002Z"} {
		if got, ok := (&Facets{Time: []byte(s)}).When(); ok {
			t.Errorf("%s: got %v", s, got)
		}
	}
}
