package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sandtrace/lib/cli"
)

func TestVerbs(t *testing.T) {
	dir := t.TempDir()
	good := put(t, dir+"/good.yml", "rules:\n  - {id: mine, severity: high, description: d, detection: {network: {hosts: [$registries]}}, tests: {match: [{type: syscall, syscall: connect, host: pypi.org}], no_match: [{type: syscall, syscall: connect, host: x.org}]}}\n")
	bad := put(t, dir+"/bad.yml", "rules:\n  - {id: bad, severity: high, detection: {file_paths: [/x], excluded_paths: [/x]}, tests: {match: [{path: /y, access: read}]}, suppress: [{syscalls: [x], reason: old, expires: 2020-01-01}]}\n")
	over := put(t, dir+"/over.yml", "rules:\n  - {id: cred-access-aws, severity: low, detection: {file_paths: [/x]}}\n")
	sigma := put(t, dir+"/s.yml", "title: A b\nlogsource: {category: file_event}\ndetection: {selection: {TargetFilename: /x}, condition: selection}\n")
	in := record("/home/u/.aws/config") + strings.Replace(record("/home/u/.aws/config"), `"exe":"/x"`, `"exe":"/usr/bin/aws"`, 1) + "nope\n"
	for _, c := range []struct {
		args []string
		code int
		out  string
		says string
	}{
		{[]string{"test"}, 0, "rules, ", ""},
		{[]string{"test", good}, 0, "1 rules, 2 cases, 0 failed\n", ""},
		{[]string{"--no-builtin", "test", good}, 78, "", "unknown list $registries"},
		{[]string{"test", bad}, 78, "bad.yml:2: rule bad: tests.match, case 1: expected a match to be true, got false\n1 rules, 1 cases, 1 failed\n", ""},
		{[]string{"test", dir + "/none"}, 66, "", "no such file"},
		{[]string{"list", good, "--format", "text"}, 0, "SEVERITY  ID    NAME\nhigh      mine  mine\n", ""},
		{[]string{"lint", good}, 0, "", ""},
		{[]string{"lint"}, 0, "", ""},
		{[]string{"lint", bad}, 78, "no tests of both kinds", ""},
		{[]string{"lint", bad}, 78, "is never reached", ""},
		{[]string{"lint", bad}, 78, "a suppression is over since 2020-01-01: old", ""},
		{[]string{"lint", "-r", over}, 78, "over.yml:2: rule cred-access-aws replaces the one of rules/credentials.yml:", ""},
		{[]string{"explain", "cred-access-aws"}, 65, "line 1: met, the rule fires\nline 2: not met: excluded_processes\nline 3: no record: invalid character", ""},
		{[]string{"explain", "cred-acces-aws"}, 64, "", "expected cred-access-aws"},
		{[]string{"explain"}, 64, "", "expected the id of a rule"},
		{[]string{"export", dir + "/out"}, 0, dir + "/out/chains.yml\n", ""},
		{[]string{"export", dir + "/out"}, 73, "", "file exists"},
		{[]string{"--no-builtin", "test", dir + "/out"}, 0, "0 failed", ""},
		{[]string{"import-sigma", sigma}, 0, "  - id: sigma-a-b\n", ""},
		{[]string{"import-sigma", good}, 78, "", "not imported"},
		{[]string{"./test"}, 66, "", "no such file"},
		{[]string{"--follow", good, good}, 64, "", "--follow and a FILE"},
		{[]string{"--state-memory", "0"}, 64, "", "--state-memory"},
		{[]string{"--pass", "some"}, 64, "", "--pass"},
	} {
		code, out, says := try(t, "/home/u", in, c.args...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(says, c.says) || (c.says == "" && says != "") {
			t.Errorf("%q: exit %d, want %d\nstdout %.600s\nstderr %s", c.args, code, c.code, out, says)
		}
	}
	text, err := os.ReadFile(dir + "/out/chains.yml")
	if err != nil || !bytes.Contains(text, []byte("chain-credentials-exfil")) {
		t.Errorf("%v", err)
	}
}

func TestExplainSteps(t *testing.T) {
	const by = `"proc":{"pid":41,"ppid":40,"start":7,"exe":"/usr/bin/node","pkg":{"manager":"npm","name":"evil","stage":"postinstall"}}}` + "\n"
	read := func(p string) string {
		return `{"type":"syscall","syscall":"openat","path":"` + p + `","access":"read",` + by
	}
	connect := `{"type":"syscall","syscall":"connect","addr":"203.0.113.9","port":443,` + by
	_, out, _ := try(t, "/home/u", connect+read("/home/u/.npmrc")+read("/home/u/.aws/config")+connect+connect, "explain", "chain-credentials-exfil")
	want := "line 1: a connection: not met: sequence: the step before has not been met for this tree\n" +
		"line 2: secrets of two kinds: met, the chain goes on\n" +
		"line 3: secrets of two kinds: met, the chain goes on\n" +
		"line 4: a connection: met, the rule fires\n" +
		"line 5: a connection: not met: sequence: the step before has not been met for this tree\n"
	for _, l := range strings.SplitAfter(want, "\n") {
		if !strings.Contains(out, l) {
			t.Errorf("%q is not in\n%s", l, out)
		}
	}
}

func TestPass(t *testing.T) {
	other, hit := record("/other/\u009b"), record("/home/u/.aws/config")
	for which, want := range map[string]string{"none": "mm", "matched": "fmfm", "all": "ffmfm"} {
		code, out, _ := try(t, "/home/u", other+hit+hit, "--pass", which)
		var got strings.Builder
		for l := range strings.Lines(out) {
			switch {
			case strings.Contains(l, `"type":"match"`):
				got.WriteByte('m')
			case strings.HasPrefix(l, `{"type":"file"`):
				got.WriteByte('f')
			}
		}
		if code != 0 || got.String() != want || strings.Contains(out, "\u009b") {
			t.Errorf("%s: exit %d, %s\n%s", which, code, got.String(), out)
		}
	}
}

const firstHalf = `{"type":"syscall","syscall":"connect","addr":"203.0.113.9","port":4444,"src":"t","run":"R","proc":{"pid":41,"ppid":40,"start":7,"exe":"/x"}}` + "\n"

const secondHalf = `{"type":"process","op":"exec","path":"/bin/sh","src":"t","run":"R","proc":{"pid":41,"ppid":40,"start":7,"name":"sh","exe":"/bin/sh","argv":["sh","-i"]}}` + "\n"

// TestState: a chain that was begun before a restart is finished after it.
func TestState(t *testing.T) {
	file := t.TempDir() + "/state"
	code, _, says := try(t, "/home/u", firstHalf, "--state", file)
	info, err := os.Stat(file)
	if code != 0 || err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("exit %d, %v, %s", code, err, says)
	}
	code, out, says := try(t, "/home/u", secondHalf, "--state", file)
	if code != 0 || !strings.Contains(out, `"rule":"chain-reverse-shell"`) || !strings.Contains(out, `"count":2`) {
		t.Errorf("exit %d\n%s%s", code, out, says)
	}
	if _, out, _ := try(t, "/home/u", secondHalf, "--state", file); strings.Contains(out, "chain-reverse-shell") {
		t.Errorf("fired twice\n%s", out)
	}
	put(t, file, `{"Version":7}`)
	if code, _, says := try(t, "/home/u", "", "--state", file); code != 78 || !strings.Contains(says, "version 7") {
		t.Errorf("exit %d, %s", code, says)
	}
	if code, _, says := try(t, "/home/u", "", "--state", "/nowhere/x/state"); code != 73 {
		t.Errorf("exit %d, %s", code, says)
	}
}

