package trace

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"sandtrace/lib/event"
)

// Text writes records for a person at a terminal: one line each, control characters escaped.
type Text struct {
	mu    sync.Mutex
	w     io.Writer
	color bool
	buf   []byte
}

// NewText writes to w, with colours where color is true.
func NewText(w io.Writer, color bool) *Text { return &Text{w: w, color: color} }

// The colours of a line, as SGR parameters.
const (
	dim    = "2"
	red    = "31"
	yellow = "33"
	cyan   = "36"
	bold   = "1"
)

// Write writes one record.
func (t *Text) Write(r event.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = t.buf[:0]
	switch r := r.(type) {
	case *event.Start:
		t.paint(dim, "tracing "+event.Display(strings.Join(r.Cmd, " ")))
	case *event.Syscall:
		t.syscall(r)
	case *event.Process:
		t.process(r)
	case *event.Jail:
		t.jail(r)
	case *event.Net:
		t.who(r.Proc)
		t.buf = fmt.Appendf(t.buf, "%-10s %s %s", r.Op, event.Display(r.Host), strings.Join(r.Answers, " "))
	case *event.Lost:
		t.paint(red, fmt.Sprintf("lost: %s (%d)", r.Why, r.Count.Val))
	case *event.Error:
		t.paint(red, "error: "+event.Display(r.Message))
	case *event.Summary:
		t.summary(r)
	default:
		return nil
	}
	t.buf = append(t.buf, '\n')
	_, err := t.w.Write(t.buf)
	return err
}

// who writes the process id and the package in columns of their own.
func (t *Text) who(p *event.Proc) {
	if p == nil {
		t.buf = fmt.Appendf(t.buf, "%7s %-24s ", "", "")
		return
	}
	t.paint(dim, fmt.Sprintf("%7d ", p.PID))
	label := p.Name
	if p.Pkg != nil {
		label = p.Pkg.String()
	}
	t.paint(cyan, fmt.Sprintf("%-24s ", clip(event.Display(label), 24)))
}

func (t *Text) syscall(r *event.Syscall) {
	t.who(r.Proc)
	t.buf = fmt.Appendf(t.buf, "%-10s ", r.Name)
	var parts []string
	switch {
	case r.Addr != "" && r.Port.Set:
		parts = append(parts, endpoint(r))
	case r.Path != "":
		parts = append(parts, event.Display(r.Path))
	case r.Addr != "":
		parts = append(parts, r.Family+" "+event.Display(r.Addr))
	}
	if r.To != "" {
		parts = append(parts, "-> "+event.Display(r.To))
	}
	if r.Path == "" && r.Addr == "" {
		parts = append(parts, arguments(r.Args)...)
	} else if r.Access != "" {
		parts = append(parts, "("+string(r.Access)+")")
	}
	t.buf = append(t.buf, strings.Join(parts, " ")...)
	switch {
	case r.Errno != "":
		t.buf = append(t.buf, ' ')
		t.paint(yellow, r.Errno)
	case !r.Success.Set:
		t.buf = append(t.buf, " ?"...)
	case r.Ret.Val != 0:
		t.paint(dim, fmt.Sprintf(" = %d", r.Ret.Val))
	}
	if r.Tamper {
		t.paint(red, " TAMPER")
	}
}

func (t *Text) process(r *event.Process) {
	t.who(r.Proc)
	t.paint(bold, fmt.Sprintf("%-10s ", r.Op))
	switch r.Op {
	case event.OpExec:
		t.buf = append(t.buf, event.Display(strings.Join(r.Proc.Argv, " "))...)
	case event.OpExit:
		if r.Exit.Set {
			t.buf = fmt.Appendf(t.buf, "status %d", r.Exit.Val)
		}
		fallthrough
	case event.OpSignal:
		t.buf = append(t.buf, r.Signal...)
	case event.OpSpawn:
		t.buf = fmt.Appendf(t.buf, "by %d", r.Proc.PPID)
	}
}

func (t *Text) jail(r *event.Jail) {
	t.who(r.Proc)
	t.paint(bold, fmt.Sprintf("%-10s ", "jail "+r.Op))
	for _, s := range []string{r.Layer, r.Syscall, event.Display(r.Path), event.Display(r.Got), event.Display(r.Message)} {
		if s != "" {
			t.buf = append(append(t.buf, s...), ' ')
		}
	}
	t.paint(yellow, r.Errno)
}

func (t *Text) summary(r *event.Summary) {
	var parts []string
	for _, c := range r.Counts {
		parts = append(parts, fmt.Sprintf("%d %s", c.N, heading(c.Key)))
	}
	t.paint(dim, strings.Join(parts, ", "))
	if r.Lost > 0 {
		t.paint(red, fmt.Sprintf(", %d lost", r.Lost))
	}
}

// heading is a key of a summary as words.
func heading(key string) string {
	return strings.ReplaceAll(strings.TrimPrefix(key, "by_"), "_", " ")
}

func endpoint(r *event.Syscall) string {
	addr := r.Addr
	if r.Family == "inet6" {
		addr = "[" + addr + "]"
	}
	if r.Host != "" {
		addr = event.Display(r.Host) + " " + addr
	}
	return fmt.Sprintf("%s:%d", addr, r.Port.Val)
}

// arguments shows the decoded arguments of a call that has neither path nor address.
func arguments(args event.Args) []string {
	var out []string
	for _, a := range args {
		switch a.Kind {
		case event.ArgInt, event.ArgBool:
			out = append(out, fmt.Sprintf("%s=%d", a.Key, a.Int))
		case event.ArgHex:
			out = append(out, fmt.Sprintf("%s=%#x", a.Key, uint64(a.Int)))
		case event.ArgText:
			out = append(out, a.Key+"="+event.Display(a.Str))
		case event.ArgList:
			out = append(out, a.Key+"="+event.Display(strings.Join(a.List, "|")))
		}
	}
	return out
}

func (t *Text) paint(sgr, s string) {
	if !t.color {
		t.buf = append(t.buf, s...)
		return
	}
	t.buf = fmt.Appendf(t.buf, "\x1b[%sm%s\x1b[0m", sgr, s)
}

// clip cuts s to n characters, visibly.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
