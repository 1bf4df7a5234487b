package kerntest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// feature is one thing that a host may lack; probe says why it does.
type feature struct {
	name  string
	probe func() error
}

var features = []feature{
	{"root", func() error {
		if os.Geteuid() != 0 {
			return errors.New("not root")
		}
		return nil
	}},
	{"user", func() error {
		if os.Geteuid() == 0 {
			return errors.New("is root")
		}
		return nil
	}},
	{"ptrace", probePtrace},
	{"seccomp", probeSeccomp},
	{"landlock", probeLandlock},
	{"userns", probeUserns},
	{"npm", func() error { return answers("npm", "--version") }},
	{"node", func() error { return answers("node", "--version") }},
	{"jq", func() error { return answers("jq", "--version") }},
	{"git", func() error { return answers("git", "--version") }},
	{"strace", func() error { return answers("strace", "-V") }},
	{"python3", func() error { return answers("python3", "--version") }},
}

// excused are the skips that a continuous-integration run may have, each with its reason.
var excused = []struct{ feature, why string }{
	{"root", "CI may run as an ordinary user; the rest of the suite runs as that user then"},
	{"user", "root runs these tests again as an ordinary user"},
	{"landlock", "a kernel may be built without it"},
	{"userns", "a container or a sysctl may forbid it"},
	{"npm", "Node.js is optional: the demo takes sh instead"},
	{"node", "Node.js is optional"},
	{"python3", "Python is optional"},
	{"git", "git is optional"},
}

var probed sync.Map // name to error

// Lacks says why the host lacks a feature, or nil where it has it.
func Lacks(name string) error {
	if v, ok := probed.Load(name); ok {
		err, _ := v.(error)
		return err
	}
	err := fmt.Errorf("kerntest: no row for feature %q", name)
	for _, f := range features {
		if f.name == name {
			err = f.probe()
		}
	}
	probed.Store(name, err)
	return err
}

// Known reports whether the table has a row for a feature.
func Known(name string) bool {
	for _, f := range features {
		if f.name == name {
			return true
		}
	}
	return false
}

// answers runs a command in the HOME that the tests give it, which version managers may not survive.
func answers(name string, arg ...string) error {
	cmd := exec.Command(name, arg...)
	cmd.Env = append(os.Environ(), "HOME="+filepath.Join(os.TempDir(), "no-home"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// probePtrace attaches to a child, as PTRACE_TRACEME could be allowed where SEIZE is not.
func probePtrace() error {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		return err
	}
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(cmd.Process.Pid), 0, 0, 0, 0)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if errno != 0 {
		return os.NewSyscallError("ptrace", errno)
	}
	return nil
}

// probeSeccomp asks for the filter action that a tracer needs (seccomp(2)).
func probeSeccomp() error {
	action := uint32(unix.SECCOMP_RET_TRACE)
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action)))
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	return nil
}

// probeLandlock asks for the version of the kernel's interface (landlock_create_ruleset(2)).
func probeLandlock() error {
	_, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return os.NewSyscallError("landlock_create_ruleset", errno)
	}
	return nil
}

func probeUserns() error {
	cmd := exec.Command("true")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
	}
	return cmd.Run()
}
