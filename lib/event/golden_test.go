package event

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenDir holds one file a record type; other packages' tests read them too.
const goldenDir = "../../testdata/events"

const goldenTime Time = 1795247340000000001 // 2026-11-21T07:49:00.000000001Z

// bad is a text that is not UTF-8.
const bad = "caf\xe9"

func goldenProc() *Proc {
	return &Proc{
		PID: 41, TID: 42, PPID: 40, Start: 7344213, Name: "node", Exe: "/usr/bin/node",
		Script: "/src/app/postinstall.js", UID: Some[uint32](0), Argv: []string{"node", "postinstall.js", ""},
		CWD: "/src/app", Lineage: []string{"npm", "sh", "node"},
		Pkg: &Pkg{Manager: "npm", Name: "evil-left-pad", Version: "1.3.0", Stage: "postinstall"},
	}
}

func goldenBadProc() *Proc {
	return &Proc{
		PID: 41, Name: bad, Exe: "/bin/" + bad, Script: bad + ".js", Argv: []string{bad, "plain"}, CWD: "/" + bad,
		Lineage: []string{"sh", bad}, Pkg: &Pkg{Manager: bad, Name: bad, Version: bad, Stage: bad},
	}
}

// golden holds the records of each file: one with every key, one with as few as there can be, and
// where a type carries bytes from outside one in which none of them is UTF-8.
var golden = map[Type][]Record{
	TypeStart: {
		&Start{
			ToolVersion: "0.1.0", Host: "dev1", Boot: "9f3c2f0a-7a0e-4c0e-9d3f-0123456789ab", Kernel: "6.18.44",
			Backend: "ptrace+seccomp", Cmd: []string{"npm", "install"},
			Options: Args{{Key: "follow", Kind: ArgBool, Int: 1}, {Key: "limit", Int: 16}},
		},
		&Start{},
		&Start{Host: bad, Cmd: []string{bad, ""}},
	},
	TypeSyscall: {
		&Syscall{
			Name: "openat", Path: "/home/u/.aws/credentials", To: "/tmp/x", Unresolved: true, Access: AccessRead,
			Addr: "203.0.113.9", Port: Some[uint16](443), Family: "inet", Proto: "tcp", Host: "evil.example",
			Category: CategoryFileRead,
			Args: Args{
				{Key: "dirfd", Kind: ArgText, Str: "AT_FDCWD"},
				{Key: "flags", Kind: ArgList, List: []string{"O_RDONLY", "O_CLOEXEC"}},
				{Key: "addr", Kind: ArgHex, Int: -1},
				{Key: "mode", Kind: ArgInt, Int: 0},
				{Key: "follow", Kind: ArgBool},
			},
			Ret: Some[int64](-1), Errno: "ENOENT", Success: Some(false), Duration: 8120, Action: ActionDeny,
			Tamper: true, Truncated: true, Proc: goldenProc(),
		},
		&Syscall{Name: "getpid"},
		&Syscall{
			Name: "rename", Path: "/" + bad, To: "/to/" + bad, Addr: "@" + bad, Host: bad + ".example",
			Args: Args{{Key: "text", Kind: ArgText, Str: bad}, {Key: "list", Kind: ArgList, List: []string{bad, "ok"}}},
			Ret:  Some[int64](0), Success: Some(true), Proc: goldenBadProc(),
		},
		&Syscall{Name: "unlink", Path: "/a\"b\\c\nd\re\tf\x00g\x1b[31mh\x7fi\u009bj\u2028k\u202el\u200bm\U000e0041n\u00e9o", Proc: &Proc{PID: 1}},
	},
	TypeProcess: {
		&Process{
			Op: OpExit, Path: "/usr/bin/node", Signal: "SIGKILL", Exit: Some[int64](0), Duration: 9,
			Env:    Args{{Key: "LD_PRELOAD", Kind: ArgText, Str: "/tmp/x.so"}},
			Tamper: true, Truncated: true, Proc: goldenProc(),
		},
		&Process{Op: OpSpawn},
		&Process{Op: OpExec, Path: bad, Proc: goldenBadProc()},
		&Process{Op: OpSignal, Signal: "SIGTERM", Proc: &Proc{PID: 7, UID: Some[uint32](1000)}},
	},
	TypeFile: {
		&File{
			Op: "open", Path: "/home/u/.ssh/id_ed25519", To: "/tmp/k", Access: AccessRead, Dev: "0xfd01", Inode: "0x1f0a2b",
			Attribution: "held", Action: ActionAllow, Tamper: true, Proc: goldenProc(),
		},
		&File{Op: "delete"},
		&File{Op: "rename", Path: bad, To: bad},
	},
	TypeNet: {
		&Net{
			Op: "dns", Host: "evil.example", Answers: []string{"203.0.113.9", "2001:db8::9"}, Addr: "192.0.2.53",
			Port: Some[uint16](53), Family: "inet", Proto: "udp", Action: ActionLog, Sent: 40, Received: 90,
			Duration: 1200, Proc: goldenProc(),
		},
		&Net{Op: "request"},
		&Net{Op: "connect", Host: bad, Answers: []string{bad}, Addr: bad},
	},
	TypeJail: {
		&Jail{
			Op: "layer", Layer: "landlock", Syscall: "mount", Path: "/etc", Access: AccessWrite, Wanted: "abi 7", Got: "abi 6",
			Applied: Some(true), Message: "degraded", Errno: "EPERM", Action: ActionKill, Exit: Some[int64](137), Proc: goldenProc(),
		},
		&Jail{Op: "result"},
		&Jail{Op: "deny", Path: bad, Wanted: bad, Got: bad, Message: bad},
	},
	TypeFinding: {
		&Finding{
			Rule: "cred-aws-key", Path: "src/a.js", Line: 9, Column: 3, EndLine: 9, EndColumn: 23, Severity: SeverityCritical,
			Message: "AWS access key id", Preview: "AKIA************7Q", Fingerprint: "sha256:" + strings.Repeat("0a", 32),
			Tags: []string{"credential", "aws"}, Confidence: "high", Remediation: "revoke the key", Suppressed: true,
		},
		&Finding{Rule: "x"},
		&Finding{Rule: "x", Path: bad, Message: bad, Preview: bad, Tags: []string{bad}, Remediation: bad},
	},
	TypeMatch: {
		&Match{
			Rule: "cred-access-aws", Path: "/home/u/.aws/credentials", To: "/tmp/x", ID: "m-01JDAF-5", Name: "AWS credentials",
			Severity: SeverityHigh, Message: "node (41) read /home/u/.aws/credentials", Tags: []string{"credential", "aws"},
			Channels: []string{"stdout"}, Count: 1, Access: AccessRead, Addr: "203.0.113.9", Port: Some[uint16](443),
			Host: "evil.example", Success: Some(false), Errno: "EACCES", Action: ActionDeny, Truncated: true, Proc: goldenProc(),
			Events: []json.RawMessage{json.RawMessage(`{"v":1,"type":"syscall","ts":"2026-11-21T07:49:00.000000001Z","seq":2,"src":"st-trace","run":"01JDABCDEFGHJKMNPQRSTVWXYZ","syscall":"openat"}`)},
		},
		&Match{Rule: "x"},
		&Match{Rule: "x", Path: bad, To: bad, Name: bad, Message: bad, Tags: []string{bad}, Channels: []string{bad}, Addr: bad, Host: bad},
	},
	TypeReceipt: {
		&Receipt{Match: "m-01JDAF-5", Sink: "webhook:ops", Status: "sent", Attempts: 2, Code: 200, Message: "ok"},
		&Receipt{Match: "m-1", Sink: "console", Status: "sent"},
		&Receipt{Match: "m-1", Sink: bad, Status: "failed", Message: bad},
	},
	TypeLost: {
		&Lost{Why: "queue_overflow", Count: Some[uint64](0)},
		&Lost{Why: "queue_overflow"},
	},
	TypeError: {
		&Error{Code: "bad_json", File: "<stdin>", Line: 88, Column: 4, Message: "unexpected end of JSON input", Proc: goldenProc()},
		&Error{Code: "x", Message: "y"},
		&Error{Code: "x", File: bad, Message: bad},
	},
	TypeSummary: {
		&Summary{
			Counts: []Count{{"syscalls", 4521}, {"denied", 0}}, Tables: []Table{{"by_syscall", []Count{{"openat", 12}, {"connect", 2}}}},
			Lists: []List{{"hosts", []string{"evil.example", bad}}}, Lost: 3, Duration: 1200000000, Exit: Some[int64](0),
		},
		&Summary{},
	},
}

