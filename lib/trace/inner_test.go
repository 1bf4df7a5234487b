package trace_test

import (
	"path/filepath"
	"testing"

	"sandtrace/lib/kerntest"
)

// TestInnerJail: around st-jail the stream tells what the jail refused, as its own records with the
// tracer's process block, and not how the jail set itself up.
func TestInnerJail(t *testing.T) {
	kerntest.Need(t, "ptrace", "seccomp", "userns")
	jail := filepath.Join(tools, "st-jail")
	for _, u := range users() {
		t.Run(u.name, func(t *testing.T) {
			r := traced(t, u, nil, jail, "--", "/bin/sh", "-c",
				"cat /nothing; mount -t tmpfs x /tmp; echo ${SANDTRACE_EVENT_FD-none}; ls /proc/self/fd; exit 6")
			if r.exit != 6 {
				t.Errorf("exit %d, want 6; %s", r.exit, r.stderr)
			}
			if want := "none\n0\n1\n2\n3\n"; r.stdout != want {
				t.Errorf("the jailed command has more than its own: %q, want %q", r.stdout, want)
			}
			for _, want := range []object{
				{"type": "jail", "op": "layer", "layer": "seccomp", "applied": true, "src": "st-trace"},
				{"type": "jail", "op": "result"},
				{"syscall": "openat", "path": "/nothing", "errno": "ENOENT", "proc": object{"name": "cat"}},
				{"type": "summary", "exit": 6.0, "lost": 0.0},
			} {
				if !r.has(want) {
					t.Errorf("no record has %v", want)
				}
			}
			denied := false
			for _, m := range r.records {
				p, _ := m["proc"].(object)
				if m["type"] == "jail" && m["op"] == "deny" && m["syscall"] == "mount" {
					denied = true
				}
				if name := p["name"]; m["type"] == "syscall" && (name == "st-jail" || name == "exe") {
					t.Fatalf("the jail's own set-up: %v", m)
				}
			}
			if !denied {
				t.Error("no record says that mount was refused")
			}
			r.checkStream(t)
		})
	}
}

// TestNoInnerJail: no other program is handed the way to speak in the tracer's stream, also not one
// that has the jail's name.
func TestNoInnerJail(t *testing.T) {
	kerntest.Need(t, "ptrace", "seccomp")
	r := traced(t, user{}, nil, "/bin/sh", "-c", `echo ${SANDTRACE_EVENT_FD-none}
		cp /bin/sh st-jail; ./st-jail -c 'echo ${SANDTRACE_EVENT_FD-none}'`)
	if want := "none\nnone\n"; r.stdout != want {
		t.Errorf("%q, want %q", r.stdout, want)
	}
	r = traced(t, user{}, nil, "/bin/sh", "-c", filepath.Join(tools, "st-jail")+" -- /bin/true; exit 0")
	if r.has(object{"type": "jail"}) {
		t.Error("a jail below another program speaks in the stream")
	}
}
