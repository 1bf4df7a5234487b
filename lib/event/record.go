package event

import "encoding/json"

// Proc is the process block: who did it.
//
// A text that is not UTF-8 is held here with its exact bytes; on the wire it is the display form
// plus a sibling with the suffix _b64.
type Proc struct {
	PID     int         `json:"pid"`               // in the observer's pid namespace
	TID     int         `json:"tid,omitempty"`     // only where it differs from PID
	PPID    int         `json:"ppid,omitempty"`    // 0 where unknown
	Start   uint64      `json:"start,omitempty"`   // clock ticks since boot; (boot, PID, Start) is unique
	Name    string      `json:"name,omitempty"`    // the kernel's comm: can be forged
	Exe     string      `json:"exe,omitempty"`     // the kernel's own answer
	Script  string      `json:"script,omitempty"`  // the program file that an interpreter runs
	UID     Opt[uint32] `json:"uid"`               // real user id
	Injects []string    `json:"injects,omitempty"` // variables of the environment that make Exe or Script run other code, where the traced tree set them
	Argv    []string    `json:"argv,omitempty"`    //
	CWD     string      `json:"cwd,omitempty"`     //
	Lineage []string    `json:"lineage,omitempty"` // ancestors' names, oldest first, ending with Name
	Pkg     *Pkg        `json:"pkg,omitempty"`     // nil where no package manager is proven to run it

	frozen []byte // the block as encoded by Freeze
}

// Pkg is the package, and the lifecycle stage, that a package manager runs a process for.
type Pkg struct {
	Manager string `json:"manager,omitempty"`
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	Stage   string `json:"stage,omitempty"`
}

// String is "name@version (stage)", with what is unknown left out.
func (p *Pkg) String() string {
	s := p.Name
	if p.Version != "" {
		s += "@" + p.Version
	}
	if p.Stage != "" {
		s += " (" + p.Stage + ")"
	}
	return s
}

// Start is the first record of a run.
type Start struct {
	Head
	ToolVersion string   `json:"version,omitempty"`
	Host        string   `json:"host,omitempty"`
	Boot        string   `json:"boot,omitempty"`    // /proc/sys/kernel/random/boot_id
	Kernel      string   `json:"kernel,omitempty"`  // release
	Backend     string   `json:"backend,omitempty"` // how the tool observes or enforces
	Cmd         []string `json:"cmd,omitempty"`
	Options     Args     `json:"options,omitempty"` // the options that matter to a reader
}

// Syscall is one system call with its result.
type Syscall struct {
	Head
	Name       string      `json:"syscall"`
	Path       string      `json:"path,omitempty"`
	To         string      `json:"to,omitempty"`
	Unresolved bool        `json:"-"` // on the wire "resolved":false: Path or To is not the kernel's own answer
	Access     Access      `json:"access,omitempty"`
	Addr       string      `json:"addr,omitempty"`
	Port       Opt[uint16] `json:"port"`
	Family     string      `json:"family,omitempty"`
	Proto      string      `json:"proto,omitempty"`
	Host       string      `json:"host,omitempty"`
	Category   Category    `json:"category,omitempty"`
	Args       Args        `json:"args,omitempty"`
	Ret        Opt[int64]  `json:"ret"`
	Errno      string      `json:"errno,omitempty"`
	Success    Opt[bool]   `json:"success"`
	Duration   int64       `json:"duration_ns,omitempty"` // nanoseconds
	Action     Action      `json:"action,omitempty"`
	Tamper     bool        `json:"tamper,omitempty"`
	Truncated  bool        `json:"truncated,omitempty"` // a bound cut a value
	Proc       *Proc       `json:"proc,omitempty"`
}

// Process is a spawn, an exec, an exit or a signal.
type Process struct {
	Head
	Op        string     `json:"op"`
	Path      string     `json:"path,omitempty"`   // exec: the file that was executed
	Signal    string     `json:"signal,omitempty"` // signal: delivered; exit: the one that killed it
	Exit      Opt[int64] `json:"exit"`             // exit: status
	Env       Args       `json:"env,omitempty"`    // exec: the variables that were asked for
	Duration  int64      `json:"duration_ns,omitempty"`
	Tamper    bool       `json:"tamper,omitempty"`
	Truncated bool       `json:"truncated,omitempty"`
	Proc      *Proc      `json:"proc,omitempty"`
}

// The values of Process.Op.
const (
	OpSpawn  = "spawn"
	OpExec   = "exec"
	OpExit   = "exit"
	OpSignal = "signal"
	OpAttach = "attach" // it ran before the tracer came
)

// File is one access to a watched file.
type File struct {
	Head
	Op          string `json:"op"`
	Path        string `json:"path,omitempty"`
	To          string `json:"to,omitempty"`
	Access      Access `json:"access,omitempty"`
	Dev         string `json:"dev,omitempty"` // hex
	Inode       string `json:"inode,omitempty"`
	Attribution string `json:"attribution,omitempty"` // held, notified, none
	Action      Action `json:"action,omitempty"`
	Tamper      bool   `json:"tamper,omitempty"`
	Proc        *Proc  `json:"proc,omitempty"`
}

