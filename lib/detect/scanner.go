package detect

import (
	"bytes"
	"io"
	"slices"
	"strings"
)

// mostOfRule is how many findings of one rule a file may have: more say nothing new, and a hostile file
// could hold millions.
const mostOfRule = 200

// sniffed is how much of a file decides what it is, firstRead how much is read at first: most files end in it.
const (
	sniffed   = 8 << 10
	firstRead = 64 << 10
)

// Scanner scans one file after the other for one worker.
type Scanner struct {
	e    *Engine
	buf  []byte
	w    window
	path string
	kind kind
	deps bool // the file belongs to a dependency: what it says of itself does not count

	minified    bool
	done        []int // by detector: the place in w up to which it has reported
	genericDone int
	found       []*Finding
	spans       [][2]int // of found, in w
	counts      map[*Rule]int
	result      Result
	depth       int
	once        map[string]bool
}

// Result says how a file was read.
type Result struct {
	Bytes     int64
	Binary    bool   // only its name and its first bytes were looked at
	Dropped   int    // findings beyond mostOfRule
	Unchecked string // what could not be looked at, "" where nothing
}

// NewScanner makes a worker's scanner.
func (e *Engine) NewScanner() *Scanner {
	return &Scanner{e: e, done: make([]int, len(e.detectors)), counts: map[*Rule]int{}, once: map[string]bool{}}
}

// Scan reads r to its end and calls emit for each finding, in the order of the file. The path decides what
// kind of file it is; it need not exist. The error is that of r, or of emit.
func (s *Scanner) Scan(path string, r io.Reader, emit func(*Finding) error) (Result, error) {
	s.begin(path)
	if s.buf == nil {
		s.buf = make([]byte, windowSize)
	}
	n, err := fill(r, s.buf[:firstRead])
	if err != nil && err != io.EOF {
		return s.result, err
	}
	read := s.buf[:n]
	head := read[:min(n, sniffed)]
	s.kind = kindOf(path, head)
	s.nameRules(head)
	if order := utf16Order(head); order != nil {
		r = newUTF16(io.MultiReader(bytes.NewReader(bytes.Clone(read)), r), order)
		if n, err = fill(r, s.buf[:firstRead]); err != nil && err != io.EOF {
			return s.result, err
		}
	} else if bytes.IndexByte(head, 0) >= 0 {
		s.result.Bytes, s.result.Binary = int64(n), true
		return s.result, s.flush(emit)
	}
	kept := n
	for first := true; ; first = false {
		last := err == io.EOF
		if !last {
			n, err = fill(r, s.buf[kept:])
			if err != nil && err != io.EOF {
				return s.result, err
			}
			last = err == io.EOF
			kept += n
		}
		b := s.buf[:kept]
		if first {
			s.w.reset(b, last)
			s.minified = looksMinified(b)
			s.result.Bytes = int64(kept)
		} else {
			s.result.Bytes += int64(n)
			s.w.more(b, last)
		}
		clear(s.done)
		s.genericDone = 0
		s.window()
		if err := s.flush(emit); err != nil || last {
			return s.result, err
		}
		kept = len(s.w.advance())
	}
}

func (s *Scanner) begin(path string) {
	s.path, s.result, s.depth = path, Result{}, 0
	s.deps = inDependency(path)
	s.minified = false
	s.found, s.spans = s.found[:0], s.spans[:0]
	clear(s.counts)
	clear(s.once)
	clear(s.done)
	s.w = window{line: 1, seenLine: 1, last: true, whole: true}
}

// dependencyDirs hold what others wrote: there an ignore comment is the word of the one who is examined.
var dependencyDirs = []string{"node_modules/", "site-packages/", "dist-packages/", "bower_components/", "vendor/bundle/", ".cargo/registry/"}

func inDependency(path string) bool {
	for _, d := range dependencyDirs {
		if strings.Contains(path, d) {
			return true
		}
	}
	return false
}