// lockedBuffer is a stdout that can be looked at while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) await(t *testing.T, what string, n int) {
	t.Helper()
	for range 500 {
		b.mu.Lock()
		got := strings.Count(b.b.String(), what)
		b.mu.Unlock()
		if got >= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t.Fatalf("%q has not come %d times\n%s", what, n, b.b.String())
}

// TestFollowAndReload: a file that grows, is rotated and cut; rules that change under way, and a set
// that is refused.
func TestFollowAndReload(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", "/home/u")
	t.Setenv("SANDTRACE_CONFIG", "")
	file := dir + "/log"
	ruleFor := func(id string) string {
		return fmt.Sprintf("- {id: %s, severity: high, detection: {file_paths: [\"/want/*\"]}}\n", id)
	}
	rules := put(t, dir+"/r.yml", ruleFor("first"))
	var out, errs lockedBuffer
	done := make(chan int)
	go func() {
		done <- run([]string{"--no-builtin", "-r", rules, "--follow", file}, cli.Std{In: strings.NewReader(""), Out: &out, Err: &errs})
	}()
	add := func(text string) {
		f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			_, err = io.WriteString(f, text)
			err = firstOf(err, f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	out.await(t, `"type":"start"`, 1)
	add(record("/want/1"))
	out.await(t, `"rule":"first"`, 1)
	add(record("/want/2")[:20]) // a line in two parts
	time.Sleep(20 * time.Millisecond)
	add(record("/want/2")[20:])
	out.await(t, `"rule":"first"`, 2)
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	add(record("/want/3"))
	out.await(t, `"rule":"first"`, 3)
	put(t, file, "")
	time.Sleep(50 * time.Millisecond)
	add(record("/want/4"))
	out.await(t, `"rule":"first"`, 4)

	put(t, rules, "- {id: broken}\n")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	out.await(t, `"code":"rules_refused"`, 1)
	add(record("/want/5"))
	out.await(t, `"rule":"first"`, 5)
	put(t, rules, ruleFor("second")) // noticed without a signal
	for i := range 40 {
		add(record(fmt.Sprintf("/want/again%d", i)))
		time.Sleep(100 * time.Millisecond)
		out.mu.Lock()
		ok := strings.Contains(out.b.String(), `"rule":"second"`)
		out.mu.Unlock()
		if ok {
			break
		}
	}
	out.await(t, `"rule":"second"`, 1)
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := <-done; code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit %d", code)
	}
	out.await(t, `"type":"summary"`, 1)
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
