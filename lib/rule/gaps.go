package rule

import "sandtrace/lib/event"

// maxRuns bounds how many runs are followed at once.
const maxRuns = 1024

// gaps proves from the seq of records whether some are missing. A stream may begin in the middle of
// a run, and records that come late are not counted back. A stream that was filtered has a gap at
// every second record, so of one run a loss is said when it doubles, and the rest at the end.
type gaps struct {
	runs map[string]*run
	last *run // of the record before
}

// run is one src and run of the input.
type run struct {
	src, run string
	next     uint64
	unsaid   uint64
	said     uint64
}

// see takes one record and returns how many records are newly known to be lost.
func (g *gaps) see(f *event.Facets) uint64 {
	if !f.Seq.Set || len(f.Run) == 0 {
		return 0
	}
	r := g.last
	if r == nil || string(f.Run) != r.run || string(f.Src) != r.src {
		r = g.find(f)
		g.last = r
	}
	n := f.Seq.Val
	if n < r.next {
		return 0
	}
	missing := n - r.next
	r.next = n + 1
	if missing == 0 {
		return 0
	}
	r.unsaid += missing
	if r.unsaid < r.said {
		return 0
	}
	return r.say()
}

func (r *run) say() uint64 {
	n := r.unsaid
	r.said += n
	r.unsaid = 0
	return n
}

func (g *gaps) find(f *event.Facets) *run {
	key := string(f.Src) + "\x00" + string(f.Run)
	if r := g.runs[key]; r != nil {
		return r
	}
	if g.runs == nil || len(g.runs) >= maxRuns {
		rest := g.end()
		g.runs = map[string]*run{}
		if rest > 0 { // what was unsaid of the forgotten runs goes on with this one
			g.runs[key] = &run{src: string(f.Src), run: string(f.Run), next: f.Seq.Val, unsaid: rest}
			return g.runs[key]
		}
	}
	r := &run{src: string(f.Src), run: string(f.Run), next: f.Seq.Val}
	g.runs[key] = r
	return r
}

// end returns what is known to be lost and has not been said.
func (g *gaps) end() uint64 {
	var n uint64
	for _, r := range g.runs {
		n += r.say()
	}
	return n
}