// Net is a name look-up or a connection seen above the system call.
type Net struct {
	Head
	Op       string      `json:"op"` // dns, connect, request
	Host     string      `json:"host,omitempty"`
	Answers  []string    `json:"answers,omitempty"`
	Addr     string      `json:"addr,omitempty"`
	Port     Opt[uint16] `json:"port"`
	Family   string      `json:"family,omitempty"`
	Proto    string      `json:"proto,omitempty"`
	Action   Action      `json:"action,omitempty"`
	Sent     int64       `json:"bytes_sent,omitempty"`
	Received int64       `json:"bytes_received,omitempty"`
	Duration int64       `json:"duration_ns,omitempty"`
	Proc     *Proc       `json:"proc,omitempty"`
}

// Jail is a layer applied or not, a denial, a limit reached, or the result of a jailed run.
type Jail struct {
	Head
	Op      string     `json:"op"` // layer, deny, limit, result
	Layer   string     `json:"layer,omitempty"`
	Syscall string     `json:"syscall,omitempty"`
	Path    string     `json:"path,omitempty"`
	Access  Access     `json:"access,omitempty"`
	Wanted  string     `json:"wanted,omitempty"`
	Got     string     `json:"got,omitempty"`
	Applied Opt[bool]  `json:"applied"`
	Message string     `json:"message,omitempty"`
	Errno   string     `json:"errno,omitempty"`
	Action  Action     `json:"action,omitempty"`
	Exit    Opt[int64] `json:"exit"`
	Proc    *Proc      `json:"proc,omitempty"`
}

// Finding is one finding in a file.
type Finding struct {
	Head
	Rule        string   `json:"rule"`
	Path        string   `json:"path,omitempty"`
	Line        int      `json:"line,omitempty"`   // 1-based
	Column      int      `json:"column,omitempty"` // 1-based, in characters
	EndLine     int      `json:"end_line,omitempty"`
	EndColumn   int      `json:"end_column,omitempty"`
	Severity    Severity `json:"severity,omitempty"`
	Message     string   `json:"message,omitempty"`
	Preview     string   `json:"preview,omitempty"` // redacted
	Fingerprint string   `json:"fingerprint,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Confidence  string   `json:"confidence,omitempty"`
	Remediation string   `json:"remediation,omitempty"`
	Suppressed  bool     `json:"suppressed,omitempty"`
}

// Match is one rule that fired, with the records that made it fire. The facets are those of the
// last of these records.
type Match struct {
	Head
	Rule      string            `json:"rule"`
	Path      string            `json:"path,omitempty"`
	To        string            `json:"to,omitempty"`
	ID        string            `json:"id,omitempty"`
	Name      string            `json:"name,omitempty"`
	Severity  Severity          `json:"severity,omitempty"`
	Message   string            `json:"message,omitempty"`
	Tags      []string          `json:"tags,omitempty"`
	Channels  []string          `json:"channels,omitempty"`
	Count     int               `json:"count,omitempty"`
	Access    Access            `json:"access,omitempty"`
	Addr      string            `json:"addr,omitempty"`
	Port      Opt[uint16]       `json:"port"`
	Host      string            `json:"host,omitempty"`
	Success   Opt[bool]         `json:"success"`
	Errno     string            `json:"errno,omitempty"`
	Action    Action            `json:"action,omitempty"`
	Truncated bool              `json:"truncated,omitempty"` // Events were left out to keep within MaxLine
	Proc      *Proc             `json:"proc,omitempty"`
	Events    []json.RawMessage `json:"events,omitempty"`
}

// Receipt is what became of one alert at one sink.
type Receipt struct {
	Head
	Match    string `json:"match"`
	Sink     string `json:"sink"`
	Status   string `json:"status"`
	Attempts int    `json:"attempts,omitempty"`
	Code     int    `json:"code,omitempty"`
	Message  string `json:"message,omitempty"`
}

// Lost says that records were lost: Count where it is known, and why.
type Lost struct {
	Head
	Why   string      `json:"why"`
	Count Opt[uint64] `json:"count"`
}

// Error says that input or environment is at fault while work goes on.
type Error struct {
	Head
	Code    string `json:"code"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"` // 1-based
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Proc    *Proc  `json:"proc,omitempty"`
}

// Summary is the last record of a run. Which counts, tables and lists it carries is the tool's
// affair; each becomes a key of the record.
type Summary struct {
	Head
	Counts   []Count    `json:"-"`
	Tables   []Table    `json:"-"`
	Lists    []List     `json:"-"`
	Lost     uint64     `json:"lost"`
	Duration int64      `json:"duration_ns"`
	Exit     Opt[int64] `json:"exit"`
}

// Count is one named number of a summary.
type Count struct {
	Key string
	N   int64
}

// Table is a named group of counts, an object on the wire.
type Table struct {
	Key  string
	Rows []Count
}

// List is a named list of texts.
type List struct {
	Key   string
	Items []string
}

// The Kind of each record type.

func (*Start) Kind() Type   { return TypeStart }
func (*Syscall) Kind() Type { return TypeSyscall }
func (*Process) Kind() Type { return TypeProcess }
func (*File) Kind() Type    { return TypeFile }
func (*Net) Kind() Type     { return TypeNet }
func (*Jail) Kind() Type    { return TypeJail }
func (*Finding) Kind() Type { return TypeFinding }
func (*Match) Kind() Type   { return TypeMatch }
func (*Receipt) Kind() Type { return TypeReceipt }
func (*Lost) Kind() Type    { return TypeLost }
func (*Error) Kind() Type   { return TypeError }
func (*Summary) Kind() Type { return TypeSummary }
