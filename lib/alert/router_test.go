package alert

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"sandtrace/lib/event"
)

// rec is a record line of a run, with more keys.
func rec(kind, src, run string, seq int, keys string) string {
	return fmt.Sprintf(`{"v":1,"type":"%s","ts":"2026-11-23T07:49:01.000000001Z","seq":%d,"src":"%s","run":"%s"%s}`+"\n", kind, seq, src, run, keys)
}

const (
	ended    = `,"lost":0,"duration_ns":1`
	someRule = `,"rule":"r","severity":"high"`
	someCall = `,"syscall":"openat"`
)

func TestLosses(t *testing.T) {
	whole := rec("start", "st-match", "M", 0, "") + rec("match", "st-match", "M", 1, someRule) + rec("summary", "st-match", "M", 2, ended)
	tests := []struct{ name, in, want string }{
		{"nothing came", "", ""},
		{"whole", whole, ""},
		{"whole among records of other types", rec("start", "st-trace", "T", 0, "") + rec("syscall", "st-trace", "T", 1, someCall) +
			rec("weather", "st-trace", "T", 2, "") + rec("summary", "st-trace", "T", 3, ended), ""},
		{"gap", rec("finding", "st-audit", "A", 0, someRule) + rec("finding", "st-audit", "A", 9, someRule), "8 records of st-audit missing (gap in seq)"},
		{"gap at the beginning", rec("finding", "st-audit", "A", 1, someRule), "1 record of st-audit missing (gap in seq)"},
		{"a skipped type closes a gap", rec("syscall", "st-trace", "T", 0, someCall) + rec("syscall", "st-trace", "T", 1, someCall), ""},
		{"two runs", rec("finding", "st-audit", "A", 0, someRule) + rec("finding", "st-audit", "B", 0, someRule), ""},
		{"what st-match leaves out is no gap", rec("summary", "st-trace", "T", 4711, ended) + whole, ""},
		{"what st-match itself leaves out is one", strings.Replace(whole, `"seq":1`, `"seq":3`, 1), "2 records of st-match missing (gap in seq)"},
		{"no summary", rec("start", "st-match", "M", 0, ""), "st-match ended without its summary"},
		{"lost", rec("lost", "st-watch", "W", 0, `,"why":"queue_overflow","count":5`) + rec("summary", "st-watch", "W", 1, `,"lost":5,"duration_ns":1`), "5 records lost by st-watch"},
		{"lost without a number", rec("lost", "st-watch", "W", 0, `,"why":"queue_overflow"`), "an unknown number of records lost by st-watch"},
		{"lost with and without a number", rec("lost", "st-watch", "W", 0, `,"why":"x"`) + rec("lost", "st-watch", "W", 1, `,"why":"x","count":1`), "1 record or more lost by st-watch"},
		{"what another lost counts though st-match stands between", rec("lost", "st-trace", "T", 40, `,"why":"x","count":2`) + whole, "2 records lost by st-trace"},
		{"errors", rec("error", "st-match", "M", 0, `,"code":"x","message":"y"`) + rec("error", "st-match", "M", 1, `,"code":"x","message":"y"`), "2 errors upstream"},
		{"bad lines", "x\n" + whole + "{\"v\":1", "2 bad lines"},
		{"another schema version", strings.Replace(whole, `"v":1,"type":"match"`, `"v":2,"type":"match"`, 1), "1 record of st-match missing (gap in seq); 1 bad line"},
	}
	for _, tt := range tests {
		_, _, tally := show(t, tt.in, event.SeverityInfo, false)
		if got := tally.Losses(false); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	_, _, tally := show(t, rec("start", "st-match", "M", 0, ""), event.SeverityInfo, false)
	if got := tally.Losses(true); got != "" {
		t.Errorf("an input that was left is said to have ended: %q", got)
	}
}

func TestClosing(t *testing.T) {
	match := func(severity, pkg string) string {
		return rec("match", "st-match", "M", 0, `,"rule":"r","severity":"`+severity+`","proc":{"pid":1,"pkg":{"name":"`+pkg+`","version":"1.0.0","stage":"install"}}`)
	}
	var many strings.Builder
	for i := range 8 {
		many.WriteString(match("low", fmt.Sprint("p", i)))
	}
	tests := []struct {
		name, in string
		lowest   event.Severity
		want     string
	}{
		{"nothing", "", event.SeverityInfo, "no alerts"},
		{"one", match("high", "a"), event.SeverityInfo, "1 alert: 1 high; 1 package: a@1.0.0 (1)"},
		{"several", match("high", "a") + match("critical", "b") + match("high", "b"), event.SeverityInfo, "3 alerts: 1 critical, 2 high; 2 packages: b@1.0.0 (2), a@1.0.0 (1)"},
		{"below", match("high", "a") + match("critical", "b") + match("info", "c"), event.SeverityCritical, "1 alert: 1 critical; 2 below critical not shown; 1 package: b@1.0.0 (1)"},
		{"all below", match("high", "a"), event.SeverityCritical, "no alerts; 1 below critical not shown"},
		{"a severity from the future", match("urgent", "a"), event.SeverityCritical, "1 alert: 1 of unknown severity; 1 package: a@1.0.0 (1)"},
		{"many packages", many.String(), event.SeverityInfo, "8 alerts: 8 low; 8 packages: p0@1.0.0 (1), p1@1.0.0 (1), p2@1.0.0 (1), p3@1.0.0 (1), p4@1.0.0 (1), and 3 more"},
		{"hostile package", match("low", `\u001b[2J\n`), event.SeverityInfo, `1 alert: 1 low; 1 package: \x1b[2J\n@1.0.0 (1)`},
		{"suppressed", rec("finding", "st-audit", "A", 0, someRule+`,"suppressed":true`), event.SeverityInfo, "no alerts; 1 suppressed finding not shown"},
		{
			"traced command", rec("start", "st-trace", "T", 0, `,"cmd":["npm","install"]`) + rec("summary", "st-trace", "T", 1, ended+`,"exit":3`),
			event.SeverityInfo, "no alerts; npm install exited 3",
		},
		{
			"traced script", rec("start", "st-trace", "T", 0, `,"cmd":["sh","-c","it's; \u001b",""]`) + rec("summary", "st-trace", "T", 1, ended+`,"exit":0`),
			event.SeverityInfo, `no alerts; sh -c 'it'\''s; \x1b' '' exited 0`,
		},
	}
	for _, tt := range tests {
		_, _, tally := show(t, tt.in, tt.lowest, false)
		if got := tally.Closing(tt.lowest); got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// TestBounds floods the router with what is only worth a line at first.
func TestBounds(t *testing.T) {
	var in strings.Builder
	for i := range 500 {
		in.WriteString("garbage\n")
		in.WriteString(rec("error", "st-match", fmt.Sprint("R", i), 0, `,"code":"x","message":"y"`))
	}
	in.WriteString(oneMatch(""))
	out, complaints, tally := show(t, in.String(), event.SeverityInfo, false)
	if n := strings.Count(complaints, "\n"); n != maxBadLines+1 {
		t.Errorf("%d complaints", n)
	}
	if n := strings.Count(out, "\n"); n != maxNotes+2 || !strings.Contains(out, " high ") {
		t.Errorf("%d lines: %s", n, out)
	}
	if tally.Bad != 500 || tally.Errors != 500 {
		t.Errorf("counted %d and %d", tally.Bad, tally.Errors)
	}
	var t2 Tally
	for i := range 3 * maxRuns {
		t2.seen([]byte("src"), fmt.Append(nil, i), 1)
	}
	if len(t2.runs) != maxRuns || len(t2.Losses(false)) > 2000 {
		t.Errorf("%d runs remembered; %d bytes of losses", len(t2.runs), len(t2.Losses(false)))
	}
}

// TestPrompt: an alert is out before the next record comes.
func TestPrompt(t *testing.T) {
	in, feed := io.Pipe()
	screen, out := io.Pipe()
	done := make(chan error)
	go func() {
		r := Router{Console: NewConsole(out, false, zone)}
		done <- r.Run(in, "<stdin>")
	}()
	for range 3 {
		go func() { _, _ = io.WriteString(feed, oneMatch("")) }()
		got := make([]byte, 100)
		read := make(chan int)
		go func() {
			n, _ := screen.Read(got)
			read <- n
		}()
		select {
		case n := <-read:
			if !strings.HasSuffix(string(got[:n]), "r\n") {
				t.Errorf("%q", got[:n])
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the alert waits for the next record")
		}
	}
	_ = feed.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRunErrors(t *testing.T) {
	boom := errors.New("boom")
	r := Router{Console: NewConsole(io.Discard, false, zone)}
	var in *InputError
	if err := r.Run(io.MultiReader(strings.NewReader(oneMatch("")), iotest.ErrReader(boom)), "x"); !errors.As(err, &in) || err.Error() != "x: boom" {
		t.Errorf("input: %v", err)
	}
	if r.Tally.Alerts != 1 {
		t.Errorf("%d alerts before the error", r.Tally.Alerts)
	}
	r = Router{Console: NewConsole(broken{boom}, false, zone)}
	if err := r.Run(strings.NewReader(oneMatch("")), "x"); !errors.Is(err, boom) || errors.As(err, &in) {
		t.Errorf("output: %v", err)
	}
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestCheckSink(t *testing.T) {
	for _, s := range Sinks {
		if err := CheckSink(s.Name); err != nil {
			t.Error(err)
		}
	}
	if err := CheckSink("pigeon"); err == nil || err.Error() != `"pigeon": no such sink; there are console and stdout` {
		t.Error(err)
	}
}
