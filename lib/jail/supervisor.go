package jail

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/seccomp"
	"sandtrace/lib/syscalls"
)

// supervisor is one run, seen from outside of the jail.
type supervisor struct {
	Options
	resolved *Resolved
	plan     *plan
	init     *exec.Cmd
	control  int
	group    *cgroup
	lost     []string // layers that the user does without

	timedOut atomic.Bool
	told     teller

	ended *report // the command's end
	fault *report // why it did not run
}

func (s *supervisor) run() (Result, error) {
	if err := s.probe(); err != nil {
		return Result{}, err
	}
	for {
		if err := s.start(); err != nil {
			return Result{}, err
		}
		s.attend()
		if s.fault == nil || s.fault.Layer == "" || slices.Contains(s.lost, s.fault.Layer) {
			return s.result()
		}
		err := s.failure()
		if why := s.giveUp(s.fault.Layer, err); why != nil {
			return Result{}, why
		}
		s.fault = nil // and again, without that layer
	}
}

// attend is with the jail until nothing of it is left.
func (s *supervisor) attend() {
	defer unix.Close(s.control)
	stop := s.relaySignals()
	defer stop()
	if s.Policy.Limits.Timeout > 0 && !s.Dry {
		t := time.AfterFunc(s.Policy.Limits.Timeout, s.timeout)
		defer t.Stop()
	}
	s.readReports()
	if s.ended == nil {
		_ = s.init.Process.Kill() // it has ended, or is of no use without reports
	}
	_ = s.init.Wait() // its status tells nothing that the reports do not
	s.told.finish()
	s.reportGroup()
	s.group.remove()
}

// giveUp does without a layer if the user accepts that; otherwise it returns why not.
func (s *supervisor) giveUp(layer string, cause error) error {
	lost := append(slices.Clone(s.lost), layer)
	if why := s.refusal(lost, s.resolved.view); why != "" {
		if s.Accept.Any || len(s.Accept.Layers) > 0 {
			cause = fmt.Errorf("%w; %s", cause, why)
		}
		return cause
	}
	s.lost = lost
	s.warnLost([]string{layer}, cause)
	return nil
}

// warnLost says aloud what the user does without.
func (s *supervisor) warnLost(lost []string, cause error) {
	s.Warn(fmt.Sprintf("going on without the layers %s: %v", strings.Join(lost, ", "), cause))
	if slices.Contains(lost, LayerMount) && len(s.resolved.view.masks) > 0 {
		s.Warn("these deny lines do not hold: " + maskList(s.resolved.view))
	}
	if slices.Contains(lost, LayerNetwork) && !s.Policy.Network.Allow {
		s.Warn("that there is no network rests on the filter and Landlock alone")
	}
}

// start starts init with the namespaces that can be had, and opens its gate.
func (s *supervisor) start() error {
	var first error
	refused := ""
	for _, a := range attempts {
		if a.root && os.Geteuid() != 0 {
			continue
		}
		lost := slices.Concat(s.lost, a.lost)
		if first != nil {
			if refused = s.refusal(lost, s.resolved.view); refused != "" {
				continue
			}
		}
		s.plan = s.resolved.without(lost)
		err := s.startInit()
		if err == nil {
			if len(a.lost) > 0 {
				s.warnLost(a.lost, first)
			}
			s.lost = lost
			s.reportNamespaces(first)
			return s.open()
		}
		if !isErrno(err, unix.EPERM, unix.ENOSPC, unix.EINVAL, unix.EUSERS, unix.ENOSYS, unix.EACCES) {
			return fmt.Errorf("start init: %w", err)
		}
		if first == nil {
			first = err
		}
	}
	if s.Accept.Any || len(s.Accept.Layers) > 0 {
		first = fmt.Errorf("%w; %s", first, refused)
	}
	return &LayerError{Layer: LayerUser, Err: first, Remedy: userRemedy()}
}

// startInit starts init, which waits at its gate.
func (s *supervisor) startInit() error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	inner := os.NewFile(uintptr(pair[1]), "control")
	defer inner.Close()
	planFile, err := s.plan.pipe()
	if err != nil {
		unix.Close(pair[0])
		return err
	}
	defer planFile.Close()
	uid, gid := os.Geteuid(), os.Getegid()
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{initName},
		Env:   []string{"GOMAXPROCS=1", "GOTRACEBACK=none"},
		Stdin: s.Stdio[0], Stdout: s.Stdio[1], Stderr: s.Stdio[2],
		ExtraFiles:  []*os.File{inner, planFile},
		SysProcAttr: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Cloneflags: namespaces(s.plan.Layers)},
	}
	if s.plan.has(LayerUser) {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
		// for a user other than root, execve would drop what the namespace gave
		cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP, unix.CAP_SYS_CHROOT}
	}
	if err := cmd.Start(); err != nil {
		unix.Close(pair[0])
		return err
	}
	s.init, s.control = cmd, pair[0]
	return nil
}

