package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestOwnProcess(t *testing.T) {
	pid := os.Getpid()
	st, err := ReadStat(pid)
	if err != nil || st.PPID != os.Getppid() || st.Start == 0 || !strings.Contains("RS", string(st.State)) {
		t.Errorf("stat: %+v, %v", st, err)
	}
	status, err := ReadStatus(pid)
	if err != nil || status.TGID != pid || status.PPID != os.Getppid() || int(status.UID) != os.Getuid() || status.Name != st.Name {
		t.Errorf("status: %+v, %v", status, err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if exe, err := Exe(pid); err != nil || exe != self {
		t.Errorf("exe: %q, %v; expected %q", exe, err, self)
	}
	wd, err := filepath.EvalSymlinks(".")
	if err == nil {
		wd, err = filepath.Abs(wd)
	}
	if cwd, err2 := CWD(pid); err != nil || err2 != nil || cwd != wd {
		t.Errorf("cwd: %q, %v; expected %q, %v", cwd, err2, wd, err)
	}
	if argv, cut, err := Cmdline(pid); err != nil || cut || !slices.Equal(argv, os.Args) {
		t.Errorf("cmdline: %q, %v, %v; expected %q", argv, cut, err, os.Args)
	}
	env, err := Environ(pid)
	if want := os.Getenv("PATH"); err != nil || pick(env, "PATH")["PATH"] != want {
		t.Errorf("environ: PATH is %q, %v; expected %q", pick(env, "PATH")["PATH"], err, want)
	}
}

func TestFD(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a\nb\xff")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := FD(os.Getpid(), int(f.Fd())); err != nil || got != name {
		t.Errorf("%q, %v; expected %q", got, err, name)
	}
	if _, err := FD(os.Getpid(), 1<<20); !errors.Is(err, unix.ENOENT) {
		t.Errorf("a descriptor that is not open: %v", err)
	}
}

func TestBoot(t *testing.T) {
	if id := BootID(); !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("boot id %q", id)
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	if got, want := KernelRelease(), unix.ByteSliceToString(u.Release[:]); got != want {
		t.Errorf("release %q, expected %q", got, want)
	}
}

// TestOwnName has the kernel write each hostile name, in both of its ways.
func TestOwnName(t *testing.T) {
	runtime.LockOSThread() // without unlocking: the renamed thread ends with the test
	for _, name := range hostileNames {
		b, err := unix.BytePtrFromString(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(b)), 0, 0, 0); err != nil {
			t.Fatal(err)
		}
		if st, err := ReadStat(unix.Gettid()); err != nil || st.Name != name || st.PPID != os.Getppid() {
			t.Errorf("%q: stat says %+v, %v", name, st, err)
		}
		if st, err := ReadStatus(unix.Gettid()); err != nil || st.Name != name || st.TGID != os.Getpid() || int(st.UID) != os.Getuid() {
			t.Errorf("%q: status says %+v, %v", name, st, err)
		}
	}
}

// sleeper starts a process with these arguments after its name, and this environment.
func sleeper(t *testing.T, env []string, arg ...string) int {
	t.Helper()
	// the shell is the process that is looked at: read waits for a line that never comes
	cmd := exec.Command("/bin/sh", append([]string{"-c", "echo; read x", "sh"}, arg...)...)
	cmd.Env = env
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

func TestCmdlineExact(t *testing.T) {
	want := []string{"/bin/sh", "-c", "echo; read x", "sh", "", "a b", "c\nd", "\xff", ""}
	pid := sleeper(t, nil, want[4:]...)
	if argv, cut, err := Cmdline(pid); err != nil || cut || !slices.Equal(argv, want) {
		t.Errorf("%q, %v, %v; expected %q", argv, cut, err, want)
	}
}

func TestCmdlineCut(t *testing.T) {
	long := strings.Repeat("x", 100<<10) // one argument may have 128 KiB
	pid := sleeper(t, nil, long, long)
	argv, cut, err := Cmdline(pid)
	if n := len(strings.Join(argv, " ")); err != nil || !cut || n != maxCmdline {
		t.Errorf("%d bytes, cut %v, %v", n, cut, err)
	}
}

func TestEnvironLarge(t *testing.T) {
	value := strings.Repeat("y", 100<<10)
	var env []string
	for i := range 10 {
		env = append(env, fmt.Sprintf("BIG%d=%s", i, value))
	}
	pid := sleeper(t, append(env, "no equals sign", "LAST=1"))
	b, err := Environ(pid)
	if err != nil || len(b) < 1000<<10 || pick(b, "LAST")["LAST"] != "1" {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestNoSuchProcess(t *testing.T) {
	const pid = 1<<22 + 1 // above PID_MAX_LIMIT
	for name, f := range map[string]func() error{
		"stat":    func() error { _, err := ReadStat(pid); return err },
		"status":  func() error { _, err := ReadStatus(pid); return err },
		"exe":     func() error { _, err := Exe(pid); return err },
		"cmdline": func() error { _, _, err := Cmdline(pid); return err },
		"environ": func() error { _, err := Environ(pid); return err },
	} {
		if err := f(); !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "/proc/4194305/"+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChildren(t *testing.T) {
	cmd := exec.Command("sh", "-c", "sleep 30 & echo $!; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Fscan(out, &child); err != nil {
		t.Fatal(err)
	}
	got := Children(cmd.Process.Pid, cmd.Process.Pid)
	_ = cmd.Process.Kill()
	if p, err := os.FindProcess(child); err == nil {
		_ = p.Kill()
	}
	_ = cmd.Wait() // killed, as it was told
	if len(got) != 1 || got[0] != child {
		t.Errorf("children %v, want %d", got, child)
	}
}
