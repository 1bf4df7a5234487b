package jail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sandtrace/lib/kerntest"
)

// tools holds st-jail and attack, where every user can execute them.
var tools string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "st-jail-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		tools = dir
		if err := errors.Join(os.Chmod(dir, 0o755), build(dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

func build(dir string) error {
	run := func(name string, args ...string) error {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
		}
		return nil
	}
	return errors.Join(
		run("go", "build", "-o", filepath.Join(dir, "st-jail"), "sandtrace/cmd/st-jail"),
		run("cc", "-O1", "-w", "-o", filepath.Join(dir, "attack"), filepath.Join("testdata", "attack.c")),
	)
}

// user is one to run the jail as.
type user struct {
	name string
	id   uint32 // 0 is whoever runs the test
}

// users are the current user and, for root, an ordinary one besides.
func users() []user {
	if os.Geteuid() == 0 {
		return []user{{"root", 0}, {"ordinary", kerntest.OrdinaryID}}
	}
	return []user{{"ordinary", 0}}
}

// asEach runs a test as each user, in a directory of that user's.
func asEach(t *testing.T, test func(t *testing.T, j *jailed)) {
	t.Helper()
	kerntest.Need(t, "userns", "landlock", "seccomp")
	for _, u := range users() {
		t.Run(u.name, func(t *testing.T) {
			dir := kerntest.TempDir(t, u.id)
			test(t, &jailed{user: u, dir: dir})
		})
	}
}

// jailed runs st-jail as one user in one directory.
type jailed struct {
	user  user
	dir   string
	env   []string
	files []*os.File // standard streams, nil for the usual ones
}

// outcome is what came of a run.
type outcome struct {
	exit           int
	stdout, stderr string
}

// cmd is st-jail with the test's tools in the view.
func (j *jailed) cmd(args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	cmd := exec.CommandContext(ctx, filepath.Join(tools, "st-jail"), args...)
	context.AfterFunc(ctx, cancel)
	kerntest.As(cmd, j.user.id)
	cmd.Dir = j.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=/home/nobody"}, j.env...)
	return cmd
}

func (j *jailed) run(t *testing.T, args ...string) outcome {
	t.Helper()
	cmd := j.cmd(args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if len(j.files) > 0 {
		cmd.Stdin = j.files[0]
	}
	var ee *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// attack runs attempts in one jail and returns what became of each.
func (j *jailed) attack(t *testing.T, flags []string, attempts ...string) map[string]string {
	t.Helper()
	args := append([]string{"--allow-exec", tools}, flags...)
	args = append(append(args, "--", filepath.Join(tools, "attack")), attempts...)
	o := j.run(t, args...)
	got := map[string]string{}
	for line := range strings.Lines(o.stdout) {
		line = strings.TrimSuffix(line, "\n")
		if i := strings.LastIndexByte(line, ' '); i > 0 {
			got[line[:i]] = line[i+1:]
		}
	}
	if o.exit != 0 {
		got["exit"] = fmt.Sprint(o.exit)
		t.Logf("exit %d: %s", o.exit, o.stderr)
	}
	return got
}

// want is an attempt and its only acceptable results, separated by "|".
type want struct{ attempt, results string }

// check runs attempts in one jail and compares.
func (j *jailed) check(t *testing.T, flags []string, wants []want) {
	t.Helper()
	var attempts []string
	for _, w := range wants {
		attempts = append(attempts, w.attempt)
	}
	got := j.attack(t, flags, attempts...)
	for _, w := range wants {
		ok := false
		for r := range strings.SplitSeq(w.results, "|") {
			ok = ok || got[w.attempt] == r
		}
		if !ok {
			t.Errorf("%s: %q, expected %s", w.attempt, got[w.attempt], w.results)
		}
	}
}

// write makes a file of the jail's user.
func (j *jailed) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(j.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for p := path; p != j.dir; p = filepath.Dir(p) {
		j.own(t, p)
	}
	return path
}

func (j *jailed) mkdir(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(j.dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	j.own(t, path)
	return path
}

func (j *jailed) own(t *testing.T, path string) {
	t.Helper()
	if j.user.id != 0 {
		if err := os.Lchown(path, int(j.user.id), int(j.user.id)); err != nil {
			t.Fatal(err)
		}
	}
}

// records runs a command with --events and returns its exit status and records.
func (j *jailed) records(t *testing.T, args ...string) (outcome, []map[string]any) {
	t.Helper()
	file := filepath.Join(j.dir, "events.jsonl")
	o := j.run(t, append([]string{"--events", file}, args...)...)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for line := range bytes.Lines(text) {
		var r map[string]any
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if r["seq"] != float64(len(out)) {
			t.Errorf("record %d has the number %v", len(out), r["seq"])
		}
		out = append(out, r)
	}
	return o, out
}
