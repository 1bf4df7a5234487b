package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// workload is one command to measure; prepare makes what it needs in dir, or says why it cannot,
// and reset makes dir what it was before a run.
type workload struct {
	name    string
	prepare func(dir string) (argv []string, err error)
	reset   func(dir string) error
}

var workloads = []workload{
	{"npm", prepareNpm, func(dir string) error { return os.RemoveAll(filepath.Join(dir, "node_modules")) }},
	{"exec", shLoop(500, "/bin/true"), nil},
	{"fork", shLoop(1000, "(:)"), nil},
	{"open", own("open", "20000"), nil},
	{"read", own("read", "1000000"), nil}, // not traced: what does the filter cost?
	{"start", fixed("/bin/true"), nil},
}

// npmProject has several hundred packages, some with install scripts.
const npmProject = `{
  "name": "bench", "version": "1.0.0", "private": true,
  "dependencies": {"express": "4", "webpack": "5", "eslint": "8", "jest": "29", "typescript": "5", "core-js": "3", "esbuild": "0.21"}
}
`

func prepareNpm(dir string) ([]string, error) {
	if _, err := exec.LookPath("npm"); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(npmProject), 0o644); err != nil {
		return nil, err
	}
	quiet := []string{
		"--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--loglevel=error",
		"--omit-lockfile-registry-resolved=false", // or npm ci asks the registry again
		"--cache=" + filepath.Join(dir, ".npm"),
	}
	warm := exec.Command("npm", append([]string{"install"}, quiet...)...)
	warm.Dir = dir
	if out, err := warm.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm install: %w (no registry?) %s", err, firstLine(out))
	}
	packages, err := os.ReadDir(filepath.Join(dir, "node_modules"))
	if err != nil {
		return nil, err
	}
	fmt.Printf("npm: %d directories in node_modules, warm cache\n", len(packages))
	return append([]string{"npm", "ci", "--offline"}, quiet...), nil
}

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line
}

func shLoop(n int, command string) func(string) ([]string, error) {
	return func(string) ([]string, error) {
		return []string{"sh", "-c", fmt.Sprintf("i=0; while [ $i -lt %d ]; do %s; i=$((i+1)); done", n, command)}, nil
	}
}

func fixed(argv ...string) func(string) ([]string, error) {
	return func(string) ([]string, error) { return argv, nil }
}

func own(kind, count string) func(string) ([]string, error) {
	return func(string) ([]string, error) {
		self, err := os.Executable()
		return []string{self, "work", kind, count}, err
	}
}

// mode is one way to run a workload.
type mode struct {
	name string
	argv []string // before the workload's own
}

// findModes lists native first, and says which peer is not here.
func findModes(bin string) []mode {
	modes := []mode{{name: "native"}}
	self, err := os.Executable()
	if err != nil {
		self = bin
	}
	for _, m := range []mode{
		{"st-trace", []string{filepath.Join(bin, "st-trace"), "-o", "/dev/null", "--"}},
		{"strace", []string{"strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=%file,%process,%network", "-o", "/dev/null", "--"}},
		{"st-jail", []string{filepath.Join(bin, "st-jail"), "--allow-path", ".", "--allow-read", "/etc", "--allow-exec", filepath.Dir(self), "--"}},
		{"bwrap", []string{"bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all"}},
		{"firejail", []string{"firejail", "--quiet", "--noprofile"}},
	} {
		if _, err := exec.LookPath(m.argv[0]); err != nil {
			if errors.Is(err, exec.ErrDot) {
				err = errors.New("found only in the current directory")
			}
			fmt.Printf("%s: not measured: %v\n", m.name, err)
			continue
		}
		modes = append(modes, m)
	}
	return modes
}
