// Package alert takes match and finding records to where people look: a router in front, and one
// file for each sink.
package alert

import (
	"strings"

	"sandtrace/lib/event"
)

// Alert is what every sink needs of a record, whichever type it came as. Its texts are as the
// record gave them: a sink escapes them for its own target.
type Alert struct {
	Record   event.Record // the *event.Match or *event.Finding
	Time     event.Time
	Severity event.Severity // may be a word that is no severity
	Rule     string
	Message  string
	Path     string
	To       string
	Line     int // of Path, 1-based; 0 where none
	Column   int
	Addr     string
	Port     event.Opt[uint16]
	Host     string
	Outcome  string // how the access ended where it did not simply succeed: "denied: EPERM"
	Count    int    // records that made the rule fire; 0 where the record says nothing
	Preview  string
	Remedy   string
	Proc     *event.Proc
}

// Of is the alert in a match or a finding; ok is false for a record of another type.
func Of(r event.Record) (a Alert, ok bool) {
	switch r := r.(type) {
	case *event.Match:
		return Alert{
			Record: r, Time: r.Time, Severity: r.Severity, Rule: r.Rule, Message: first(r.Message, r.Name),
			Path: r.Path, To: r.To, Addr: r.Addr, Port: r.Port, Host: r.Host,
			Outcome: outcome(r), Count: r.Count, Proc: r.Proc,
		}, true
	case *event.Finding:
		return Alert{
			Record: r, Time: r.Time, Severity: r.Severity, Rule: r.Rule, Message: r.Message,
			Path: r.Path, Line: r.Line, Column: r.Column, Preview: r.Preview, Remedy: r.Remediation,
		}, true
	}
	return Alert{}, false
}

// Pkg is the package that the process ran for, or nil.
func (a *Alert) Pkg() *event.Pkg {
	if a.Proc == nil || a.Proc.Pkg == nil || a.Proc.Pkg.String() == "" {
		return nil
	}
	return a.Proc.Pkg
}

// outcome is empty for a success, and where the record does not say.
func outcome(m *event.Match) string {
	var parts []string
	switch {
	case m.Action == event.ActionDeny:
		parts = append(parts, "denied")
	case m.Action == event.ActionKill:
		parts = append(parts, "killed")
	case m.Success.Set && !m.Success.Val:
		parts = append(parts, "failed")
	}
	if m.Errno != "" {
		parts = append(parts, m.Errno)
	}
	return strings.Join(parts, ": ")
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
