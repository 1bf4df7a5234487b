package trace_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sandtrace/lib/kerntest"
)

// object is a part of a record that must be there.
type object = map[string]any

// TestShell runs what a shell can do, as every user, and looks for what must be told of it.
func TestShell(t *testing.T) {
	kerntest.Need(t, "ptrace", "seccomp")
	for _, c := range []struct {
		name   string
		flags  []string
		script string
		exit   int
		want   []object
		never  []object
	}{
		{
			name: "status", script: "exit 7", exit: 7,
			want: []object{{"type": "process", "op": "exit", "exit": 7.0}, {"type": "summary", "exit": 7.0}},
		},
		{
			name: "killed", script: "kill -9 $$", exit: 137,
			want: []object{
				{"syscall": "kill", "args": object{"signal": "SIGKILL"}},
				{"type": "process", "op": "exit", "signal": "SIGKILL"},
				{"type": "summary", "exit": 137.0},
			},
		},
		{
			name: "signal", script: "trap : TERM; kill -TERM $$; exit 3", exit: 3,
			want: []object{{"type": "process", "op": "signal", "signal": "SIGTERM"}},
		},
		{
			name: "time limit", flags: []string{"--timeout", "300ms"}, exit: 124,
			script: "trap '' TERM; sleep 60 & sleep 60",
			want:   []object{{"type": "error", "code": "timeout"}, {"type": "process", "op": "exit", "signal": "SIGKILL"}},
		},
		{
			name: "lingering", flags: []string{"--linger", "200ms"},
			script: "sleep 60 & exit 0",
			want:   []object{{"type": "error", "code": "linger"}, {"type": "process", "op": "exit", "signal": "SIGKILL", "proc": object{"name": "sleep"}}},
		},
		{
			name: "injected code", script: "LD_PRELOAD=/nonexistent.so /bin/true; NODE_OPTIONS=-r/tmp/x.js sh -c true",
			want: []object{
				{"type": "process", "op": "exec", "proc": object{"name": "sh", "injects": []any{"NODE_OPTIONS"}}},
				{"syscall": "openat", "path": "/nonexistent.so", "proc": object{"injects": []any{"LD_PRELOAD"}}},
			},
		},
		{
			name: "package of a dependency, and what it says of itself later",
			script: `mkdir -p node_modules/evil && cd node_modules/evil || exit 1
				export npm_package_name=evil npm_package_version=1.0.0 npm_lifecycle_event=postinstall npm_package_json=$PWD/package.json
				sh -c 'npm_package_name=react npm_package_json=/x/package.json sh -c "env -i /bin/cat /dev/null"'`,
			want:  []object{{"type": "process", "op": "exec", "proc": object{"name": "cat", "pkg": object{"name": "evil", "version": "1.0.0", "stage": "postinstall"}}}},
			never: []object{{"proc": object{"pkg": object{"name": "react"}}}},
		},
		{
			name:   "no package without a manager",
			script: "npm_package_name=react /bin/cat /dev/null",
			never:  []object{{"proc": object{"pkg": object{"name": "react"}}}},
		},
		{
			name: "a script is named", script: "printf '#!/bin/sh\\n: >x\\n' >run; chmod 700 run; ./run",
			want: []object{{"syscall": "openat", "access": "create", "args": object{"path": "x"}, "proc": object{"name": "run"}}},
		},
		{
			name: "chosen calls only", flags: []string{"--trace", "chdir"}, script: "cd /; cat /dev/null",
			want:  []object{{"syscall": "chdir", "path": "/"}, {"type": "process", "op": "exec", "proc": object{"name": "cat"}}},
			never: []object{{"syscall": "openat"}, {"syscall": "execve"}},
		},
		{
			name: "a policy tried out", flags: []string{"--policy", "p.toml"}, exit: 1,
			script: "cat /etc/hostname >/dev/null; : >out; cat none",
			want: []object{
				{"type": "start", "options": object{"policy": "p.toml"}},
				{"syscall": "openat", "path": "/etc/hostname", "success": true, "action": "deny"},
				{"syscall": "openat", "access": "create", "action": "allow", "args": object{"path": "out"}},
			},
		},
		{
			name: "registers", flags: []string{"--raw", "--trace", "chdir"}, script: "cd /",
			want: []object{{"syscall": "chdir", "success": true}},
		},
		{
			name: "environment", flags: []string{"--env", "SHOWN,MISSING"}, script: "SHOWN='a b' HIDDEN=1 /bin/true",
			want:  []object{{"type": "process", "op": "exec", "env": object{"SHOWN": "a b"}}},
			never: []object{{"env": object{"HIDDEN": "1"}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, u := range users() {
				t.Run(u.name, func(t *testing.T) {
					r := traced(t, u, c.flags, "/bin/sh", "-c", c.script)
					if r.exit != c.exit {
						t.Errorf("exit %d, want %d; stderr: %s", r.exit, c.exit, r.stderr)
					}
					for _, w := range c.want {
						if !r.has(w) {
							t.Errorf("no record has %v\n%s", w, r.like(w))
						}
					}
					for _, n := range c.never {
						if r.has(n) {
							t.Errorf("a record has %v", n)
						}
					}
					r.checkStream(t)
				})
			}
		})
	}
}

// TestFold: a flood is folded aloud, and what happens in its midst is not.
func TestFold(t *testing.T) {
	kerntest.Need(t, "ptrace", "seccomp")
	script := "i=0; while [ $i -lt 3000 ]; do : </dev/null; [ $i != 1500 ] || : </etc/hostname; i=$((i+1)); done"
	for _, flags := range [][]string{nil, {"--rate-summary"}, {"--rate-summary", "--backend", "notify"}} {
		r := traced(t, user{}, flags, "/bin/sh", "-c", script)
		records, calls, lone := 0, 0.0, 0
		for _, m := range r.records {
			if m["syscall"] == "openat" && m["path"] == "/dev/null" {
				records, calls = records+1, calls+1
				if a, ok := m["args"].(object); ok && a["repeated"] != nil {
					calls += a["repeated"].(float64) - 1
				}
			}
			if m["syscall"] == "openat" && m["path"] == "/etc/hostname" {
				lone++
			}
		}
		if calls != 3000 || lone != 1 {
			t.Errorf("%v: %v opens of the flood, %d of the file, want 3000 and 1", flags, calls, lone)
		}
		if folded := records < 100; folded != (flags != nil) {
			t.Errorf("%v: %d records", flags, records)
		}
		r.checkStream(t)
	}
}

// TestRuntimes: what programs of other languages do, with their threads and ways of opening, is told.
func TestRuntimes(t *testing.T) {
	kerntest.Need(t, "ptrace", "seccomp")
	source := filepath.Join(t.TempDir(), "main.go")
	text := "package main\nimport (\"os\"; \"sync\")\nfunc main() { var w sync.WaitGroup; for i := range 50 { w.Go(func() { os.WriteFile(\"by_go\"+string(rune('a'+i%26)), nil, 0o600) }) }; w.Wait() }\n"
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(tools, "static"), source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, c := range []struct {
		feature string
		command []string
		file    string
	}{
		{"ptrace", []string{filepath.Join(tools, "static")}, "by_goz"},
		{"node", []string{"node", "-e", "require('fs').writeFile('by_node', '', () => require('child_process').execFileSync('/bin/true'))"}, "by_node"},
		{"python3", []string{"python3", "-c", "import threading; t = threading.Thread(target=lambda: open('by_python', 'w')); t.start(); t.join()"}, "by_python"},
	} {
		t.Run(c.file, func(t *testing.T) {
			kerntest.Need(t, c.feature)
			r := traced(t, user{}, nil, c.command...)
			if r.exit != 0 {
				t.Fatalf("exit %d: %s", r.exit, r.stderr)
			}
			if want := (object{"syscall": "openat", "access": "create", "success": true, "args": object{"path": c.file}}); !r.has(want) {
				t.Errorf("no record has %v", want)
			}
			r.checkStream(t)
		})
	}
}

// TestScriptName: a "#!" script is named by the file, whatever the arguments pretend.
func TestScriptName(t *testing.T) {
	kerntest.Need(t, "ptrace", "seccomp")
	r := traced(t, user{}, nil, "/bin/sh", "-c", `
		printf '#!/bin/sh -e\ncat /dev/null\n' >tool; chmod 700 tool; ln -s tool link
		./tool; ./link; sh ./tool; bash -c 'exec -a ./tool cat /dev/zero' </dev/null | head -c 1`)
	seen := map[any]bool{}
	for _, m := range r.records {
		if p, ok := m["proc"].(object); ok && m["op"] == "exec" && p["script"] != nil {
			seen[p["script"]] = true
		}
	}
	dir, err := filepath.EvalSymlinks(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 || !seen[filepath.Join(dir, "tool")] || !seen[filepath.Join(dir, "link")] {
		t.Errorf("scripts %v, want tool and link in %s", seen, dir)
	}
}

// TestAttach traces a program that runs already, and lets it go on.
func TestAttach(t *testing.T) {
	kerntest.Need(t, "ptrace")
	dir := t.TempDir()
	victim := exec.Command("/bin/sh", "-c", "echo ready; read go; cat /etc/hostname >/dev/null; echo done; read go; echo free; exit 5")
	victim.Dir = dir
	in, err := victim.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	say := func(want string) {
		t.Helper()
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("the victim said %q, want %q", lines.Text(), want)
		}
	}
	say("ready")
	file := filepath.Join(dir, "records.jsonl")
	tracer := exec.Command(filepath.Join(tools, "st-trace"), "-o", file, "-p", fmt.Sprint(victim.Process.Pid))
	tracer.Stderr = os.Stderr
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return strings.Contains(read(file), `"op":"attach"`) })
	fmt.Fprintln(in, "go")
	say("done")
	waitFor(t, func() bool { return strings.Contains(read(file), "/etc/hostname") })
	if err := tracer.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := tracer.Wait(); err != nil {
		t.Fatalf("the tracer: %v", err)
	}
	fmt.Fprintln(in, "go")
	say("free")
	if err := victim.Wait(); victim.ProcessState.ExitCode() != 5 {
		t.Errorf("the victim: %v", err)
	}
	r := &result{dir: dir}
	r.parse(t, []byte(read(file)))
	r.checkStream(t)
	for _, want := range []object{
		{"type": "start", "backend": "ptrace"},
		{"type": "process", "op": "attach", "proc": object{"pid": float64(victim.Process.Pid)}},
		{"type": "process", "op": "exec", "proc": object{"name": "cat"}},
		{"syscall": "openat", "path": "/etc/hostname", "proc": object{"name": "cat"}},
	} {
		if !r.has(want) {
			t.Errorf("no record has %v\n%s", want, r.like(want))
		}
	}
}

