package event

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Embed is line, a JSON object from any producer, as a value inside another record: what
// JSON allows in a string and Writer escapes is escaped and bytes that are not UTF-8 replaced. The answer shares no memory with line.
func Embed(line []byte) json.RawMessage {
	out := make([]byte, 0, len(line))
	for i := 0; i < len(line); {
		c := line[i]
		if c < 0x7f {
			if c < 0x20 { // a blank between two tokens: inside a string it would be no JSON
				c = ' '
			}
			out = append(out, c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(line[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			out = append(out, "\uFFFD"...)
		case !visible(r):
			out = appendEscape(out, r)
		default:
			out = append(out, line[i:i+n]...)
		}
		i += n
	}
	return bytes.TrimSpace(out)
}

// Len is an upper bound of the bytes that Writer will make of a record, for any source.
func Len(r Record) int {
	const head = 512 // the first keys, with src and run of ordinary length
	return head + len(r.appendBody(nil))
}
