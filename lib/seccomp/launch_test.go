package seccomp

import (
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sandtrace/lib/kerntest"
	"sandtrace/lib/syscalls"
)

// launched runs a command as Start makes it, without a tracer: its output, its status, and the errno
// of an execve that failed.
func launched(t *testing.T, program []byte, argv ...string) (out string, status syscall.WaitStatus, why syscall.Errno) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	l, err := Launch{
		Path: argv[0], Argv: argv, Env: append(os.Environ(), "LC_ALL=C"), Stdio: [3]*os.File{os.Stdin, w, w}, Program: program,
	}.Start()
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := l.Gate.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := syscall.Wait4(l.PID, &status, 0, nil); err != nil {
		t.Fatal(err)
	}
	var b [4]byte
	if _, err := io.ReadFull(l.Report, b[:]); err == nil {
		why = syscall.Errno(binary.NativeEndian.Uint32(b[:]))
	}
	return string(text), status, why
}

// filterOf stops the named calls: without a tracer they fail with ENOSYS (seccomp(2),
// SECCOMP_RET_TRACE), all others work.
func filterOf(t *testing.T, names ...string) []byte {
	t.Helper()
	calls, err := syscalls.Select(names)
	if err != nil {
		t.Fatal(err)
	}
	program, err := TraceProgram(calls)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func TestLaunch(t *testing.T) {
	kerntest.Need(t, "seccomp")
	program := filterOf(t, "mkdir", "mkdirat")
	dir := t.TempDir()
	out, status, why := launched(t, program, "/bin/sh", "-c",
		"echo $0; grep -E '^(NoNewPrivs|Seccomp|SigBlk|SigIgn):' /proc/self/status; ulimit -n; mkdir "+filepath.Join(dir, "a"))
	if why != 0 || !status.Exited() || status.ExitStatus() == 0 {
		t.Errorf("mkdir is not stopped: %v, status %d\n%s", why, status.ExitStatus(), out)
	}
	if _, err := os.Stat(filepath.Join(dir, "a")); err == nil {
		t.Error("mkdir made its directory")
	}
	admin, err := isAdmin()
	if err != nil {
		t.Fatal(err)
	}
	nnp := map[bool]string{true: "NoNewPrivs:\t0", false: "NoNewPrivs:\t1"}[admin]
	for _, want := range []string{nnp, "Seccomp:\t2", "SigBlk:\t0000000000000000", "\n" + files(t) + "\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestLaunchDescriptors: the command has the descriptors that the user gave it, and none of ours.
func TestLaunchDescriptors(t *testing.T) {
	kerntest.Need(t, "seccomp")
	want, err := exec.Command("/bin/ls", "/proc/self/fd").Output()
	if err != nil {
		t.Fatal(err)
	}
	if out, _, _ := launched(t, filterOf(t, "mkdir"), "/bin/ls", "/proc/self/fd"); out != string(want) {
		t.Errorf("descriptors %q, want %q", out, want)
	}
}

// files is the soft limit of open files that this test was started with, which Go's runtime raised.
func files(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("/bin/sh", "-c", "ulimit -n").Output() // os/exec gives it back to children
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestLaunchIgnored: what the user ignores stays ignored, as nohup(1) wants it.
func TestLaunchIgnored(t *testing.T) {
	kerntest.Need(t, "seccomp")
	signal.Ignore(unix.SIGUSR2)
	defer signal.Reset(unix.SIGUSR2)
	if _, status, _ := launched(t, filterOf(t, "mkdir"), "/bin/sh", "-c", "kill -USR2 $$; exit 7"); status.ExitStatus() != 7 {
		t.Errorf("status %v, want 7", status)
	}
	if _, status, _ := launched(t, filterOf(t, "mkdir"), "/bin/sh", "-c", "kill -USR1 $$; exit 7"); status.Signal() != unix.SIGUSR1 {
		t.Errorf("status %v, want SIGUSR1", status)
	}
}

func TestLaunchFails(t *testing.T) {
	kerntest.Need(t, "seccomp")
	good := filterOf(t, "mkdir")
	for _, c := range []struct {
		name    string
		program []byte
		path    string
		want    syscall.Errno
	}{
		{"no such file", good, "/nonexistent", unix.ENOENT},
		{"a directory", good, "/etc", unix.EACCES},
		{"execve is stopped and nobody traces", filterOf(t, "execve"), "/bin/true", unix.ENOSYS},
		{"no return", make([]byte, 8), "/bin/true", unix.EINVAL},
		{"an instruction of no kind", []byte{0xff, 0xff, 0, 0, 0, 0, 0, 0}, "/bin/true", unix.EINVAL},
		{"one instruction too many", make([]byte, 8*4097), "/bin/true", unix.EINVAL},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, why := launched(t, c.program, c.path); why != c.want {
				t.Errorf("%v, want %v", why, c.want)
			}
		})
	}
}

// TestLaunchGate: the child ends where its gate is closed.
func TestLaunchGate(t *testing.T) {
	kerntest.Need(t, "seccomp")
	l, err := Launch{Path: "/bin/true", Argv: []string{"true"}, Stdio: [3]*os.File{os.Stdin, os.Stdout, os.Stderr}, Program: filterOf(t, "mkdir")}.Start()
	if err != nil {
		t.Fatal(err)
	}
	l.Gate.Close()
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(l.PID, &status, 0, nil); err != nil || status.ExitStatus() != 125 {
		t.Errorf("%v, status %v, want 125", err, status)
	}
}

func TestLaunchAsOrdinaryUser(t *testing.T) {
	kerntest.Ordinary{Run: "^TestLaunch", Dir: "."}.Test(t)
}

// isAdmin reports whether the process has CAP_SYS_ADMIN, capabilities(7).
func isAdmin() (bool, error) {
	const capSysAdmin = 21
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		return false, err
	}
	return data[0].Effective&(1<<capSysAdmin) != 0, nil
}
