package detect

import (
	"bytes"
	"regexp"
)

// pregReplaceE looks for the modifier e behind the pattern's second delimiter.
func pregReplaceE(s *Scanner, d *detector, start, end int) {
	b := s.w.around(end, end+tailMost)
	i := skipSpaces(b, 0)
	if i >= len(b) || b[i] != '(' {
		return
	}
	i = skipSpaces(b, i+1)
	if i+2 >= len(b) || (b[i] != '"' && b[i] != '\'') {
		return
	}
	q, from := b[i], i+1
	stop := from
	for stop < len(b) && b[stop] != q {
		if b[stop] == '\\' {
			stop++
		}
		stop++
	}
	if stop >= len(b) {
		return
	}
	pattern := b[from:stop]
	if len(pattern) < 3 || isWord(pattern[0]) {
		return
	}
	closing := pattern[0]
	if k := bytes.IndexByte([]byte("([{<"), closing); k >= 0 {
		closing = ")]}>"[k]
	}
	at := bytes.LastIndexByte(pattern, closing)
	if at > 0 && bytes.IndexByte(pattern[at:], 'e') > 0 && len(bytes.Trim(pattern[at+1:], "imsxeADSUXJu")) == 0 {
		s.done[d.index] = end + stop
		s.report(d.rule, start, end+stop+1, "")
	}
}

func skipSpaces(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// phpAssign is a variable that gets what follows.
var phpAssign = regexp.MustCompile(`\$(\w+)\s*=\s*$`)

// namedFunction finds `$f = "system"` where $f is called soon after.
func namedFunction(s *Scanner, d *detector, start, end int) {
	m := phpAssign.FindSubmatch(s.w.around(start-60, start))
	if m == nil {
		return
	}
	call := append(append([]byte{'$'}, m[1]...), '(')
	if bytes.Contains(s.w.around(end, end+2048), call) {
		s.done[d.index] = end
		s.report(d.rule, start, end, "")
	}
}

// backticks finds shell commands with variables in PHP: backticks that stand in code, not in a text (where
// SQL has them) or a comment.
func (s *Scanner) backticks() {
	r := ruleByID["obfuscation-php-backtick"]
	b := s.w.b
	if bytes.IndexByte(b, '`') < 0 {
		return
	}
	for i := 0; i < len(b); {
		open := bytes.Index(b[i:], []byte("<?"))
		if open < 0 {
			return
		}
		i = s.phpCode(r, i+open+2)
	}
}

// phpCode goes over PHP code from i to its end tag and returns the place behind it.
func (s *Scanner) phpCode(r *Rule, i int) int {
	b := s.w.b
	for i < len(b) {
		switch c := b[i]; {
		case c == '?' && i+1 < len(b) && b[i+1] == '>':
			return i + 2
		case c == '\'' || c == '"':
			i = closingQuote(b, i)
		case c == '#' && !(i+1 < len(b) && b[i+1] == '['), c == '/' && i+1 < len(b) && b[i+1] == '/':
			i = s.w.lineEnd(i)
		case c == '/' && i+1 < len(b) && b[i+1] == '*':
			end := bytes.Index(b[i+2:], []byte("*/"))
			if end < 0 {
				return len(b)
			}
			i += end + 4
		case c == '<' && bytes.HasPrefix(b[i:], []byte("<<<")):
			i = heredocEnd(b, i+3)
		case c == '`':
			end := closingQuote(b, i)
			if s.w.owns(i) && bytes.IndexByte(b[i:min(end, len(b))], '$') >= 0 {
				s.report(r, i, end, "")
			}
			i = end
		default:
			i++
		}
	}
	return i
}

// closingQuote is the place behind the text that begins at i.
func closingQuote(b []byte, i int) int {
	q := b[i]
	for i++; i < len(b); i++ {
		if b[i] == '\\' {
			i++
		} else if b[i] == q {
			return i + 1
		}
	}
	return len(b)
}

// heredocEnd is the place behind a heredoc whose name begins at i.
func heredocEnd(b []byte, i int) int {
	for i < len(b) && (isBlank(b[i]) || b[i] == '\'' || b[i] == '"') {
		i++
	}
	j := i
	for j < len(b) && isWord(b[j]) {
		j++
	}
	if j == i {
		return i
	}
	end := bytes.Index(b[j:], append([]byte{'\n'}, b[i:j]...))
	if end < 0 {
		return len(b)
	}
	return j + end + 1 + (j - i)
}
