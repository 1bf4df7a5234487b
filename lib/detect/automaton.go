package detect

import "sort"

// automaton finds every occurrence of any of many words in one pass, without regard to ASCII case: a dense
// Aho-Corasick table. The states that end a word come last, so that one comparison tells them.
type automaton struct {
	class [256]uint8
	shift uint
	table []uint32
	first uint32     // the first state that ends a word
	ends  [][]ending // by state - first
}

// ending is one word that ends in a state: what it stands for, and its length in bytes.
type ending struct {
	target int
	length int
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// newAutomaton takes lower-case words, each with the targets that want to hear of it.
func newAutomaton(words map[string][]int) *automaton {
	a := &automaton{}
	classes := 1
	sorted := make([]string, 0, len(words))
	for w := range words {
		sorted = append(sorted, w)
	}
	sort.Strings(sorted)
	for _, w := range sorted {
		for i := range len(w) {
			if c := lower(w[i]); a.class[c] == 0 {
				a.class[c] = uint8(classes)
				classes++
			}
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		a.class[c] = a.class[c+'a'-'A']
	}
	for a.shift = 1; 1<<a.shift < classes; {
		a.shift++
	}
	// the trie; state 0 is the root, and no edge leads back to it
	width := 1 << a.shift
	next := make([]uint32, width)
	out := [][]ending{nil}
	for _, w := range sorted {
		s := uint32(0)
		for i := range len(w) {
			at := int(s)*width + int(a.class[lower(w[i])])
			if next[at] == 0 {
				next[at] = uint32(len(out))
				out = append(out, nil)
				next = append(next, make([]uint32, width)...)
			}
			s = next[at]
		}
		for _, t := range words[w] {
			out[s] = append(out[s], ending{t, len(w)})
		}
	}
	// breadth first: where a state has no edge, that of its longest proper suffix serves
	fail := make([]uint32, len(out))
	queue := make([]uint32, 0, len(out))
	for c := range width {
		if t := next[c]; t != 0 {
			queue = append(queue, t)
		}
	}
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		out[s] = append(out[s], out[fail[s]]...)
		for c := range width {
			at := int(s)*width + c
			suffix := next[int(fail[s])*width+c]
			if t := next[at]; t != 0 {
				fail[t] = suffix
				queue = append(queue, t)
			} else {
				next[at] = suffix
			}
		}
	}
	a.renumber(next, out)
	return a
}

// renumber moves the states that end a word to the back.
func (a *automaton) renumber(next []uint32, out [][]ending) {
	order := make([]uint32, len(out))
	n := uint32(0)
	for s := range out {
		if len(out[s]) == 0 {
			order[s] = n
			n++
		}
	}
	a.first = n
	for s := range out {
		if len(out[s]) > 0 {
			order[s] = n
			n++
			a.ends = append(a.ends, out[s])
		}
	}
	a.table = make([]uint32, len(next))
	width := 1 << a.shift
	for s := range out {
		for c := range width {
			a.table[int(order[s])*width+c] = order[next[s*width+c]] << a.shift
		}
	}
	a.first <<= a.shift
}

// scan calls hit with the start, the end and the target of each word in b.
func (a *automaton) scan(b []byte, hit func(target, start, end int)) {
	table, class, first := a.table, &a.class, a.first
	s := uint32(0)
	for i := 0; i < len(b); i++ {
		s = table[s+uint32(class[b[i]])]
		if s >= first {
			for _, e := range a.ends[(s-first)>>a.shift] {
				hit(e.target, i+1-e.length, i+1)
			}
		}
	}
}

// contains tells whether any word stands in s.
func (a *automaton) contains(s string) bool {
	state := uint32(0)
	for i := range len(s) {
		state = a.table[state+uint32(a.class[s[i]])]
		if state >= a.first {
			return true
		}
	}
	return false
}
