package trace_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sandtrace/lib/kerntest"
)

// victims are C programs under testdata/victims, each a trap for a tracer, that print the records
// that they expect. They run as the current user and, where that is root, as an ordinary one too.
var victims = []struct {
	name string
	exit int
}{
	{"untraced", 0},
	{"foreign", 0},
	{"threadexec", 0},
	{"links", 0},
	{"memory", 0},
	{"daemon", 0},
	{"stops", 0},
	{"sockets", 0},
	{"many", 0},
	{"orphans", 0},
	{"tracer", 0},
	{"identity", 0},
	{"affinity", 0},
	{"dns", 0},
	{"listener", 0},
}

// tools holds the programs that the tests run, where every user can execute them.
var tools string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "st-trace-test-")
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

// build builds st-trace and the victims into dir.
func build(dir string) error {
	run := func(name string, args ...string) error {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
		}
		return nil
	}
	errs := []error{run("go", "build", "-o", dir, "sandtrace/cmd/st-trace", "sandtrace/cmd/st-jail")}
	for _, v := range victims {
		errs = append(errs, run("cc", "-O1", "-w", "-pthread", "-o", filepath.Join(dir, v.name),
			filepath.Join("testdata", "victims", v.name+".c")))
	}
	return errors.Join(errs...)
}

func TestVictims(t *testing.T) {
	kerntest.Need(t, "ptrace")
	kerntest.Need(t, "seccomp")
	for _, v := range victims {
		t.Run(v.name, func(t *testing.T) {
			for _, u := range users() {
				t.Run(u.name, func(t *testing.T) { runVictim(t, v.name, v.exit, u) })
			}
		})
	}
}

func runVictim(t *testing.T, name string, exit int, u user) {
	r := traced(t, u, nil, filepath.Join(tools, name))
	if r.exit != exit {
		t.Fatalf("exit %d, want %d; stderr: %s", r.exit, exit, r.stderr)
	}
	wants := bufio.NewScanner(strings.NewReader(r.stdout))
	n := 0
	for wants.Scan() {
		n++
		var want map[string]any
		if err := json.Unmarshal(wants.Bytes(), &want); err != nil {
			t.Fatalf("the victim's line %q: %v", wants.Text(), err)
		}
		if !r.has(want) {
			t.Errorf("no record has %s\n%s", wants.Text(), r.like(want))
		}
	}
	if n == 0 {
		t.Error("the victim expected nothing")
	}
	r.checkStream(t)
}

// user is one to run a program as.
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

// tryPolicy is p.toml in the directory of every run.
const tryPolicy = "[filesystem]\nallow_read = [\"/usr\", \"/lib*\", \"/bin\"]\nallow_write = [\"./\"]\n"

// result is what came of a traced run.
type result struct {
	exit           int
	stdout, stderr string
	lines          [][]byte
	records        []map[string]any
	dir            string
}

// traced runs a command under st-trace in a directory of its own.
func traced(t *testing.T, u user, flags []string, command ...string) *result {
	t.Helper()
	dir := kerntest.TempDir(t, u.id)
	out := filepath.Join(dir, "records.jsonl")
	if err := os.WriteFile(filepath.Join(dir, "p.toml"), []byte(tryPolicy), 0o644); err != nil {
		t.Fatal(err)
	}
	args := append(append([]string{"-o", out}, flags...), append([]string{"--"}, command...)...)
	cmd := exec.Command(filepath.Join(tools, "st-trace"), args...)
	kerntest.As(cmd, u.id)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	r := &result{dir: dir}
	var ee *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	r.exit, r.stdout, r.stderr = cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
	text, err := os.ReadFile(out)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	r.parse(t, text)
	return r
}

func (r *result) parse(t *testing.T, text []byte) {
	t.Helper()
	for line := range bytes.Lines(text) {
		if line[len(line)-1] != '\n' {
			t.Fatalf("a partial line: %q", line)
		}
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		r.lines = append(r.lines, line)
		r.records = append(r.records, m)
	}
}

// checkStream proves that the stream is whole: seq without gaps, start first, summary last.
func (r *result) checkStream(t *testing.T) {
	t.Helper()
	for i, m := range r.records {
		if m["seq"] != float64(i) {
			t.Fatalf("record %d has seq %v", i, m["seq"])
		}
	}
	if len(r.records) < 2 || r.records[0]["type"] != "start" || r.records[len(r.records)-1]["type"] != "summary" {
		t.Fatal("the stream does not begin with start and end with summary")
	}
}

// has reports whether some record has all of want.
func (r *result) has(want map[string]any) bool {
	for _, m := range r.records {
		if covers(m, want) {
			return true
		}
	}
	return false
}

// like lists what comes near want, for a person to see the difference.
func (r *result) like(want map[string]any) string {
	var out []string
	for i, m := range r.records {
		if m["type"] == want["type"] && want["type"] != nil && m["op"] == want["op"] || want["syscall"] != nil && m["syscall"] == want["syscall"] {
			out = append(out, string(r.lines[i]))
		}
	}
	return strings.Join(out[max(0, len(out)-8):], "")
}

// covers reports whether have has every key of want with that value; objects are compared so in turn.
func covers(have, want any) bool {
	w, ok := want.(map[string]any)
	if !ok {
		return reflect.DeepEqual(have, want)
	}
	h, ok := have.(map[string]any)
	if !ok {
		return false
	}
	for k, v := range w {
		if !covers(h[k], v) {
			return false
		}
	}
	return true
}
