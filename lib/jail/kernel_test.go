package jail_test

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"sandtrace/lib/kerntest"
)

// kernelAttempts are calls that a program has no business making.
var kernelAttempts = []want{
	{"unshare_user", "EPERM"},
	{"unshare_time", "EPERM"},
	{"unshare_fs", "OK"},
	{"clone_user", "EPERM"},
	{"clone_net", "EPERM"},
	{"fork", "OK"},
	{"clone3", "ENOSYS"},
	{"openat2", "ENOSYS"},
	{"setns", "EPERM"},
	{"mount", "EPERM"},
	{"umount", "EPERM"},
	{"fsopen", "EPERM"},
	{"open_tree", "EPERM"},
	{"move_mount", "EPERM"},
	{"mount_setattr", "EPERM"},
	{"chroot", "EPERM"},
	{"pivot_root", "EPERM"},
	{"bpf", "EPERM"},
	{"perf", "EPERM"},
	{"userfaultfd", "EPERM"},
	{"kexec", "EPERM"},
	{"init_module", "EPERM"},
	{"finit_module", "EPERM"},
	{"delete_module", "EPERM"},
	{"add_key", "EPERM"},
	{"keyctl", "EPERM"},
	{"request_key", "EPERM"},
	{"io_uring", "ENOSYS"},
	{"handle", "EPERM"},
	{"settimeofday", "EPERM"},
	{"clock_settime", "EPERM"},
	{"adjtimex", "EPERM"},
	{"reboot", "EPERM"},
	{"swapon", "EPERM"},
	{"acct", "EPERM"},
	{"syslog", "EPERM"},
	{"quotactl", "EPERM"},
	{"unknown", "ENOSYS"},
	{"tiocsti", "EPERM"},
	{"tiocsti_high", "EPERM"},
	{"tioclinux", "EPERM"},
	{"personality", "EPERM"},
	{"personality32", "EPERM"},
	{"personality_ask", "OK"},
	{"ptrace_init", "EPERM"},
	{"vm_init", "EPERM"},
	{"vm_self", "EPERM"},
	{"pidfd_getfd", "EPERM"},
	{"kill_init", "EPERM"},
	{"setuid=4711", "EPERM|EINVAL"},
	{"raise_limit", "EPERM"},
	{"memfd_asked", "EACCES"},
	{"mknod_dev=/tmp", "EPERM|EACCES"},
	{"stack_filter", "OK"},
}

// TestKernel: the same with a listener, which answers, and without, where the filter does.
func TestKernel(t *testing.T) {
	attempts := kernelAttempts
	if runtime.GOARCH == "amd64" {
		attempts = append([]want{{"iopl", "EPERM"}, {"ioperm", "EPERM"}}, attempts...)
	}
	asEach(t, func(t *testing.T, j *jailed) {
		t.Run("silent", func(t *testing.T) { j.check(t, nil, attempts) })
		t.Run("reported", func(t *testing.T) { j.check(t, []string{"--events", "/dev/null"}, attempts) })
	})
}

// TestForeignCalls: another architecture's calls kill.
func TestForeignCalls(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("calls of i386 and x32")
	}
	asEach(t, func(t *testing.T, j *jailed) {
		for _, a := range []string{"int80", "x32"} {
			got := j.attack(t, nil, a)
			if got[a] != "" || got["exit"] != "159" { // 128 + SIGSYS
				t.Errorf("%s: %v", a, got)
			}
		}
	})
}

// TestMemoryExec: a program in memory starts only where the policy lets everything be executed.
func TestMemoryExec(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		j.check(t, nil, []want{{"memfd", "EACCES|EPERM"}})
		j.check(t, []string{"--allow-exec-any"}, []want{{"memfd", "OK"}, {"memfd_asked", "OK"}})
	})
}

// TestSetID: no call leaves a file with a set-user-id bit behind; the others still work.
func TestSetID(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		out := j.mkdir(t, "out")
		var wants []want
		names := "suid_chmod sgid_chmod suid_fchmod suid_fchmodat2 suid_openat suid_tmpfile suid_mknod"
		if runtime.GOARCH == "amd64" {
			names += " suid_creat suid_open"
		}
		for n := range strings.FieldsSeq(names) {
			wants = append(wants, want{n + "=" + out, "EPERM"})
		}
		j.check(t, []string{"--allow-write", out}, append(wants, want{"chmod_plain=" + out, "OK"}))
		list, err := os.ReadDir(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if info, err := e.Info(); err != nil || info.Mode()&(os.ModeSetuid|os.ModeSetgid) != 0 {
				t.Errorf("%s: %v %v", e.Name(), info.Mode(), err)
			}
		}
	})
}

// TestPrivilege: a set-user-id program of root, and one with capabilities, run without them.
func TestPrivilege(t *testing.T) {
	kerntest.Need(t, "root")
	asEach(t, func(t *testing.T, j *jailed) {
		sh := kerntest.TempDir(t, 0)
		if err := os.Chmod(sh, 0o755); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile("/usr/bin/cat")
		if err != nil {
			t.Fatal(err)
		}
		cat := sh + "/cat"
		if err := os.WriteFile(cat, text, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(cat, 0o4755|os.ModeSetuid); err != nil {
			t.Fatal(err)
		}
		o := j.run(t, "--allow-exec", sh, "--", cat, "/proc/self/status")
		for _, w := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
			if !strings.Contains(o.stdout, w+":\t0000000000000000\n") {
				t.Errorf("%s is not empty:\n%s%s", w, o.stdout, o.stderr)
			}
		}
		if !strings.Contains(o.stdout, "NoNewPrivs:\t1\n") || !strings.Contains(o.stdout, "Seccomp:\t2\n") {
			t.Error(o.stdout)
		}
		if j.user.id != 0 && strings.Contains(o.stdout, "Uid:\t65534\t0\t") {
			t.Error("the program runs as root")
		}
	})
}

// TestRelease: allow = ["@ptrace"] lets processes of the jail, and no others, be read.
func TestRelease(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		p := j.write(t, "p.toml", "[filesystem]\nallow_read = [\"/usr\", \"/lib*\", \"/bin\"]\nallow_exec = [\""+tools+"\"]\n[syscalls]\nallow = [\"@ptrace\"]\n")
		j.check(t, []string{"-p", p}, []want{{"ptrace_init", "EPERM"}, {"vm_init", "EPERM"}, {"vm_self", "OK|EFAULT"}})
	})
}

// TestFilterInJail: the rules of the outer jail hold in an inner one, which cannot be had whole.
func TestJailInJail(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		inner := []string{"--allow-exec", tools, "--", tools + "/st-jail"}
		o := j.run(t, append(append([]string{"--allow-path", j.dir}, inner...), "--", "true")...)
		if o.exit != 125 || !strings.Contains(o.stderr, "layer user") {
			t.Errorf("exit %d: %s", o.exit, o.stderr)
		}
		o = j.run(t, append(append([]string{"--events", j.dir + "/e", "--allow-path", j.dir}, inner...),
			"--events", j.dir+"/f", "--best-effort=user,mount,pid,network,ipc,uts,cgroup", "--allow-exec", tools, "--allow-read", "/etc", "--",
			tools+"/attack", "mount", "read=/etc/hostname", "tcp4", "create="+j.dir)...)
		if o.exit != 0 || strings.Contains(o.stdout, "OK") {
			t.Errorf("exit %d: %s%s", o.exit, o.stdout, o.stderr)
		}
	})
}
