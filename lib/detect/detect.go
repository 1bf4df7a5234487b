// Package detect finds credentials, obfuscation, supply-chain traps and traps for AI tools in bytes.
//
// It is pure: a caller hands it names, types and contents. An Engine holds the compiled rules and is shared;
// a Scanner holds the buffers of one worker and reads one file after the other in windows, so that memory
// does not grow with the file.
package detect

import (
	"sandtrace/lib/event"
)

// Rule is one thing that is looked for, with what a person needs to know of it.
type Rule struct {
	ID       string
	Severity event.Severity
	Title    string   // what was found, the message of a finding
	Why      string   // why it matters
	Fix      string   // what to do
	Tags     []string // the first is the family: credential, obfuscation, supply-chain, ai-toolchain, custom
	Vendor   string   // the id of the same rule in gitleaks, where it has one
	OptIn    bool     // runs only where asked for
}

// Finding is one place that a rule is about.
type Finding struct {
	Rule       *Rule
	Path       string
	Severity   event.Severity
	Message    string
	Line       int // 1-based, 0 where the finding is about the file as a whole
	Column     int // 1-based, in characters
	EndLine    int
	EndColumn  int    // of the character after the last
	Secret     string // the exact text where it is a credential; never to be written unasked
	Preview    string // redacted
	Confidence string // low, medium or high
	Suppressed string // why it does not count, "" where it does
	content    string // what the fingerprint is made of
}

// Confidences: how sure a detector is.
const (
	sure     = "high"
	likely   = "medium"
	doubtful = "low"
)
