package rule

import (
	"strings"

	"sandtrace/lib/event"
)

// DefaultMemory is how much of a stream is remembered, in bytes, roughly.
const DefaultMemory = 64 << 20

// minMemory is enough for a few processes and chains.
const minMemory = 64 << 10

// state is what is remembered of the stream: processes, unfinished chains, matches not to repeat.
type state struct {
	table   table
	windows windows
	recent  recent
	streams map[string]*stream
	last    *stream // of the record before

	said, unsaid uint64 // evictions
	seen         int    // evictions already counted in unsaid
	dropped      int    // streams
	ids          uint64
}

// stream is one src and run of the input.
type stream struct {
	src, run string
	boot     string
	id       uint64
	now      event.Time // of the record that came last
}

func newState(memory int) *state {
	if memory <= 0 {
		memory = DefaultMemory
	}
	memory = max(memory, minMemory)
	s := &state{streams: map[string]*stream{}}
	s.table = table{nodes: map[procKey]*node{}, latest: map[procKey]uint64{}, limit: memory / 2}
	s.windows = windows{limit: memory / 8 * 3}
	s.recent = recent{limit: memory / 8, at: map[string]*sighting{}}
	return s
}

// stream is the one of a record.
func (s *state) stream(f *event.Facets) *stream {
	if l := s.last; l != nil && string(f.Run) == l.run && string(f.Src) == l.src {
		return l
	}
	key := string(f.Src) + "\x00" + string(f.Run)
	st := s.streams[key]
	if st == nil {
		if len(s.streams) >= maxRuns {
			clear(s.streams) // what goes on comes back as new
			s.dropped++
		}
		s.ids++
		st = &stream{src: string(f.Src), run: string(f.Run), id: s.ids}
		s.streams[key] = st
	}
	s.last = st
	return st
}

// begin takes a start record: under another boot, pids mean other processes.
func (s *state) begin(f *event.Facets, line []byte) {
	r, err := event.Decode(line)
	start, ok := r.(*event.Start)
	if err != nil || !ok || start.Boot == "" {
		return
	}
	st := s.stream(f)
	if st.boot != "" && st.boot != start.Boot {
		s.ids++
		st.id = s.ids
	}
	st.boot = strings.Clone(start.Boot)
}

// now is the time of the record at hand: its own, or where it says none that of the record before.
func (s *state) now(f *event.Facets) event.Time {
	st := s.stream(f)
	if at, ok := f.When(); ok {
		st.now = at
	}
	return st.now
}

// evicted is how many things are newly known to be forgotten too early; of a flood this is said
// when it doubles.
func (s *state) evicted() uint64 {
	total := s.table.lost + s.windows.lost + s.dropped
	s.unsaid += uint64(total - s.seen)
	s.seen = total
	if s.unsaid == 0 || s.unsaid < s.said {
		return 0
	}
	return s.rest()
}

func (s *state) rest() uint64 {
	n := s.unsaid
	s.said += n
	s.unsaid = 0
	return n
}

// node is the process of the record at hand, nil where it has none.
func (m *Matcher) node() *node {
	if !m.asked {
		m.asked = true
		if m.f.Proc.Raw != nil {
			m.current = m.state.table.of(m.state.stream(m.f).id, &m.f.Proc, false)
		}
	}
	return m.current
}

// track takes a process record: spawn, exec or exit.
func (m *Matcher) track() {
	p := &m.f.Proc
	if p.Raw == nil {
		return
	}
	t := &m.state.table
	op := string(m.f.Op)
	m.current = t.of(m.state.stream(m.f).id, p, op == event.OpSpawn && p.Start.Val == 0)
	m.asked = true
	if m.current == nil {
		return
	}
	switch op {
	case event.OpExec:
		t.update(m.current, p)
	case event.OpExit:
		t.exit(m.current)
	}
}

// sighting is a match that is not to be repeated.
type sighting struct {
	key        string
	at         event.Time
	prev, next *sighting
}

// recent holds sightings, the newest last.
type recent struct {
	at          map[string]*sighting
	first, last *sighting
	size, limit int
}

// repeated reports whether the rule fired for the same thing a short time ago, and remembers it.
func (s *state) repeated(m *Matcher, r *compiled) bool {
	var key strings.Builder
	key.WriteString(r.ID)
	for _, f := range r.dedupe {
		key.WriteByte(0)
		key.WriteString(f(m, nil))
	}
	now, wait := s.now(m.f), event.Time(r.Dedupe.For)
	k := key.String()
	if len(k) > maxPath {
		return false
	}
	c := &s.recent
	if old := c.at[k]; old != nil {
		if d := now - old.at; d < wait && d > -wait {
			return true
		}
		c.remove(old)
	}
	c.add(k, now)
	return false
}

func (c *recent) add(k string, now event.Time) {
	if c.at[k] != nil {
		return
	}
	n := &sighting{key: k, at: now, prev: c.last}
	if c.last != nil {
		c.last.next = n
	} else {
		c.first = n
	}
	c.last = n
	c.at[k] = n
	c.size += len(k) + sightingSize
	for c.size > c.limit && c.first != n {
		c.remove(c.first) // at worst something is said twice
	}
}

const sightingSize = 160

func (c *recent) remove(s *sighting) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		c.first = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		c.last = s.prev
	}
	delete(c.at, s.key)
	c.size -= len(s.key) + sightingSize
}
