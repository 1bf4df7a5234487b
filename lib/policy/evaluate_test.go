package policy

import (
	"testing"

	"sandtrace/lib/event"
)

func TestEvaluate(t *testing.T) {
	p, err := Parse("p.toml", `
[filesystem]
allow_read = ["/usr", "/data", "~"]
allow_write = ["./out", "/usr/local", "/tmp/keep"]
allow_exec = ["/data/bin", "/tmp"]
deny = ["~/.ssh", "**/.env", "/data/secret"]
tmpfs = ["/tmp"]
[syscalls]
deny = ["mkdir"]
log_only = ["rename"]
`)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Anchor(Anchors{Home: "/home/u", Dir: "/w"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path   string
		rights string
	}{
		{"/usr/bin/ls", "r-x"},
		{"/usr/local/bin", "rw-"}, // what can be written is no system tree
		{"/data/x", "r--"},
		{"/data/bin/x", "r-x"},
		{"/data/secret", "---"},
		{"/data/secret/deep", "---"},
		{"/data/secrets", "r--"},
		{"/home/u/.ssh/id", "---"},
		{"/home/u/src/.env", "---"},
		{"/home/u/src/a", "r--"},
		{"/home/v", "---"},
		{"/w/out/a", "rw-"},
		{"/w/outer", "---"},
		{"/w", "---"},
		{"/tmp/x", "rwx"},
		{"/tmp/keep/x", "rw-"},
		{"/etc/passwd", "---"},
	} {
		if got, _ := r.Rights(tt.path); got.String() != tt.rights {
			t.Errorf("%s: %s, expected %s", tt.path, got, tt.rights)
		}
	}
	for _, tt := range []struct {
		path   string
		access event.Access
		want   event.Action
	}{
		{"/usr/x", event.AccessRead, event.ActionAllow},
		{"/usr/x", event.AccessWrite, event.ActionDeny},
		{"/w/out/x", event.AccessDelete, event.ActionAllow},
		{"/w/out/x", event.AccessExec, event.ActionDeny},
		{"/usr/x", "odd", event.ActionDeny},
	} {
		if got := r.Path(tt.path, tt.access); got.Action != tt.want {
			t.Errorf("%s %s: %+v", tt.access, tt.path, got)
		}
	}
	if v := r.Path("/home/u/.ssh", event.AccessRead); v.By == nil || v.By.At.Line != 6 {
		t.Errorf("the deny is not named: %+v", v)
	}
	for call, want := range map[string]event.Action{
		"mkdir": event.ActionDeny, "rename": event.ActionLog, "read": event.ActionAllow, "mount": event.ActionDeny, "ptrace": event.ActionDeny,
	} {
		if got := r.Call(call); got != want {
			t.Errorf("%s: %s", call, got)
		}
	}
}
