package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sandtrace/lib/cli"
	"sandtrace/rules"
)

// try runs st-match with a home and standard input of its own.
func try(t *testing.T, home, in string, args ...string) (code int, out, complaint string) {
	t.Helper()
	t.Setenv("HOME", home)
	t.Setenv("SUDO_USER", "")
	t.Setenv("SANDTRACE_CONFIG", "")
	var o, e bytes.Buffer
	code = run(args, cli.Std{In: strings.NewReader(in), Out: &o, Err: &e})
	return code, o.String(), e.String()
}

func record(path string) string {
	return `{"type":"file","path":"` + path + `","access":"read","proc":{"pid":9,"name":"x","exe":"/x"}}` + "\n"
}

func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	mild := put(t, dir+"/mild.yml", "- {id: mild, severity: medium, detection: {file_paths: [/c]}}\n")
	grave := put(t, dir+"/grave.yml", "- {id: grave, severity: critical, detection: {file_paths: [/c]}}\n")
	bad := put(t, dir+"/bad.yml", "- {id: bad, sevrity: high}\n")
	conf := put(t, dir+"/c.toml", "trusted_path = []\n")
	for _, c := range []struct {
		args []string
		in   string
		code int
		says string
	}{
		{nil, "", 0, ""},
		{nil, record("/home/u/.aws/config"), 0, ""},
		{[]string{"--fail-on", "high"}, record("/home/u/.aws/config"), 1, ""},
		{[]string{"--fail-on", "critical"}, record("/home/u/.aws/config"), 0, ""},
		{[]string{"--fail-on", "low", "--no-builtin", "-r", mild}, record("/c"), 1, ""},
		{[]string{"--fail-on", "high", "-r", mild}, record("/c"), 0, ""},
		{[]string{"--fail-on", "high", "-r", mild, "-r", grave}, record("/c"), 2, ""},
		{[]string{"--fail-on", "high"}, "nope\n" + record("/home/u/.aws/config"), 1, "st-match: line 1: invalid character"},
		{nil, "nope\nnope\n" + record("/home/u/.aws/config"), 65, "2 bad lines in all"},
		{[]string{"-q"}, "nope\n", 65, ""},
		{[]string{"-r", bad}, "nope\n", 78, "bad.yml:1: unknown key \"sevrity\" in a rule: expected severity"},
		{[]string{"--config", conf}, "nope\n", 78, "c.toml:1: unknown key \"trusted_path\": expected trusted_paths"},
		{[]string{"--config", dir + "/none"}, "nope\n", 66, "no such file"},
		{[]string{"-r", dir + "/none"}, "nope\n", 66, "no such file"},
		{[]string{dir + "/none"}, "", 66, "no such file"},
		{[]string{dir}, "", 66, "is a directory"},
		{[]string{"--fail-on", "hgih"}, "", 64, "did you mean high"},
		{[]string{"--format", "xml"}, "", 64, "--format"},
	} {
		code, out, says := try(t, "/home/u", c.in, c.args...)
		if code != c.code || !strings.Contains(says, c.says) || (c.says == "" && says != "") {
			t.Errorf("%q: exit %d, want %d; stderr %q, want %q", c.args, code, c.code, says, c.says)
		}
		if code == 78 && out != "" {
			t.Errorf("%q: wrote before the rules were right: %s", c.args, out)
		}
	}
}

func TestHomeAndConfig(t *testing.T) {
	home := t.TempDir()
	put(t, home+"/.sandtrace/config.toml", "rules = [\"more\"]\ntrusted_paths = [\"~/tools\"]\n")
	put(t, home+"/.sandtrace/more/x.yml", "- {id: cred-access-aws, severity: low, detection: {file_paths: [\"~/x\"], excluded_processes: [tool]}}\n")
	in := record(home+"/x") + record(home+"/.aws/config") + strings.Replace(record(home+"/x"), `"/x"`, `"`+home+`/tools/tool"`, 1)
	code, out, says := try(t, home, in, "-v")
	if code != 0 || strings.Count(out, `"type":"match"`) != 1 || !strings.Contains(out, `"severity":"low"`) {
		t.Errorf("exit %d: %s", code, out)
	}
	for _, want := range []string{"more/x.yml:1: rule cred-access-aws replaces the one of rules/credentials.yml:", "configuration: " + home, fmt.Sprintf("%d rules, ~ is %s", builtin(t), home)} {
		if !strings.Contains(says, want) {
			t.Errorf("%q is not in %q", want, says)
		}
	}
	if _, out, _ := try(t, "/nowhere", record(home+"/.ssh/id_rsa"), "--home", home); !strings.Contains(out, `"rule":"cred-access-ssh"`) {
		t.Errorf("--home: %s", out)
	}
}

func TestTextForm(t *testing.T) {
	in := record(`/home/u/.ssh/id_\u001b[31m\nx`) + "nope\n" + `{"seq":1,"run":"r"}` + "\n" + `{"seq":4,"run":"r"}` + "\n"
	_, out, _ := try(t, "/home/u", in, "--format", "text")
	want := "high     cred-access-ssh: SSH keys and configuration: x (9) read /home/u/.ssh/id_\\x1b[31m\\nx\n" +
		"error    line 2: invalid character 'o' in literal null (expecting 'u')\n" +
		"lost     2 records of the input: seq_gap\n" +
		"summary  records 3, matches 1, bad lines 1\n"
	if out != want {
		t.Errorf("got %s\nwant %s", out, want)
	}
}

// builtin is how many rules are built in.
func builtin(t *testing.T) int {
	t.Helper()
	all, err := rules.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return len(all.Rules)
}

func TestListForms(t *testing.T) {
	_, table, _ := try(t, "/home/u", "", "--list", "--format", "text")
	_, lines, _ := try(t, "/home/u", "", "--list")
	if n := builtin(t); strings.Count(table, "\n") != n+1 || strings.Count(lines, "\n") != n || !strings.HasPrefix(lines, `{"id":"ai-toolchain-config-write-claude","severity":"critical",`) {
		t.Errorf("%s\n%s", table, lines)
	}
}
