package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/cli"
	"sandtrace/lib/detect"
	"sandtrace/lib/event"
	"sandtrace/lib/walk"
)

// auditor is one run: its counts, and where findings go.
type auditor struct {
	f   *flags
	o   *options
	std cli.Std

	mu      sync.Mutex
	out     output
	sorted  []*detect.Finding
	err     error
	stop    chan struct{}
	halt    sync.Once
	signal  atomic.Int32
	highest event.Severity

	files, bytes, binary, errs, findings, suppressed, ignored int64
	bySeverity                                                map[event.Severity]int64
}

// audit scans what the arguments name and returns the exit code.
func audit(f *flags, o *options, std cli.Std) (int, error) {
	began := time.Now()
	a := &auditor{f: f, o: o, std: std, stop: make(chan struct{}), bySeverity: map[event.Severity]int64{}}
	var err error
	if a.out, err = newOutput(f, o, std, began); err != nil {
		return 0, err
	}
	if err := a.out.write(a.start()); err != nil {
		return 0, cli.Faultf(cli.CodeIO, "%w", err)
	}
	defer a.signals()()
	if err := a.scan(); err != nil && a.signal.Load() == 0 {
		return 0, err
	}
	for _, f := range a.inOrder() {
		a.keep(a.out.write(record(f, a.f.ShowSecrets)))
	}
	code := a.exit()
	sum := a.summary()
	sum.Duration, sum.Exit = int64(time.Since(began)), event.Some(int64(code))
	a.keep(a.out.write(sum))
	a.keep(a.out.close())
	if a.err != nil {
		return 0, cli.Faultf(cli.CodeIO, "%w", a.err)
	}
	return code, nil
}

// keep keeps the first error and ends the work.
func (a *auditor) keep(err error) {
	if err != nil && a.err == nil {
		a.err = err
		a.halt.Do(func() { close(a.stop) })
	}
}

// signals ends the work on SIGINT and SIGTERM; what was found until then is written. The answer stops watching.
func (a *auditor) signals() func() {
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, unix.SIGINT, unix.SIGTERM)
	go func() {
		for s := range ch {
			signal.Stop(ch) // the next one kills
			a.signal.Store(int32(s.(unix.Signal)))
			a.halt.Do(func() { close(a.stop) })
		}
	}()
	return func() {
		signal.Stop(ch)
		close(ch)
	}
}

// errStopped ends the reading of a file when the work is to end.
var errStopped = errors.New("interrupted")

// stoppable is a file that ends when the work is to end.
type stoppable struct {
	in   io.Reader
	stop <-chan struct{}
}

func (s stoppable) Read(b []byte) (int, error) {
	select {
	case <-s.stop:
		return 0, errStopped
	default:
		return s.in.Read(b)
	}
}

func (a *auditor) scan() error {
	switch {
	case a.f.Staged:
		return a.staged()
	case a.f.Diff != "":
		return a.diff(a.f.Diff)
	case a.f.History:
		return a.history()
	}
	roots := a.f.Args
	if len(roots) == 0 {
		roots = []string{"."}
	}
	if slices.Contains(roots, "-") {
		if len(roots) > 1 {
			return cli.Faultf(cli.CodeUsage, "-: expected no other path beside standard input")
		}
		return a.stdin()
	}
	return a.trees(roots)
}

// trees walks the roots and scans what is found with several workers.
func (a *auditor) trees(roots []string) error {
	for _, r := range roots {
		if _, err := os.Lstat(r); err != nil {
			return inputFault(err)
		}
	}
	files := make(chan walk.File, 256)
	failed := make(chan error, 1)
	w := walk.Options{Hidden: a.f.Hidden, NoIgnore: a.f.NoIgnore || a.o.verb == "sweep", MaxSize: a.o.maxSize, Fault: a.fault, Ignored: a.countIgnored}
	go func() { failed <- walk.Walk(roots, w, files, a.stop) }()
	walk.Workers(a.o.jobs, func() {
		s := a.o.engine.NewScanner()
		for f := range files {
			a.file(s, f)
		}
	})
	if err := <-failed; err != nil {
		return inputFault(err)
	}
	return nil
}

func (a *auditor) file(s *detect.Scanner, f walk.File) {
	if f.Link {
		if found := a.o.engine.Link(f.Path, f.Target, f.Outside); found != nil {
			_ = a.emit(found)
		}
		return
	}
	in, err := walk.Open(f.Path)
	if err != nil {
		a.fault(f.Path, reason(err), err)
		return
	}
	defer in.Close()
	if form := archiveForm(f.Path); form != "" && (a.f.Archives || a.named(f.Path)) {
		a.archive(s, f.Path, form, in, f.Size)
		return
	}
	a.stream(s, f.Path, in)
}

// named tells whether the user named the file.
func (a *auditor) named(file string) bool {
	return slices.ContainsFunc(a.f.Args, func(arg string) bool { return path.Clean(arg) == file })
}

// stream scans one stream and counts it.
func (a *auditor) stream(s *detect.Scanner, name string, in io.Reader) {
	r, err := s.Scan(name, stoppable{in, a.stop}, a.emit)
	a.mu.Lock()
	a.files++
	a.bytes += r.Bytes
	if r.Binary {
		a.binary++
	}
	a.mu.Unlock()
	if err != nil && a.failure() == nil {
		a.fault(name, reason(err), err)
	}
	if r.Dropped > 0 {
		a.fault(name, "too_many", fmt.Errorf("%d more findings of the same rules were left out", r.Dropped))
	}
	if r.Unchecked != "" {
		a.fault(name, "not_checked", errors.New(r.Unchecked))
	}
}

