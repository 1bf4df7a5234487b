package detect

import (
	"bytes"
	"fmt"
)

// suspicious are words that make text behind a run of blanks an alarm in any kind of file.
var suspicious = newAutomaton(map[string][]int{
	"eval": {0}, "exec": {0}, "require(": {0}, "import(": {0}, "fetch(": {0}, "http://": {0}, "https://": {0}, "child_process": {0}, "function(": {0}, "atob(": {0}, "fromcharcode": {0},
	"curl ": {0}, "wget ": {0}, "base64": {0}, "system(": {0}, "powershell": {0}, "/bin/": {0}, "bash": {0}, "spawn(": {0}, "process.": {0}, "document.": {0}, "window.": {0}, "global.": {0},
	"globalthis": {0}, "<script": {0}, "<?php": {0}, "os.": {0}, "subprocess": {0}, "__import__": {0}, "token": {0}, "ssh": {0}, "ignore previous": {0}, "do not tell": {0}, "sudo ": {0}, "rm -": {0}, "unescape(": {0},
})

// lines looks at every line's end, and at long lines for runs of blanks with something behind them.
func (s *Scanner) lines() {
	b := s.w.b
	trailing, hidden := ruleByID["obfuscation-trailing-whitespace"], ruleByID["obfuscation-hidden-content"]
	limit, column, least := s.e.limits.TrailingBlanks, s.e.limits.HiddenColumn, s.e.limits.BlankRun
	for i := s.w.from; i < s.w.to; {
		end := len(b)
		if n := bytes.IndexByte(b[i:], '\n'); n >= 0 {
			end = i + n
		}
		if end-i > limit {
			stop := end
			if stop > i && b[stop-1] == '\r' {
				stop--
			}
			if isBlank(b[stop-1]) && (end < len(b) || s.w.last) {
				s.lineEnding(trailing, i, stop, limit)
			}
			if end-i > least && (end-i > column || s.w.column > 0) {
				s.runs(hidden, i, min(end, s.w.to), column)
			}
		}
		i = end + 1
	}
}

// lineEnding reports blanks at the end of a line that is not empty otherwise. Blanks and tabs in disorder
// are how data is hidden there; a plain row of blanks in prose is carelessness.
func (s *Scanner) lineEnding(r *Rule, from, to, limit int) {
	i := to
	tabs, blanks := 0, 0
	for i > from && isBlank(s.w.b[i-1]) {
		i--
		if s.w.b[i] == '\t' {
			tabs++
		} else {
			blanks++
		}
	}
	if to-i <= limit || i == from && (tabs == 0 || blanks == 0) || !s.e.wanted(r) {
		return
	}
	f := s.finding(r, i, to)
	f.Message = fmt.Sprintf("%d blanks at the end of a line", to-i)
	f.Preview = snippet(s.w.b[from:i])
	switch mixed := tabs > 1 && blanks > 1; {
	case mixed && i > from, s.kind&scripts != 0 && !s.once["trailing"]:
	case s.kind&scripts != 0:
		f.Severity = medium
	default:
		f.Severity, f.Confidence = low, doubtful
	}
	s.once["trailing"] = true
	s.emit(f)
}

// runs looks for blanks in [from, to) with content behind them, past the column.
func (s *Scanner) runs(r *Rule, from, to, column int) {
	b := s.w.b
	least := s.e.limits.BlankRun
	stride := min(least/2, 24) // a run cannot fall between
	for i := from + stride; i < to; i += stride {
		if !isBlank(b[i]) {
			continue
		}
		start, end := i, i
		for start > 0 && isBlank(b[start-1]) {
			start--
		}
		for end < len(b) && isBlank(b[end]) {
			end++
		}
		i = end
		if end-start < least || end >= len(b) || b[end] == '\n' || b[end] == '\r' || !s.w.owns(end) {
			continue
		}
		if s.w.columnOf(end) <= column {
			continue
		}
		s.hidden(r, start, end)
	}
}

func (s *Scanner) hidden(r *Rule, start, end int) {
	stop := min(s.w.lineEnd(end), end+400)
	text := s.w.b[end:stop]
	indented := start == s.w.lineStart(start) && s.w.columnOf(start) == 1
	alarming := suspicious.contains(string(text))
	if !alarming && (indented || s.kind&(scripts|agent|hook|makefile) == 0) {
		return
	}
	f := s.finding(r, end, stop)
	f.Message = fmt.Sprintf("content behind %d blanks, at column %d", end-start, f.Column)
	f.Preview = snippet(text)
	if !alarming {
		f.Severity = high
	}
	if s.e.wanted(r) {
		s.emit(f)
	}
}
