package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"sandtrace/lib/cli"
	"sandtrace/lib/detect"
	"sandtrace/lib/walk"
)

// gitCommand is git told to run nothing that the repository names: it may not be trusted.
func gitCommand(args ...string) *exec.Cmd {
	safe := []string{"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false", "-c", "diff.external=", "-c", "core.pager=cat", "-c", "log.showSignature=false", "--no-pager"}
	c := exec.Command("git", append(safe, args...)...)
	c.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	return c
}

var diffArgs = []string{"diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--diff-filter=ACMT", "-U3", "--src-prefix=a/", "--dst-prefix=b/"}

// staged looks at what the next commit adds.
func (a *auditor) staged() error { return a.gitDiff("--cached") }

// diff looks at what a range of revisions adds.
func (a *auditor) diff(revs string) error {
	if strings.HasPrefix(revs, "-") {
		return cli.Faultf(cli.CodeUsage, "--diff: %q: expected REV..REV", revs)
	}
	return a.gitDiff("--end-of-options", revs)
}

func (a *auditor) gitDiff(what ...string) error {
	args := append(append([]string{}, diffArgs...), what...)
	return a.git(append(append(args, "--"), a.f.Args...), func(out io.Reader) error {
		return a.patch(bufio.NewReaderSize(out, 64<<10))
	})
}

// git runs git and reads its output.
func (a *auditor) git(args []string, read func(io.Reader) error) error {
	c := gitCommand(args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return cli.Faultf(cli.CodeUnavailable, "git: %w", err)
	}
	err = read(out)
	_, _ = io.Copy(io.Discard, out) // so that git can end
	if werr := c.Wait(); err == nil && werr != nil {
		why := strings.TrimSpace(stderr.String())
		if why == "" {
			why = werr.Error()
		}
		line, _, _ := strings.Cut(why, "\n")
		err = cli.Faultf(cli.CodeNoInput, "git: %s", line)
	}
	return err
}

// stdin scans standard input: a patch by its files, all else as one text.
func (a *auditor) stdin() error {
	in := bufio.NewReaderSize(a.std.In, 64<<10)
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return cli.Faultf(cli.CodeIO, "standard input: %w", err)
	}
	if bytes.HasPrefix(head, []byte("diff --git ")) || bytes.HasPrefix(head, []byte("--- ")) && bytes.Contains(head, []byte("\n+++ ")) || bytes.HasPrefix(head, []byte("From ")) || bytes.Contains(head, []byte("\ndiff --git ")) {
		return a.patch(in)
	}
	a.stream(a.o.engine.NewScanner(), "-", in)
	return nil
}

// mostHunk bounds a hunk of a patch in memory.
const mostHunk = 16 << 20

// patch scans what a unified diff adds: each hunk with its context, in which only findings on added lines count.
func (a *auditor) patch(in *bufio.Reader) error {
	s := a.o.engine.NewScanner()
	h := hunk{}
	name := ""
	left := 0 // lines of the new file that the hunk has still
	for {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return cli.Faultf(cli.CodeIO, "diff: %w", err)
		}
		text := bytes.TrimSuffix(line, []byte("\n"))
		switch {
		case left > 0 && len(text) > 0 && text[0] == '+':
			left--
			h.add(text[1:], true)
		case left > 0 && (len(text) == 0 && len(line) > 0 || len(text) > 0 && text[0] == ' '):
			left--
			h.add(bytes.TrimPrefix(text, []byte(" ")), false)
		case left > 0 && len(text) > 0 && (text[0] == '-' || text[0] == '\\'):
		default:
			h.scan(a, s, name)
			left = 0
			switch {
			case bytes.HasPrefix(text, []byte("+++ ")):
				name = newName(string(text[4:]))
			case bytes.HasPrefix(text, []byte("@@ ")):
				h.start, left = newRange(string(text))
			}
		}
		if h.text.Len() > mostHunk {
			h.scan(a, s, name)
		}
		if err != nil {
			h.scan(a, s, name)
			return nil
		}
	}
}

// hunk is a part of a new file, with the lines of it that are new.
type hunk struct {
	start int
	text  bytes.Buffer
	added []bool
}

func (h *hunk) add(line []byte, added bool) {
	h.text.Write(line)
	h.text.WriteByte('\n')
	h.added = append(h.added, added)
}