// fill reads until b is full; the error is io.EOF where the stream ended, even if with the last bytes.
func fill(r io.Reader, b []byte) (int, error) {
	n := 0
	for n < len(b) {
		m, err := r.Read(b[n:])
		n += m
		if err != nil {
			return n, err
		}
		if m == 0 {
			if m, err = r.Read(b[n:]); m == 0 && err == nil {
				return n, io.ErrNoProgress
			} else if n += m; err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// window runs every detector over the current window.
func (s *Scanner) window() {
	b := s.w.b
	s.e.words.scan(b, func(target, start, end int) {
		d := s.e.detectors[target]
		if !s.w.owns(start) || start < s.done[target] || (d.kinds != 0 && s.kind&d.kinds == 0) || s.kind&d.not != 0 {
			return
		}
		d.try(s, d, start, end)
	})
	s.lines()
	s.unicode()
	s.escapes()
	s.encoded()
	s.customScans()
	if s.e.lists != nil {
		s.e.lists.scan(s)
	}
	if s.w.whole {
		s.wholeFile()
	} else if s.w.from == 0 && s.kind&(manifest|agent) != 0 {
		s.result.Unchecked = "too long to be read as a whole: its fields were not looked at, its text was"
	}
}

// finding makes a finding of what stands at [from, to) of the window.
func (s *Scanner) finding(r *Rule, from, to int) *Finding {
	f := &Finding{Rule: r, Path: s.path, Severity: r.Severity, Message: r.Title, Confidence: likely}
	f.Line, f.Column = s.w.place(from)
	f.EndLine, f.EndColumn = s.w.place(max(from, min(to, len(s.w.b))))
	f.content = string(s.w.around(from, min(to, from+256)))
	s.spans = append(s.spans, [2]int{from, to})
	return f
}

// report emits a finding whose preview is the text from from on.
func (s *Scanner) report(r *Rule, from, to int, message string) *Finding {
	if !s.e.wanted(r) {
		return &Finding{Rule: r}
	}
	f := s.finding(r, from, to)
	if message != "" {
		f.Message = message
	}
	f.Preview = snippet(s.w.around(from, min(max(to, from), s.w.lineEnd(from))))
	s.emit(f)
	return f
}

// reportFile emits a finding about the file as a whole.
func (s *Scanner) reportFile(id, message, content string) *Finding {
	r := ruleByID[id]
	f := &Finding{Rule: r, Path: s.path, Severity: r.Severity, Message: r.Title, Confidence: likely, content: content}
	if message != "" {
		f.Message = message
	}
	if !s.e.wanted(r) {
		return f
	}
	f.Preview = snippet([]byte(content))
	s.spans = append(s.spans, [2]int{-1, -1})
	s.emit(f)
	return f
}

// emit keeps a finding made by finding until the window is done.
func (s *Scanner) emit(f *Finding) {
	s.found = append(s.found, f)
	span := s.spans[len(s.spans)-1]
	s.spans = append(s.spans[:len(s.found)-1], span)
	if f.content == "" {
		f.content = f.Message
	}
}

// flush emits what the window gave, in the order of the file, without the generic findings that a
// specific one covers.
func (s *Scanner) flush(emit func(*Finding) error) error {
	order := make([]int, len(s.found))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return s.spans[i][0] - s.spans[j][0] })
	var err error
	for _, i := range order {
		f := s.found[i]
		if s.covered(i) {
			continue
		}
		if s.counts[f.Rule]++; s.counts[f.Rule] > mostOfRule {
			s.result.Dropped++
			continue
		}
		if !s.deps && s.spans[i][0] >= 0 {
			f.Suppressed = s.inline(f, s.spans[i][0])
		}
		if err = emit(f); err != nil {
			break
		}
	}
	s.found, s.spans = s.found[:0], s.spans[:0]
	return err
}

// rank orders the credential rules: a format of its own before what any name may hold.
func rank(r *Rule) int {
	switch r.ID {
	case "cred-generic-secret", "cred-env-secret":
		return 1
	case "cred-generic-password":
		return 2
	}
	return 0
}

func (s *Scanner) covered(i int) bool {
	f := s.found[i]
	if f.Secret == "" {
		return false
	}
	for j, g := range s.found {
		if j == i || g.Secret == "" || s.spans[j][0] >= s.spans[i][1] || s.spans[i][0] >= s.spans[j][1] {
			continue
		}
		if a, b := rank(g.Rule), rank(f.Rule); a < b || a == b && j < i {
			return true
		}
	}
	return false
}
