package event

import "bytes"

// Lead is the beginning of a line as parts of that line: enough to route a record or to prove a
// stream whole without decoding it.
type Lead struct {
	Type, Src, Run []byte
	Seq            uint64
}

// ReadLead reads the beginning of a line as Writer writes it: fixed key order, no escapes. ok is
// false for any other line, which may be a record all the same: Decode it. The rest of the line is
// not looked at.
func ReadLead(line []byte) (l Lead, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(`{"v":1,"type":`))
	if !ok {
		return l, false
	}
	if l.Type, rest, ok = leadText(rest); !ok {
		return l, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"ts":`)); !ok {
		return l, false
	}
	if _, rest, ok = leadText(rest); !ok {
		return l, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"seq":`)); !ok {
		return l, false
	}
	n := 0
	for ; n < len(rest) && rest[n]-'0' <= 9; n++ {
		l.Seq = l.Seq*10 + uint64(rest[n]-'0')
	}
	if n == 0 || n > 18 || (n > 1 && rest[0] == '0') {
		return l, false
	}
	if rest, ok = bytes.CutPrefix(rest[n:], []byte(`,"src":`)); !ok {
		return l, false
	}
	if l.Src, rest, ok = leadText(rest); !ok {
		return l, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"run":`)); !ok {
		return l, false
	}
	l.Run, rest, ok = leadText(rest)
	return l, ok && len(rest) > 0 && (rest[0] == ',' || rest[0] == '}')
}

// leadText takes a string without escapes off rest.
func leadText(rest []byte) (text, after []byte, ok bool) {
	if len(rest) == 0 || rest[0] != '"' {
		return nil, rest, false
	}
	end := bytes.IndexByte(rest[1:], '"')
	if end < 0 || bytes.IndexByte(rest[1:1+end], '\\') >= 0 {
		return nil, rest, false
	}
	return rest[1 : 1+end], rest[end+2:], true
}

// HeadOf is the head of a record.
func HeadOf(r Record) *Head { return r.head() }
