package alert

import (
	"fmt"
	"sort"
	"strings"

	"sandtrace/lib/event"
)

// Bounds of what a tally remembers of hostile input, and of what the closing line names.
const (
	maxRuns     = 1024
	maxPackages = 4096
	namedInLine = 5
)

// lastFilter is the tool that stands between the observers and st-alert: of the observers' records
// it passes on what it will, so that only its own are expected to be without gaps.
const lastFilter = "st-match"

// Tally counts what passed, for the closing line.
type Tally struct {
	Alerts     int // delivered
	Below      int // under the lowest severity asked for
	Suppressed int // findings that a rule or a comment in the file suppressed
	Errors     int // error records from upstream
	Bad        int // lines that are no records

	bySeverity map[event.Severity]int
	packages   map[string]int
	runs       map[string]*run
	order      []*run
}

// run is what is known of one run of a tool upstream.
type run struct {
	src      string
	next     uint64
	missing  uint64
	started  bool
	ended    bool
	lost     uint64 // by lost records
	unknown  bool   // a lost record could not say how many
	summary  uint64 // by the summary
	cmd      []string
	exitCode event.Opt[int64]
}

// seen takes note of a record's number: numbers of a run that are left out are missing.
func (t *Tally) seen(src, id []byte, seq uint64) {
	r := t.runs[string(id)]
	if r == nil {
		if len(id) == 0 || len(t.runs) >= maxRuns {
			return
		}
		if t.runs == nil {
			t.runs = map[string]*run{}
		}
		r = &run{src: clip(string(src), maxName)}
		t.runs[string(id)] = r
		t.order = append(t.order, r)
	}
	if seq >= r.next {
		r.missing += seq - r.next
		r.next = seq + 1
	}
}

func (t *Tally) start(s *event.Start) {
	if r := t.runs[s.Run]; r != nil {
		r.started, r.cmd = true, s.Cmd
	}
}

func (t *Tally) summary(s *event.Summary) {
	if r := t.runs[s.Run]; r != nil {
		r.ended, r.summary, r.exitCode = true, s.Lost, s.Exit
	}
}

func (t *Tally) lost(l *event.Lost) {
	r := t.runs[l.Run]
	switch {
	case r == nil:
	case l.Count.Set:
		r.lost += l.Count.Val
	default:
		r.unknown = true
	}
}

func (t *Tally) alert(a *Alert) {
	t.Alerts++
	if t.bySeverity == nil {
		t.bySeverity, t.packages = map[event.Severity]int{}, map[string]int{}
	}
	s := a.Severity
	if s.Rank() < 0 {
		s = ""
	}
	t.bySeverity[s]++
	if p := a.Pkg(); p != nil {
		name := *p
		name.Stage = ""
		if k := clip(name.String(), maxName); len(t.packages) < maxPackages || t.packages[k] > 0 {
			t.packages[k]++
		}
	}
}

// Closing is the closing line: "7 alerts: 2 critical, 5 high; ...".
func (t *Tally) Closing(lowest event.Severity) string {
	parts := []string{t.alertsText()}
	if t.Below > 0 {
		parts = append(parts, fmt.Sprintf("%d below %s not shown", t.Below, lowest))
	}
	if t.Suppressed > 0 {
		parts = append(parts, plural(t.Suppressed, "suppressed finding")+" not shown")
	}
	if len(t.packages) > 0 {
		parts = append(parts, plural(len(t.packages), "package")+": "+t.packagesText())
	}
	for _, r := range t.order {
		if len(r.cmd) > 0 && r.exitCode.Set {
			parts = append(parts, fmt.Sprintf("%s exited %d", commandText(r.cmd), r.exitCode.Val))
			break
		}
	}
	return strings.Join(parts, "; ")
}

// commandText is a command as a shell would take it, as far as it fits.
func commandText(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		if b.Len() > maxValue {
			break
		}
		if w != "" && strings.Trim(w, plainWord) == "" {
			b.WriteString(w)
			continue
		}
		b.WriteString("'" + strings.ReplaceAll(w, "'", `'\''`) + "'")
	}
	return clip(b.String(), maxName)
}

// plainWord holds the characters that need no quotes in a shell.
const plainWord = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=@%:,./"

func (t *Tally) alertsText() string {
	if t.Alerts == 0 {
		return "no alerts"
	}
	var by []string
	for i := len(event.Severities) - 1; i >= 0; i-- {
		if s := event.Severities[i]; t.bySeverity[s] > 0 {
			by = append(by, fmt.Sprintf("%d %s", t.bySeverity[s], s))
		}
	}
	if n := t.bySeverity[""]; n > 0 {
		by = append(by, fmt.Sprintf("%d of unknown severity", n))
	}
	return plural(t.Alerts, "alert") + ": " + strings.Join(by, ", ")
}

// packagesText names the packages with the most alerts first.
func (t *Tally) packagesText() string {
	names := make([]string, 0, len(t.packages))
	for n := range t.packages {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool {
		if a, b := t.packages[names[i]], t.packages[names[j]]; a != b {
			return a > b
		}
		return names[i] < names[j]
	})
	rest := max(0, len(names)-namedInLine)
	names = names[:len(names)-rest]
	for i, n := range names {
		names[i] = fmt.Sprintf("%s (%d)", n, t.packages[n])
	}
	if rest > 0 {
		names = append(names, fmt.Sprintf("and %d more", rest))
	}
	return strings.Join(names, ", ")
}

// Losses is what this input lacks, or "" where it is provably whole: "12 records lost by st-trace; ...".
// cut says that this side stopped reading before the end.
func (t *Tally) Losses(cut bool) string {
	var parts []string
	filtered := false
	for _, r := range t.order {
		filtered = filtered || r.src == lastFilter
	}
	for _, r := range t.order {
		n := max(r.lost, r.summary)
		switch {
		case n > 0 && r.unknown:
			parts = append(parts, fmt.Sprintf("%s or more lost by %s", plural(int(min(n, 1<<53)), "record"), r.src))
		case n > 0:
			parts = append(parts, fmt.Sprintf("%s lost by %s", plural(int(min(n, 1<<53)), "record"), r.src))
		case r.unknown:
			parts = append(parts, "an unknown number of records lost by "+r.src)
		}
		if filtered && r.src != lastFilter {
			continue
		}
		if r.missing > 0 {
			parts = append(parts, fmt.Sprintf("%s of %s missing (gap in seq)", plural(int(min(r.missing, 1<<53)), "record"), r.src))
		}
		if r.started && !r.ended && !cut {
			parts = append(parts, r.src+" ended without its summary")
		}
		if len(parts) > 2*namedInLine {
			parts = append(parts, "and more")
			break
		}
	}
	if t.Errors > 0 {
		parts = append(parts, plural(t.Errors, "error")+" upstream")
	}
	if t.Bad > 0 {
		parts = append(parts, plural(t.Bad, "bad line"))
	}
	return strings.Join(parts, "; ")
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
