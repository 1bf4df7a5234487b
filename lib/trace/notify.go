package trace

import (
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/proc"
	"sandtrace/lib/seccomp"
	"sandtrace/lib/syscalls"
)

// The notify backend reports calls without ptrace: a seccomp filter holds each until the supervisor
// lets it run (SECCOMP_RET_USER_NOTIF, seccomp_unotify(2)). It is faster, the program cannot see it
// and may use ptrace itself, and when the supervisor dies every held call fails. In exchange no
// result is seen, and a process is known from its first call on: one whose parent has ended by then
// cannot be told whose child it is, and is given to nobody.

// notifier is one run of that backend. What it shares with the ptrace backend is the tracer: tasks,
// decoding, counts.
type notifier struct {
	*tracer
	listener *seccomp.Listener
	epoll    int
	waker    int // an eventfd that ends the wait for ends

	mu     sync.Mutex      // what follows, and the tracer's state
	pidfds map[int]*ending // by pid
	status syscall.WaitStatus
	over   bool // no process is left under the filter
}

// ending is a process whose end is waited for.
type ending struct {
	fd     int
	proc   *process
	zombie bool // it has ended, and its parent has not taken its status yet
}

// Notify runs the command under that backend. The results of calls are absent from the records.
func Notify(opt Options) (Result, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	n := &notifier{tracer: newTracer(opt, newPlacement(false)), pidfds: map[int]*ending{}}
	n.needed = map[*syscalls.Call]bool{syscalls.ByName(ioUringSetup): true} // no other call hides any here
	for _, name := range []string{"execve", "execveat"} {
		// They show when to look again at what a process is; and the child must not execute the
		// command, which closes its listener, before that is taken over.
		n.needed[syscalls.ByName(name)] = true
	}
	program, err := seccomp.TellProgram(n.stops())
	if err != nil {
		return Result{}, err
	}
	if n.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return Result{}, os.NewSyscallError("epoll_create", err)
	}
	defer unix.Close(n.epoll)
	if n.waker, err = unix.Eventfd(0, unix.EFD_CLOEXEC); err != nil {
		return Result{}, os.NewSyscallError("eventfd", err)
	}
	defer unix.Close(n.waker)
	if err := unix.EpollCtl(n.epoll, unix.EPOLL_CTL_ADD, n.waker, &unix.EpollEvent{Events: unix.EPOLLIN}); err != nil {
		return Result{}, os.NewSyscallError("epoll_ctl", err)
	}
	l, err := seccomp.Launch{
		Path: opt.Path, Argv: opt.Argv, Env: os.Environ(), Stdio: opt.Stdio, Program: program, Tell: true,
	}.Start()
	if err != nil {
		return Result{}, err
	}
	defer l.Report.Close()
	if n.listener, err = l.Listener(); err != nil {
		_ = unix.Kill(l.PID, unix.SIGKILL)
		return Result{}, err
	}
	defer n.listener.Close()
	if err := hide(); err != nil {
		return Result{}, err
	}
	n.listener.Sync()
	n.begin(l.PID)
	stop := n.forwardSignals()
	err = n.serve()
	stop()
	n.live.stop()
	if why := notExecuted(l); err == nil && !n.executed && errors.As(why, new(syscall.Errno)) {
		err = why // without an errno it was executed, and made no call that is reported
	}
	if err == nil && !opt.KeepOn {
		err = n.err
	}
	return n.result(), err
}

// serve answers calls until no process is left under the filter. Ends are seen beside it.
func (n *notifier) serve() error {
	n.watch(n.tasks[n.root].proc)
	over := make(chan error, 1)
	go func() { over <- n.seeEnds() }()
	for {
		call, err := n.listener.Receive()
		switch {
		case err == nil:
			n.mu.Lock()
			n.called(&call)
			n.mu.Unlock()
		case errors.Is(err, unix.EPIPE):
			return errors.Join(n.wakeUp(), <-over)
		case !errors.Is(err, unix.ENOENT): // ENOENT: the caller was killed
			return os.NewSyscallError("ioctl SECCOMP_IOCTL_NOTIF_RECV", err)
		}
	}
}

// seeEnds reports the ends of processes until none is waited for.
func (n *notifier) seeEnds() error {
	var events [64]unix.EpollEvent
	for {
		k, err := unix.EpollWait(n.epoll, events[:], -1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return os.NewSyscallError("epoll_wait", err)
		}
		n.mu.Lock()
		for _, e := range events[:k] {
			n.reap(int(e.Fd))
		}
		if n.over {
			for pid := range n.pidfds {
				n.reap(pid) // what is still a zombie has ended all the same
			}
		}
		over := n.over
		n.mu.Unlock()
		if over {
			return nil
		}
	}
}

// wakeUp tells seeEnds that no process is left under the filter.
func (n *notifier) wakeUp() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.over = true
	_, err := unix.Write(n.waker, binary.NativeEndian.AppendUint64(nil, 1))
	return os.NewSyscallError("write to an eventfd", err)
}

