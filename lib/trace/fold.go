package trace

import (
	"hash/maphash"
	"slices"

	"sandtrace/lib/event"
)

// Folding keeps a flood of like calls from hiding one among them: of calls that a process repeats
// (same name, files, address and error) within a second the first is recorded at once, and the others
// as one more record at the end, with args.repeated saying how many they were. Nothing is dropped in
// silence: the numbers add up.

// folds are the calls that a process has made of late, by what they have in common.
type folds struct {
	recent map[uint64]*fold
	order  []uint64 // oldest first
}

// fold is one such call.
type fold struct {
	rec   event.Syscall // the last one
	began int64         // monotonic, ns
	more  int64         // after the first
}

const (
	foldWindow = 1_000_000_000 // ns
	foldsMost  = 128           // different calls that are remembered for each process
)

var foldSeed = maphash.MakeSeed()

// foldKey is what calls must have in common.
func foldKey(r *event.Syscall, tid int) uint64 {
	var h maphash.Hash
	h.SetSeed(foldSeed)
	for _, s := range []string{r.Name, r.Path, r.To, string(r.Access), r.Addr, r.Errno, string(r.Action)} {
		h.WriteString(s)
		h.WriteByte(0)
	}
	h.Write([]byte{byte(r.Port.Val), byte(r.Port.Val >> 8), byte(tid), byte(tid >> 8), byte(tid >> 16), byte(tid >> 24)})
	return h.Sum64()
}

// folded reports whether the record of a call is one more of its kind, to be told later.
func (tr *tracer) folded(t *task) bool {
	if !tr.opt.Fold || t.rec.Tamper || t.rec.Access == event.AccessExec || t.call.Event {
		return false
	}
	f := &t.proc.folds
	if f.recent == nil {
		f.recent = map[uint64]*fold{}
	}
	now := monotonic()
	key := foldKey(&t.rec, t.tid)
	if have := f.recent[key]; have != nil {
		if now-have.began < foldWindow {
			have.rec, have.more = t.rec, have.more+1
			have.rec.Args = detached(t.rec.Args)
			return true
		}
		tr.unfold(have)
		have.began, have.more = now, 0
		return false
	}
	if len(f.order) == foldsMost {
		tr.unfold(f.recent[f.order[0]])
		delete(f.recent, f.order[0])
		f.order = f.order[1:]
	}
	f.recent[key] = &fold{began: now}
	f.order = append(f.order, key)
	return false
}

// unfold tells of the calls that were folded into one.
func (tr *tracer) unfold(f *fold) {
	if f.more == 0 {
		return
	}
	f.rec.Head = tr.now()
	f.rec.Args = append(f.rec.Args, event.Arg{Key: "repeated", Kind: event.ArgInt, Int: f.more})
	tr.emit(&f.rec)
}

// unfoldAll tells of all that a process has folded, when it ends or becomes another program.
func (tr *tracer) unfoldAll(p *process) {
	for _, key := range p.folds.order {
		tr.unfold(p.folds.recent[key])
	}
	p.folds = folds{}
}

// detached is a copy of arguments whose lists stand in a buffer that the next call overwrites.
func detached(args event.Args) event.Args {
	out := slices.Clone(args)
	for i := range out {
		out[i].List = slices.Clone(out[i].List)
	}
	return out
}
