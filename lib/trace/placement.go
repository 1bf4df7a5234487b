package trace

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Placement draws the process that stops often to the tracer's processor. A stop is two wake-ups;
// each costs a few microseconds where the two share a processor and tens where it has to cross to
// another that idles. A task is let go when it has not stopped for a while, so that work that does
// not stop keeps the whole machine. The program does not see it: sched_getaffinity(2) answers with
// the task's own mask, and sched_setaffinity(2) governs as before.
//
// One process at a time is drawn, its children with it, and only while it has one thread: two that stop
// often, or one that works while another stops, would else share one processor while another idles.
// (npm, whose pool of threads unpacks while the first computes, took 1.15 times as long.)
type placement struct {
	on     bool
	own    unix.CPUSet // the tracer's own mask
	cpu    int         // where the tracer is bound to, -1 where it is not
	tid    int         // the tracer's thread
	ever   bool        // something has been drawn in this run: masks can have been inherited
	streak int         // stops in quick succession
	last   int64       // time of the last stop, ns
	owner  *process

	mu     sync.Mutex
	drawn  map[*task]struct{}
	ticker *time.Timer
	done   bool
}

const (
	quickStop   = 600_000   // ns: stops closer than this come in quick succession
	streakStart = 8         // so many of them make a process worth drawing
	quietAfter  = 3_000_000 // ns without a stop, after which a task is let go
	letGoEvery  = 4 * time.Millisecond

	// inheritedFor bounds, in ns, the time between a task's making another and saying so.
	inheritedFor = 1_000_000_000
)

// affinity is what placement keeps of a task.
type affinity struct {
	own      unix.CPUSet // the mask that the program gave it, or inherited
	known    bool
	drawn    atomic.Bool
	lastStop atomic.Int64
	released atomic.Int64 // when it was let go last, ns
}

func newPlacement(on bool) *placement {
	pl := &placement{cpu: -1, tid: unix.Gettid(), drawn: map[*task]struct{}{}}
	if on && unix.SchedGetaffinity(0, &pl.own) == nil && pl.own.Count() > 1 {
		pl.on = true
	}
	return pl
}

// note takes account of a stop of t and draws its process where that pays.
func (pl *placement) note(t *task) {
	if !pl.on {
		return
	}
	now := monotonic()
	quick := now-pl.last < quickStop
	pl.last = now
	t.cpus.lastStop.Store(now)
	if !quick {
		pl.streak = 0
		return
	}
	pl.streak++
	if t.cpus.drawn.Load() || pl.streak < streakStart || t.proc.threads > 0 {
		return
	}
	if pl.owner == nil || pl.owner == t.proc || pl.quiet(now) {
		pl.owner = t.proc
		pl.draw(t)
	}
}

// quiet reports whether nothing that is drawn has stopped for a while.
func (pl *placement) quiet(now int64) bool {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	for t := range pl.drawn {
		if now-t.cpus.lastStop.Load() < quietAfter {
			return false
		}
	}
	return true
}

// draw binds a task to the tracer's processor, if its own mask has it.
func (pl *placement) draw(t *task) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if pl.done || !pl.ownMask(t) {
		return
	}
	if pl.cpu < 0 && !pl.bindTracer(&t.cpus.own) {
		return
	}
	if !t.cpus.own.IsSet(pl.cpu) {
		return
	}
	bound := one(pl.cpu)
	if unix.SchedSetaffinity(t.tid, &bound) != nil {
		return // its cpuset forbids it, or it is gone
	}
	pl.ever = true
	pl.enter(t)
}

// enter lists a task as drawn. The lock is held.
func (pl *placement) enter(t *task) {
	t.cpus.drawn.Store(true)
	pl.drawn[t] = struct{}{}
	if pl.ticker == nil {
		pl.ticker = time.AfterFunc(letGoEvery, pl.letGoQuiet)
	} else if len(pl.drawn) == 1 {
		pl.ticker.Reset(letGoEvery)
	}
}

// ownMask reads a task's own mask if it is not known yet.
func (pl *placement) ownMask(t *task) bool {
	if !t.cpus.known {
		t.cpus.known = unix.SchedGetaffinity(t.tid, &t.cpus.own) == nil
	}
	return t.cpus.known
}

