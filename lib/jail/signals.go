package jail

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
)

// relaySignals passes signals on until stop.
func (s *supervisor) relaySignals() (stop func()) {
	ch := make(chan os.Signal, 16)
	signal.Notify(ch, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGTSTP)
	go func() {
		for sig := range ch {
			s.relay(sig.(syscall.Signal))
		}
	}()
	return func() { signal.Stop(ch); close(ch) }
}

func (s *supervisor) relay(sig syscall.Signal) {
	switch sig {
	case syscall.SIGINT, syscall.SIGQUIT:
		if !s.plan.OwnSession && inForeground() {
			return // the terminal has sent it to the command as well
		}
		s.order(orderCommand, sig)
	case syscall.SIGTSTP:
		if s.plan.OwnSession { // the terminal's stop does not reach a session of its own
			s.order(orderAll, syscall.SIGSTOP)
		}
		_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
	case syscall.SIGCONT:
		s.order(orderAll, sig)
	default:
		s.order(orderCommand, sig)
	}
}

// inForeground reports whether this process's group has the terminal.
func inForeground() bool {
	tty, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(tty)
	group, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

func (s *supervisor) order(whom byte, sig syscall.Signal) {
	_ = unix.Sendto(s.control, []byte{whom, byte(sig)}, unix.MSG_NOSIGNAL, nil) // init may have ended
}

// timeout ends the jail: SIGTERM for all, then the end of init, which is the end of all.
func (s *supervisor) timeout() {
	s.timedOut.Store(true)
	s.emit(&event.Jail{Op: "limit", Layer: LayerLimits, Message: "timeout", Wanted: s.Policy.Limits.Timeout.String(), Action: event.ActionKill})
	s.order(orderAll, syscall.SIGTERM)
	s.order(orderAll, syscall.SIGCONT)
	time.AfterFunc(termGrace, func() {
		s.order(orderAll, syscall.SIGKILL)
		time.AfterFunc(killGrace, func() { _ = s.init.Process.Kill() })
	})
}