// encode writes records as one run.
func encode(records ...Record) []byte {
	var b bytes.Buffer
	w := NewWriter(&b, "st-test", "01JDABCDEFGHJKMNPQRSTVWXYZ", 0)
	w.now = func() Time { return goldenTime }
	for _, r := range records {
		_ = w.Write(r)
	}
	_ = w.Flush()
	return b.Bytes()
}

func lines(b []byte) [][]byte {
	return bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n"))
}

func TestGolden(t *testing.T) {
	for kind := range makers {
		t.Run(string(kind), func(t *testing.T) {
			file := filepath.Join(goldenDir, string(kind)+".jsonl")
			got := encode(golden[kind]...)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("encoded:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	for kind, records := range golden {
		for i, line := range lines(encode(records...)) {
			r, err := Decode(line)
			if err != nil {
				t.Errorf("%s %d: %v", kind, i, err)
				continue
			}
			if h := HeadOf(r); h.V != 1 || h.Type != kind || h.Time != goldenTime || h.Seq != uint64(i) ||
				h.Src != "st-test" || h.Run != "01JDABCDEFGHJKMNPQRSTVWXYZ" {
				t.Errorf("%s %d: head %+v", kind, i, *h)
			}
			want := lines(encode(records[i]))[0]
			if got := lines(encode(r))[0]; !bytes.Equal(got, want) {
				t.Errorf("%s %d: encoded again:\n%s\nwant:\n%s", kind, i, got, want)
			}
		}
	}
}

// TestGoldenCoversEveryKey holds the golden files to the record types: a new key needs a golden record.
func TestGoldenCoversEveryKey(t *testing.T) {
	for kind, mk := range makers {
		var first map[string]json.RawMessage
		if err := json.Unmarshal(lines(encode(golden[kind]...))[0], &first); err != nil {
			t.Fatal(err)
		}
		want := slices.Collect(maps.Keys(fieldsOf(reflect.TypeOf(mk()).Elem())))
		for _, key := range want {
			if first[key] == nil {
				t.Errorf("%s: the first golden record lacks %q", kind, key)
			}
		}
		if kind == TypeSummary || kind == TypeSyscall { // these have keys that are no field
			continue
		}
		for key := range first {
			if !slices.Contains(want, key) {
				t.Errorf("%s: the golden record has %q, which is no field", kind, key)
			}
		}
	}
}

// TestExactBytes decodes the records whose every text from outside is not UTF-8.
func TestExactBytes(t *testing.T) {
	for kind, records := range golden {
		for i, line := range lines(encode(records...)) {
			r, err := Decode(line)
			if err != nil {
				t.Fatal(err)
			}
			*HeadOf(r) = Head{}
			want := reflect.ValueOf(records[i]).Elem().Interface()
			got := reflect.ValueOf(r).Elem().Interface()
			if kind == TypeSyscall && i == 0 { // a hex argument comes back as its text
				r.(*Syscall).Args[2] = Arg{Key: "addr", Kind: ArgHex, Int: -1}
				got = *r.(*Syscall)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s %d:\n got %#v\nwant %#v", kind, i, got, want)
			}
		}
	}
}
