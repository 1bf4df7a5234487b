package event

import (
	"errors"
	"io"
	"strconv"
	"sync"
	"time"
)

// flushSize is how many bytes Writer gathers before it writes.
const flushSize = 64 << 10

// Writer encodes the records of one run, numbers them, and writes them as whole lines.
// Its methods may be called from several goroutines.
type Writer struct {
	mu    sync.Mutex
	w     io.Writer
	buf   []byte
	seq   uint64
	clock clock
	mid   []byte // `,"src":"...","run":"..."`
	err   error
	now   func() Time

	idle  time.Duration
	timer *time.Timer
	armed bool
}

// NewWriter begins a run: src is the tool's name, run its id (NewRun). A positive idle flushes
// records that have waited that long without a Flush; zero leaves flushing to the caller.
func NewWriter(w io.Writer, src, run string, idle time.Duration) *Writer {
	mid := appendString([]byte(`,"src":`), src)
	mid = appendString(append(mid, `,"run":`...), run)
	return &Writer{
		w: w, mid: mid, idle: idle,
		buf: make([]byte, 0, flushSize+flushSize/2),
		now: func() Time { return At(time.Now()) },
	}
}

// Write appends one record. A record over MaxLine is replaced by a lost record. The error is that
// of the underlying writer and stays: once a write has failed nothing more is written.
func (w *Writer) Write(r Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	from := len(w.buf)
	w.buf = w.appendRecord(w.buf, r)
	if len(w.buf)-from > MaxLine {
		lost := Lost{Head: Head{Time: r.head().Time}, Why: "record_too_long", Count: Some[uint64](1)}
		w.buf = w.appendRecord(w.buf[:from], &lost)
	}
	w.seq++
	if len(w.buf) >= flushSize {
		return w.flush()
	}
	if w.idle > 0 && !w.armed {
		w.arm()
	}
	return nil
}

func (w *Writer) appendRecord(b []byte, r Record) []byte {
	at := r.head().Time
	if at == 0 {
		at = w.now()
	}
	b = append(b, `{"v":1,"type":"`...)
	b = append(append(b, r.Kind()...), `","ts":"`...)
	b = append(w.clock.append(b, at), `","seq":`...)
	b = strconv.AppendUint(b, w.seq, 10)
	b = append(b, w.mid...)
	b = r.appendBody(b)
	return append(b, '}', '\n')
}

// Seq is the number that the next record will carry.
func (w *Writer) Seq() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seq
}

// Flush writes what has been gathered.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush()
}

func (w *Writer) flush() error {
	w.armed = false
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	n, err := w.w.Write(w.buf)
	if err == nil && n < len(w.buf) {
		err = io.ErrShortWrite
	}
	w.err = err
	w.buf = w.buf[:0]
	if cap(w.buf) > 4*flushSize { // grown by one long record
		w.buf = make([]byte, 0, flushSize+flushSize/2)
	}
	return w.err
}

func (w *Writer) arm() {
	w.armed = true
	if w.timer == nil {
		w.timer = time.AfterFunc(w.idle, func() { _ = w.Flush() }) // the error stays for the next Write
		return
	}
	w.timer.Reset(w.idle)
}

var errClosed = errors.New("event: write after close")

// Close flushes and stops the idle flush; a Write after it fails, a second Close does nothing.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == errClosed {
		return nil
	}
	err := w.flush()
	if w.timer != nil {
		w.timer.Stop()
	}
	if w.err == nil {
		w.err = errClosed
	}
	return err
}