// failure is the error that ended the output, if one did.
func (a *auditor) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

func reason(err error) string {
	switch {
	case errors.Is(err, errStopped):
		return "interrupted"
	case errors.Is(err, errBudget):
		return "too_large"
	case errors.Is(err, fs.ErrNotExist):
		return "vanished"
	case errors.Is(err, walk.ErrSpecial):
		return "special"
	}
	return "unreadable"
}

// fault writes an error record about something that was not looked at.
func (a *auditor) fault(name, code string, err error) {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errs++
	a.keep(a.out.write(&event.Error{Code: code, File: name, Message: err.Error()}))
}

func (a *auditor) countIgnored(string) {
	a.mu.Lock()
	a.ignored++
	a.mu.Unlock()
}

// emit takes a finding from a worker.
func (a *auditor) emit(f *detect.Finding) error {
	if f.Severity.Rank() < a.o.lowest.Rank() {
		return nil
	}
	if f.Suppressed == "" {
		f.Suppressed = a.o.suppression(f)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return a.err
	}
	if f.Suppressed != "" {
		a.suppressed++
		if !a.f.ShowSuppressed {
			return nil
		}
	} else {
		a.findings++
		a.bySeverity[f.Severity]++
		if f.Severity.Rank() > a.highest.Rank() {
			a.highest = f.Severity
		}
	}
	if a.f.Sort || a.out.collects() {
		a.sorted = append(a.sorted, f)
		return nil
	}
	a.keep(a.out.write(record(f, a.f.ShowSecrets)))
	return a.err
}

func (a *auditor) inOrder() []*detect.Finding {
	slices.SortStableFunc(a.sorted, func(x, y *detect.Finding) int {
		return cmp.Or(strings.Compare(x.Path, y.Path), x.Line-y.Line, x.Column-y.Column, strings.Compare(x.Rule.ID, y.Rule.ID), strings.Compare(x.Message, y.Message))
	})
	return a.sorted
}

func (a *auditor) exit() int {
	switch {
	case a.signal.Load() != 0:
		return cli.CodeSignal + int(a.signal.Load())
	case a.f.ExitZero || a.o.verb == "baseline" || a.highest == "" || a.highest.Rank() < a.o.failOn.Rank():
		return cli.CodeOK
	case a.highest == event.SeverityCritical:
		return cli.CodeCritical
	}
	return cli.CodeHigh
}

// suppression is why configuration or baseline say that a finding does not count.
func (o *options) suppression(f *detect.Finding) string {
	if len(o.baseline) > 0 {
		if _, ok := o.baseline[f.Fingerprint()]; ok {
			return "baseline"
		}
	}
	for _, w := range o.allow {
		ok := w.Rule == "" || globbed(w.Rule, f.Rule.ID)
		if ok && (w.Path == "" || globbed(w.Path, f.Path) || strings.HasPrefix(f.Path, strings.TrimSuffix(w.Path, "/")+"/")) {
			return w.Reason
		}
	}
	if f.Rule.Vendor != "" && o.gitleaks[f.Path+":"+f.Rule.Vendor+":"+strconv.Itoa(f.Line)] {
		return ".gitleaksignore"
	}
	return ""
}

func globbed(glob, s string) bool {
	ok, _ := path.Match(glob, s)
	return ok
}

func (a *auditor) start() *event.Start {
	s := &event.Start{ToolVersion: cli.ToolVersion()}
	s.Options = event.Args{{Key: "rules", Kind: event.ArgInt, Int: int64(a.wantedRules())}}
	if a.o.config != "" {
		s.Options = append(s.Options, event.Arg{Key: "config", Kind: event.ArgText, Str: a.o.config})
	}
	return s
}

func (a *auditor) wantedRules() int {
	n := 0
	for _, r := range a.o.engine.Rules() {
		if a.o.engine.Wants(r) {
			n++
		}
	}
	return n
}

func (a *auditor) summary() *event.Summary {
	s := &event.Summary{Counts: []event.Count{
		{Key: "files", N: a.files},
		{Key: "bytes", N: a.bytes},
		{Key: "binary", N: a.binary},
		{Key: "ignored", N: a.ignored},
		{Key: "errors", N: a.errs},
		{Key: "findings", N: a.findings},
		{Key: "suppressed", N: a.suppressed},
	}}
	for _, v := range event.Severities {
		s.Counts = append(s.Counts, event.Count{Key: string(v), N: a.bySeverity[v]})
	}
	return s
}

func inputFault(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return cli.Faultf(cli.CodeNoInput, "%w", err)
	case errors.Is(err, fs.ErrPermission):
		return cli.Faultf(cli.CodePermission, "%w", err)
	}
	return cli.Faultf(cli.CodeIO, "%w", err)
}

// record is a finding for the wire.
func record(f *detect.Finding, secrets bool) *event.Finding {
	r := &event.Finding{
		Rule: f.Rule.ID, Path: f.Path, Line: f.Line, Column: f.Column, EndLine: f.EndLine, EndColumn: f.EndColumn, Severity: f.Severity,
		Message: f.Message, Preview: f.Preview, Fingerprint: f.Fingerprint(), Tags: f.Rule.Tags, Confidence: f.Confidence,
		Remediation: f.Rule.Fix, Suppressed: f.Suppressed != "",
	}
	if secrets && f.Secret != "" {
		r.Preview = f.Secret
	}
	return r
}
