package event

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// One function a record type: its keys in the order of the contract.

func (r *Start) appendBody(b []byte) []byte {
	b = appendPlain(b, `,"version":`, r.ToolVersion)
	b = appendText(b, `,"host":`, r.Host)
	b = appendPlain(b, `,"boot":`, r.Boot)
	b = appendPlain(b, `,"kernel":`, r.Kernel)
	b = appendPlain(b, `,"backend":`, r.Backend)
	b = appendTexts(b, `,"cmd":`, r.Cmd)
	return appendArgs(b, `,"options":`, r.Options)
}

func (r *Syscall) appendBody(b []byte) []byte {
	b = appendString(append(b, `,"syscall":`...), r.Name)
	b = appendText(b, `,"path":`, r.Path)
	b = appendText(b, `,"to":`, r.To)
	if r.Unresolved {
		b = append(b, `,"resolved":false`...)
	}
	b = appendPlain(b, `,"access":`, string(r.Access))
	b = appendText(b, `,"addr":`, r.Addr)
	b = appendPort(b, r.Port)
	b = appendPlain(b, `,"family":`, r.Family)
	b = appendPlain(b, `,"proto":`, r.Proto)
	b = appendText(b, `,"host":`, r.Host)
	b = appendPlain(b, `,"category":`, string(r.Category))
	b = appendArgs(b, `,"args":`, r.Args)
	b = appendOptInt(b, `,"ret":`, r.Ret)
	b = appendPlain(b, `,"errno":`, r.Errno)
	b = appendOptBool(b, `,"success":`, r.Success)
	b = appendInt(b, `,"duration_ns":`, r.Duration)
	b = appendPlain(b, `,"action":`, string(r.Action))
	b = appendTrue(b, `,"tamper":`, r.Tamper)
	b = appendTrue(b, `,"truncated":`, r.Truncated)
	return appendProc(b, r.Proc)
}

func (r *Process) appendBody(b []byte) []byte {
	b = appendString(append(b, `,"op":`...), r.Op)
	b = appendText(b, `,"path":`, r.Path)
	b = appendPlain(b, `,"signal":`, r.Signal)
	b = appendOptInt(b, `,"exit":`, r.Exit)
	b = appendArgs(b, `,"env":`, r.Env)
	b = appendInt(b, `,"duration_ns":`, r.Duration)
	b = appendTrue(b, `,"tamper":`, r.Tamper)
	b = appendTrue(b, `,"truncated":`, r.Truncated)
	return appendProc(b, r.Proc)
}

func (r *File) appendBody(b []byte) []byte {
	b = appendString(append(b, `,"op":`...), r.Op)
	b = appendText(b, `,"path":`, r.Path)
	b = appendText(b, `,"to":`, r.To)
	b = appendPlain(b, `,"access":`, string(r.Access))
	b = appendPlain(b, `,"dev":`, r.Dev)
	b = appendPlain(b, `,"inode":`, r.Inode)
	b = appendPlain(b, `,"attribution":`, r.Attribution)
	b = appendPlain(b, `,"action":`, string(r.Action))
	b = appendTrue(b, `,"tamper":`, r.Tamper)
	return appendProc(b, r.Proc)
}

func (r *Net) appendBody(b []byte) []byte {
	b = appendString(append(b, `,"op":`...), r.Op)
	b = appendText(b, `,"host":`, r.Host)
	b = appendTexts(b, `,"answers":`, r.Answers)
	b = appendText(b, `,"addr":`, r.Addr)
	b = appendPort(b, r.Port)
	b = appendPlain(b, `,"family":`, r.Family)
	b = appendPlain(b, `,"proto":`, r.Proto)
	b = appendPlain(b, `,"action":`, string(r.Action))
	b = appendInt(b, `,"bytes_sent":`, r.Sent)
	b = appendInt(b, `,"bytes_received":`, r.Received)
	b = appendInt(b, `,"duration_ns":`, r.Duration)
	return appendProc(b, r.Proc)
}