// open lets init go on, once it is in its cgroup and has its filter.
func (s *supervisor) open() error {
	held, err := s.limitGroup()
	if err == nil {
		err = s.sendFilter(held, s.plan.Tell)
	}
	if err != nil {
		_ = s.init.Process.Kill()
		_ = s.init.Wait()
		unix.Close(s.control)
		s.group.remove()
	}
	return err
}

// sendFilter sends the filter, which is made here while init starts.
func (s *supervisor) sendFilter(held []int, tell bool) error {
	var program []byte
	if s.plan.has(LayerSeccomp) {
		var err error
		if program, err = seccomp.JailProgram(s.resolved.filterRules(s.plan), tell); err != nil {
			return err
		}
	}
	b, err := json.Marshal(gate{held, program})
	if err != nil {
		return fmt.Errorf("gate: %w", err)
	}
	if err := unix.Sendto(s.control, b, unix.MSG_NOSIGNAL, nil); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	return nil
}

// pipe is the reading end of a pipe that the plan is written to.
func (p *plan) pipe() (*os.File, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	go func() {
		_, _ = w.Write(text) // init that gets half of it says so by ending
		w.Close()
	}()
	return r, nil
}

// readReports reads what init and the command's start send, until their end.
func (s *supervisor) readReports() {
	buf := make([]byte, 64<<10)
	oob := make([]byte, unix.CmsgSpace(4))
	for {
		n, on, _, _, err := unix.Recvmsg(s.control, buf, oob, unix.MSG_CMSG_CLOEXEC)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		if n == 1 && buf[0] == 'L' {
			s.takeListener(oob[:on])
			continue
		}
		var r report
		if json.Unmarshal(buf[:n], &r) != nil {
			continue
		}
		switch {
		case r.Fault != "":
			s.fault = &r
			return
		case r.Ended:
			s.ended = &r
			return
		case r.Mute:
			s.layer(event.Jail{Layer: LayerSeccomp, Wanted: "reports of denied calls", Got: "a filter outside has the only listener", Applied: event.Some(false)})
			if err := s.sendFilter(nil, false); err != nil {
				s.fault = &report{Layer: LayerSeccomp, Fault: err.Error()}
				return
			}
		default:
			s.layer(event.Jail{Layer: r.Layer, Got: r.Got, Applied: event.Some(true)})
		}
	}
}

func (s *supervisor) takeListener(oob []byte) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(msgs) == 0 {
		return
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) == 0 {
		return
	}
	l, err := seccomp.NewListener(fds[0])
	if err != nil {
		s.Warn("denied calls cannot be reported: " + err.Error())
		unix.Close(fds[0]) // the calls get ENOSYS: refused all the same
		return
	}
	s.told.serve(l, s)
}

// result is the end of the run.
func (s *supervisor) result() (Result, error) {
	if s.ended == nil && !s.timedOut.Load() {
		return Result{}, s.failure()
	}
	if s.ended == nil {
		s.ended = &report{Status: 128 + int(unix.SIGKILL), Signal: int(unix.SIGKILL)}
	}
	res := Result{Status: s.ended.Status, TimedOut: s.timedOut.Load(), Denied: s.told.denied, Lost: s.told.lost}
	if s.Dry {
		return res, nil
	}
	if s.ended.Signal > 0 {
		for _, l := range signalLimits {
			if int(l.signal) == s.ended.Signal && l.set(s.Policy.Limits) {
				s.emit(&event.Jail{Op: "limit", Layer: LayerLimits, Message: l.name, Action: event.ActionKill})
			}
		}
	}
	s.emit(&event.Jail{Op: "result", Exit: event.Some(int64(res.Status)), Message: s.endText(res)})
	return res, nil
}

func (s *supervisor) endText(res Result) string {
	switch {
	case res.TimedOut:
		return "time limit"
	case s.ended.Signal > 0:
		return "ended by " + syscalls.Signal(s.ended.Signal)
	}
	return ""
}

// failure is why the command has not run, or what became of init.
func (s *supervisor) failure() error {
	f := s.fault
	if f == nil {
		if ps := s.init.ProcessState; ps != nil {
			return fmt.Errorf("init ended before the command did (%s)", ps)
		}
		return errors.New("init ended before the command did")
	}
	if f.Missing || f.Unfit {
		return &CommandError{f.Missing, f.Fault}
	}
	if f.Layer != "" {
		s.layer(event.Jail{Layer: f.Layer, Applied: event.Some(false), Message: f.Fault})
		return &LayerError{Layer: f.Layer, Err: errors.New(f.Fault), Remedy: faultRemedy(f)}
	}
	return errors.New(f.Fault)
}

func (s *supervisor) emit(r event.Record) {
	if s.Emit != nil {
		_ = s.Emit(r) // the writer keeps its error, which whoever closes it sees; the jail stands without it
	}
}

func (s *supervisor) layer(j event.Jail) {
	j.Op = "layer"
	s.emit(&j)
}
