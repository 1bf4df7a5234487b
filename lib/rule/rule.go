// Package rule finds the records that the rules of a YAML file are about.
//
// Parse reads rules strictly, Compile turns them into tables for one machine's homes and trusted
// directories, and a Matcher holds records against these, cheapest question first: type, access,
// path, allow-list, and last the gojq condition. sandtrace-rules(5) describes the language.
package rule

import (
	"encoding/json"
	"fmt"

	"sandtrace/lib/event"
)

// Rule is one rule as its file has it. Words keep their line, for what Compile may find wrong.
type Rule struct {
	File string // as given to Parse
	Line int    // 1-based

	ID          string
	Name        string // the id where the file gives none
	Severity    event.Severity
	Description string
	Tags        []string
	Enabled     bool

	On           []event.Type // the record types it is held against; empty: all that have what it names
	FilePaths    []Word
	AccessTypes  []event.Access
	ProcessNames []Word
	Excluded     []Word // excluded_processes
	Condition    Word
	Channels     []string // "stdout" where the file names none
	Message      Word
	Tests        Tests
}

// Word is a text and the line that it stands on.
type Word struct {
	Text string
	Line int
}

// Tests are records that a rule must match and must not match. A case is one record, or several
// in order, of which the keys that matter suffice.
type Tests struct {
	Match   [][]json.RawMessage
	NoMatch [][]json.RawMessage
}

// Error says what is wrong in a rule file and where.
type Error struct {
	File string
	Line int
	Msg  string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }

func (r *Rule) errorf(line int, format string, a ...any) *Error {
	return &Error{r.File, line, fmt.Sprintf(format, a...)}
}

// Merge puts the rules of a later source over those of an earlier one: a rule replaces the one that
// has its id, in its place; replaced is called for each.
func Merge(rules, later []Rule, replaced func(old, by *Rule)) []Rule {
	at := make(map[string]int, len(rules))
	for i := range rules {
		at[rules[i].ID] = i
	}
	for i := range later {
		j, ok := at[later[i].ID]
		if !ok {
			rules = append(rules, later[i])
			continue
		}
		replaced(&rules[j], &later[i])
		rules[j] = later[i]
	}
	return rules
}
