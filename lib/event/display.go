package event

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Display is s for a person at a terminal: whatever could steer the terminal or hide text (control
// characters, bidirectional and invisible format characters, line separators) is shown as an escape,
// as are bytes that are not UTF-8. A string without them is returned as it is.
func Display(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			return string(appendDisplay(nil, s))
		}
	}
	return s
}

func appendDisplay(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, '\\', 'x', hexDigits[s[i]>>4], hexDigits[s[i]&15])
		case !unicode.IsPrint(r): // neither Cc, Cf, Zl, Zp nor any space but ' '
			q := strconv.QuoteRuneToASCII(r)
			dst = append(dst, q[1:len(q)-1]...)
		default:
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return dst
}
