package policy

import (
	"strconv"
	"strings"
)

// locator finds the line of every key and list element of a TOML text that is known to be right: the
// decoder keeps no places. A list element's key is its number, as in filesystem.deny.0.
type locator struct {
	text  string
	pos   int
	line  int
	lines map[string]int
}

func locate(text string) map[string]int {
	l := &locator{text: text, line: 1, lines: map[string]int{}}
	table := ""
	for l.space(true); l.pos < len(l.text); l.space(true) {
		from := l.pos
		if l.take('[') {
			l.take('[')
			table = l.key("")
			l.take(']')
			l.take(']')
		} else {
			l.pair(table)
		}
		if l.pos == from { // not the text that was promised: no place rather than no end
			break
		}
	}
	return l.lines
}

func (l *locator) note(key string) {
	if _, ok := l.lines[key]; !ok {
		l.lines[key] = l.line
	}
}

func (l *locator) take(c byte) bool {
	if l.pos < len(l.text) && l.text[l.pos] == c {
		l.pos++
		return true
	}
	return false
}

// space passes over blanks and comments, and over ends of lines where these mean nothing.
func (l *locator) space(lines bool) {
	for ; l.pos < len(l.text); l.pos++ {
		switch c := l.text[l.pos]; {
		case c == '#':
			for l.pos+1 < len(l.text) && l.text[l.pos+1] != '\n' {
				l.pos++
			}
		case c == '\n' && lines:
			l.line++
		case c != ' ' && c != '\t' && c != '\r':
			return
		}
	}
}

// key reads a dotted key below a table and notes the place of each of its parts.
func (l *locator) key(table string) string {
	key := table
	for {
		l.space(false)
		var part string
		if l.pos < len(l.text) && (l.text[l.pos] == '"' || l.text[l.pos] == '\'') {
			quoted := l.str()
			part = quoted[1:max(len(quoted)-1, 1)]
		} else {
			from := l.pos
			for l.pos < len(l.text) && !strings.ContainsRune(".=]} \t\r\n#", rune(l.text[l.pos])) {
				l.pos++
			}
			part = l.text[from:l.pos]
		}
		if key != "" {
			key += "."
		}
		key += part
		l.note(key)
		l.space(false)
		if !l.take('.') {
			return key
		}
	}
}

func (l *locator) pair(table string) {
	key := l.key(table)
	if l.take('=') {
		l.space(false)
		l.value(key)
	}
}

func (l *locator) value(key string) {
	if l.pos >= len(l.text) {
		return
	}
	switch l.text[l.pos] {
	case '"', '\'':
		l.str()
	case '[':
		l.pos++
		for i := 0; ; i++ {
			l.space(true)
			if l.pos >= len(l.text) || l.take(']') {
				return
			}
			item := key + "." + strconv.Itoa(i)
			l.note(item)
			from := l.pos
			l.value(item)
			l.space(true)
			l.take(',')
			if l.pos == from {
				return
			}
		}
	case '{':
		l.pos++
		for {
			l.space(true)
			from := l.pos
			if l.pos >= len(l.text) || l.take('}') {
				return
			}
			l.pair(key)
			l.space(true)
			l.take(',')
			if l.pos == from {
				return
			}
		}
	default:
		for l.pos < len(l.text) && !strings.ContainsRune(",]}\n#", rune(l.text[l.pos])) {
			l.pos++
		}
	}
}

// str reads a string of any of the four kinds, with its quotes.
func (l *locator) str() string {
	from, q := l.pos, l.text[l.pos:l.pos+1]
	long := strings.HasPrefix(l.text[l.pos:], q+q+q)
	end := q
	if long {
		end = q + q + q
	}
	for l.pos += len(end); l.pos < len(l.text); l.pos++ {
		switch {
		case l.text[l.pos] == '\\' && q == `"`:
			l.pos++
			if l.pos < len(l.text) && l.text[l.pos] == '\n' {
				l.line++
			}
		case strings.HasPrefix(l.text[l.pos:], end):
			l.pos += len(end)
			for long && l.pos < len(l.text) && l.text[l.pos] == q[0] { // quotes before the closing ones
				l.pos++
			}
			return l.text[from:l.pos]
		case l.text[l.pos] == '\n':
			l.line++
		}
	}
	l.pos = len(l.text)
	return l.text[from:]
}
