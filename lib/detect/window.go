package detect

import (
	"bytes"
	"unicode/utf8"
)

// A file is read in windows that overlap. Each position is owned by exactly one window: a detector reports
// what starts in the owned part, and may look at the context before and behind it.
const (
	windowSize = 1 << 20
	behind     = 4 << 10  // context before the owned part
	ahead      = 24 << 10 // and after it
)

// window is a part of a file, and where it stands in it.
type window struct {
	b        []byte
	from, to int // the owned part of b
	whole    bool
	last     bool
	line     int // of b[0], 1-based
	column   int // of b[0]: characters before it in its line
	seen     int // a place in b whose line is known
	seenLine int
}

func (w *window) owns(at int) bool { return at >= w.from && at < w.to }

// reset makes w the first window of a file.
func (w *window) reset(b []byte, last bool) {
	*w = window{b: b, line: 1, seenLine: 1, to: len(b), last: last, whole: last}
	if !last {
		w.to = len(b) - ahead
	}
}

// advance drops what no later window needs; it returns what is kept. The caller appends more to it.
func (w *window) advance() []byte {
	drop := max(w.to-behind, 0)
	gone := w.b[:drop]
	w.line += bytes.Count(gone, newline)
	if nl := bytes.LastIndexByte(gone, '\n'); nl >= 0 {
		w.column = utf8.RuneCount(gone[nl+1:])
	} else {
		w.column += utf8.RuneCount(gone)
	}
	w.from = w.to - drop
	n := copy(w.b, w.b[drop:])
	return w.b[:n]
}

// more makes w the window that follows; b begins with what advance returned.
func (w *window) more(b []byte, last bool) {
	w.b, w.last, w.whole = b, last, false
	w.to = len(b)
	if !last {
		w.to = len(b) - ahead
	}
	w.seen, w.seenLine = 0, w.line
}

var newline = []byte{'\n'}

// place is the line and the column of a position.
func (w *window) place(at int) (line, column int) {
	at = min(at, len(w.b))
	if at < w.seen {
		w.seen, w.seenLine = 0, w.line
	}
	w.seenLine += bytes.Count(w.b[w.seen:at], newline)
	w.seen = at
	return w.seenLine, w.columnOf(at)
}

func (w *window) columnOf(at int) int {
	if nl := bytes.LastIndexByte(w.b[:at], '\n'); nl >= 0 {
		return utf8.RuneCount(w.b[nl+1:at]) + 1
	}
	return w.column + utf8.RuneCount(w.b[:at]) + 1
}

// lineStart is the start of the line that at is on, or the start of the window.
func (w *window) lineStart(at int) int { return bytes.LastIndexByte(w.b[:at], '\n') + 1 }

// lineEnd is the end of that line, or of the window.
func (w *window) lineEnd(at int) int {
	if nl := bytes.IndexByte(w.b[at:], '\n'); nl >= 0 {
		return at + nl
	}
	return len(w.b)
}

// around is b[from:to] cut to the window.
func (w *window) around(from, to int) []byte {
	return w.b[max(from, 0):min(max(to, 0), len(w.b))]
}