func (h *hunk) scan(a *auditor, s *detect.Scanner, name string) {
	if len(h.added) == 0 {
		return
	}
	if a.o.maxSize > 0 && int64(h.text.Len()) > a.o.maxSize {
		a.fault(name, "too_large", walk.ErrTooLarge)
		h.reset()
		return
	}
	r, err := s.Scan(name, stoppable{&h.text, a.stop}, func(f *detect.Finding) error {
		last := max(f.EndLine, f.Line)
		for i := max(f.Line, 1); i <= last && i <= len(h.added); i++ {
			if h.added[i-1] {
				f.Line, f.EndLine = f.Line+h.start-1, f.EndLine+h.start-1
				return a.emit(f)
			}
		}
		if f.Line == 0 {
			return a.emit(f)
		}
		return nil
	})
	a.files++
	a.bytes += r.Bytes
	if err != nil && a.failure() == nil {
		a.fault(name, reason(err), err)
	}
	h.reset()
}

func (h *hunk) reset() {
	h.start += len(h.added)
	h.text.Reset()
	h.added = h.added[:0]
}

// newName is the path on a line "+++ b/path".
func newName(s string) string {
	if q, err := strconv.Unquote(s); err == nil {
		s = q
	}
	s, _, _ = strings.Cut(s, "\t")
	return strings.TrimPrefix(s, "b/")
}

// newRange reads "@@ -a,b +c,d @@": the first line and the number of lines of the new file.
func newRange(s string) (start, count int) {
	_, rest, ok := strings.Cut(s, " +")
	if !ok {
		return 1, 0
	}
	rest, _, _ = strings.Cut(rest, " ")
	first, n, ok := strings.Cut(rest, ",")
	start, err := strconv.Atoi(first)
	if err != nil || start < 0 || start > 1<<40 {
		return 1, 0
	}
	count = 1
	if ok {
		if count, err = strconv.Atoi(n); err != nil || count < 0 {
			return 1, 0
		}
	}
	return start, count
}

// history scans every file version that a ref leads to, each once, under the path it first had.
func (a *auditor) history() error {
	type version struct{ id, path string }
	var versions []version
	seen := map[string]bool{}
	err := a.git([]string{"rev-list", "--objects", "--all", "--reverse", "--filter=object:type=blob", "--filter-provided-objects"}, func(out io.Reader) error {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			id, path, ok := strings.Cut(lines.Text(), " ")
			if ok && path != "" && !seen[id] {
				seen[id] = true
				versions = append(versions, version{id, path})
			}
		}
		return lines.Err()
	})
	if err != nil {
		return err
	}
	c := gitCommand("cat-file", "--batch", "--buffer")
	in, err := c.StdinPipe()
	if err != nil {
		return cli.Faultf(cli.CodeOS, "git: %w", err)
	}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return cli.Faultf(cli.CodeUnavailable, "git: %w", err)
	}
	go func() {
		w := bufio.NewWriter(in)
		for _, v := range versions {
			fmt.Fprintln(w, v.id)
		}
		_ = w.Flush()
		_ = in.Close()
	}()
	r := bufio.NewReaderSize(out, 256<<10)
	s := a.o.engine.NewScanner()
	for _, v := range versions {
		head, err := r.ReadString('\n')
		if err != nil {
			return cli.Faultf(cli.CodeIO, "git: %w", err)
		}
		fields := strings.Fields(head)
		if len(fields) != 3 {
			a.fault(v.path, "unreadable", fmt.Errorf("git: %s", strings.TrimSpace(head)))
			continue
		}
		n, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return cli.Faultf(cli.CodeIO, "git: %q", head)
		}
		body := io.LimitReader(r, n)
		switch {
		case fields[1] != "blob":
		case a.o.maxSize > 0 && n > a.o.maxSize:
			a.fault(v.path, "too_large", fmt.Errorf("%d bytes", n))
		default:
			a.stream(s, v.path, body)
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return cli.Faultf(cli.CodeIO, "git: %w", err)
		}
		if _, err := r.Discard(1); err != nil {
			return cli.Faultf(cli.CodeIO, "git: %w", err)
		}
		if a.failure() != nil || a.signal.Load() != 0 {
			_ = c.Process.Kill()
			break
		}
	}
	_, _ = io.Copy(io.Discard, r)
	if err := c.Wait(); err != nil && a.failure() == nil && a.signal.Load() == 0 {
		return cli.Faultf(cli.CodeIO, "git: %w", err)
	}
	return nil
}
