package jail

import (
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/proc"
	"sandtrace/lib/seccomp"
	"sandtrace/lib/syscalls"
)

// recordsPerSecond is how many records of one call a second are written; the rest is counted.
const recordsPerSecond = 200

// teller answers the calls that the filter tells of, and reports them.
type teller struct {
	listener *seccomp.Listener
	rules    map[string][]seccomp.Rule // by call
	done     sync.WaitGroup

	window time.Time      // of the counts below
	counts map[string]int // records of each call in this second
	denied uint64         // calls refused
	lost   uint64         // calls without a record
	unsaid uint64         // of the lost ones, those that no record has counted yet
	sup    *supervisor
}

// serve answers in the background until no process is left under the filter.
func (t *teller) serve(l *seccomp.Listener, s *supervisor) {
	t.listener, t.sup, t.rules, t.counts = l, s, map[string][]seccomp.Rule{}, map[string]int{}
	for _, r := range s.resolved.filterRules(s.plan) {
		if r.Tell {
			t.rules[r.Call] = append(t.rules[r.Call], r)
		}
	}
	t.done.Go(func() {
		for {
			n, err := l.Receive()
			if errors.Is(err, unix.ENOENT) {
				continue
			}
			if err != nil {
				return
			}
			t.answer(n)
		}
	})
}

// answer reports a call while its process waits, and answers it.
func (t *teller) answer(n seccomp.Notification) {
	e := unix.EPERM
	if i := slices.IndexFunc(t.rules[n.Call], func(r seccomp.Rule) bool { return r.Holds(&n.Args) }); i >= 0 {
		e = t.rules[n.Call][i].Errno
	}
	t.record(n, e)
	if e == 0 {
		_ = t.listener.Continue(n.ID) // a caller that was killed meanwhile needs no answer
		return
	}
	t.denied++
	_ = t.listener.Refuse(n.ID, e)
}

func (t *teller) record(n seccomp.Notification, e unix.Errno) {
	now := time.Now()
	if now.Sub(t.window) >= time.Second {
		t.sayLost()
		t.window = now
		clear(t.counts)
	}
	if t.counts[n.Call]++; t.counts[n.Call] > recordsPerSecond {
		t.lost++
		t.unsaid++
		return
	}
	j := &event.Jail{Op: "deny", Layer: LayerSeccomp, Syscall: n.Call, Action: event.ActionDeny, Proc: process(n.TID)}
	if e == 0 {
		j.Action = event.ActionLog
	} else {
		j.Errno = syscalls.Errno(int(e))
	}
	if !t.listener.Valid(n.ID) {
		j.Proc = &event.Proc{PID: n.TID} // its number may be another's by now
	}
	t.sup.emit(j)
}

func (t *teller) sayLost() {
	if t.unsaid > 0 {
		t.sup.emit(&event.Lost{Why: "denials_rate", Count: event.Some(t.unsaid)})
		t.unsaid = 0
	}
}

// finish waits for the last answer.
func (t *teller) finish() {
	if t.listener == nil {
		return
	}
	t.done.Wait()
	t.sayLost()
	_ = t.listener.Close()
	t.listener = nil
}

// process is the block of the process that a thread belongs to.
func process(tid int) *event.Proc {
	p := &event.Proc{PID: tid}
	st, err := proc.ReadStatus(tid)
	if err != nil {
		return p
	}
	p.PID, p.PPID, p.Name, p.UID = st.TGID, st.PPID, st.Name, event.Some(st.UID)
	if st.TGID != tid {
		p.TID = tid
	}
	if stat, err := proc.ReadStat(st.TGID); err == nil {
		p.Start = stat.Start
	}
	p.Exe, _ = proc.Exe(st.TGID) // absent where it cannot be had
	return p
}
