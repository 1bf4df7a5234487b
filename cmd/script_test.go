package cmd_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sandtrace/lib/kerntest"
)

// TestScripts runs testdata/script/*.txtar. Beside testscript's own commands they have:
//
//	need FEATURE...        skip where the host lacks it (kerntest.Need)
//	run STATUS SCRIPT      sh -c SCRIPT exits with STATUS; its streams are then stdout and stderr
//	records FILE [JQ]      FILE (or stdout) is whole lines of records, and JQ holds for all of them in one array
//	interrupt SIGNAL FILE SCRIPT
//	                       start sh -c SCRIPT as a job of its own, wait until FILE exists, send SIGNAL
//	                       to the whole job as a terminal does, and wait until every process of it is gone
func TestScripts(t *testing.T) {
	testdata, err := filepath.Abs("../testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			env.Setenv("HOME", home)
			env.Setenv("TZ", "UTC")
			env.Setenv("TESTDATA", testdata)
			env.Setenv("ROOT", filepath.Dir(testdata))
			env.Setenv("BIN", binDir)
			env.Values["T"] = env.T()
			return os.MkdirAll(home, 0o700)
		},
		Condition: func(cond string) (bool, error) {
			name, ok := strings.CutPrefix(cond, "has:")
			if !ok || !kerntest.Known(name) {
				return false, errors.New("unknown condition " + cond)
			}
			return kerntest.Lacks(name) == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"need":      need,
			"run":       run,
			"records":   records,
			"interrupt": interrupt,
		},
	})
}

func usage(ts *testscript.TestScript, ok bool, text string) {
	if !ok {
		ts.Fatalf("usage: %s", text)
	}
}

func need(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 0, "need FEATURE...")
	kerntest.Need(named{ts.Value("T").(testscript.T), ts.Name()}, args...)
}

// named gives testscript's T the name of the script.
type named struct {
	testscript.T
	name string
}

func (n named) Name() string { return n.name }

func shell(ts *testscript.TestScript, script string) *exec.Cmd {
	return command(ts, "/bin/sh", "-c", script)
}

// command has the script's directory and what of its environment the tools may see.
func command(ts *testscript.TestScript, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ", "TESTDATA", "ROOT", "BIN", "WORK", "GORACE", "NO_COLOR", "SANDTRACE_CONFIG"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	return cmd
}

func run(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "run STATUS SCRIPT")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	cmd := shell(ts, args[1])
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	got := exitStatus(ts, cmd.Run())
	if got != want {
		ts.Fatalf("exit status %d: expected %d\n%s", got, want, cmd.Stderr)
	}
}

func exitStatus(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		ts.Fatalf("%v", err)
	case exit.ExitCode() < 0:
		return 128 + int(exit.Sys().(syscall.WaitStatus).Signal())
	}
	return exit.ExitCode()
}

func records(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 1 || len(args) == 2), "records FILE [JQ]")
	text := ts.ReadFile(args[0])
	if text != "" && !strings.HasSuffix(text, "\n") {
		ts.Fatalf("%s: the last line is not whole: %q", args[0], text[strings.LastIndexByte(text, '\n')+1:])
	}
	filter := `all(.[]; .v == 1 and .type and .ts and .src and .run and has("seq"))`
	if len(args) == 2 {
		filter = "(" + filter + ") and (" + args[1] + ")"
	}
	jq := command(ts, "jq", "-e", "-s", filter)
	jq.Stdin = strings.NewReader(text)
	if out, err := jq.CombinedOutput(); err != nil {
		ts.Fatalf("%s: does not hold: %s\n%s\n%s", args[0], filter, out, text)
	}
}

// signals are those that a terminal or an init system sends.
var signals = map[string]syscall.Signal{
	"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT, "KILL": syscall.SIGKILL,
}

func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3 && signals[args[0]] != 0, "interrupt SIGNAL FILE SCRIPT")
	cmd := shell(ts, args[2])
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = ts.Stdout(), &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ts.Check(cmd.Start())
	job := -cmd.Process.Pid
	defer func() { _ = syscall.Kill(job, syscall.SIGKILL) }()
	ready := func() bool { _, err := os.Stat(ts.MkAbs(args[1])); return err == nil }
	if !within(20*time.Second, ready) {
		ts.Fatalf("%s does not come\n%s", args[1], stderr.String())
	}
	ts.Check(syscall.Kill(job, signals[args[0]]))
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		ts.Fatalf("the job does not end after SIG%s\n%s", args[0], stderr.String())
	}
	gone := func() bool { return errors.Is(syscall.Kill(job, 0), syscall.ESRCH) }
	if !within(5*time.Second, gone) {
		ts.Fatalf("the job leaves processes behind")
	}
}

func within(d time.Duration, ok func() bool) bool {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return ok()
}
