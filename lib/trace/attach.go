package trace

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/proc"
)

// A process that runs already takes no filter from outside: every call of it is stopped
// (PTRACE_SYSCALL), those that nobody asked for too, and it must outlive the tracer.

// attachOptions are traceOptions without what only a filter, or a child of ours, needs.
const attachOptions = traceOptions &^ (unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACESECCOMP)

// Attach traces running processes, with their threads and the children that they make from now on,
// until they have ended or SIGINT, SIGTERM or SIGHUP comes; it then lets them go on untraced.
func Attach(opt Options, pids []int) (Result, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := hide(); err != nil {
		return Result{}, err
	}
	if err := errors.Join(quietChildren(), interruptible(unix.SIGURG)); err != nil {
		return Result{}, err
	}
	opt.KeepOn = true // a reader that goes away is no reason to kill what was there before
	tr := newTracer(opt, newPlacement(false))
	tr.ptraced, tr.attached, tr.executed = true, true, true
	tr.count.processes = 0
	stop, err := tr.detachOnSignal()
	if err != nil {
		return Result{}, err
	}
	defer stop()
	for _, pid := range pids {
		if err := tr.attach(pid); err != nil {
			tr.detachAll()
			return Result{}, errors.Join(err, tr.loop())
		}
	}
	err = tr.loop()
	return tr.result(), err
}

// attach seizes every thread of a process, those too that it makes meanwhile.
func (tr *tracer) attach(pid int) error {
	p, err := runningProcess(pid)
	if err != nil {
		return fmt.Errorf("attach to %d: %w", pid, err)
	}
	for {
		tids, err := threads(pid)
		if err != nil {
			return fmt.Errorf("attach to %d: %w", pid, err)
		}
		fresh := 0
		for _, tid := range tids {
			if tr.tasks[tid] != nil {
				continue
			}
			switch e := ptrace(unix.PTRACE_SEIZE, tid, 0, attachOptions); e {
			case 0:
			case syscall.ESRCH:
				continue // the thread has ended
			default:
				return fmt.Errorf("attach to %d: ptrace: %w", pid, e)
			}
			fresh++
			tr.tasks[tid] = &task{tid: tid, proc: p}
			ptrace(unix.PTRACE_INTERRUPT, tid, 0, 0)
		}
		if fresh == 0 {
			break
		}
	}
	tr.count.processes++
	tr.emit(&event.Process{Head: tr.now(), Op: event.OpAttach, Path: p.exe, Proc: p.full()})
	return nil
}

// runningProcess is what /proc tells of a process. For which package it runs is not asked: its
// environment is its own memory by now, and no proof.
func runningProcess(pid int) (*process, error) {
	st, err := proc.ReadStat(pid)
	if err != nil {
		return nil, err
	}
	p := &process{pid: pid, ppid: st.PPID, start: st.Start, name: st.Name, ancestors: ancestors(st.PPID)}
	p.exe, _ = proc.Exe(pid) // what may not be read stays absent
	p.cwd, _ = proc.CWD(pid)
	p.argv, p.argvCut, _ = proc.Cmdline(pid)
	p.script = proc.Script(p.exe, p.argv, p.cwd)
	if st, err := proc.ReadStatus(pid); err == nil {
		p.uid = event.Some(st.UID)
	}
	p.changed()
	return p, nil
}

// ancestors are the names of a process and of those above it, oldest first, without process 1.
func ancestors(pid int) []string {
	var names []string
	for pid > 1 && len(names) < lineageMax {
		st, err := proc.ReadStat(pid)
		if err != nil {
			break
		}
		names = append(names, st.Name)
		pid = st.PPID
	}
	slices.Reverse(names)
	return names
}

func threads(pid int) ([]int, error) {
	entries, err := os.ReadDir(path.Join("/proc", strconv.Itoa(pid), "task"))
	if err != nil {
		return nil, err
	}
	var out []int
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			out = append(out, tid)
		}
	}
	return out, nil
}

// wakeSignal interrupts the tracer's wait: some real-time signal that nothing else uses.
const wakeSignal = unix.Signal(40)

// waker makes the thread that waits look up.
type waker struct {
	tid    int
	wanted atomic.Bool
}

// detachOnSignal makes the signals that end a program end the tracing only.
func (tr *tracer) detachOnSignal() (stop func(), err error) {
	wake := make(chan os.Signal, 1)
	signal.Notify(wake, wakeSignal)
	if err := interruptible(wakeSignal); err != nil {
		return nil, err
	}
	tr.wake.tid = unix.Gettid()
	ch := make(chan os.Signal, 4)
	signal.Notify(ch, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGPIPE)
	over := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-ch:
				if s != unix.SIGPIPE {
					tr.wake.wanted.Store(true)
				}
			case <-over:
				return
			}
			// The signal is lost where the thread is not waiting just then: again until it is heard.
			for tr.wake.wanted.Load() {
				_ = unix.Tgkill(unix.Getpid(), tr.wake.tid, wakeSignal)
				time.Sleep(10 * time.Millisecond)
			}
		}
	}()
	return func() {
		signal.Stop(ch)
		signal.Stop(wake)
		tr.wake.wanted.Store(false)
		close(over)
	}, nil
}

// detachAll begins to let every task go: each has to stop first.
func (tr *tracer) detachAll() {
	tr.detaching = true
	for tid := range tr.tasks {
		ptrace(unix.PTRACE_INTERRUPT, tid, 0, 0)
	}
}

// detach lets one stopped task go, with the signal that it was about to receive.
func (tr *tracer) detach(t *task, status syscall.WaitStatus) {
	sig, ev := int(status>>8)&0xff, int(status>>16)
	if ev != 0 || sig == syscallStop {
		sig = 0
	}
	ptrace(unix.PTRACE_DETACH, t.tid, 0, uintptr(sig))
	tr.unfinished(t)
	tr.unfoldAll(t.proc)
	delete(tr.tasks, t.tid)
	tr.last = nil
	if ev == unix.PTRACE_EVENT_FORK || ev == unix.PTRACE_EVENT_VFORK || ev == unix.PTRACE_EVENT_CLONE {
		return // the child was seized with it, and detaches at its own first stop
	}
}
