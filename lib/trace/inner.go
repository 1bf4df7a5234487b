package trace

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
)

// A jail inside the traced tree refuses calls in a filter of its own, which outranks the tracer's: such
// calls never stop here. What st-jail reports of them is taken into this stream.
//
// A traced program must not be able to forge such a record. The socket is handed only to the st-jail
// that stands beside this tracer, and the kernel says with each message who sent it (SCM_CREDENTIALS,
// unix(7)): only the command's own process, which is the jail's supervisor, is listened to.

// eventFDVariable tells st-jail where its records go.
const eventFDVariable = "SANDTRACE_EVENT_FD"

// inner is the link to a jail that is the traced command.
type inner struct {
	jail   unix.Stat_t // the file
	own    int         // the tracer's end
	theirs int         // the jail's end, until it has been handed on
	lines  chan []byte // closed at the end of the stream
	from   int         // the supervisor
	wake   func()
}

// newInner makes the link if the command is that file; nil if it is another program.
func newInner(command, jail string) (*inner, error) {
	var c, j unix.Stat_t
	if jail == "" || unix.Stat(command, &c) != nil || unix.Stat(jail, &j) != nil || c.Dev != j.Dev || c.Ino != j.Ino {
		return nil, nil
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	if err := unix.SetsockoptInt(pair[0], unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return nil, os.NewSyscallError("setsockopt SO_PASSCRED", err)
	}
	theirs, err := unix.FcntlInt(uintptr(pair[1]), unix.F_DUPFD, 3) // inheritable
	unix.Close(pair[1])
	if err != nil {
		return nil, os.NewSyscallError("fcntl F_DUPFD", err)
	}
	return &inner{jail: j, own: pair[0], theirs: theirs, lines: make(chan []byte, 256)}, nil
}

// environ is the command's environment, with the jail's end in it.
func (in *inner) environ() []string {
	env := os.Environ()
	if in == nil {
		return env
	}
	out := env[:0:0]
	for _, e := range env {
		if !strings.HasPrefix(e, eventFDVariable+"=") {
			out = append(out, e)
		}
	}
	return append(out, fmt.Sprintf("%s=%d", eventFDVariable, in.theirs))
}

// listen reads what the jail's supervisor, process from, writes. Each line calls wake.
func (in *inner) listen(from int, wake func()) {
	unix.Close(in.theirs)
	in.from, in.wake = from, wake
	go func() {
		defer close(in.lines)
		defer wake()
		var pending []byte
		buf, oob := make([]byte, 64<<10), make([]byte, unix.CmsgSpace(unix.SizeofUcred))
		for {
			n, k, _, _, err := unix.Recvmsg(in.own, buf, oob, unix.MSG_CMSG_CLOEXEC)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err != nil || n == 0 {
				return
			}
			if sender(oob[:k]) != in.from {
				continue // another process has got hold of the socket: it is not believed
			}
			pending = append(pending, buf[:n]...)
			for {
				line, rest, ok := bytes.Cut(pending, []byte("\n"))
				if !ok {
					break
				}
				in.lines <- bytes.Clone(line)
				pending = rest
			}
			if len(pending) > event.MaxLine {
				pending = nil // no record
			}
			wake()
		}
	}()
}

// sender is the process that the kernel names as a message's sender, or 0.
func sender(oob []byte) int {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for i := range messages {
		if c, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			return int(c.Pid)
		}
	}
	return 0
}

// mergeInner takes in what the jail has reported so far; to the end where all is true.
func (tr *tracer) mergeInner(all bool) {
	if tr.inner == nil {
		return
	}
	for {
		if all {
			line, ok := <-tr.inner.lines
			if !ok {
				return
			}
			tr.takeIn(line)
			continue
		}
		select {
		case line, ok := <-tr.inner.lines:
			if !ok {
				return
			}
			tr.takeIn(line)
		default:
			return
		}
	}
}

// takeIn emits one record of the jail in this stream. Its beginning and end are the jail's own, and
// are left out; what it lost is told.
func (tr *tracer) takeIn(line []byte) {
	r, err := event.Decode(line)
	if err != nil {
		tr.emit(&event.Error{Head: tr.now(), Code: "bad_jail_record", Message: err.Error()})
		return
	}
	switch r := r.(type) {
	case *event.Jail:
		r.Proc = tr.known(r.Proc)
		if r.Op == "deny" {
			tr.count.refused++
		}
		tr.emit(r)
	case *event.Net:
		r.Proc = tr.known(r.Proc)
		tr.emit(r)
	case *event.Error:
		tr.emit(r)
	case *event.Lost:
		tr.count.lost += max(r.Count.Val, 1)
		tr.emit(r)
	}
}

// known is the tracer's own block for a process, where it has it: with lineage and package.
func (tr *tracer) known(p *event.Proc) *event.Proc {
	if p == nil {
		return nil
	}
	if t := tr.tasks[p.PID]; t != nil && t.proc.start == p.Start {
		return t.procBlock()
	}
	return p
}

// stillJail reports whether a process that was the jail setting itself up still is, after an exec: it
// executes itself again. A process that has once been another program never is again, so that no
// program can hide behind the jail's file.
func (tr *tracer) stillJail(p *process) bool {
	if !p.jailing {
		return false
	}
	var st unix.Stat_t
	return unix.Stat("/proc/"+fmt.Sprint(p.pid)+"/exe", &st) == nil && st.Dev == tr.inner.jail.Dev && st.Ino == tr.inner.jail.Ino
}