// bindTracer binds the tracer to the processor that it is on, or to one that the task may use.
func (pl *placement) bindTracer(may *unix.CPUSet) bool {
	cpu, ok := currentCPU()
	if !ok {
		return false
	}
	if !may.IsSet(cpu) {
		cpu = -1
		for i := range len(pl.own) * 64 {
			if pl.own.IsSet(i) && may.IsSet(i) {
				cpu = i
				break
			}
		}
		if cpu < 0 {
			return false
		}
	}
	bound := one(cpu)
	if unix.SchedSetaffinity(pl.tid, &bound) != nil {
		return false
	}
	pl.cpu = cpu
	return true
}

// currentCPU is the processor that this thread runs on.
func currentCPU() (int, bool) {
	var cpu uint32
	_, _, e := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0)
	return int(cpu), e == 0
}

func one(cpu int) (set unix.CPUSet) {
	set.Set(cpu)
	return set
}

// letGoQuiet lets go of the tasks that have not stopped for a while. It runs on a timer.
func (pl *placement) letGoQuiet() {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	now := monotonic()
	for t := range pl.drawn {
		if now-t.cpus.lastStop.Load() > quietAfter {
			pl.letGo(t)
		}
	}
	if len(pl.drawn) > 0 && !pl.done {
		pl.ticker.Reset(letGoEvery)
		return
	}
	pl.freeTracer()
}

// letGoOf lets go of a process that has become one of several threads: they would have to share one
// processor with each other and the tracer. The lock is held.
func (pl *placement) letGoOf(p *process) {
	for t := range pl.drawn {
		if t.proc == p {
			pl.letGo(t)
		}
	}
}

// letGo gives a task its own mask back. The lock is held. A mask that is not the one that was set is
// somebody else's decision, and stays.
func (pl *placement) letGo(t *task) {
	delete(pl.drawn, t)
	t.cpus.drawn.Store(false)
	t.cpus.released.Store(monotonic())
	var now unix.CPUSet
	if unix.SchedGetaffinity(t.tid, &now) != nil {
		return // it is gone
	}
	if now != one(pl.cpu) {
		t.cpus.own = now
		return
	}
	_ = unix.SchedSetaffinity(t.tid, &t.cpus.own) // fails only where it is gone
}

func (pl *placement) freeTracer() {
	if pl.cpu >= 0 {
		_ = unix.SchedSetaffinity(pl.tid, &pl.own) // what the tracer had it may have again
		pl.cpu = -1
	}
}

// born takes up a new task, which has inherited the mask that its maker had at that moment.
func (pl *placement) born(t, maker *task) {
	if !pl.on || !pl.ever {
		return
	}
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if maker == nil || !pl.ownMask(maker) {
		return
	}
	if t.proc.threads > 0 {
		pl.letGoOf(t.proc)
	}
	now := monotonic()
	t.cpus.lastStop.Store(now)
	switch {
	case maker.cpus.drawn.Load():
		t.cpus.own, t.cpus.known = maker.cpus.own, true
		pl.enter(t)
	case now-maker.cpus.released.Load() < inheritedFor:
		t.cpus.own, t.cpus.known = maker.cpus.own, true
	}
}

// firstStop gives a new task its own mask where its maker was let go between making it and saying so.
func (pl *placement) firstStop(t *task) {
	if !pl.on || !pl.ever || !t.cpus.known {
		return
	}
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if !t.cpus.drawn.Load() {
		_ = unix.SchedSetaffinity(t.tid, &t.cpus.own) // fails only where it is gone
	}
}

// died forgets a task.
func (pl *placement) died(t *task) {
	if !pl.on {
		return
	}
	if pl.owner == t.proc && t.tid == t.proc.pid {
		pl.owner = nil
	}
	if !t.cpus.drawn.Load() {
		return
	}
	pl.mu.Lock()
	defer pl.mu.Unlock()
	delete(pl.drawn, t)
	t.cpus.drawn.Store(false)
}

// moved gives a task its new id after an exec: it is the same task, so its mask stays.
func (pl *placement) moved(t *task, tid int) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	t.tid = tid
}

// ended gives every task, and the tracer, its own mask back.
func (pl *placement) ended() {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	pl.done = true
	for t := range pl.drawn {
		pl.letGo(t)
	}
	if pl.ticker != nil {
		pl.ticker.Stop()
	}
	pl.freeTracer()
}
