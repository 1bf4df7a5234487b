package trace

import (
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/proc"
	"sandtrace/lib/syscalls"
)

// callStop serves a stop at a call's entry, where all calls of the task are stopped, or at its exit.
func (tr *tracer) callStop(t *task) {
	if !getCallInfo(t.tid, &tr.info) {
		return // killed meanwhile
	}
	switch tr.info.op {
	case opEntry:
		if tr.watching(t) {
			tr.watchedEntry(t)
		}
		if tr.attached {
			tr.entry(t)
			return
		}
		tr.resume(t)
	case opExit:
		if t.carry.kind != noTransfer {
			tr.watchedExit(t, int64(tr.info.data[0]))
		}
		if t.inCall {
			tr.exitStop(t)
			return
		}
		tr.resume(t)
	default:
		tr.resume(t)
	}
}

// exitStop serves the stop after a reported call: it reads the result, lets the task go on, and
// only then encodes.
func (tr *tracer) exitStop(t *task) {
	t.inCall = false
	ret := int64(tr.info.data[0])
	failed := uint8(tr.info.data[1]) != 0
	switch {
	case failed:
		tr.describeFailure(t)
	case opens(t.call):
		tr.nameOpened(t, int(ret))
	case t.call.Name == getAffinity || t.call.Name == setAffinity:
		tr.affinityExit(t, ret)
	default:
		tr.describeResult(t, ret)
	}
	tr.resume(t)
	if failed {
		tr.failed(t, ret)
		return
	}
	tr.finish(t, tr.now(), ret)
}

// nameOpened names the file that the kernel opened, whatever the call's argument said.
func (tr *tracer) nameOpened(t *task, fd int) {
	name, ok := opened(t.tid, fd)
	if ok {
		t.rec.Path = name
		if t.npaths > 0 {
			tr.keepArgument(t, 0, name)
		}
		return
	}
	if t.npaths > 0 {
		tr.nameFile(t, 0)
	}
}

// describeFailure adds what only a failed call has to be asked for now.
func (tr *tracer) describeFailure(t *task) {
	if !opens(t.call) && t.call.Access != event.AccessExec {
		return
	}
	if t.npaths > 0 {
		tr.nameFile(t, 0)
	}
	for i, p := range t.call.Params {
		if p.Role == syscalls.RoleArgv {
			argv, cut := tr.mem.array(t.tid, t.args[i], t.abi.Word())
			if len(argv) > 0 {
				t.rec.Args = append(t.rec.Args, event.Arg{Key: p.Name, Kind: event.ArgList, List: argv})
			}
			t.rec.Truncated = t.rec.Truncated || cut
		}
	}
}

// describeResult adds what a call has put into memory or changed.
func (tr *tracer) describeResult(t *task, ret int64) {
	for i, p := range t.call.Params {
		if p.Role == syscalls.RolePeer && t.args[i] != 0 {
			if n, ok := tr.mem.word(t.tid, t.args[i+1], 4); ok {
				tr.sockaddr(t, t.args[i], n)
			}
		}
		if p.Role == syscalls.RoleID && setsIdentity(t.call) {
			if st, err := proc.ReadStatus(t.tid); err == nil && t.proc.uid != event.Some(st.UID) {
				t.proc.uid = event.Some(st.UID)
				t.proc.changed()
			}
		}
	}
	if t.call.Event && ret > 0 {
		tr.hiddenChild(t)
	}
}

// hiddenChild serves a clone that succeeded without an event: its memory was changed between the
// entry stop and the kernel's own look, and its child runs unobserved. Neither may go on. The child is
// found by the kernel's list: the call's result is a number of the program's own pid namespace, and
// could be that of any process here.
func (tr *tracer) hiddenChild(t *task) {
	for _, child := range proc.Children(t.proc.pid, t.tid) {
		if tr.tasks[child] == nil {
			_ = unix.Kill(child, unix.SIGKILL)
		}
	}
	_ = unix.Kill(t.proc.pid, unix.SIGKILL)
	t.rec.Tamper = true
	tr.emit(&event.Lost{Head: tr.now(), Why: "untraced_child_killed", Count: event.Some[uint64](1)})
	tr.count.lost++
}

// finish reports a call that succeeded.
func (tr *tracer) finish(t *task, head event.Head, ret int64) {
	t.rec.Ret, t.rec.Success = event.Some(ret), event.Some(true)
	tr.report(t, head)
}

// failed reports a call that failed with error number -ret; one that a signal interrupted has no
// result yet.
func (tr *tracer) failed(t *task, ret int64) {
	errno := int(-ret)
	t.rec.Errno = syscalls.Errno(errno)
	if !syscalls.IsRestart(errno) {
		t.rec.Ret, t.rec.Success = event.Some[int64](-1), event.Some(false)
	}
	tr.report(t, tr.now())
}

// unfinished reports a call that a task never came back from.
func (tr *tracer) unfinished(t *task) {
	if t.inCall && tr.executed {
		t.inCall = false
		tr.report(t, tr.now())
	}
}

// report emits the record of a call that was stopped at its entry.
func (tr *tracer) report(t *task, head event.Head) {
	if !tr.wanted[t.call] && tr.needed[t.call] && t.rec.Action == event.ActionAllow {
		return // it was stopped for what it does; what the tracer refused is told all the same
	}
	t.rec.Head = head
	t.rec.Duration = max(monotonic()-t.entered, 1)
	tr.send(t)
}

// send judges, counts and emits the record of a call.
func (tr *tracer) send(t *task) {
	if t.proc.jailing {
		tr.count.setup++
		return
	}
	t.rec.Proc = t.procBlock()
	tr.markPath(&t.rec)
	if tr.opt.Judge != nil && t.rec.Action == event.ActionAllow {
		t.rec.Action = tr.opt.Judge(&t.rec)
	}
	tr.count.syscall(&t.rec)
	if !tr.folded(t) {
		tr.emit(&t.rec)
	}
}

// forkRecord emits the record of a call that made the task id, from its event.
func (tr *tracer) forkRecord(t *task, name string, flags uint64, id int) {
	c := syscalls.ByName(name)
	if c == nil || !tr.wanted[c] || !tr.executed {
		return
	}
	if !t.inCall {
		t.call, t.abi, t.npaths = c, nativeABI, 0
		t.args = [6]uint64{flags}
		t.entered = 0
		t.names = t.names[:0]
		t.rec = event.Syscall{Name: c.Name, Category: c.Category, Args: t.rec.Args[:0], Action: event.ActionAllow}
		if c.Name == "clone" {
			t.cloneArgs(&c.Params[0], flags&^syscalls.CloneSignalMask, flags&syscalls.CloneSignalMask)
		}
	}
	t.rec.Head = tr.now()
	t.rec.Ret, t.rec.Success = event.Some(int64(id)), event.Some(true)
	t.rec.Duration = 0 // the event comes before the call returns
	tr.send(t)
}

var start = time.Now()

// monotonic is the time in nanoseconds since the program started.
func monotonic() int64 { return int64(time.Since(start)) }