// TestIdle: records reach the reader while the command is idle, on one processor too, where the
// thread that waits for stops has to give way to the one that writes.
func TestIdle(t *testing.T) {
	kerntest.Need(t, "ptrace", "seccomp")
	for _, procs := range []string{"1", "2"} {
		t.Run(procs, func(t *testing.T) {
			dir := kerntest.TempDir(t, 0)
			file := filepath.Join(dir, "records.jsonl")
			cmd := exec.Command(filepath.Join(tools, "st-trace"), "-o", file, "--", "/bin/sh", "-c", "cat /etc/hostname; exec sleep 60")
			cmd.Env = append(os.Environ(), "GOMAXPROCS="+procs)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, func() bool { return strings.Contains(read(file), `"argv":["sleep","60"]`) })
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 128+int(syscall.SIGTERM) {
				t.Errorf("exit %d, want 143: the signal is the command's", cmd.ProcessState.ExitCode())
			}
		})
	}
}

// TestKilledTracer: nothing survives the tracer.
func TestKilledTracer(t *testing.T) {
	kerntest.Need(t, "ptrace", "seccomp")
	for _, u := range users() {
		t.Run(u.name, func(t *testing.T) {
			dir := kerntest.TempDir(t, u.id)
			cmd := exec.Command(filepath.Join(tools, "st-trace"), "-o", "/dev/null", "--", "/bin/sh", "-c",
				"sleep 60 & echo $! >pid.tmp; mv pid.tmp pid; sleep 60")
			cmd.Dir = dir
			kerntest.As(cmd, u.id)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var pid int
			waitFor(t, func() bool {
				_, err := fmt.Sscan(read(filepath.Join(dir, "pid")), &pid)
				return err == nil
			})
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // killed, as it was told
			waitFor(t, func() bool {
				stat := read(fmt.Sprintf("/proc/%d/stat", pid))
				return stat == "" || strings.Contains(stat, ") Z ")
			})
		})
	}
}

func read(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(b)
}

func waitFor(t *testing.T, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ready() {
			return
		}
	}
	t.Fatal("it did not come to pass in 20 s")
}
