package trace

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
)

// liveSet holds the processes that are alive, for whoever has to end them.
type liveSet struct {
	mu     sync.Mutex
	pids   map[int]struct{}
	ending bool // whoever comes now is killed too
	timers []*time.Timer
	done   bool

	cause cause // why processes were ended, the first cause of several
	ended int   // how many there were then
	told  bool  // a record said so
}

// cause is why the tracer ended processes.
type cause int

const (
	causeNone cause = iota
	causeTimeout
	causeLinger
)

// termGrace is how long after SIGTERM, at the time limit, SIGKILL follows.
const termGrace = 2 * time.Second

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
	l.signal(unix.SIGKILL)
}

// signal sends to every process; one that has just ended is no fault. The lock is held.
func (l *liveSet) signal(s unix.Signal) {
	for pid := range l.pids {
		_ = unix.Kill(pid, s)
	}
}

// end ends every process when d has passed: at the time limit with SIGTERM and a grace first.
func (l *liveSet) end(d time.Duration, why cause) {
	l.after(d, func() {
		if l.cause == causeNone && len(l.pids) > 0 {
			l.cause, l.ended = why, len(l.pids)
		}
		if why == causeTimeout {
			l.signal(unix.SIGTERM)
			l.signal(unix.SIGCONT) // one that is stopped has to run to end
			l.timers = append(l.timers, time.AfterFunc(termGrace, l.killAll))
			return
		}
		l.ending = true
		l.signal(unix.SIGKILL)
	})
}

// after runs f with the lock held when d has passed, unless the run has ended.
func (l *liveSet) after(d time.Duration, f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timers = append(l.timers, time.AfterFunc(d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.done {
			f()
		}
	}))
}

// stop ends the timers.
func (l *liveSet) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = true
	for _, t := range l.timers {
		t.Stop()
	}
}

// news is a record of processes that the tracer has ended, once; nil where there is none to tell.
func (l *liveSet) news(opt *Options) *event.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause == causeNone || l.told {
		return nil
	}
	l.told = true
	if l.cause == causeTimeout {
		return &event.Error{Code: "timeout", Message: fmt.Sprintf("time limit of %v reached; processes ended: %d", opt.Timeout, l.ended)}
	}
	return &event.Error{Code: "linger", Message: fmt.Sprintf("processes that outlived the command by %v and were killed: %d", opt.Linger, l.ended)}
}
