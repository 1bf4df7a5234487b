// Package trace runs a command under ptrace(2) and reports its security-relevant system calls.
//
// A seccomp filter stops the chosen calls only, so that all others run at full speed. The tracer
// follows every thread and process that comes of the command. It believes the kernel (/proc, the
// descriptor that a call made) rather than the program's memory, which can change under it.
package trace

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/proc"
	"sandtrace/lib/seccomp"
	"sandtrace/lib/syscalls"
)

// Options say what to run and what to report.
type Options struct {
	Path         string   // file to execute
	Argv         []string // its arguments, the first being its name
	Stdio        [3]*os.File
	Calls        []*syscalls.Call
	Linger       time.Duration                     // how long processes may outlive the command; negative is for ever
	Timeout      time.Duration                     // how long the command may run; 0 is for ever
	Fold         bool                              // record calls that a process repeats within a second as one more record
	Raw          bool                              // add the registers of each call
	Env          []string                          // environment variables to record at exec
	AllowIOUring bool                              // let programs make calls that are not seen
	KeepOn       bool                              // go on when Emit fails, instead of ending the tree
	Placement    bool                              // draw what stops often to the tracer's processor
	Output       string                            // the file of the records, absolute; "" where it has no name
	Jail         string                            // st-jail's own file: its records are taken in where it is the command
	Judge        func(*event.Syscall) event.Action // what a policy would decide; nil is no policy
	Emit         func(event.Record) error          // takes each record; an error kills the tree
}

// Result is how a run ended.
type Result struct {
	Exit     int    // the command's status, 128+n where signal n killed it
	TimedOut bool   // the time limit was reached
	Unheard  uint64 // records that Emit did not take, with KeepOn
	Summary  event.Summary
}

// ErrNotExecuted says that the command could not be executed; it wraps the reason of execve(2).
var ErrNotExecuted = errors.New("cannot execute")

// tracer is one run. All its fields but live belong to the thread that traces.
type tracer struct {
	opt    Options
	wanted map[*syscalls.Call]bool // to be recorded
	needed map[*syscalls.Call]bool // stopped for what they do, whether they are recorded or not
	tasks  map[int]*task
	parked map[int]parkedTask
	last   *task // the task of the last stop: the likeliest of the next

	root     int  // pid of the command
	executed bool // the command's own file runs: what was before is ours
	exit     int
	began    time.Time
	err      error // of Emit

	mem   memory
	info  callInfo
	count counters
	place *placement
	hosts hostNames

	inner     *inner          // the jail that the command is, or nil
	resolvers map[string]bool // the machine's own
	environ   []byte          // that the command began with

	ptraced   bool // not the notify backend
	attached  bool // to what ran before: every call stops
	detaching bool
	wake      waker
	live      liveSet
}

// parkedTask is a new task that stopped before its maker's event told whose it is.
type parkedTask struct {
	status syscall.WaitStatus
	ppid   int
}

// Run runs the command to its end. An error that wraps ErrNotExecuted means that it never ran.
func Run(opt Options) (Result, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	place := newPlacement(opt.Placement)
	tr := newTracer(opt, place)
	tr.ptraced = true
	program, err := seccomp.TraceProgram(tr.stops())
	if err != nil {
		return Result{}, err
	}
	if err := errors.Join(quietChildren(), interruptible(unix.SIGURG)); err != nil {
		return Result{}, err
	}
	if tr.inner, err = newInner(opt.Path, opt.Jail); err != nil {
		return Result{}, err
	}
	l, err := launch(&opt, program, tr.inner.environ())
	if err != nil {
		return Result{}, err
	}
	defer l.Report.Close()
	tr.begin(l.PID)
	if tr.inner != nil {
		tr.tasks[l.PID].proc.jailing = true
		tid := unix.Gettid()
		tr.inner.listen(l.PID, func() { _ = unix.Tgkill(unix.Getpid(), tid, unix.SIGURG) }) // wakes the wait
	}
	stop := tr.forwardSignals()
	err = tr.loop()
	tr.mergeInner(true)
	stop()
	place.ended()
	tr.live.stop()
	if err == nil && !tr.executed {
		err = notExecuted(l)
	}
	if err == nil && !opt.KeepOn {
		err = tr.err
	}
	return tr.result(), err
}

// begin takes up the command's process, before it is executed.
func (tr *tracer) begin(pid int) {
	tr.environ = []byte(strings.Join(os.Environ(), "\x00"))
	tr.root, tr.began = pid, time.Now()
	p := &process{pid: pid, ppid: os.Getpid(), uid: event.Some(uint32(os.Getuid()))}
	if st, err := proc.ReadStat(pid); err == nil {
		p.name, p.start = st.Name, st.Start
	}
	p.changed()
	tr.tasks[pid] = &task{tid: pid, proc: p}
	tr.live.add(pid)
	if tr.opt.Timeout > 0 {
		tr.live.end(tr.opt.Timeout, causeTimeout)
	}
}

// result is how the run ended.
func (tr *tracer) result() Result {
	return Result{
		Exit: tr.exit, TimedOut: tr.live.cause == causeTimeout, Unheard: tr.count.unheard, Summary: tr.summary(),
	}
}

// newTracer makes a tracer that traces nothing yet.
func newTracer(opt Options, place *placement) *tracer {
	tr := &tracer{
		opt: opt, wanted: map[*syscalls.Call]bool{}, tasks: map[int]*task{}, parked: map[int]parkedTask{},
		began: time.Now(), count: newCounters(), place: place, resolvers: machineResolvers(), needed: needed(place.on),
	}
	for _, c := range opt.Calls {
		tr.wanted[c] = true
	}
	return tr
}

// needed are the calls that are stopped whatever was chosen: those that could make a child, or other
// calls, that the tracer does not see; those that placement answers for; and those that change the
// user that records name.
func needed(placement bool) map[*syscalls.Call]bool {
	out := map[*syscalls.Call]bool{}
	for _, c := range syscalls.All() {
		hides := c.Event && len(c.When) > 0 || c.Name == ioUringSetup || c.Name == seccompCall
		placed := placement && (c.Name == getAffinity || c.Name == setAffinity)
		if hides || placed || setsIdentity(c) {
			out[c] = true
		}
	}
	return out
}

// setsIdentity reports whether a call may change a process's user or group.
func setsIdentity(c *syscalls.Call) bool {
	return c.Category == event.CategorySystem && slices.ContainsFunc(c.Params, func(p syscalls.Param) bool {
		return p.Role == syscalls.RoleID
	})
}

// stops are the calls that the filter stops.
func (tr *tracer) stops() []*syscalls.Call {
	out := slices.Clone(tr.opt.Calls)
	for c := range tr.needed {
		if !tr.wanted[c] {
			out = append(out, c)
		}
	}
	return out
}

// emit hands on a record. When that fails, because the reader of the stream has gone, nothing may
// run on unobserved.
func (tr *tracer) emit(r event.Record) {
	if tr.err != nil {
		tr.count.unheard++
		return
	}
	if err := tr.opt.Emit(r); err != nil {
		tr.err = err
		if !tr.opt.KeepOn {
			tr.live.killAll()
		}
	}
}
