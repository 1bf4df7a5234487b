package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// followEvery is how often a file is looked at that has no more to read.
const followEvery = 5 * time.Millisecond

// follower reads a file as it grows, and goes on with the file that takes its name: one that is
// rotated, or cut and written anew. It ends when stop is closed.
type follower struct {
	name string
	stop <-chan struct{}
	f    *os.File
	at   int64
	mid  bool // the last byte read was no newline
}

// Read waits for bytes. A file that is not there yet is waited for.
func (w *follower) Read(b []byte) (int, error) {
	for {
		if w.f == nil {
			f, err := os.Open(w.name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return 0, err
			}
			if err == nil {
				w.f, w.at = f, 0
			}
		}
		if w.f != nil {
			n, err := w.f.Read(b)
			if n > 0 {
				w.at += int64(n)
				w.mid = b[n-1] != '\n'
				return n, nil
			}
			if err != nil && err != io.EOF {
				return 0, err
			}
			if w.replaced() && w.mid { // what was cut off is a line of its own
				w.mid = false
				b[0] = '\n'
				return 1, nil
			}
		}
		select {
		case <-w.stop:
			return 0, io.EOF
		case <-time.After(followEvery):
		}
	}
}

// replaced reports whether the name now stands for other content, and gets ready to read that.
func (w *follower) replaced() bool {
	here, err := w.f.Stat()
	if err != nil {
		return false
	}
	if here.Size() < w.at {
		if _, err := w.f.Seek(0, io.SeekStart); err != nil {
			return false
		}
		w.at = 0
		return true
	}
	there, err := os.Stat(w.name)
	if err != nil || os.SameFile(here, there) {
		return false
	}
	if here.Size() > w.at { // written after the last read, before the change
		return false
	}
	_ = w.f.Close()
	w.f = nil
	return true
}
