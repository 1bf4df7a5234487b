// Package walk goes over directory trees with several workers. Only regular files are handed out to be
// read: a FIFO, a device or a socket is never opened, a symbolic link never followed.
package walk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// File is something that was found.
type File struct {
	Path   string // as the roots were named, cleaned
	Size   int64
	Target string // of a symbolic link
	Link   bool
	// Outside is set for a link whose target lies out of the root that it was found under.
	Outside bool
}

// Options say what is left out.
type Options struct {
	Hidden   bool     // hidden files and directories too
	NoIgnore bool     // do not honour ignore files
	MaxSize  int64    // larger files are reported by Fault, not handed out; 0 is no bound
	Skip     []string // directories with these names are left out
	// Fault hears of what could not be looked at: why is a short word, err may be nil.
	Fault func(path, why string, err error)
	// Ignored counts what ignore files leave out.
	Ignored func(path string)
}

// ErrTooLarge and the others are what Fault is told.
var (
	ErrTooLarge = errors.New("larger than --max-size")
	ErrSpecial  = errors.New("no regular file")
)

// Walk sends every file under the roots to files, in no order, and closes it at the end. A root that does
// not exist is an error; all else goes to Fault. It stops when stop is closed.
func Walk(roots []string, o Options, files chan<- File, stop <-chan struct{}) error {
	defer close(files)
	for _, root := range roots {
		info, err := os.Lstat(root)
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 { // the user named it
			if info, err = os.Stat(root); err != nil {
				return err
			}
		}
		w := &walker{o: o, files: files, stop: stop}
		if w.top, err = filepath.Abs(root); err != nil {
			return err
		}
		if real, err := filepath.EvalSymlinks(w.top); err == nil {
			w.top = real
		}
		switch {
		case info.IsDir():
			w.dir(filepath.Clean(root), w.ignoresAbove(root))
		case info.Mode().IsRegular():
			w.file(filepath.Clean(root), info)
		default:
			o.Fault(root, "special", ErrSpecial)
		}
	}
	return nil
}

type walker struct {
	o     Options
	files chan<- File
	stop  <-chan struct{}
	top   string // absolute, without links
}

func (w *walker) send(f File) bool {
	select {
	case w.files <- f:
		return true
	case <-w.stop:
		return false
	}
}

func (w *walker) dir(dir string, up *ignores) bool {
	d, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) { // the root is a link that the user named
			d, err = os.Open(dir)
		}
		if err != nil {
			w.o.Fault(dir, "unreadable", err)
			return true
		}
	}
	ig := up
	if !w.o.NoIgnore {
		ig = w.ignoresOf(dir, up)
	}
	for {
		entries, err := d.ReadDir(1024)
		for _, e := range entries {
			if !w.entry(dir, e, ig) {
				d.Close()
				return false
			}
		}
		if err != nil {
			d.Close()
			if len(entries) == 0 && !errors.Is(err, fs.ErrNotExist) && err.Error() != "EOF" {
				w.o.Fault(dir, "unreadable", err)
			}
			return true
		}
	}
}

func (w *walker) entry(dir string, e fs.DirEntry, ig *ignores) bool {
	name := e.Name()
	if !w.o.Hidden && strings.HasPrefix(name, ".") {
		return true
	}
	p := dir + "/" + name
	switch dir {
	case ".":
		p = name
	case "/":
		p = "/" + name
	}
	if ig.match(p, e.IsDir()) {
		if w.o.Ignored != nil {
			w.o.Ignored(p)
		}
		return true
	}
	switch {
	case e.IsDir():
		for _, s := range w.o.Skip {
			if s == name {
				return true
			}
		}
		if name == "objects" && strings.HasSuffix(dir, ".git") || name == "lfs" && strings.HasSuffix(dir, ".git") {
			return true // compressed; the history mode reads it
		}
		return w.dir(p, ig)
	case e.Type()&fs.ModeSymlink != 0:
		return w.link(p)
	case e.Type().IsRegular():
		info, err := e.Info()
		if err != nil {
			w.o.Fault(p, "vanished", err)
			return true
		}
		return w.file(p, info)
	default:
		w.o.Fault(p, "special", ErrSpecial)
	}
	return true
}

func (w *walker) file(p string, info fs.FileInfo) bool {
	if w.o.MaxSize > 0 && info.Size() > w.o.MaxSize {
		w.o.Fault(p, "too_large", fmt.Errorf("%w: %d bytes", ErrTooLarge, info.Size()))
		return true
	}
	return w.send(File{Path: p, Size: info.Size()})
}

// link says where a symbolic link leads; what cannot be resolved is judged by its text.
func (w *walker) link(p string) bool {
	target, err := os.Readlink(p)
	if err != nil {
		w.o.Fault(p, "vanished", err)
		return true
	}
	abs, err := filepath.Abs(p)
	if err != nil {
		return true
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(dir, filepath.Base(abs))
	}
	to := target
	if !filepath.IsAbs(to) {
		to = filepath.Join(filepath.Dir(abs), to)
	}
	if real, err := filepath.EvalSymlinks(to); err == nil {
		to = real
	} else if errors.Is(err, unix.ELOOP) || strings.Contains(err.Error(), "too many links") {
		w.o.Fault(p, "link_loop", err)
		return true
	}
	to = filepath.Clean(to)
	outside := to != w.top && !strings.HasPrefix(to, strings.TrimSuffix(w.top, "/")+"/")
	return w.send(File{Path: p, Link: true, Target: target, Outside: outside})
}

// Open opens a regular file for reading, whatever has become of the name since it was found.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: ErrSpecial}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Workers runs n copies of work and waits for all.
func Workers(n int, work func()) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(work)
	}
	wg.Wait()
}
