package detect

import "regexp/syntax"

// A gate is what can be had cheaply before a regular expression is run: most windows around a keyword hold
// no run of token characters as long as the expression needs.

// token are the characters that secrets consist of.
var token = func() (t [256]bool) {
	for c := range 256 {
		t[c] = isWord(byte(c)) || c == '+' || c == '/' || c == '=' || c == '~' || c == '%' || c == ':' || c == '@' || c == '.' || c == '-'
	}
	return t
}()

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// needs is the longest run of token characters that every match of the expression holds for sure.
func needs(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpConcat, syntax.OpCapture:
		most := 0
		for _, s := range re.Sub {
			most = max(most, needs(s))
		}
		return most
	case syntax.OpAlternate:
		least := 1 << 20
		for _, s := range re.Sub {
			least = min(least, needs(s))
		}
		return least
	case syntax.OpPlus:
		return needs(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min == 0 {
			return 0
		}
		s := re.Sub[0]
		for s.Op == syntax.OpCapture {
			s = s.Sub[0]
		}
		if s.Op == syntax.OpCharClass {
			if onlyTokens(s.Rune) {
				return re.Min
			}
			return 0
		}
		return needs(s)
	}
	return 0
}

func onlyTokens(ranges []rune) bool {
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r == 0x17f || r == 0x212a { // what folds to s and k
				continue
			}
			if r > 126 || !token[byte(r)] {
				return false
			}
		}
	}
	return true
}

// hasRun tells whether b holds n token characters in a row between from and to.
func hasRun(b []byte, from, to, n int) bool {
	from, to = max(from, 0), min(to, len(b))
	for i := from + n - 1; i < to; {
		// from the far end of a possible run backwards: a character that is none skips the rest
		k := i
		for k > i-n && token[b[k]] {
			k--
		}
		if k == i-n {
			return true
		}
		i = k + n
	}
	return false
}
