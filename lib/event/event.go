// Package event is the record contract of the tool set: one JSON object a line, schema version 1.
//
// It is the only code that writes or parses records. Every record type is a struct here; Writer
// encodes them without reflection, Reader splits a stream into lines, Decode turns a line back
// into its struct. sandtrace-events(5) describes the contract for users.
package event

// Version is the schema version, the key "v" of every record.
const Version = 1

// MaxLine is the longest record in bytes, its newline included.
const MaxLine = 1 << 20

// Type names a record type: the key "type".
type Type string

// The record types of schema version 1.
const (
	TypeStart   Type = "start"
	TypeSyscall Type = "syscall"
	TypeProcess Type = "process"
	TypeFile    Type = "file"
	TypeNet     Type = "net"
	TypeJail    Type = "jail"
	TypeFinding Type = "finding"
	TypeMatch   Type = "match"
	TypeReceipt Type = "receipt"
	TypeLost    Type = "lost"
	TypeError   Type = "error"
	TypeSummary Type = "summary"
)

// Access says what a record does to its path: the key "access".
type Access string

// The kinds of access.
const (
	AccessRead   Access = "read"
	AccessWrite  Access = "write"
	AccessCreate Access = "create"
	AccessDelete Access = "delete"
	AccessRename Access = "rename"
	AccessChmod  Access = "chmod"
	AccessExec   Access = "exec"
	AccessLink   Access = "link"
	AccessStat   Access = "stat"
)

// Accesses lists every Access, in the order of the contract.
var Accesses = []Access{
	AccessRead, AccessWrite, AccessCreate, AccessDelete, AccessRename,
	AccessChmod, AccessExec, AccessLink, AccessStat,
}

// Category groups system calls: the key "category".
type Category string

// The categories.
const (
	CategoryFileRead     Category = "file_read"
	CategoryFileWrite    Category = "file_write"
	CategoryFileMetadata Category = "file_metadata"
	CategoryDirectory    Category = "directory"
	CategoryProcess      Category = "process"
	CategoryNetwork      Category = "network"
	CategoryMemory       Category = "memory"
	CategorySignal       Category = "signal"
	CategoryIPC          Category = "ipc"
	CategorySystem       Category = "system"
	CategoryOther        Category = "other"
)

// Action is what was decided about a call: the key "action".
type Action string

// The actions.
const (
	ActionAllow Action = "allow"
	ActionDeny  Action = "deny"
	ActionLog   Action = "log"
	ActionKill  Action = "kill"
)

// Severity ranks findings and matches: the key "severity".
type Severity string

// The severities, lowest first.
const (
	SeverityInfo     Severity = "info"
	SeverityLow      Severity = "low"
	SeverityMedium   Severity = "medium"
	SeverityHigh     Severity = "high"
	SeverityCritical Severity = "critical"
)

// Severities lists every Severity, lowest first.
var Severities = []Severity{SeverityInfo, SeverityLow, SeverityMedium, SeverityHigh, SeverityCritical}

// Rank is the place of s in Severities, or -1 for a word that is none.
func (s Severity) Rank() int {
	for i, v := range Severities {
		if s == v {
			return i
		}
	}
	return -1
}

// Record is one record of the contract. Only the types of this package implement it.
type Record interface {
	// Kind is the record's type.
	Kind() Type
	head() *Head
	// appendBody appends every key after the head, each with its leading comma.
	appendBody(dst []byte) []byte
}

// Head begins every record. Of a record that is written only Time is looked at, zero being the time
// of writing: Writer knows the rest. Decode fills all of it.
type Head struct {
	V    int    `json:"v"`
	Type Type   `json:"type"`
	Time Time   `json:"ts"`
	Seq  uint64 `json:"seq"`
	Src  string `json:"src"`
	Run  string `json:"run"`
}

func (h *Head) head() *Head { return h }

// HeadOf is the head of a record.
func HeadOf(r Record) *Head { return r.head() }

// Opt is a value that may be absent, for keys whose zero value means something.
type Opt[T any] struct {
	Val T
	Set bool
}

// Some is a present value.
func Some[T any](v T) Opt[T] { return Opt[T]{Val: v, Set: true} }
