package detect

import (
	"bytes"
	"strconv"
)

// leastEscapes in a row are worth a word.
const leastEscapes = 3

// escapes looks for text written in escapes that could stand there in clear.
func (s *Scanner) escapes() {
	if s.kind&(lockfile|sourceMap|image|styles) != 0 {
		return
	}
	b := s.w.b
	for i := s.w.from; i < s.w.to; {
		n := bytes.IndexByte(b[i:s.w.to], '\\')
		if n < 0 {
			return
		}
		i += n
		if i+1 >= len(b) {
			return
		}
		switch b[i+1] {
		case 'x':
			i = s.escaped(i, "obfuscation-hex-escape", hexEscape)
		case 'u':
			i = s.escaped(i, "obfuscation-unicode-escape", unicodeEscape)
		default:
			i += 2
		}
	}
}

// escaped decodes the row of escapes at i and returns the place behind it.
func (s *Scanner) escaped(i int, id string, one func([]byte) (rune, int)) int {
	b := s.w.b
	var text []byte
	letters, j := 0, i
	for j < len(b) && j-i < 16<<10 {
		r, n := one(b[j:min(len(b), j+12)])
		if n == 0 {
			break
		}
		if r < 0x20 && r != '\n' && r != '\t' || r > 0x7e {
			letters = -1 << 20
		} else if r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9' {
			letters++
		}
		text = append(text, byte(r))
		j += n
	}
	if j == i {
		return i + 2
	}
	if letters < leastEscapes || len(text) < leastEscapes {
		return j
	}
	r := ruleByID[id]
	if s.e.wanted(r) && s.kind&(code|agent|jsonData|manifest|markup) != 0 {
		f := s.finding(r, i, j)
		f.Message += ": " + strconv.Quote(mask(string(text[:min(len(text), 60)])))
		f.Preview = snippet(b[i:j])
		if s.kind&(trial|compiled) != 0 {
			f.Severity, f.Confidence = low, doubtful
		}
		s.emit(f)
	}
	if len(text) >= leastDecoded {
		s.within(text, i, j, "escapes")
	}
	return j
}

func hexEscape(b []byte) (rune, int) {
	if len(b) < 4 || b[0] != '\\' || b[1] != 'x' {
		return 0, 0
	}
	h, l := hexDigit(b[2]), hexDigit(b[3])
	if h < 0 || l < 0 {
		return 0, 0
	}
	return rune(h<<4 | l), 4
}

func unicodeEscape(b []byte) (rune, int) {
	if len(b) < 4 || b[0] != '\\' || b[1] != 'u' {
		return 0, 0
	}
	i, n := 2, 4
	if b[2] == '{' {
		end := bytes.IndexByte(b, '}')
		if end < 4 || end > 9 {
			return 0, 0
		}
		i, n = 3, end-3
	}
	if len(b) < i+n {
		return 0, 0
	}
	v := 0
	for _, c := range b[i : i+n] {
		d := hexDigit(c)
		if d < 0 {
			return 0, 0
		}
		v = v<<4 | d
	}
	if i == 3 {
		n++
	}
	return rune(v), i + n
}

func hexDigit(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
