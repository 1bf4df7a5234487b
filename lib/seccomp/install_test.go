package seccomp

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sandtrace/lib/kerntest"
	"sandtrace/lib/syscalls"
)

// TestMain is also the process that puts itself under a filter, which it can never take off again.
func TestMain(m *testing.M) {
	if os.Getenv("SECCOMP_TEST_DIR") != "" {
		runtime.LockOSThread()
		if err := underFilter(os.Getenv("SECCOMP_TEST_DIR")); err != nil {
			os.Stdout.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// underFilter stops mkdirat and renaming itself, without a tracer: such calls fail with ENOSYS
// (seccomp(2), SECCOMP_RET_TRACE), all others work.
func underFilter(dir string) error {
	calls, err := syscalls.Select([]string{"mkdir", "mkdirat", "prctl"})
	if err != nil {
		return err
	}
	program, err := TraceProgram(calls)
	if err != nil {
		return err
	}
	admin, err := isAdmin()
	if err != nil {
		return err
	}
	if err := Install(program); err != nil {
		return err
	}
	if err := unix.Mkdirat(unix.AT_FDCWD, filepath.Join(dir, "a"), 0o700); !errors.Is(err, unix.ENOSYS) {
		return errors.New("mkdirat is not stopped")
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); !errors.Is(err, unix.ENOSYS) {
		return errors.New("prctl PR_SET_DUMPABLE is not stopped")
	}
	nnp, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if err != nil {
		return err // a question, which the filter lets through
	}
	if (nnp == 1) == admin {
		return errors.New("no_new_privs is set for an administrator, or not set for a user")
	}
	if err := os.WriteFile(filepath.Join(dir, "b"), nil, 0o600); err != nil {
		return err
	}
	// what it starts inherits the filter
	out, err := exec.Command("mkdir", filepath.Join(dir, "c")).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(string(out), unix.ENOSYS.Error()) && !strings.Contains(string(out), "not implemented") {
		return errors.New("a child is not under the filter: " + string(out))
	}
	return nil
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

func TestInstall(t *testing.T) {
	kerntest.Need(t, "seccomp")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	dir := t.TempDir()
	cmd.Env = append(os.Environ(), "SECCOMP_TEST_DIR="+dir, "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "b")); err != nil {
		t.Error(err)
	}
}

func TestInstallAsOrdinaryUser(t *testing.T) {
	kerntest.Ordinary{Run: "^TestInstall$", Dir: "."}.Test(t)
}

func TestInstallBadProgram(t *testing.T) {
	for name, program := range map[string][]byte{
		"nothing":                   nil,
		"half an instruction":       make([]byte, 12),
		"one instruction too many":  make([]byte, 8*4097),
		"no return":                 make([]byte, 8),
		"an instruction of no kind": {0xff, 0xff, 0, 0, 0, 0, 0, 0},
	} {
		if err := Install(program); err == nil {
			t.Errorf("%s: installed", name)
		}
	}
}
