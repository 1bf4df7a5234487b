package trace

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// forwardSignals passes on to the command what is sent to the tracer alone. A signal from the
// terminal reaches the command by itself: it goes to the whole foreground process group.
func (tr *tracer) forwardSignals() (stop func()) {
	ch := make(chan os.Signal, 16)
	// SIGPIPE is here so that a write to a closed pipe is an error, not the end.
	signal.Notify(ch, unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP, unix.SIGTERM, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGPIPE)
	root := tr.root
	go func() {
		for s := range ch {
			sig := s.(unix.Signal)
			switch {
			case sig == unix.SIGPIPE:
			case (sig == unix.SIGINT || sig == unix.SIGQUIT || sig == unix.SIGTSTP) && inForeground():
			default:
				_ = unix.Kill(root, sig)
			}
		}
	}()
	return func() {
		signal.Stop(ch)
		close(ch)
	}
}

// inForeground reports whether this process is in the foreground process group of its terminal.
func inForeground() bool {
	tty, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer unix.Close(tty)
	group, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
