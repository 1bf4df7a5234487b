// Package cmd_test runs the built binaries end to end: the scripts of testdata/script, the README's
// commands and the demo, as the user that runs the tests and, where that is root, as an ordinary
// user too.
//
// SANDTRACE_BIN names a directory of binaries to test instead of freshly built ones.
package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sandtrace/lib/kerntest"
)

var (
	binDir  string // the binaries under test
	workDir string // removed at the end; holds what the race detector reports
)

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	var err error
	if workDir, err = os.MkdirTemp("", "sandtrace-e2e-"); err == nil {
		defer os.RemoveAll(workDir)
		binDir, err = binaries()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	// What the tests run is to see no configuration of the user's, nor a colour or a time zone.
	for _, name := range []string{"SANDTRACE_CONFIG", "NO_COLOR", "FORCE_COLOR", "TERM", "XDG_CONFIG_HOME"} {
		os.Unsetenv(name)
	}
	os.Setenv("PATH", binDir+":"+os.Getenv("PATH"))
	os.Setenv("TZ", "UTC")
	os.Setenv("GORACE", "atexit_sleep_ms=10 log_path="+filepath.Join(workDir, "race"))
	code := m.Run()
	return max(code, races())
}

// binaries builds every program once, with the race detector where the tests have it.
func binaries() (string, error) {
	if dir := os.Getenv("SANDTRACE_BIN"); dir != "" {
		return filepath.Abs(dir)
	}
	dir := filepath.Join(workDir, "bin")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	args := []string{"build", "-o", dir}
	if raceEnabled {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "./...")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir, nil
}

// races prints the reports of race-built binaries: in a pipeline nobody sees their exit status.
func races() int {
	reports, _ := filepath.Glob(filepath.Join(workDir, "race.*"))
	for _, r := range reports {
		text, _ := os.ReadFile(r)
		fmt.Fprintf(os.Stderr, "e2e: %s\n", text)
	}
	return min(len(reports), 1)
}

// TestOrdinaryUser runs every test of this package again, because root hides many a denial.
func TestOrdinaryUser(t *testing.T) {
	kerntest.Ordinary{
		Run: "^(TestScripts|TestReadme|TestDemo)",
		Dir: "cmd",
		Copy: map[string]string{
			"bin":       binDir,
			"testdata":  "../testdata",
			"scripts":   "../scripts",
			"README.md": "../README.md",
			"go.mod":    "../go.mod",
			"cmd/keep":  "e2e_test.go",
		},
		Env: func(tree string) []string { return []string{"SANDTRACE_BIN=" + filepath.Join(tree, "bin")} },
	}.Test(t)
}

// TestDemo: the demo is a test of itself; here it runs where little can be relied on.
func TestDemo(t *testing.T) {
	demo, err := filepath.Abs("../scripts/demo")
	if err != nil {
		t.Fatal(err)
	}
	noNpm := filepath.Join(workDir, "without-npm")
	hide(t, noNpm, "npm", "node")
	for _, tt := range []struct {
		name  string
		shell string
	}{
		{"plain", `exec "$DEMO"`},
		{"no home, tight umask", `umask 077; unset HOME; exec "$DEMO"`},
		{"without npm", `PATH=` + noNpm + `; exec "$DEMO"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kerntest.Need(t, "ptrace", "seccomp")
			tmp := filepath.Join(t.TempDir(), "a b")
			if err := os.Mkdir(tmp, 0o700); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("/bin/sh", "-c", tt.shell)
			cmd.Env = append(os.Environ(), "DEMO="+demo, "SANDTRACE_BIN="+binDir, "TMPDIR="+tmp)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range []string{"evil-left-pad@1.3.0 (postinstall)", "cred-access-aws", "cred-access-ssh"} {
				if !strings.Contains(string(out), want) {
					t.Errorf("the demo does not show %q:\n%s", want, out)
				}
			}
			if left, _ := os.ReadDir(tmp); len(left) > 0 {
				t.Errorf("the demo leaves %v behind", left)
			}
		})
	}
}

// hide makes a directory with a link to every command of PATH but some.
func hide(t *testing.T, dir string, names ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range filepath.SplitList(os.Getenv("PATH")) {
		files, _ := os.ReadDir(p)
		for _, f := range files {
			_ = os.Symlink(filepath.Join(p, f.Name()), filepath.Join(dir, f.Name())) // the first of a name wins
		}
	}
	for _, n := range names {
		_ = os.Remove(filepath.Join(dir, n))
	}
}