func (r *Jail) appendBody(b []byte) []byte {
	b = appendString(append(b, `,"op":`...), r.Op)
	b = appendPlain(b, `,"layer":`, r.Layer)
	b = appendPlain(b, `,"syscall":`, r.Syscall)
	b = appendText(b, `,"path":`, r.Path)
	b = appendPlain(b, `,"access":`, string(r.Access))
	b = appendText(b, `,"wanted":`, r.Wanted)
	b = appendText(b, `,"got":`, r.Got)
	b = appendOptBool(b, `,"applied":`, r.Applied)
	b = appendText(b, `,"message":`, r.Message)
	b = appendPlain(b, `,"errno":`, r.Errno)
	b = appendPlain(b, `,"action":`, string(r.Action))
	b = appendOptInt(b, `,"exit":`, r.Exit)
	return appendProc(b, r.Proc)
}

func (r *Finding) appendBody(b []byte) []byte {
	b = appendString(append(b, `,"rule":`...), r.Rule)
	b = appendText(b, `,"path":`, r.Path)
	b = appendInt(b, `,"line":`, int64(r.Line))
	b = appendInt(b, `,"column":`, int64(r.Column))
	b = appendInt(b, `,"end_line":`, int64(r.EndLine))
	b = appendInt(b, `,"end_column":`, int64(r.EndColumn))
	b = appendPlain(b, `,"severity":`, string(r.Severity))
	b = appendText(b, `,"message":`, r.Message)
	b = appendText(b, `,"preview":`, r.Preview)
	b = appendPlain(b, `,"fingerprint":`, r.Fingerprint)
	b = appendTexts(b, `,"tags":`, r.Tags)
	b = appendPlain(b, `,"confidence":`, r.Confidence)
	b = appendText(b, `,"remediation":`, r.Remediation)
	return appendTrue(b, `,"suppressed":`, r.Suppressed)
}

func (r *Match) appendBody(b []byte) []byte {
	b = appendString(append(b, `,"rule":`...), r.Rule)
	b = appendText(b, `,"path":`, r.Path)
	b = appendText(b, `,"to":`, r.To)
	b = appendPlain(b, `,"id":`, r.ID)
	b = appendText(b, `,"name":`, r.Name)
	b = appendPlain(b, `,"severity":`, string(r.Severity))
	b = appendText(b, `,"message":`, r.Message)
	b = appendTexts(b, `,"tags":`, r.Tags)
	b = appendTexts(b, `,"channels":`, r.Channels)
	b = appendInt(b, `,"count":`, int64(r.Count))
	b = appendPlain(b, `,"access":`, string(r.Access))
	b = appendText(b, `,"addr":`, r.Addr)
	b = appendPort(b, r.Port)
	b = appendText(b, `,"host":`, r.Host)
	b = appendOptBool(b, `,"success":`, r.Success)
	b = appendPlain(b, `,"errno":`, r.Errno)
	b = appendPlain(b, `,"action":`, string(r.Action))
	events := whole(r.Events)
	b = appendTrue(b, `,"truncated":`, r.Truncated || len(events) < len(r.Events))
	b = appendProc(b, r.Proc)
	if len(events) == 0 {
		return b
	}
	b = append(b, `,"events":[`...)
	for _, e := range events {
		b = append(append(b, e...), ',')
	}
	return append(trimComma(b), ']')
}

// whole leaves out what would break the line or its JSON: events come from another's output, and
// a newline or a bracket in one must not forge a record or a key of this one.
func whole(events []json.RawMessage) []json.RawMessage {
	fit := func(e json.RawMessage) bool {
		return json.Valid(e) && utf8.Valid(e) && bytes.IndexByte(e, '\n') < 0 && e[skipSpace(e, 0)] == '{'
	}
	if !slices.ContainsFunc(events, func(e json.RawMessage) bool { return !fit(e) }) {
		return events
	}
	var out []json.RawMessage
	for _, e := range events {
		if fit(e) {
			out = append(out, e)
		}
	}
	return out
}

