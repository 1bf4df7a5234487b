package policy

import (
	"testing"

	"sandtrace/lib/event"
)

func TestRecord(t *testing.T) {
	p, err := Parse("p.toml", `
[filesystem]
allow_read = ["/usr", "/src"]
allow_write = ["./out"]
deny = ["/src/secret"]
[syscalls]
deny = ["symlink"]
log_only = ["mkdir"]
`)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Anchor(Anchors{Home: "/home/u", Dir: "/src"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		rec  event.Syscall
		want event.Action
	}{
		{"read allowed", event.Syscall{Name: "openat", Path: "/src/a", Access: event.AccessRead}, event.ActionAllow},
		{"read elsewhere", event.Syscall{Name: "openat", Path: "/etc/passwd", Access: event.AccessRead}, event.ActionDeny},
		{"deny wins", event.Syscall{Name: "openat", Path: "/src/secret", Access: event.AccessRead}, event.ActionDeny},
		{"write where reading is allowed", event.Syscall{Name: "openat", Path: "/src/a", Access: event.AccessCreate}, event.ActionDeny},
		{"write allowed", event.Syscall{Name: "openat", Path: "/src/out/a", Access: event.AccessCreate}, event.ActionAllow},
		{"rename out of it", event.Syscall{Name: "rename", Path: "/src/out/a", To: "/src/a", Access: event.AccessRename}, event.ActionDeny},
		{"rename inside", event.Syscall{Name: "rename", Path: "/src/out/a", To: "/src/out/b", Access: event.AccessRename}, event.ActionAllow},
		{"a program of the system", event.Syscall{Name: "execve", Path: "/usr/bin/cat", Access: event.AccessExec}, event.ActionAllow},
		{"a program of the project", event.Syscall{Name: "execve", Path: "/src/x", Access: event.AccessExec}, event.ActionDeny},
		{"null", event.Syscall{Name: "openat", Path: "/dev/null", Access: event.AccessWrite}, event.ActionAllow},
		{"a disk", event.Syscall{Name: "openat", Path: "/dev/sda", Access: event.AccessRead}, event.ActionDeny},
		{"executing from /proc", event.Syscall{Name: "execve", Path: "/proc/self/fd/3", Access: event.AccessExec}, event.ActionDeny},
		{"a pipe", event.Syscall{Name: "openat", Path: "pipe:[7]", Access: event.AccessRead}, event.ActionAllow},
		{"a denied call", event.Syscall{Name: "symlink", Path: "/src/out/l"}, event.ActionDeny},
		{"a logged call", event.Syscall{Name: "mkdir", Path: "/src/out/d", Access: event.AccessCreate}, event.ActionLog},
		{"a logged call where it may not", event.Syscall{Name: "mkdir", Path: "/src/d", Access: event.AccessCreate}, event.ActionDeny},
		{"always blocked", event.Syscall{Name: "kexec_load"}, event.ActionDeny},
		{"out to the network", event.Syscall{Name: "connect", Family: "inet", Addr: "203.0.113.9"}, event.ActionDeny},
		{"out by IPv6", event.Syscall{Name: "sendto", Family: "inet6", Addr: "2001:db8::1"}, event.ActionDeny},
		{"loopback", event.Syscall{Name: "connect", Family: "inet", Addr: "127.0.0.1"}, event.ActionAllow},
		{"every interface", event.Syscall{Name: "bind", Family: "inet", Addr: "0.0.0.0"}, event.ActionAllow},
		{"a socket file", event.Syscall{Name: "connect", Family: "unix", Addr: "/run/x"}, event.ActionAllow},
	} {
		if got := r.Record(&c.rec); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
