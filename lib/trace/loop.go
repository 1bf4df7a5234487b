package trace

import (
	"fmt"
	"sort"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/proc"
	"sandtrace/lib/syscalls"
)

// loop serves stops until no tracee is left.
func (tr *tracer) loop() error {
	for {
		tid, status, err := wait()
		if err == syscall.ECHILD {
			return nil
		}
		tr.mergeInner(false)
		if err == syscall.EINTR {
			if tr.wake.wanted.CompareAndSwap(true, false) {
				if tr.detaching {
					return nil // asked twice: the kernel lets go of what is left when the tracer ends
				}
				tr.detachAll()
			}
			continue
		}
		if err != 0 {
			return fmt.Errorf("wait for the traced processes: %w", err)
		}
		t := tr.last
		if t == nil || t.tid != tid {
			if t = tr.tasks[tid]; t == nil {
				tr.unknown(tid, status)
				continue
			}
			tr.last = t
		}
		if status.Stopped() {
			tr.stopped(t, status)
		} else {
			tr.ended(t, status)
		}
	}
}

// unknown handles a new task's first stop where it came before its maker's event, or its end. It
// stays stopped until the event tells who made it: what it would do before is then told of the
// right process.
func (tr *tracer) unknown(tid int, status syscall.WaitStatus) {
	if !status.Stopped() {
		delete(tr.parked, tid)
		return
	}
	if tr.detaching {
		ptrace(unix.PTRACE_DETACH, tid, 0, 0)
		return
	}
	ppid := 0
	if st, err := proc.ReadStatus(tid); err == nil {
		ppid = st.PPID
		if p := tr.tasks[st.TGID]; p != nil && st.TGID != tid {
			tr.adopt(tid, p.proc, p) // a thread of a known process: nothing to find out
			tr.stopped(tr.tasks[tid], status)
			return
		}
	}
	tr.parked[tid] = parkedTask{status, ppid}
}

// orphaned finds the parked tasks whose maker was killed before it could report them: p made them if
// their parent is p, or p's own (CLONE_PARENT).
func (tr *tracer) orphaned(p *process) {
	for tid, k := range tr.parked {
		if k.ppid == p.pid || k.ppid == p.ppid || p.pid == tr.root {
			tr.bear(p, nil, tid, false)
		}
	}
}

// stopped serves one stop of a known task.
func (tr *tracer) stopped(t *task, status syscall.WaitStatus) {
	if tr.detaching {
		tr.detach(t, status)
		return
	}
	sig := int(status>>8) & 0xff
	switch ev := int(status >> 16); ev {
	case 0:
		if sig == syscallStop {
			tr.callStop(t)
			return
		}
		tr.signalled(t, sig)
	case unix.PTRACE_EVENT_SECCOMP:
		tr.entryStop(t)
	case unix.PTRACE_EVENT_FORK, unix.PTRACE_EVENT_VFORK, unix.PTRACE_EVENT_CLONE:
		tr.forked(t, ev)
	case unix.PTRACE_EVENT_EXEC:
		tr.execed(t)
	case unix.PTRACE_EVENT_STOP:
		if sig == int(unix.SIGTRAP) { // a new task's first stop
			tr.place.firstStop(t)
			tr.resume(t)
			return
		}
		ptrace(unix.PTRACE_LISTEN, t.tid, 0, 0) // a group stop: it stays stopped until SIGCONT
		tr.groupStopped(t, sig)
	default:
		tr.resume(t)
	}
}

// resume lets a task run to its next stop: its exit stop where it is in a call that is reported.
func (tr *tracer) resume(t *task) { tr.resumeWith(t, 0) }

func (tr *tracer) resumeWith(t *task, sig int) {
	request := unix.PTRACE_CONT
	if t.inCall || tr.attached || tr.watching(t) {
		request = unix.PTRACE_SYSCALL
	}
	ptrace(request, t.tid, 0, uintptr(sig)) // ESRCH: it was killed meanwhile, and wait will say so
}

// quietSignals are delivered too often, or mean too little, for a record each.
var quietSignals = map[unix.Signal]bool{
	unix.SIGCHLD: true, unix.SIGURG: true, unix.SIGALRM: true, unix.SIGVTALRM: true, unix.SIGPROF: true,
	unix.SIGWINCH: true, unix.SIGCONT: true, unix.SIGIO: true,
}

// signalled passes on a signal that is about to be delivered.
func (tr *tracer) signalled(t *task, sig int) {
	tr.resumeWith(t, sig)
	if tr.executed && !quietSignals[unix.Signal(sig)] {
		tr.emit(&event.Process{
			Head: tr.now(), Op: event.OpSignal, Signal: syscalls.Signal(sig), Proc: t.procBlock(),
		})
	}
}

