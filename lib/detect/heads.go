package detect

import "regexp/syntax"

// head is how a match must begin: a literal, and a run of characters of a class right behind it. Most
// expressions of formats have one, and most places where their keyword stands fail it at once.
type head struct {
	literal string // lower-case
	class   *[256]bool
	run     int
}

// heads are the ways in which matches begin, and whether each begins at a word's edge; nil where that
// cannot be told, or where a keyword does not stand at the beginning.
func heads(re *syntax.Regexp, keywords []string) (hs []head, edge bool) {
	hs, edge, ok := headsOf(re)
	if !ok {
		return nil, false
	}
	for _, k := range keywords {
		found := false
		for _, h := range hs {
			found = found || len(h.literal) >= len(k) && h.literal[:len(k)] == k
		}
		if !found {
			return nil, false
		}
	}
	for _, h := range hs { // each must be found by some keyword
		found := false
		for _, k := range keywords {
			found = found || len(h.literal) >= len(k) && h.literal[:len(k)] == k
		}
		if !found {
			return nil, false
		}
	}
	return hs, edge
}

func headsOf(re *syntax.Regexp) (hs []head, edge, ok bool) {
	switch re.Op {
	case syntax.OpCapture:
		return headsOf(re.Sub[0])
	case syntax.OpLiteral:
		return []head{{literal: lowerRunes(re.Rune)}}, false, true
	case syntax.OpAlternate:
		edge = true
		for _, s := range re.Sub {
			more, e, ok := headsOf(s)
			if !ok {
				return nil, false, false
			}
			hs, edge = append(hs, more...), edge && e
		}
		return hs, edge, true
	case syntax.OpConcat:
		return headsOfConcat(re.Sub)
	}
	return nil, false, false
}

func headsOfConcat(subs []*syntax.Regexp) (hs []head, edge, ok bool) {
	i := 0
	for i < len(subs) && subs[i].Op == syntax.OpWordBoundary {
		edge = true
		i++
	}
	if i == len(subs) {
		return nil, false, false
	}
	hs, inner, ok := headsOf(subs[i])
	if !ok {
		return nil, false, false
	}
	// what follows a plain literal makes it longer, or says what run must come
	for i++; subs[i-1].Op == syntax.OpLiteral && i < len(subs); i++ {
		switch next := subs[i]; {
		case next.Op == syntax.OpLiteral:
			hs[0].literal += lowerRunes(next.Rune)
		case next.Op == syntax.OpRepeat && next.Min > 0 && next.Sub[0].Op == syntax.OpCharClass && onlyTokens(next.Sub[0].Rune):
			hs[0].class, hs[0].run = classOf(next.Sub[0].Rune), next.Min
		}
	}
	return hs, edge || inner, true
}

func lowerRunes(rs []rune) string {
	out := make([]byte, 0, len(rs))
	for _, r := range rs {
		out = append(out, string(r)...)
	}
	for i := range out {
		out[i] = lower(out[i])
	}
	return string(out)
}

func classOf(ranges []rune) *[256]bool {
	var c [256]bool
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1] && r < 0x80; r++ {
			c[r] = true
		}
	}
	return &c
}

// begins tells whether a match can begin at i.
func (l *lazyRegexp) begins(b []byte, i int) bool {
	if l.edge && i > 0 && isWord(b[i-1]) {
		return false
	}
	for _, h := range l.heads {
		if len(b)-i < len(h.literal)+h.run {
			continue
		}
		k := 0
		for k < len(h.literal) && lower(b[i+k]) == h.literal[k] {
			k++
		}
		if k < len(h.literal) {
			continue
		}
		n := 0
		for n < h.run && h.class[b[i+k+n]] {
			n++
		}
		if n == h.run {
			return true
		}
	}
	return false
}
