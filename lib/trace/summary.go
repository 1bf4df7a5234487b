package trace

import (
	"hash/maphash"
	"sort"
	"time"

	"sandtrace/lib/event"
)

// counters gather what the summary says.
type counters struct {
	calls     map[string]int64
	category  map[event.Category]int64
	packages  map[string]struct{}
	files     distinct
	addrs     distinct
	total     int64
	failed    int64
	denied    int64
	connects  int64
	processes int64
	lost      uint64
	unheard   uint64 // records that could not be written
}

func newCounters() counters {
	return counters{
		calls: map[string]int64{}, category: map[event.Category]int64{}, packages: map[string]struct{}{},
		files: newDistinct(), addrs: newDistinct(), processes: 1,
	}
}

// packagesMax bounds the list of packages in a summary.
const packagesMax = 1000

func (c *counters) syscall(r *event.Syscall) {
	c.total++
	c.calls[r.Name]++
	c.category[r.Category]++
	if r.Success.Set && !r.Success.Val {
		c.failed++
		if r.Errno == "EACCES" || r.Errno == "EPERM" {
			c.denied++
		}
	}
	if r.Name == "connect" && (r.Family == "inet" || r.Family == "inet6") {
		c.connects++
		c.addrs.add(r.Addr)
	}
	if r.Path != "" && r.Access != "" && r.Success.Val {
		c.files.add(r.Path)
	}
}

func (c *counters) exec(p *process) {
	if p.who.Pkg != nil && len(c.packages) < packagesMax {
		c.packages[p.who.Pkg.String()] = struct{}{}
	}
}

// distinct counts different texts up to distinctMax, by hash, so that its memory is bounded.
type distinct struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

// distinctMax is where distinct stops: the number is then "at least".
const distinctMax = 1 << 18

func newDistinct() distinct {
	return distinct{maphash.MakeSeed(), map[uint64]struct{}{}}
}

func (d *distinct) add(s string) {
	if len(d.seen) < distinctMax {
		d.seen[maphash.String(d.seed, s)] = struct{}{}
	}
}

// count is the number under key, which says so where it is a lower bound.
func (d *distinct) count(key string) event.Count {
	if len(d.seen) == distinctMax {
		key += "_at_least"
	}
	return event.Count{Key: key, N: int64(len(d.seen))}
}

// summary is the last record of the run.
func (tr *tracer) summary() event.Summary {
	c := &tr.count
	s := event.Summary{
		Counts: []event.Count{
			{Key: "syscalls", N: c.total},
			{Key: "unique_syscalls", N: int64(len(c.calls))},
			{Key: "failed", N: c.failed},
			{Key: "denied", N: c.denied},
			{Key: "processes", N: c.processes},
			c.files.count("files"),
			{Key: "connections", N: c.connects},
			c.addrs.count("addresses"),
		},
		Tables:   []event.Table{{Key: "by_syscall", Rows: rows(c.calls)}, {Key: "by_category", Rows: rows(c.category)}},
		Lost:     c.lost + c.unheard,
		Duration: int64(time.Since(tr.began)),
		Exit:     event.Some(int64(tr.exit)),
	}
	if tr.live.cause != causeNone {
		s.Counts = append(s.Counts, event.Count{Key: "ended_by_tracer", N: int64(tr.live.ended)})
	}
	if len(c.packages) > 0 {
		s.Lists = []event.List{{Key: "packages", Items: sortedKeys(c.packages)}}
	}
	return s
}

// rows lists counts, the largest first.
func rows[K ~string](m map[K]int64) []event.Count {
	out := make([]event.Count, 0, len(m))
	for k, n := range m {
		out = append(out, event.Count{Key: string(k), N: n})
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].N != out[j].N {
			return out[i].N > out[j].N
		}
		return out[i].Key < out[j].Key
	})
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
