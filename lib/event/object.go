package event

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// member is one key of an object with its value as it stands there.
type member struct {
	key string
	raw []byte
}

// members splits an object that is valid JSON (json.Valid) into its members, in order. A key that
// stands twice comes twice. It is not encoding/json because that takes "Path" for "path": a record
// must not say one thing here and another to jq. ok is false where raw is no object.
func members(raw []byte) (out []member, ok bool) {
	i := skipSpace(raw, 0)
	if i == len(raw) || raw[i] != '{' {
		return nil, false
	}
	out = make([]member, 0, 24)
	for i = skipSpace(raw, i+1); raw[i] == '"'; {
		end := stringEnd(raw, i)
		key, _ := unquote(raw[i:end])
		i = skipSpace(raw, skipSpace(raw, end)+1) // over the colon
		end = valueEnd(raw, i)
		out = append(out, member{key, raw[i:end]})
		if i = skipSpace(raw, end); raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
	return out, true
}

// elements splits an array as members splits an object.
func elements(raw []byte) (out [][]byte, ok bool) {
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	for i := skipSpace(raw, 1); raw[i] != ']'; {
		end := valueEnd(raw, i)
		out = append(out, raw[i:end])
		if i = skipSpace(raw, end); raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
	return out, true
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// stringEnd is the index after the string that begins at i.
func stringEnd(b []byte, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(b[i:], '"')
		n := 0
		for b[i-1-n] == '\\' {
			n++
		}
		if n%2 == 0 {
			return i + 1
		}
	}
}

// valueEnd is the index after the value that begins at i.
func valueEnd(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i) - 1
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // the end of what a number or a word stands in
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// unquote is the text of a JSON string; ok is false where raw is none.
func unquote(raw []byte) (s string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	if in := raw[1 : len(raw)-1]; bytes.IndexByte(in, '\\') < 0 && utf8.Valid(in) {
		return string(in), true
	}
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

func isNull(raw []byte) bool { return string(raw) == "null" }
