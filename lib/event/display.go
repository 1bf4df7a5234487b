package event

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Display is s for a person at a terminal: whatever could steer the terminal or hide text (control
// characters, bidirectional and invisible characters, line separators, odd spaces) is shown as an
// escape, as are bytes that are not UTF-8 and the marks of a pile that would reach into other lines.
// A string without them is returned as it is. A backslash is not escaped: the form is for eyes, not
// for parsing.
func Display(s string) string {
	if plainText(s) {
		return s
	}
	return string(appendDisplay(make([]byte, 0, len(s)+16), s))
}

func plainText(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// maxMarks is how many marks a letter may carry; no script in use needs more.
const maxMarks = 4

func appendDisplay(dst []byte, s string) []byte {
	marks := 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r > 0x2ff && unicode.Is(unicode.Mn, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, '\\', 'x', hexDigits[s[i]>>4], hexDigits[s[i]&15])
		case !visible(r) || marks > maxMarks:
			q := strconv.QuoteRuneToASCII(r)
			dst = append(dst, q[1:len(q)-1]...)
		default:
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return dst
}