func (r *Receipt) appendBody(b []byte) []byte {
	b = appendString(append(b, `,"match":`...), r.Match)
	b = appendText(b, `,"sink":`, r.Sink)
	b = appendPlain(b, `,"status":`, r.Status)
	b = appendInt(b, `,"attempts":`, int64(r.Attempts))
	b = appendInt(b, `,"code":`, int64(r.Code))
	return appendText(b, `,"message":`, r.Message)
}

func (r *Lost) appendBody(b []byte) []byte {
	b = appendString(append(b, `,"why":`...), r.Why)
	if r.Count.Set {
		b = strconv.AppendUint(append(b, `,"count":`...), r.Count.Val, 10)
	}
	return b
}

func (r *Error) appendBody(b []byte) []byte {
	b = appendString(append(b, `,"code":`...), r.Code)
	b = appendText(b, `,"file":`, r.File)
	b = appendInt(b, `,"line":`, int64(r.Line))
	b = appendInt(b, `,"column":`, int64(r.Column))
	b = appendText(b, `,"message":`, r.Message)
	return appendProc(b, r.Proc)
}

func (r *Summary) appendBody(b []byte) []byte {
	for _, c := range r.Counts {
		b = append(appendString(append(b, ','), c.Key), ':')
		b = strconv.AppendInt(b, c.N, 10)
	}
	for _, t := range r.Tables {
		if len(t.Rows) == 0 {
			continue
		}
		b = append(appendString(append(b, ','), t.Key), ':', '{')
		for _, c := range t.Rows {
			b = append(appendString(b, c.Key), ':')
			b = append(strconv.AppendInt(b, c.N, 10), ',')
		}
		b = append(trimComma(b), '}')
	}
	for _, l := range r.Lists {
		if len(l.Items) > 0 {
			b = appendList(append(appendString(append(b, ','), l.Key), ':'), l.Key, l.Items)
		}
	}
	b = strconv.AppendUint(append(b, `,"lost":`...), r.Lost, 10)
	b = strconv.AppendInt(append(b, `,"duration_ns":`...), r.Duration, 10)
	return appendOptInt(b, `,"exit":`, r.Exit)
}

// Freeze encodes the block once, for the many records that carry it. Call it again after a change.
func (p *Proc) Freeze() { p.frozen = p.append(p.frozen[:0]) }

// Thaw drops what Freeze encoded.
func (p *Proc) Thaw() { p.frozen = nil }

func (p *Proc) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"pid":`...), int64(p.PID), 10)
	if p.TID != p.PID {
		b = appendInt(b, `,"tid":`, int64(p.TID))
	}
	b = appendInt(b, `,"ppid":`, int64(p.PPID))
	if p.Start != 0 {
		b = strconv.AppendUint(append(b, `,"start":`...), p.Start, 10)
	}
	b = appendText(b, `,"name":`, p.Name)
	b = appendText(b, `,"exe":`, p.Exe)
	b = appendText(b, `,"script":`, p.Script)
	if p.UID.Set {
		b = strconv.AppendUint(append(b, `,"uid":`...), uint64(p.UID.Val), 10)
	}
	b = appendTexts(b, `,"injects":`, p.Injects)
	b = appendTexts(b, `,"argv":`, p.Argv)
	b = appendText(b, `,"cwd":`, p.CWD)
	b = appendTexts(b, `,"lineage":`, p.Lineage)
	if p.Pkg != nil && *p.Pkg != (Pkg{}) {
		b = p.Pkg.append(append(b, `,"pkg":`...))
	}
	return append(b, '}')
}

func (p *Pkg) append(b []byte) []byte {
	n := len(b)
	b = appendText(b, `,"manager":`, p.Manager)
	b = appendText(b, `,"name":`, p.Name)
	b = appendText(b, `,"version":`, p.Version)
	b = appendText(b, `,"stage":`, p.Stage)
	b[n] = '{' // the first comma
	return append(b, '}')
}
