package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// blockSize is how much Reader asks for at a time.
const blockSize = 512 << 10

// LineError says which line of a stream is at fault and why; the stream goes on after it.
type LineError struct {
	Line int    // 1-based
	Code string // the key "code" of the error record
	Msg  string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Msg) }

// The codes of a LineError.
const (
	CodeTooLong   = "line_too_long"
	CodeTruncated = "truncated_line"
	CodeBadJSON   = "bad_json"
)

// Reader splits a stream into lines of at most MaxLine bytes.
type Reader struct {
	r        io.Reader
	buf      []byte
	from, to int // the unread part of buf
	searched int // up to here, from on, there is no newline
	line     int // lines returned or skipped
	err      error
	empties  int
}

// NewReader reads lines from r.
func NewReader(r io.Reader) *Reader { return &Reader{r: r, buf: make([]byte, blockSize)} }

// Line is the 1-based number of the line that Next returned last.
func (r *Reader) Line() int { return r.line }

// Buffered reports whether Next can answer without reading: when it cannot, the stream may be idle
// and it is time to flush what was made of it.
func (r *Reader) Buffered() bool { return r.err != nil || r.newline() >= 0 }

// newline is the index in buf of the first newline that is not read yet, or -1. What was searched
// is not searched again: a line may come byte by byte.
func (r *Reader) newline() int {
	r.searched = max(r.searched, r.from)
	if i := bytes.IndexByte(r.buf[r.searched:r.to], '\n'); i >= 0 {
		r.searched += i
		return r.searched
	}
	r.searched = r.to
	return -1
}

// Next returns the next line without its newline (and the carriage return before it, if there is
// one), valid until the next call; empty lines are skipped. It fails with a *LineError for a line
// that is too long or cut off by the end of the stream, after which it can be called again, with
// io.EOF at the end, or with the reader's own error.
func (r *Reader) Next() ([]byte, error) {
	for {
		if i := r.newline(); i >= 0 {
			l := r.buf[r.from:i]
			r.from = i + 1
			r.line++
			if len(l) >= MaxLine {
				return nil, r.tooLong()
			}
			if l = bytes.TrimSuffix(l, []byte{'\r'}); len(l) > 0 {
				return l, nil
			}
			continue
		}
		if r.to-r.from >= MaxLine {
			r.line++
			if err := r.skipLine(); err != nil {
				return nil, err
			}
			return nil, r.tooLong()
		}
		if r.err != nil {
			return r.last()
		}
		r.fill()
	}
}

// last returns what stands after the last newline: a whole object counts as a line.
func (r *Reader) last() ([]byte, error) {
	l := bytes.TrimSuffix(r.buf[r.from:r.to], []byte{'\r'})
	r.from = r.to
	if len(l) == 0 {
		return nil, r.err
	}
	r.line++
	if json.Valid(l) {
		return l, nil
	}
	return nil, &LineError{r.line, CodeTruncated, "the stream ends inside a record; expected a JSON object and a newline"}
}

func (r *Reader) tooLong() error {
	return &LineError{r.line, CodeTooLong, fmt.Sprintf("longer than %d bytes", MaxLine)}
}

// skipLine drops the rest of the line that does not fit; at the end of the stream that is all there is.
func (r *Reader) skipLine() error {
	for {
		if i := r.newline(); i >= 0 {
			r.from = i + 1
			return nil
		}
		r.from = r.to
		if r.err != nil {
			if r.err == io.EOF {
				return nil
			}
			return r.err
		}
		r.fill()
	}
}

// fill reads once, after making room.
func (r *Reader) fill() {
	if r.from > 0 {
		r.searched = max(0, r.searched-r.from)
		r.to = copy(r.buf, r.buf[r.from:r.to])
		r.from = 0
	}
	if r.to == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...) // no further than MaxLine, where Next stops
	}
	n, err := r.r.Read(r.buf[r.to:])
	r.to += n
	r.err = err
	if n > 0 || err != nil {
		r.empties = 0
	} else if r.empties++; r.empties > 100 {
		r.err = io.ErrNoProgress
	}
}
