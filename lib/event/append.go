package event

import (
	"encoding/base64"
	"strconv"
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
	dst, exact := quote(append(dst, key...), s)
	if exact {
		return dst
	}
	return appendB64Value(appendB64Key(dst, key[2:len(key)-2]), s)
}

func appendTexts(dst []byte, key string, v []string) []byte {
	if len(v) == 0 {
		return dst
	}
	return appendList(append(dst, key...), key[2:len(key)-2], v)
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
	from := len(dst)
	dst = append(append(dst, key...), '{')
	open := len(dst)
	for i := range a {
		dst = a[i].append(dst)
	}
	if len(dst) == open {
		return dst[:from]
	}
	return append(trimComma(dst), '}')
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

// appendList appends a list and, where an element is not UTF-8, the sibling of key: an array of the
// same length, every element encoded.
func appendList(dst []byte, key string, v []string) []byte {
	dst = append(dst, '[')
	exact := true
	for _, s := range v {
		var ok bool
		dst, ok = quote(dst, s)
		dst = append(dst, ',')
		exact = exact && ok
	}
	dst = append(trimComma(dst), ']')
	if exact {
		return dst
	}
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
