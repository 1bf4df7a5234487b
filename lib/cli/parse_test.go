package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

type testFlags struct {
	Common
	Output string   `short:"o" help:"Write to FILE." placeholder:"FILE"`
	Rules  []string `short:"r" help:"It's a list." placeholder:"FILE" sep:"none"`
	Level  string   `help:"How much: [a] or b." enum:"a,b" default:"a"`
	Words  []string `arg:"" optional:"" passthrough:"partial" name:"command" help:"The command."`
}

func parse(t *testing.T, code int, args ...string) (f testFlags, got int, done bool, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	p := Program{Name: "st-test", Help: "Test.", UsageCode: code}
	got, done = p.Parse(&f, args, Std{Out: &o, Err: &e})
	return f, got, done, o.String(), e.String()
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		args string
		code int
		done bool
		out  string // a part of it
		err  string // a part of it
	}{
		{args: ""},
		{args: "-o f -- ls -l"},
		{args: "-r a -r b"},
		{args: "--version", done: true, out: "st-test "},
		{args: "-q --version", done: true, out: "st-test "},
		{args: "--help", done: true, out: "--output=FILE"},
		{args: "--completion bash", done: true, out: "complete -F"},
		{args: "--completion=fish", done: true, out: "complete -c st-test"},
		{args: "--completion tcsh", code: 64, done: true, err: "expected bash, zsh or fish"},
		{args: "--outptu f", code: 64, done: true, err: "--outptu"},
		{args: "--level c", code: 64, done: true, err: "--level"},
		{args: "-o", code: 64, done: true, err: "-o"},
		{args: "-o=f", code: 64, done: true, err: "expected -o f or --output=f"},
		{args: "-r=f", code: 64, done: true, err: "expected -r f or --rules=f"},
		{args: "-r a -r=f", code: 64, done: true, err: "expected -r f or --rules=f"},
		// what follows the command is the command's
		{args: "ls --version"},
		{args: "-- ls --completion bash"},
	} {
		_, code, done, out, errs := parse(t, CodeUsage, strings.Fields(tt.args)...)
		if code != tt.code || done != tt.done || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.err) {
			t.Errorf("%q: code %d, done %v, out %q, err %q", tt.args, code, done, out, errs)
		}
		if tt.err == "" && errs != "" {
			t.Errorf("%q: stderr %q", tt.args, errs)
		}
		if tt.err != "" {
			for line := range strings.Lines(errs) {
				if !strings.HasPrefix(line, "st-test: ") {
					t.Errorf("%q: stderr line %q", tt.args, line)
				}
			}
		}
	}
}

// TestParseBytes: names that are not UTF-8 arrive as they are.
func TestParseBytes(t *testing.T) {
	f, code, done, _, errs := parse(t, CodeUsage, "-o", "o\xff", "--rules=r\xff,s", "--", "ls", "z\xff", "a,b")
	if code != 0 || done || errs != "" {
		t.Fatal(code, done, errs)
	}
	if f.Output != "o\xff" || !slices.Equal(f.Rules, []string{"r\xff,s"}) || !slices.Equal(f.Words, []string{"--", "ls", "z\xff", "a,b"}) {
		t.Errorf("%q %q %q", f.Output, f.Rules, f.Words)
	}
}

func TestParseUsageCode(t *testing.T) {
	if _, code, _, _, _ := parse(t, CodeToolFailed, "--no-such"); code != CodeToolFailed {
		t.Errorf("a chain-loader's usage error is %d", code)
	}
}

func TestCommand(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want string
		err  string
	}{
		{in: "ls -l", want: "ls -l"},
		{in: "-- ls -- -l", want: "ls -- -l"},
		{in: "-- -odd", want: "-odd"},
		{in: "--porfile x ls", err: "unknown flag --porfile"},
		{in: "-x", err: "unknown flag -x"},
		{in: "", err: "expected a command"},
		{in: "--", err: "expected a command"},
	} {
		got, err := Command(strings.Fields(tt.in))
		if tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%q: %v, expected %s", tt.in, err, tt.err)
			}
		} else if err != nil || !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%q: %q, %v", tt.in, got, err)
		}
	}
	if _, err := Command([]string{"--", ""}); err == nil {
		t.Error("an empty command is accepted")
	}
}
