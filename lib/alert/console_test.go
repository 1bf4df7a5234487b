package alert

import (
	"bytes"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"sandtrace/lib/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

// zone is one hour east, so that a time left in UTC shows.
var zone = time.FixedZone("test", 3600)

// show routes lines and returns what the console wrote and what was complained about.
func show(t testing.TB, in string, lowest event.Severity, color bool) (out, complaints string, tally *Tally) {
	t.Helper()
	var b, c bytes.Buffer
	r := Router{
		Min:      lowest,
		Console:  NewConsole(&b, color, zone),
		Complain: func(text string) { c.WriteString(text + "\n") },
	}
	if err := r.Run(strings.NewReader(in), "<stdin>"); err != nil {
		t.Fatal(err)
	}
	return b.String(), c.String(), &r.Tally
}

func TestConsoleGolden(t *testing.T) {
	in, err := os.ReadFile("testdata/console.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for file, color := range map[string]bool{"testdata/plain.txt": false, "testdata/color.txt": true} {
		out, complaints, tally := show(t, string(in), event.SeverityInfo, color)
		got := out + "--\n" + complaints + tally.Closing(event.SeverityInfo) + "\n" + tally.Losses(false) + "\n"
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
	}
}

// oneMatch is a match record with more keys.
func oneMatch(keys string) string {
	return `{"v":1,"type":"match","ts":"2026-11-23T07:49:01.000000001Z","seq":0,"src":"st-match","run":"01B","rule":"r","severity":"high"` + keys + `}` + "\n"
}

// TestConsoleHostile: no text of a record becomes a line or a control of the terminal.
func TestConsoleHostile(t *testing.T) {
	long := strings.Repeat("x", 500_000)
	tests := []struct {
		name, keys string
		lines      int
		want       []string
	}{
		{"escapes", `,"message":"\u001b[2J\u001b]0;t\u0007\u009b31m"`, 1, []string{`\x1b[2J\x1b]0;t\a\u009b31m`}},
		{"newlines", `,"path":"/a\nforged\r/b\u0085c\u2028d"`, 2, []string{`/a\nforged\r/b\u0085c\u2028d`}},
		{"bidi", `,"path":"/a\u202egpj.exe"`, 2, []string{`/a\u202egpj.exe`}},
		{"invisible", `,"path":"/a\u200b\u3164\udb40\udc41b"`, 2, []string{`/a\u200b\u3164\U000e0041b`}},
		{"bytes", `,"path":"/\ufffd","path_b64":"L/8="`, 2, []string{`/\xff`}},
		{"package", `,"proc":{"pid":1,"name":"n","pkg":{"name":"left\npad","version":"\u001b[1A","stage":"\r"}}`, 3, []string{`package  left\npad@\x1b[1A (\r)`}},
		{"lineage", `,"proc":{"pid":1,"name":"n","lineage":["a\nb","\u001bc"]}`, 2, []string{`[a\nb > \x1bc]`}},
		{"long message", `,"message":"start` + long + `end"`, 1, []string{"start", "…", "end\n"}},
		{"long path", `,"path":"/start` + long + `/end"`, 2, []string{"path     /start", "…", "/end\n"}},
		{"long package", `,"proc":{"pid":1,"name":"n","pkg":{"name":"evil` + long + `"}}`, 3, []string{"package  evilxxx", "…"}},
		{"long severity and rule", `,"severity":"` + long + `","rule":"` + long + `"`, 1, nil},
	}
	for _, tt := range tests {
		for _, color := range []bool{false, true} {
			out, complaints, _ := show(t, oneMatch(tt.keys), event.SeverityInfo, color)
			if complaints != "" {
				t.Errorf("%s: %s", tt.name, complaints)
			}
			checkSafe(t, out)
			if n := strings.Count(out, "\n"); n != tt.lines {
				t.Errorf("%s: %d lines: %q", tt.name, n, out)
			}
			for l := range strings.Lines(out) {
				if len(l) > 3*maxValue {
					t.Errorf("%s: a line of %d bytes", tt.name, len(l))
				}
			}
			for _, w := range tt.want {
				if !color && !strings.Contains(out, w) {
					t.Errorf("%s: %q lacks %q", tt.name, out, w)
				}
			}
		}
	}
}

var ourCodes = strings.NewReplacer(func() (pairs []string) {
	for _, s := range []style{reset, dim, bold, pkgName} {
		pairs = append(pairs, string(s), "")
	}
	for _, s := range severityStyles {
		pairs = append(pairs, string(s), "")
	}
	return pairs
}()...)

// checkSafe fails where out holds a control or format character that is neither a newline nor ours.
func checkSafe(t testing.TB, out string) {
	t.Helper()
	for _, r := range ourCodes.Replace(out) {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			t.Fatalf("%q in %q", r, out)
		}
	}
}

func TestClip(t *testing.T) {
	tests := []struct {
		in, want string
		limit    int
	}{
		{"", "", 8},
		{"12345678", "12345678", 8},
		{"123456789", "12345…89", 8},
		{"日本語日本語日本", "日本語日本語日本", 8},
		{"日本語日本語日本語", "日本語日本…本語", 8},
		{"\x1b\x1b\x1b", `\x1b\…1b`, 8},
		{"\xff\xff", `\xff\xff`, 8},
		{strings.Repeat("a", 100) + "zz", "aaaaa…zz", 8},
		{strings.Repeat("日", 100), "日日日日日…日日", 8},
	}
	for _, tt := range tests {
		if got := clip(tt.in, tt.limit); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzConsole(f *testing.F) {
	f.Add("high", "rule", "message\n\x1b[31m", "/path\u202e", "node\xff", int64(1795247340000000001), true)
	f.Add("", "", "", "", "", int64(0), false)
	f.Fuzz(func(t *testing.T, severity, rule, message, path, name string, at int64, color bool) {
		var b bytes.Buffer
		c := NewConsole(&b, color, zone)
		p := &event.Proc{
			PID: int(at), Name: name, Exe: path, Script: message, Lineage: []string{name, rule},
			Pkg: &event.Pkg{Manager: rule, Name: name, Version: message, Stage: severity},
		}
		h := event.Head{Time: event.Time(at)}
		for _, r := range []event.Record{
			&event.Match{
				Head: h, Rule: rule, Severity: event.Severity(severity), Message: message, Path: path, To: name, Addr: path,
				Port: event.Some(uint16(at)), Host: name, Errno: rule, Success: event.Some(color), Count: int(at), Proc: p,
			},
			&event.Finding{Head: h, Rule: rule, Severity: event.Severity(severity), Message: message, Path: path, Line: int(at), Preview: name, Remediation: rule},
		} {
			a, ok := Of(r)
			if !ok {
				t.Fatal("no alert")
			}
			if err := c.Alert(&a); err != nil {
				t.Fatal(err)
			}
		}
		_ = c.Note(h.Time, lostText(&event.Lost{Head: event.Head{Src: name}, Why: message}))
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		checkSafe(t, b.String())
		if !color && strings.Contains(b.String(), "\x1b") {
			t.Fatal("colour without being asked")
		}
	})
}

func BenchmarkAlerts(b *testing.B) {
	in, err := os.ReadFile("testdata/console.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	line := bytes.Split(in, []byte("\n"))[2]
	r := Router{Console: NewConsole(io.Discard, true, zone)}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.line(line); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "alerts/s")
}
