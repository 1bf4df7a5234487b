package trace_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"sandtrace/lib/kerntest"
)

// TestNotify: the notify backend reports the same calls and processes, without results.
func TestNotify(t *testing.T) {
	kerntest.Need(t, "seccomp")
	for _, u := range users() {
		t.Run(u.name, func(t *testing.T) {
			r := traced(t, u, []string{"--backend", "notify"}, "/bin/sh", "-c", `
				grep TracerPid /proc/self/status
				mkdir real; ln -s real dir; : >dir/file; mv dir/file dir/moved; /bin/cat dir/moved missing
				/bin/sh -c '/bin/true; exit 3'
				export npm_lifecycle_event=postinstall npm_package_name=evil npm_package_json=/x/node_modules/evil/package.json
				/bin/sh -c '/bin/cat /etc/hostname'
				exit 5`)
			if r.exit != 5 {
				t.Errorf("exit %d, want 5; stderr: %s", r.exit, r.stderr)
			}
			if want := "TracerPid:\t0\n"; len(r.stdout) < len(want) || r.stdout[:len(want)] != want {
				t.Errorf("the program sees a tracer: %q", r.stdout)
			}
			dir, err := filepath.EvalSymlinks(r.dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range []object{
				{"type": "start", "backend": "notify+seccomp", "options": object{"results": false}},
				{"syscall": "mkdir", "path": dir + "/real"},
				{"syscall": "openat", "path": dir + "/real/file", "access": "create"},
				{"path": dir + "/real/file", "to": dir + "/real/moved", "access": "rename"},
				{"syscall": "openat", "path": dir + "/missing", "access": "read"},
				{"type": "process", "op": "exec", "path": "/usr/bin/cat", "proc": object{"argv": []any{"/bin/cat", "dir/moved", "missing"}}},
				{"type": "process", "op": "exit", "exit": 5.0},
				{"syscall": "openat", "path": "/etc/hostname", "proc": object{"name": "cat", "pkg": object{"name": "evil", "stage": "postinstall"}}},
			} {
				if p, _ := w["path"].(string); p == "/usr/bin/cat" {
					w["path"] = realFile(t, "/bin/cat")
				}
				if !r.has(w) {
					t.Errorf("no record has %v\n%s", w, r.like(w))
				}
			}
			for _, m := range r.records {
				if m["type"] == "syscall" && (m["ret"] != nil || m["success"] != nil) {
					t.Fatalf("a result that cannot be known: %v", m)
				}
			}
			r.checkStream(t)
		})
	}
}

func realFile(t *testing.T, name string) string {
	t.Helper()
	p, err := filepath.EvalSymlinks(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestNotifyFails: a command that cannot be executed, one that is killed, and one that calls nothing.
func TestNotifyFails(t *testing.T) {
	kerntest.Need(t, "seccomp")
	for _, c := range []struct {
		script string
		exit   int
	}{
		{"exec /nonexistent/x", 127},
		{"kill -9 $$", 137},
		{"ulimit -n 64; i=0; while [ $i -lt 200 ]; do i=$((i+1)); done; exit 9", 9},
	} {
		if r := traced(t, user{}, []string{"--backend", "notify"}, "/bin/sh", "-c", c.script); r.exit != c.exit {
			t.Errorf("%s: exit %d, want %d; %s", c.script, r.exit, c.exit, r.stderr)
		}
	}
	r := traced(t, user{}, []string{"--backend", "notify", "--timeout", "300ms"}, "/bin/sh", "-c", "trap '' TERM; sleep 60 & sleep 60")
	if r.exit != 124 {
		t.Errorf("exit %d at the time limit, want 124; %s", r.exit, r.stderr)
	}
}

// TestNotifyKilled: without its supervisor no held call succeeds.
func TestNotifyKilled(t *testing.T) {
	kerntest.Need(t, "seccomp")
	dir := kerntest.TempDir(t, 0)
	cmd := exec.Command(filepath.Join(tools, "st-trace"), "--backend", "notify", "-o", "/dev/null", "--", "/bin/sh", "-c",
		"echo $$ >pid.tmp; mv pid.tmp pid; while [ ! -e go ]; do sleep 0.02; done; : >escaped; echo over >/dev/null")
	cmd.Dir = dir
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
	if err := exec.Command("touch", filepath.Join(dir, "go")).Run(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return read(fmt.Sprintf("/proc/%d/stat", pid)) == "" })
	if _, err := exec.Command("ls", filepath.Join(dir, "escaped")).Output(); err == nil {
		t.Error("a call succeeded without its supervisor")
	}
}
