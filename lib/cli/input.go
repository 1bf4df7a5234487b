package cli

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Input is a filter's standard input that signals can end, as if the producer had closed it: what
// was read is still worked off, and every line that is written is whole.
//
// A SIGINT from the terminal reaches the whole pipeline, and the producer still has its last
// records to say, so the first one only makes the filter read on to the end; a second one, or
// SIGTERM, ends it.
type Input struct {
	in     io.Reader
	fd     int // -1 where in is no file
	wake   *os.File
	notify *os.File
	sig    atomic.Int32
	ch     chan os.Signal
}

// NewInput watches the signals until Close. It also closes this process's descriptors in /proc to
// others of the same user (PR_SET_DUMPABLE, prctl(2)): a program that is being watched could write
// records of its own into the pipe there.
func NewInput(in io.Reader) (*Input, error) {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return nil, Faultf(CodeOS, "prctl PR_SET_DUMPABLE: %w", err)
	}
	i := &Input{in: in, fd: -1, ch: make(chan os.Signal, 4)}
	if f, ok := in.(*os.File); ok {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, Faultf(CodeOS, "signals: %w", err)
		}
		i.fd, i.wake, i.notify = int(f.Fd()), r, w
	}
	signal.Notify(i.ch, syscall.SIGINT, syscall.SIGTERM)
	go i.watch()
	return i, nil
}

func (i *Input) watch() {
	interrupts := 0
	for s := range i.ch {
		if s == syscall.SIGINT {
			if interrupts++; interrupts < 2 {
				continue
			}
		}
		signal.Stop(i.ch) // the next one kills, as where the reader of our output hangs
		i.sig.Store(int32(s.(syscall.Signal)))
		if i.notify != nil {
			_, _ = i.notify.Write([]byte{0}) // a full pipe wakes as well
		}
		return
	}
}

// Read reads from the stream, or answers io.EOF once a signal has ended it.
func (i *Input) Read(b []byte) (int, error) {
	if i.sig.Load() != 0 {
		return 0, io.EOF
	}
	if i.fd < 0 {
		return i.in.Read(b)
	}
	fds := []unix.PollFd{
		{Fd: int32(i.fd), Events: unix.POLLIN},
		{Fd: int32(i.wake.Fd()), Events: unix.POLLIN},
	}
	for {
		_, err := unix.Poll(fds, -1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return 0, os.NewSyscallError("poll", err)
		}
		if fds[1].Revents != 0 {
			return 0, io.EOF
		}
		return i.in.Read(b)
	}
}

// Code is the exit status that a signal asks for, or 0 where none ended the input.
func (i *Input) Code() int {
	if s := i.sig.Load(); s != 0 {
		return CodeSignal + int(s)
	}
	return 0
}

// Close stops watching the signals.
func (i *Input) Close() {
	signal.Stop(i.ch)
	close(i.ch)
	if i.wake != nil {
		_ = i.wake.Close()
		_ = i.notify.Close()
	}
}