// called serves one call that waits.
func (n *notifier) called(c *seccomp.Notification) {
	t := n.task(c.TID)
	if t == nil {
		_ = n.listener.Continue(c.ID) // it was killed meanwhile: there is nobody to tell of
		return
	}
	n.refresh(t)
	call, abi, known := syscalls.Lookup(c.Arch, c.NR)
	t.args = c.Args
	unknown := call == nil
	if unknown {
		call = unknownCall(c.Arch, c.NR, known)
	} else if call.Name == "socketcall" {
		call = n.socketCall(t, call, abi)
	}
	if !(n.wanted[call] || n.needed[call] || unknown) || !call.Event && !call.Wanted(&t.args) {
		_ = n.listener.Continue(c.ID) // fails only where the caller is gone
		return
	}
	t.call, t.abi = call, abi
	n.decode(t)
	if opens(call) || call.Access == event.AccessExec {
		n.describeFailure(t) // the names and arguments as they are given: there is no result to ask
	}
	t.entered = monotonic()
	if !n.listener.Valid(c.ID) {
		return // killed or interrupted: what was read may be another process's
	}
	if call.Name == ioUringSetup && !n.opt.AllowIOUring {
		t.rec.Action = event.ActionDeny
		_ = n.listener.Refuse(c.ID, unix.ENOSYS)
	} else {
		_ = n.listener.Continue(c.ID)
	}
	if call.Access == event.AccessExec {
		t.proc.executing = true
		if t.npaths > 0 {
			t.proc.asked = t.paths[0].text
		}
	}
	if n.wanted[call] || unknown || t.rec.Action != event.ActionAllow {
		n.reportHeld(t)
	}
}

// reportHeld emits the record of a call that was let run; it took no time that could be told.
func (n *notifier) reportHeld(t *task) {
	t.rec.Head = n.now()
	n.send(t)
}

// task finds the caller, taking up its process if it is new; nil where it has ended.
func (n *notifier) task(tid int) *task {
	if t := n.tasks[tid]; t != nil {
		return t
	}
	st, err := proc.ReadStatus(tid)
	if err != nil {
		return nil
	}
	var p *process
	if leader := n.tasks[st.TGID]; leader != nil {
		p = leader.proc
	} else {
		p = n.found(st)
	}
	t := &task{tid: tid, proc: p}
	n.tasks[tid] = t
	return t
}

// found takes up a process that has made its first call.
func (n *notifier) found(st proc.Status) *process {
	var p *process
	if parent := n.tasks[st.PPID]; parent != nil {
		n.refresh(parent)
		p = parent.proc.child(st.TGID)
	} else {
		p = &process{pid: st.TGID, ppid: st.PPID, name: st.Name, uid: event.Some(st.UID)}
		if s, err := proc.ReadStat(st.TGID); err == nil {
			p.start = s.Start
		}
		p.readImage("", nil, n.environ)
		p.who = proc.Attribution{}
		p.changed()
	}
	n.tasks[st.TGID] = &task{tid: st.TGID, proc: p}
	n.live.add(p.pid)
	n.count.processes++
	n.watch(p)
	n.emit(&event.Process{Head: n.now(), Op: event.OpSpawn, Proc: p.full()})
	return p
}

// refresh looks whether a process that was about to execute a program has done so.
func (n *notifier) refresh(t *task) {
	p := t.proc
	if !p.executing {
		return
	}
	p.executing = false
	exe, argv := p.exe, p.argv
	_, env := p.readImage(p.asked, n.opt.Env, n.environ)
	if n.executed && exe == p.exe && slices.Equal(argv, p.argv) {
		return // it failed
	}
	n.executed = true
	n.count.exec(p)
	n.emit(&event.Process{Head: n.now(), Op: event.OpExec, Path: p.exe, Env: env, Truncated: p.argvCut, Proc: p.full()})
}

// watch waits for a process's end.
func (n *notifier) watch(p *process) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return // it has ended: there was a call, there is no more
	}
	if unix.EpollCtl(n.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(p.pid)}) != nil {
		unix.Close(fd)
		return
	}
	n.pidfds[p.pid] = &ending{fd: fd, proc: p}
}

// reap reports the end of a process.
func (n *notifier) reap(pid int) {
	w := n.pidfds[pid]
	if w == nil || pid != n.root && n.awaitStatus(w) {
		return
	}
	delete(n.pidfds, pid)
	n.unfoldAll(w.proc)
	r := &event.Process{Head: n.now(), Op: event.OpExit, Proc: w.proc.full()}
	if pid == n.root {
		_, _ = unix.Wait4(pid, (*unix.WaitStatus)(&n.status), 0, nil) // its end was told: there is a status
		setExit(r, n.status)
	} else if status, known := exitStatus(w.fd); known {
		setExit(r, status)
	}
	unix.Close(w.fd)
	n.live.remove(pid)
	if news := n.live.news(&n.opt); news != nil {
		news.Head = n.now()
		n.emit(news)
	}
	n.emit(r)
	for tid, t := range n.tasks {
		if t.proc == w.proc {
			delete(n.tasks, tid)
		}
	}
	if pid == n.root {
		n.rootEnded(n.status)
	}
}

// awaitStatus reports whether a process that has ended is worth waiting for further: the kernel tells
// its status when its parent has taken it, which the pidfd then says by hanging up.
func (n *notifier) awaitStatus(w *ending) bool {
	if w.zombie || n.over {
		return false
	}
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	if err := pidfdInfo(w.fd, &info); err != nil || info.Mask&unix.PIDFD_INFO_EXIT != 0 {
		return false // an older kernel, or it is there already
	}
	w.zombie = true
	e := unix.EpollEvent{Events: 0, Fd: int32(w.proc.pid)} // hanging up is always told
	return unix.EpollCtl(n.epoll, unix.EPOLL_CTL_MOD, w.fd, &e) == nil
}

// exitStatus asks for the status of a process that has ended and was waited for
// (PIDFD_GET_INFO with PIDFD_INFO_EXIT, Linux 6.15).
func exitStatus(pidfd int) (syscall.WaitStatus, bool) {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	if pidfdInfo(pidfd, &info) != nil || info.Mask&unix.PIDFD_INFO_EXIT == 0 {
		return 0, false
	}
	return syscall.WaitStatus(info.Exit_code), true
}
