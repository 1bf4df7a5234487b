package jail

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
)

// probe asks for the layers that can be asked for before anything is started.
func (s *supervisor) probe() error {
	for _, p := range []struct {
		layer string
		probe func() error
	}{
		{LayerLandlock, func() error { _, err := landlockVersion(); return err }},
		{LayerSeccomp, probeSeccomp},
	} {
		if err := p.probe(); err != nil {
			le := &LayerError{Layer: p.layer, Err: err, Remedy: remedies[p.layer]}
			s.layer(event.Jail{Layer: p.layer, Applied: event.Some(false), Message: err.Error()})
			if err := s.giveUp(p.layer, le); err != nil {
				return err
			}
		}
	}
	return nil
}

// probeSeccomp asks for the actions that the filter takes, seccomp(2).
func probeSeccomp() error {
	for _, action := range []uint32{unix.SECCOMP_RET_KILL_PROCESS, unix.SECCOMP_RET_ERRNO, unix.SECCOMP_RET_USER_NOTIF} {
		_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action)))
		if e != 0 {
			return fmt.Errorf("action %#x: %w", action, e)
		}
	}
	return nil
}

// reportNamespaces says which namespaces the jail has, and why it lacks one.
func (s *supervisor) reportNamespaces(why error) {
	for _, l := range Layers {
		if l.Flag == 0 {
			continue
		}
		j := event.Jail{Layer: l.Name, Applied: event.Some(s.plan.has(l.Name))}
		switch {
		case s.plan.has(l.Name):
			if l.Name == LayerMount || l.Name == LayerNetwork || l.Name == LayerUTS {
				continue // init says when it has put them up
			}
		case l.Name == LayerNetwork && s.Policy.Network.Allow:
			j.Message = "not wanted: the policy allows the network"
		case why != nil:
			j.Message = why.Error()
		}
		s.layer(j)
	}
}

// remedies are what a user can do about a layer that cannot be had.
var remedies = map[string]string{
	LayerLandlock: "the kernel needs CONFIG_SECURITY_LANDLOCK, and landlock among lsm= at boot (Linux 6.2 or later); --best-effort goes on without",
	LayerSeccomp:  "the kernel needs CONFIG_SECCOMP_FILTER (Linux 5.5 or later), and a container must allow seccomp(2); --best-effort goes on without",
	LayerLimits:   "run as another user than root, or where a cgroup can be made, or take the limit out of the policy",
	LayerMount:    "in a container /proc may be masked so that a fresh one is refused: run the container with an unmasked /proc",
}

// setting is one of the kernel's that forbids user namespaces.
type setting struct {
	file, bad, remedy string
}

var settings = []setting{
	{
		"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		"AppArmor restricts user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give st-jail a profile with the userns permission",
	},
	{"/proc/sys/kernel/unprivileged_userns_clone", "0", "user namespaces are for root only: sysctl kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/user/max_user_namespaces", "0", "user namespaces are switched off: sysctl user.max_user_namespaces=10000"},
}

// userRemedy says why there is no user namespace, as far as the kernel's settings tell.
func userRemedy() string {
	for _, s := range settings {
		if text, err := os.ReadFile(s.file); err == nil && strings.TrimSpace(string(text)) == s.bad {
			return s.remedy
		}
	}
	return "a container, or a jail around this one, may forbid namespaces; --best-effort goes on with the layers that there are"
}

// faultRemedy is the remedy for what init reports.
func faultRemedy(f *report) string {
	if f.Layer == LayerMount && !isErrno(unix.Errno(f.Errno), unix.EPERM) {
		return ""
	}
	if f.Layer == LayerMount && !strings.Contains(f.Fault, "proc") {
		return ""
	}
	return remedies[f.Layer]
}

// errNoGroup says that no cgroup can be made here.
var errNoGroup = errors.New("no cgroup can be made here")
