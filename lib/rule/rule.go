// Package rule finds the records that the rules of a YAML file are about.
//
// Parse reads rules strictly, Compile turns them into tables for one machine's homes and trusted
// directories, and a Matcher holds records against these, cheapest question first: type, access,
// path, allow-list, and last the gojq condition. sandtrace-rules(5) describes the language.
package rule

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

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
	References  []string
	Tags        []string
	Enabled     bool

	Detection // what a record must be like; of a rule with a Sequence, On alone
	Sequence  *Sequence
	Threshold *Threshold
	Dedupe    *Dedupe
	Suppress  []Suppress
	Channels  []string // "stdout" where the file names none
	Message   Word
	Tests     Tests
}

// Detection is a set of demands on one record; all that are given must hold. A word that begins
// with $ stands for the items of a list.
type Detection struct {
	On            []event.Type // the record types it is held against; empty: all that have what it names
	FilePaths     []Word
	FilePatterns  []Word // for the last name of a path
	ExcludedPaths []Word
	AccessTypes   []event.Access

	ProcessNames      []Word
	Exes              []Word // patterns
	Argv              []Word // regular expressions
	Ancestors         []Word // names
	Excluded          []Word // excluded_processes: names, believed only of trusted files
	ExcludedExes      []Word
	ExcludedAncestors []Word

	Packages *Packages
	Network  *Network

	Syscalls        []Word
	Args            []ArgTest
	Success         event.Opt[bool]
	ContentPatterns []Word // regular expressions, for findings
	Rules           []Word // of a step: ids of rules, one of which must fire; * stands for any characters
	Condition       Word
}

// Packages says for which package a process must run.
type Packages struct {
	Manager, Stage, Name []Word          // one of each must fit
	Any                  event.Opt[bool] // true: some package; false: none
}

// Network says what a connection, look-up or listening socket must be like.
type Network struct {
	Kinds           []Word // connect (the default), lookup, listen
	Hosts, NotHosts []Word // names; *.example.org takes in all below
	CIDR, NotCIDR   []Word
	Ports, NotPorts []Word // numbers, or ranges as in 6000-6063
	Sockets         []Word // patterns for the paths of sockets of this machine
}

// ArgTest is a demand on one value in args.
type ArgTest struct {
	Path   Word
	Values []Word // one must be equal
	Regex  Word   // or this must match
}

// Sequence is a chain of records.
type Sequence struct {
	Line    int
	By      string        // process, tree, package or run
	Same    []Word        // fields whose value all steps share
	Within  time.Duration // from the first record to the last
	Ordered bool
	Steps   []Step
}

// Step is one part of a Sequence.
type Step struct {
	Line int
	Name string
	Detection
	Count    int    // so many records; 1 where the file says nothing
	Distinct string // of which this field has Count different values
}

// Threshold makes a rule fire once Count records of one key came within a time.
type Threshold struct {
	Line     int
	By       string
	Same     []Word
	Within   time.Duration
	Count    int
	Distinct string
}

// Dedupe keeps a rule quiet after it fired.
type Dedupe struct {
	By  []Word // the fields that make two matches the same
	For time.Duration
}

// Suppress leaves out matches that are known to be right.
type Suppress struct {
	Line int
	Detection
	Reason  string
	Expires event.Opt[time.Time] // the end of this day, UTC
}

// Bundle is what rule files hold.
type Bundle struct {
	Rules  []Rule
	Lists  []List
	Macros []Macro
}

// List is a named list of words that rules refer to as $name.
type List struct {
	File  string
	Line  int
	Name  string
	Items []Word
}

// Macro is a named expression that conditions may use as a function.
type Macro struct {
	File string
	Name string
	Body Word
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

// Merge puts the rules, lists and macros of a later source over those of an earlier one: each
// replaces the one of its name, in its place; replaced is called for each rule. A later list may
// name itself, and so add to the earlier one.
func Merge(b, later *Bundle, replaced func(old, by *Rule)) *Bundle {
	out := &Bundle{Rules: slices.Clone(b.Rules), Lists: slices.Clone(b.Lists), Macros: slices.Clone(b.Macros)}
	merge(&out.Rules, later.Rules, func(r *Rule) string { return r.ID }, replaced)
	merge(&out.Lists, later.Lists, func(l *List) string { return l.Name }, func(old, by *List) {
		by.Items = replaceSelf(by.Name, by.Items, old.Items)
	})
	merge(&out.Macros, later.Macros, func(m *Macro) string { return m.Name }, func(_, _ *Macro) {})
	return out
}

func merge[T any](all *[]T, later []T, name func(*T) string, replaced func(old, by *T)) {
	at := make(map[string]int, len(*all))
	for i := range *all {
		at[name(&(*all)[i])] = i
	}
	for _, v := range later {
		j, ok := at[name(&v)]
		if !ok {
			*all = append(*all, v)
			continue
		}
		replaced(&(*all)[j], &v)
		(*all)[j] = v
	}
}

func replaceSelf(name string, items, old []Word) []Word {
	var out []Word
	for _, w := range items {
		if w.Text == "$"+name {
			out = append(out, old...)
		} else {
			out = append(out, w)
		}
	}
	return out
}
