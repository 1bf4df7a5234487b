package event

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	dst, _ = quote(dst, s)
	return dst
}

// quote appends s as a JSON string (RFC 8259, section 7). What Display escapes is escaped here too,
// in JSON's way, so that a record shown raw can neither steer a terminal nor reorder or hide a part
// of the line. U+FFFD stands for each byte that is not UTF-8; exact is false where there was one.
func quote(dst []byte, s string) (out []byte, exact bool) {
	dst = append(dst, '"')
	from := len(dst)
	dst = append(dst, s...)
	i := plainLen(dst[from:])
	if i == len(s) {
		return append(dst, '"'), true
	}
	return quoteRest(dst[:from+i], s[i:])
}

// quoteRest goes on where the first byte stands that is not plain.
func quoteRest(dst []byte, s string) (out []byte, exact bool) {
	exact = true
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		r, n := rune(c), 1
		if c >= utf8.RuneSelf {
			if r, n = utf8.DecodeRuneInString(s[i:]); n > 1 && visible(r) {
				i += n
				continue
			}
		}
		dst = append(dst, s[from:i]...)
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r == utf8.RuneError && n == 1:
			dst = append(dst, "\uFFFD"...)
			exact = false
		default:
			dst = appendEscape(dst, r)
		}
		i += n
		from = i
	}
	return append(append(dst, s[from:]...), '"'), exact
}

// appendEscape appends r as \u0000, beyond U+FFFF as a surrogate pair.
func appendEscape(dst []byte, r rune) []byte {
	if r > 0xffff {
		dst = appendHex4(dst, 0xd800+(r-0x10000)>>10)
		r = 0xdc00 + (r-0x10000)&0x3ff
	}
	return appendHex4(dst, r)
}

func appendHex4(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// visible reports whether r shows as itself: it is neither a control or format character nor a
// space other than ' ' (unicode.IsPrint), nor one of the letters and marks that show as nothing.
func visible(r rune) bool {
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// plainLen is how many bytes at the beginning of b stand for themselves in a JSON string: printable
// ASCII but for the quote and the backslash. Eight bytes are tested at a time: a byte's high bit is
// set in stop where one of the terms says so; a borrow can only taint bytes after a true hit.
func plainLen(b []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		stop := (w | (w - 0x20*ones) | (w + ones) | (w ^ '"'*ones - ones) | (w ^ '\\'*ones - ones)) & highs
		if stop != 0 {
			return i + bits.TrailingZeros64(stop)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return i
		}
	}
	return i
}
