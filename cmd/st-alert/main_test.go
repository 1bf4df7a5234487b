package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sandtrace/lib/cli"
)

const (
	start   = `{"v":1,"type":"start","ts":"2026-11-23T07:49:00.000000001Z","seq":0,"src":"st-match","run":"01J"}` + "\n"
	high    = `{"v":1,"type":"match","ts":"2026-11-23T07:49:00.000000001Z","seq":1,"src":"st-match","run":"01J","rule":"r","severity":"high","path":"/p"}` + "\n"
	summary = `{"v":1,"type":"summary","ts":"2026-11-23T07:49:00.000000001Z","seq":2,"src":"st-match","run":"01J","lost":0,"duration_ns":1}` + "\n"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("SANDTRACE_CONFIG", "")
	t.Setenv("TZ", "UTC")
	file := filepath.Join(dir, "records")
	if err := os.WriteFile(file, []byte(start+high+summary), 0o600); err != nil {
		t.Fatal(err)
	}
	const closing = "st-alert: 1 alert: 1 high\n"
	tests := []struct {
		name     string
		args     []string
		in       string
		code     int
		out, err string // what must stand in them; "" for nothing at all
	}{
		{"records", nil, start + high + summary, 0, "path     /p\n", closing},
		{"nothing", nil, "", 0, "", "st-alert: no alerts\n"},
		{"quiet", []string{"-q"}, start + high + summary, 0, "high", ""},
		{"quiet, but not of losses", []string{"-q"}, start + high, 0, "high", "st-alert: not all was seen: st-match ended without its summary\n"},
		{"colour", []string{"--color", "always"}, start + high + summary, 0, "\x1b[31mhigh\x1b[0m", closing},
		{"severity", []string{"--min-severity=critical"}, start + high + summary, 0, "", "no alerts; 1 below critical not shown\n"},
		{"both names of the sink", []string{"--to", "console", "--to=stdout"}, start + high + summary, 0, "high", closing},
		{"file", []string{file}, "", 0, "high", closing},
		{"file and standard input", []string{file, "-"}, strings.ReplaceAll(high, "01J", "01K"), 0, "high", "2 alerts: 2 high\n"},
		{"bad line", nil, start + "x\n" + high + summary, 65, "high", "st-alert: <stdin>: line 2: not JSON: "},
		{"bad line of a file", []string{file, "-"}, "{", 65, "high", "st-alert: <stdin>: line 1: the stream ends inside a record"},
		{"missing file costs no other", []string{file, "/no/such"}, "", 66, "", "st-alert: /no/such: no such file or directory\n"},
		{"directory", []string{dir}, "", 74, "", "is a directory\n"},
		{"unknown severity", []string{"--min-severity=hihg"}, high, 64, "", "st-alert: --min-severity: \"hihg\": expected info, low, medium, high or critical; did you mean high\n"},
		{"unknown sink", []string{"--to", "pigeon"}, high, 64, "", "st-alert: --to: \"pigeon\": no such sink; there are console and stdout\n"},
		{"unknown flag", []string{"--min-severty=low"}, high, 64, "", "st-alert: see st-alert --help\n"},
		{"missing configuration", []string{"--config", "/no/such"}, high, 66, "", "/no/such: no such file or directory\n"},
		{"configuration at fault", []string{"--config", file}, high, 78, "", "records:1: "},
	}
	for _, tt := range tests {
		var out, errs bytes.Buffer
		code := run(tt.args, cli.Std{In: strings.NewReader(tt.in), Out: &out, Err: &errs})
		if code != tt.code || !has(out.String(), tt.out) || !has(errs.String(), tt.err) {
			t.Errorf("%s: code %d\nstdout %q\nstderr %q", tt.name, code, out.String(), errs.String())
		}
	}
}

func has(s, want string) bool {
	return (want == "" && s == "") || (want != "" && strings.Contains(s, want))
}
