package event

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"
)

// In this file a key is given as it is appended, with its comma, quotes and colon: `,"path":`.
// Every function leaves dst as it is where the value is absent.

// b64Suffix marks the sibling of a key that carries the exact bytes of a text that is not UTF-8.
const b64Suffix = "_b64"

func appendPlain(dst []byte, key, s string) []byte {
	if s == "" {
		return dst
	}
	return appendString(append(dst, key...), s)
}

// appendText is appendPlain for bytes from outside: it adds the _b64 sibling where it is needed.
func appendText(dst []byte, key, s string) []byte {
	if s == "" {
		return dst
	}
	return appendB64(appendString(append(dst, key...), s), key[2:len(key)-2], s)
}

func appendTexts(dst []byte, key string, v []string) []byte {
	if len(v) == 0 {
		return dst
	}
	dst = appendStrings(append(dst, key...), v)
	if anyInvalid(v) {
		dst = appendListB64(dst, key[2:len(key)-2], v)
	}
	return dst
}

func appendInt(dst []byte, key string, n int64) []byte {
	if n == 0 {
		return dst
	}
	return strconv.AppendInt(append(dst, key...), n, 10)
}

func appendOptInt(dst []byte, key string, n Opt[int64]) []byte {
	if !n.Set {
		return dst
	}
	return strconv.AppendInt(append(dst, key...), n.Val, 10)
}

func appendPort(dst []byte, p Opt[uint16]) []byte {
	if !p.Set {
		return dst
	}
	return strconv.AppendUint(append(dst, `,"port":`...), uint64(p.Val), 10)
}

func appendOptBool(dst []byte, key string, b Opt[bool]) []byte {
	if !b.Set {
		return dst
	}
	return strconv.AppendBool(append(dst, key...), b.Val)
}

func appendTrue(dst []byte, key string, b bool) []byte {
	if !b {
		return dst
	}
	return append(append(dst, key...), "true"...)
}

func appendArgs(dst []byte, key string, a Args) []byte {
	if len(a) == 0 {
		return dst
	}
	return a.append(append(dst, key...))
}

func appendProc(dst []byte, p *Proc) []byte {
	if p == nil {
		return dst
	}
	dst = append(dst, `,"proc":`...)
	if p.frozen != nil {
		return append(dst, p.frozen...)
	}
	return p.append(dst)
}

func appendStrings(dst []byte, v []string) []byte {
	dst = append(dst, '[')
	for _, s := range v {
		dst = append(appendString(dst, s), ',')
	}
	return append(trimComma(dst), ']')
}

// appendB64 appends the sibling of key if s is not UTF-8.
func appendB64(dst []byte, key, s string) []byte {
	if utf8.ValidString(s) {
		return dst
	}
	return appendB64Value(appendB64Key(dst, key), s)
}

// appendListB64 appends the sibling of a list: an array of the same length, every element encoded.
func appendListB64(dst []byte, key string, v []string) []byte {
	dst = append(appendB64Key(dst, key), '[')
	for _, s := range v {
		dst = append(appendB64Value(dst, s), ',')
	}
	return append(trimComma(dst), ']')
}

func appendB64Key(dst []byte, key string) []byte {
	dst = appendString(append(dst, ','), key)
	dst = append(dst[:len(dst)-1], b64Suffix...)
	return append(dst, '"', ':')
}

func appendB64Value(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, []byte(s))
	return append(dst, '"')
}

func trimComma(dst []byte) []byte {
	if dst[len(dst)-1] == ',' {
		return dst[:len(dst)-1]
	}
	return dst
}

func anyInvalid(v []string) bool {
	for _, s := range v {
		if !utf8.ValidString(s) {
			return true
		}
	}
	return false
}

// plain holds the bytes that stand for themselves inside a JSON string.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259, section 7). Control characters, C1 and DEL
// included, are escaped, so that a record shown raw cannot steer a terminal; U+FFFD stands for each
// byte that is not UTF-8.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r >= 0xa0 && (r != utf8.RuneError || n > 1) {
			i += n
			continue
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
		case r == utf8.RuneError:
			dst = append(dst, "\uFFFD"...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		}
		i += n
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}