// groupStopped stops the tracer itself when the command has been stopped from its terminal, so that
// the shell sees the job stopped. SIGCONT then wakes both.
func (tr *tracer) groupStopped(t *task, sig int) {
	switch unix.Signal(sig) {
	case unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
		if t.tid == tr.root {
			_ = unix.Kill(unix.Getpid(), unix.SIGSTOP)
		}
	}
}

// forked serves the event that a task has made another.
func (tr *tracer) forked(t *task, ev int) {
	id, ok := eventMessage(t.tid)
	if !ok {
		return // killed meanwhile
	}
	thread := false
	name, flags := "", uint64(0)
	nr, arg0, ok := callRegisters(t.tid)
	switch {
	case t.inCall: // the entry stop knew the call
		name, flags = t.call.Name, tr.cloneFlags(t)
		thread = flags&syscalls.CloneThread != 0
	case ok:
		c, _, _ := syscalls.Lookup(nativeABI.Audit(), nr)
		if c != nil && c.Event {
			name, flags = c.Name, arg0
			thread = c.Name == "clone" && flags&syscalls.CloneThread != 0
		}
	}
	if name == "" || name == "clone3" && !t.inCall { // a foreign call: ask the kernel what it made
		st, err := proc.ReadStatus(id)
		thread = err == nil && st.TGID != id
		flags = 0
		name = map[int]string{unix.PTRACE_EVENT_FORK: "fork", unix.PTRACE_EVENT_VFORK: "vfork"}[ev]
		if name == "" {
			name = "clone"
		}
	}
	tr.forkRecord(t, name, flags, id)
	tr.place.note(t)
	tr.bear(t.proc, t, id, thread)
	t.inCall = false
	tr.resume(t)
}

// bear takes up a task that maker, of process p, made, and lets it run if it has been waiting for
// that. The maker is nil where it is gone.
func (tr *tracer) bear(p *process, maker *task, tid int, thread bool) {
	if thread {
		tr.adopt(tid, p, maker)
	} else if tr.tasks[tid] == nil {
		c := p.child(tid)
		tr.adopt(tid, c, maker)
		tr.live.add(tid)
		tr.count.processes++
		tr.emit(&event.Process{Head: tr.now(), Op: event.OpSpawn, Proc: c.full()})
	}
	if k, ok := tr.parked[tid]; ok {
		delete(tr.parked, tid)
		tr.stopped(tr.tasks[tid], k.status)
	}
}

// adopt enters a task of process p.
func (tr *tracer) adopt(tid int, p *process, maker *task) {
	if tr.tasks[tid] == nil {
		t := &task{tid: tid, proc: p}
		tr.tasks[tid] = t
		if tid != p.pid {
			p.threads++
		}
		tr.place.born(t, maker)
	}
}

// ended serves the end of a task.
func (tr *tracer) ended(t *task, status syscall.WaitStatus) {
	tr.unfinished(t)
	tr.place.died(t)
	delete(tr.tasks, t.tid)
	tr.last = nil
	p := t.proc
	if t.tid != p.pid {
		p.threads--
		return
	}
	tr.unfoldAll(p)
	tr.live.remove(p.pid)
	if r := tr.live.news(&tr.opt); r != nil {
		r.Head = tr.now()
		tr.emit(r)
	}
	r := &event.Process{Head: tr.now(), Op: event.OpExit, Proc: p.full()}
	setExit(r, status)
	if tr.executed {
		tr.emit(r)
	}
	tr.orphaned(p)
	if p.pid == tr.root {
		tr.rootEnded(status)
	}
}

// setExit says how a process ended.
func setExit(r *event.Process, status syscall.WaitStatus) {
	if status.Signaled() {
		r.Signal = syscalls.Signal(int(status.Signal()))
	} else {
		r.Exit = event.Some(int64(status.ExitStatus()))
	}
}

// rootEnded takes note that the command has ended, and gives what it left behind its time.
func (tr *tracer) rootEnded(status syscall.WaitStatus) {
	tr.exit = status.ExitStatus()
	if status.Signaled() {
		tr.exit = 128 + int(status.Signal())
	}
	tr.count.running = tr.running()
	if tr.opt.Linger >= 0 && len(tr.tasks)+len(tr.parked) > 0 {
		tr.live.end(tr.opt.Linger, causeLinger)
	}
}

// running names the processes that are alive.
func (tr *tracer) running() []string {
	var out []string
	for tid, t := range tr.tasks {
		if tid == t.proc.pid && len(out) < listMax {
			out = append(out, fmt.Sprintf("%s (%d)", t.proc.name, tid))
		}
	}
	sort.Strings(out)
	return out
}

// now is the head of a record made now.
func (tr *tracer) now() event.Head { return event.Head{Time: event.At(time.Now())} }
