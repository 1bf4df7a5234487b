package trace

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sort"
	"time"

	"sandtrace/lib/event"
)

// counters gather what the summary says.
type counters struct {
	calls     map[string]int64
	category  map[event.Category]int64
	packages  map[string]struct{}
	read      distinct // files
	written   distinct
	addrs     distinct
	hosts     map[string]struct{}
	longest   []longCall
	running   []string // processes left when the command ended
	total     int64
	failed    int64
	denied    int64
	refused   int64 // by a policy, or by the tracer
	connects  int64
	processes int64
	lost      uint64
	setup     int64  // calls of the jail setting itself up, left out
	unheard   uint64 // records that could not be written
}

func newCounters() counters {
	return counters{
		calls: map[string]int64{}, category: map[event.Category]int64{}, packages: map[string]struct{}{},
		hosts: map[string]struct{}{}, read: newDistinct(), written: newDistinct(), addrs: newDistinct(), processes: 1,
	}
}

// listMax bounds each list of a summary.
const listMax = 1000

// longCall is one of the calls that took longest.
type longCall struct {
	ns   int64
	what string
}

// longestMax is how many of them a summary names.
const longestMax = 5

func (c *counters) syscall(r *event.Syscall) {
	c.total++
	if r.Action == event.ActionDeny {
		c.refused++
	}
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
	if r.Host != "" && len(c.hosts) < listMax {
		c.hosts[r.Host] = struct{}{}
	}
	if r.Path != "" && r.Success.Val {
		switch r.Access {
		case event.AccessRead:
			c.read.add(r.Path)
		case event.AccessWrite, event.AccessCreate, event.AccessDelete, event.AccessRename, event.AccessChmod, event.AccessLink:
			c.written.add(r.Path)
		}
	}
	if n := len(c.longest); n < longestMax || r.Duration > c.longest[n-1].ns {
		c.long(r)
	}
}

// long enters a call among the longest.
func (c *counters) long(r *event.Syscall) {
	what := r.Name
	switch {
	case r.Addr != "":
		what += " " + r.Addr
	case r.Path != "":
		what += " " + r.Path
	}
	what += fmt.Sprintf(" (%s %d)", r.Proc.Name, r.Proc.PID)
	at := sort.Search(len(c.longest), func(i int) bool { return c.longest[i].ns < r.Duration })
	c.longest = slices.Insert(c.longest, at, longCall{r.Duration, what})
	c.longest = c.longest[:min(len(c.longest), longestMax)]
}

func (c *counters) exec(p *process) {
	if p.who.Pkg != nil && len(c.packages) < listMax {
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
			{Key: "refused", N: c.refused},
			{Key: "processes", N: c.processes},
			c.read.count("files_read"),
			c.written.count("files_written"),
			{Key: "connections", N: c.connects},
			c.addrs.count("addresses"),
		},
		Tables:   []event.Table{{Key: "by_syscall", Rows: rows(c.calls)}, {Key: "by_category", Rows: rows(c.category)}},
		Lost:     c.lost + c.unheard,
		Duration: int64(time.Since(tr.began)),
		Exit:     event.Some(int64(tr.exit)),
	}
	if c.setup > 0 {
		s.Counts = append(s.Counts, event.Count{Key: "jail_setup_calls", N: c.setup})
	}
	if tr.live.cause != causeNone {
		s.Counts = append(s.Counts, event.Count{Key: "ended_by_tracer", N: int64(tr.live.ended)})
	}
	var longest []string
	for _, l := range c.longest {
		longest = append(longest, fmt.Sprintf("%v %s", time.Duration(l.ns), l.what))
	}
	s.Lists = []event.List{
		{Key: "packages", Items: sortedKeys(c.packages)},
		{Key: "hosts", Items: sortedKeys(c.hosts)},
		{Key: "longest", Items: longest},
		{Key: "running", Items: c.running},
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
