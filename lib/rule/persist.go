package rule

import (
	"encoding/json"
	"fmt"
	"io"

	"sandtrace/lib/event"
)

// What is remembered can be written to a file and taken up again, so that a restart costs no chain.

// savedVersion changes when an older program would misread the file.
const savedVersion = 1

type saved struct {
	Version int
	IDs     uint64
	Nodes   uint64
	Streams []savedStream
	Trees   []savedTree
	Procs   []savedNode
	Chains  []savedChain
	Recent  []savedSighting
}

type savedStream struct {
	Src, Run, Boot string
	ID             uint64
	Now            int64
}

type savedTree struct {
	ID  uint64
	CWD string
}

type savedNode struct {
	Key, Parent procKey
	ID, Tree    uint64
	Pkg         *event.Pkg
	Exe, Script []byte
	Injected    bool
	Gone, Named bool
}

type savedChain struct {
	Rule  string // its definition
	Key   []byte // the text of the key
	ID    uint64
	Steps []savedStep
	Fired *int64 // nanoseconds, as the other times
	Last  int64
}

type savedStep struct {
	Done  bool
	Start int64
	Proof [][]byte
	Marks []savedMark
}

type savedMark struct {
	Start int64
	Value uint64
	Proof []byte
}

type savedSighting struct {
	Key []byte
	At  int64
}

// Save writes what is remembered.
func (m *Matcher) Save(w io.Writer) error {
	s := m.state
	out := saved{Version: savedVersion, IDs: s.ids, Nodes: s.table.ids}
	for _, st := range s.streams {
		out.Streams = append(out.Streams, savedStream{st.src, st.run, st.boot, st.id, int64(st.now)})
	}
	trees := map[uint64]bool{}
	for _, l := range []*nodeList{&s.table.gone, &s.table.live} {
		for n := l.back; n != nil; n = n.prev { // so that the one used last is read last
			top := n.tree.find()
			if !trees[top.id] {
				trees[top.id] = true
				out.Trees = append(out.Trees, savedTree{top.id, top.cwd})
			}
			out.Procs = append(out.Procs, savedNode{n.key, n.parent, n.id, top.id, n.pkg, []byte(n.exe), []byte(n.script), n.injected, n.gone, n.named})
		}
	}
	for i, l := range s.windows.rules {
		if l == nil {
			continue
		}
		for c := l.back; c != nil; c = c.prev {
			sc := savedChain{Rule: s.windows.defs[i], Key: []byte(c.key.Text), ID: c.key.ID, Last: int64(c.last)}
			if at := int64(c.fired.Val); c.fired.Set {
				sc.Fired = &at
			}
			for j := range c.steps {
				p := &c.steps[j]
				st := savedStep{Done: p.done, Start: int64(p.start)}
				for q := p.proof; q != nil; q = q.prev {
					st.Proof = append(st.Proof, q.line)
				}
				for _, k := range p.marks {
					sm := savedMark{Start: int64(k.start), Value: k.value}
					if k.proof != nil {
						sm.Proof = k.proof.line
					}
					st.Marks = append(st.Marks, sm)
				}
				sc.Steps = append(sc.Steps, st)
			}
			out.Chains = append(out.Chains, sc)
		}
	}
	for r := s.recent.first; r != nil; r = r.next {
		out.Recent = append(out.Recent, savedSighting{[]byte(r.key), int64(r.at)})
	}
	return json.NewEncoder(w).Encode(&out)
}

// Restore takes up what Save wrote; call it before the first record. What belongs to rules that are
// no longer the same is left out.
func (m *Matcher) Restore(r io.Reader) error {
	var in saved
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return fmt.Errorf("no saved state: %w", err)
	}
	if in.Version != savedVersion {
		return fmt.Errorf("saved state of version %d: expected %d", in.Version, savedVersion)
	}
	s := m.state
	s.ids, s.table.ids = in.IDs, in.Nodes
	for _, st := range in.Streams {
		if len(s.streams) < maxRuns {
			s.streams[st.Src+"\x00"+st.Run] = &stream{src: st.Src, run: st.Run, boot: st.Boot, id: st.ID, now: event.Time(st.Now)}
		}
	}
	trees := map[uint64]*tree{}
	for _, t := range in.Trees {
		trees[t.ID] = &tree{id: t.ID, cwd: t.CWD}
	}
	for _, p := range in.Procs {
		if trees[p.Tree] == nil || s.table.nodes[p.Key] != nil {
			return fmt.Errorf("saved state: process %d does not fit in", p.Key.PID)
		}
		n := s.table.make(p.Key)
		n.id, n.parent, n.tree, n.pkg, n.named = p.ID, p.Parent, trees[p.Tree], p.Pkg, p.Named
		n.exe, n.script, n.injected = cut(p.Exe), cut(p.Script), p.Injected
		s.table.packages = s.table.packages || n.pkg != nil
		s.table.size += len(n.exe) + len(n.script)
		n.size += len(n.exe) + len(n.script)
		if p.Gone {
			s.table.exit(n)
		}
		s.table.shrink()
	}
	s.table.ids = max(s.table.ids, in.Nodes)
	s.windows.restore(m.set, in.Chains)
	for _, r := range in.Recent {
		s.recent.add(string(r.Key), event.Time(r.At))
	}
	return nil
}

func (w *windows) restore(set *Set, all []savedChain) {
	index := map[string]int{}
	for i, def := range w.defs {
		if w.rules[i] != nil {
			index[def] = i
		}
	}
	for _, sc := range all {
		i, ok := index[sc.Rule]
		if !ok || len(sc.Steps) != len(set.rules[i].window.steps) {
			continue
		}
		l := w.rules[i]
		c := &chain{key: chainKey{sc.ID, string(sc.Key)}, last: event.Time(sc.Last)}
		if sc.Fired != nil {
			c.fired = event.Some(event.Time(*sc.Fired))
		}
		if l.byKey[c.key] != nil {
			continue
		}
		for j, st := range sc.Steps {
			p := progress{done: st.Done, start: event.Time(st.Start)}
			for k := len(st.Proof) - 1; k >= 0 && k < maxProofs; k-- {
				p.proof = p.proof.and(&proof{line: st.Proof[k]})
			}
			for k, sm := range st.Marks {
				if k < set.rules[i].window.steps[j].need {
					p.marks = append(p.marks, mark{event.Time(sm.Start), sm.Value, &proof{line: sm.Proof}})
				}
			}
			c.steps = append(c.steps, p)
		}
		l.byKey[c.key] = c
		l.push(c)
		c.size = c.measure()
		l.size += c.size
		w.size += c.size
		w.shrink(l, c, set.rules[i].window.within)
	}
}
