// Package trace runs a command under ptrace(2) and reports its security-relevant system calls.
//
// A seccomp filter stops the chosen calls only, so that all others run at full speed. The tracer
// follows every thread and process that comes of the command. It believes the kernel (/proc, the
// descriptor that a call made) rather than the program's memory, which can change under it.
package trace

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
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
	Path      string   // file to execute
	Argv      []string // its arguments, the first being its name
	Stdio     [3]*os.File
	Calls     []*syscalls.Call
	Linger    time.Duration            // how long processes may outlive the command; negative is for ever
	Placement bool                     // draw what stops often to the tracer's processor
	Emit      func(event.Record) error // takes each record; an error kills the tree
}

// Result is how a run ended.
type Result struct {
	Exit    int // the command's status, 128+n where signal n killed it
	Summary event.Summary
}

// ErrNotExecuted says that the command could not be executed; it wraps the reason of execve(2).
var ErrNotExecuted = errors.New("cannot execute")

// tracer is one run. All its fields but live belong to the thread that traces.
type tracer struct {
	opt    Options
	wanted map[*syscalls.Call]bool
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
	live  liveSet
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
	program, err := seccomp.TraceProgram(withNeeded(opt.Calls, place.on))
	if err != nil {
		return Result{}, err
	}
	l, err := launch(opt.Path, opt.Argv, program, opt.Stdio)
	if err != nil {
		return Result{}, err
	}
	defer l.report.Close()
	// What runs under the tracer runs with the user's own rights: it must not read or write the
	// tracer's memory or descriptors through /proc.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return Result{}, os.NewSyscallError("prctl PR_SET_DUMPABLE", err)
	}
	if err := quietChildren(); err != nil {
		return Result{}, err
	}
	if err := l.seize(); err != nil {
		return Result{}, err
	}
	tr := &tracer{
		opt: opt, wanted: map[*syscalls.Call]bool{}, tasks: map[int]*task{}, parked: map[int]parkedTask{},
		root: l.pid, began: time.Now(), count: newCounters(), place: place,
	}
	for _, c := range opt.Calls {
		tr.wanted[c] = true
	}
	p := &process{pid: l.pid, ppid: os.Getpid()}
	if st, err := proc.ReadStat(l.pid); err == nil {
		p.start = st.Start
	}
	tr.tasks[l.pid] = &task{tid: l.pid, proc: p}
	tr.live.add(l.pid)
	stop := tr.forwardSignals()
	err = tr.loop()
	stop()
	place.ended()
	tr.live.stop()
	if err == nil && !tr.executed {
		if why := l.failure(); why != nil {
			err = fmt.Errorf("%w: %w", ErrNotExecuted, why)
		} else {
			err = fmt.Errorf("%w: the launcher ended before it could", ErrNotExecuted)
		}
	}
	if err == nil {
		err = tr.err
	}
	return Result{Exit: tr.exit, Summary: tr.summary()}, err
}

// withNeeded adds the calls that are stopped whatever was chosen: those that could make a child that
// the tracer does not see, and those that placement answers for.
func withNeeded(calls []*syscalls.Call, placement bool) []*syscalls.Call {
	all := calls[:len(calls):len(calls)]
	for _, c := range syscalls.All() {
		needed := c.Event && len(c.When) > 0 || placement && (c.Name == getAffinity || c.Name == setAffinity)
		if needed && !slices.Contains(calls, c) {
			all = append(all, c)
		}
	}
	return all
}

// emit hands on a record. When that fails, because the reader of the stream has gone, nothing may
// run on unobserved.
func (tr *tracer) emit(r event.Record) {
	if tr.err != nil {
		return
	}
	if err := tr.opt.Emit(r); err != nil {
		tr.err = err
		tr.live.killAll()
	}
}

// liveSet holds the processes that are alive, for whoever has to end them.
type liveSet struct {
	mu      sync.Mutex
	pids    map[int]struct{}
	ending  bool
	ended   atomic.Bool
	timer   *time.Timer
	expired atomic.Bool
}

func (l *liveSet) add(pid int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pids == nil {
		l.pids = map[int]struct{}{}
	}
	l.pids[pid] = struct{}{}
	if l.ending {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

func (l *liveSet) remove(pid int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pids, pid)
}

// killAll kills every process, and each that comes after.
func (l *liveSet) killAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending = true
	for pid := range l.pids {
		_ = unix.Kill(pid, unix.SIGKILL) // one that has just ended is no fault
	}
}

// killAfter kills every process when d has passed.
func (l *liveSet) killAfter(d time.Duration) {
	l.timer = time.AfterFunc(d, func() {
		if !l.ended.Load() {
			l.expired.Store(true)
			l.killAll()
		}
	})
}

// stop ends the timer.
func (l *liveSet) stop() {
	l.ended.Store(true)
	if l.timer != nil {
		l.timer.Stop()
	}
}
