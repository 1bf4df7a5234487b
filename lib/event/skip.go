package event

import (
	"encoding/binary"
	"math/bits"
)

// The grammar of RFC 8259 without blanks between tokens. Every function returns the position after
// what it skipped, or -1 where the full decoder must judge.

// scanKey reads a key and its colon; at is where the value starts, which lies inside l.
func scanKey(l []byte, i int) (key []byte, at int) {
	if i >= len(l) || l[i] != '"' {
		return nil, -1
	}
	i++
	end := i // keys are short: byte by byte is quicker than by words
	for end < len(l) && l[end] != '"' && l[end] != '\\' && l[end] >= 0x20 {
		end++
	}
	if end+2 >= len(l) || l[end] != '"' || l[end+1] != ':' {
		return nil, -1
	}
	return l[i:end], end + 2
}

// scanObject calls value for each key; value returns the position after the key's value.
func scanObject(l []byte, i int, value func(key []byte, at int) int) int {
	if i+1 >= len(l) || l[i] != '{' {
		return -1
	}
	i++
	if l[i] == '}' {
		return i + 1
	}
	for {
		key, at := scanKey(l, i)
		if at < 0 {
			return -1
		}
		i = value(key, at)
		if i < 0 || i >= len(l) {
			return -1
		}
		if l[i] == '}' {
			return i + 1
		}
		if l[i] != ',' {
			return -1
		}
		i++
	}
}

func skipValue(l []byte, i, depth int) int {
	if i >= len(l) || depth == 0 {
		return -1
	}
	switch c := l[i]; {
	case c == '"':
		return skipString(l, i+1)
	case c == '-' || c-'0' <= 9:
		return skipNumber(l, i)
	case c == '{':
		return skipObject(l, i, depth)
	case c == '[':
		return skipList(l, i, depth)
	}
	return skipWord(l, i)
}

func skipObject(l []byte, i, depth int) int {
	i++
	if i < len(l) && l[i] == '}' {
		return i + 1
	}
	for {
		_, at := scanKey(l, i)
		if at < 0 {
			return -1
		}
		i = skipValue(l, at, depth-1)
		if i < 0 || i >= len(l) {
			return -1
		}
		if l[i] == '}' {
			return i + 1
		}
		if l[i] != ',' {
			return -1
		}
		i++
	}
}

func skipList(l []byte, i, depth int) int {
	i++
	if i < len(l) && l[i] == ']' {
		return i + 1
	}
	for {
		i = skipValue(l, i, depth-1)
		if i < 0 || i >= len(l) {
			return -1
		}
		if l[i] == ']' {
			return i + 1
		}
		if l[i] != ',' {
			return -1
		}
		i++
	}
}

// skipString skips the rest of a string, its escapes included.
func skipString(l []byte, i int) int {
	for {
		i, _ = plainEnd(l, i)
		if i >= len(l) || l[i] < 0x20 {
			return -1
		}
		if l[i] == '"' {
			return i + 1
		}
		if i+1 >= len(l) {
			return -1
		}
		switch l[i+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i += 2
		case 'u':
			if i+6 > len(l) || !isHex(l[i+2]) || !isHex(l[i+3]) || !isHex(l[i+4]) || !isHex(l[i+5]) {
				return -1
			}
			i += 6
		default:
			return -1
		}
	}
}

func isHex(c byte) bool {
	return c-'0' <= 9 || (c|0x20)-'a' <= 5
}

func skipNumber(l []byte, i int) int {
	if l[i] == '-' {
		i++
	}
	from := i
	if i = skipDigits(l, i); i < 0 || (l[from] == '0' && i > from+1) {
		return -1
	}
	if i < len(l) && l[i] == '.' {
		if i = skipDigits(l, i+1); i < 0 {
			return -1
		}
	}
	if i < len(l) && l[i]|0x20 == 'e' {
		i++
		if i < len(l) && (l[i] == '+' || l[i] == '-') {
			i++
		}
		return skipDigits(l, i)
	}
	return i
}

// skipDigits skips at least one digit.
func skipDigits(l []byte, i int) int {
	from := i
	for i < len(l) && l[i]-'0' <= 9 {
		i++
	}
	if i == from {
		return -1
	}
	return i
}

// skipWord skips true, false or null.
func skipWord(l []byte, i int) int {
	for _, w := range [...]string{"true", "false", "null"} {
		if len(l)-i >= len(w) && string(l[i:i+len(w)]) == w {
			return i + len(w)
		}
	}
	return -1
}

// plainEnd is the position of the first quote, backslash or control character from i on, or
// len(l); wide reports whether a byte before it is outside ASCII.
func plainEnd(l []byte, i int) (end int, wide bool) {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for i+8 <= len(l) {
		w := binary.LittleEndian.Uint64(l[i:])
		quote, slash := w^('"'*ones), w^('\\'*ones)
		stop := ((quote - ones) &^ quote) | ((slash - ones) &^ slash) | ((w - 0x20*ones) &^ w)
		stop &= highs
		if stop != 0 {
			low := stop & -stop
			return i + bits.TrailingZeros64(stop)/8, wide || w&highs&(low-1) != 0
		}
		wide = wide || w&highs != 0
		i += 8
	}
	for i < len(l) && l[i] != '"' && l[i] != '\\' && l[i] >= 0x20 {
		wide = wide || l[i] >= 0x80
		i++
	}
	return i, wide
}
