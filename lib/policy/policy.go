// Package policy is what a jailed command may do: the model, its TOML form, and the answers to
// "may this path be written" and "may this call be made". sandtrace-policy(5) describes it for users.
//
// The package is pure: globs are compiled here and looked up on the disk elsewhere.
package policy

import "time"

// Policy is a policy file, or what a command line says in its place. The zero value allows nothing.
type Policy struct {
	File        string // where it was read, "" for a built-in one or a command line
	Filesystem  Filesystem
	Network     Network
	Syscalls    Syscalls
	Limits      Limits
	Environment Environment
	Process     Process
}

// Filesystem says what exists for the command. What no list names does not exist; Deny wins over
// all others; the rights of a path and of those above it add up.
type Filesystem struct {
	Read  []Path // read; below a system tree (SystemTrees) execute as well
	Write []Path // read and write
	Exec  []Path // read and execute
	Deny  []Path // neither seen nor touched, nor what is below
	Tmpfs []Path // private and empty at the start, gone at the end

	// ExecAny lets every file be executed that can be read, wherever it stands.
	ExecAny bool
}

// Network says what the command reaches outside of itself. Its loopback always works.
type Network struct {
	Allow bool // the host's own network, unfiltered
}

// Syscalls changes what the filter does besides what it always blocks.
type Syscalls struct {
	Deny    []Name // refused with EPERM and reported
	LogOnly []Name // reported, then let through
	Allow   []Name // sets that are blocked unless named here (Releasable)
}

// Name is a system call or a set of them, as "@mount".
type Name struct {
	Text string
	At   Place
}

// Limits bounds what the command uses up; zero is no limit.
type Limits struct {
	Timeout      time.Duration // wall clock, of the whole tree
	MaxProcesses uint64        // processes and threads at a time
	MaxFileSize  uint64        // bytes, of one file
	MaxMemory    uint64        // bytes
	MaxOpenFiles uint64        // descriptors of one process
	MaxCPUTime   time.Duration // of one process, whole seconds
}

// Environment says which variables the command gets.
type Environment struct {
	Keep []string          // names that pass, besides SafeVariables; a trailing * stands for any rest
	Set  map[string]string // set whatever the environment says
	All  bool              // everything passes
}

// Process says how the command is started.
type Process struct {
	Hostname   string // "" is DefaultHostname
	OwnSession bool   // cut off from the terminal's session, setsid(2)
}

// DefaultHostname is the host name inside a jail that names none.
const DefaultHostname = "jail"

// Path is one entry of a path list.
type Path struct {
	Text     string // as written, without a leading "?"
	Literal  bool   // no globs: a name from a command line
	Optional bool   // written with a leading "?": that it is missing is no error
	At       Place
}

// Place is where something stands in a policy file; Line is 0 for a command line.
type Place struct {
	File string
	Line int // 1-based
}

// SystemTrees are the trees whose programs may be executed wherever they may be read, because an
// ordinary user cannot put anything there.
var SystemTrees = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"}

// SafeVariables pass into every jail; none is known to carry a secret. A trailing * stands for any rest.
var SafeVariables = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "NO_COLOR", "LANG", "LANGUAGE", "LC_*", "TZ",
}

// Strict is the policy of a command line that names none: the system's programs and libraries, an
// empty home and temporary directory, and nothing else.
func Strict() *Policy {
	return &Policy{
		Filesystem: Filesystem{
			Read:  paths("/usr", "?/bin", "?/sbin", "?/lib*", "?/etc/ld.so.{cache,conf,conf.d,preload}", "?/etc/alternatives"),
			Tmpfs: paths("/tmp", "~"),
		},
		Process: Process{OwnSession: true},
	}
}

func paths(texts ...string) []Path {
	var out []Path
	for _, t := range texts {
		out = append(out, newPath(t, Place{}))
	}
	return out
}

func newPath(text string, at Place) Path {
	p := Path{Text: text, At: at}
	if len(text) > 0 && text[0] == '?' {
		p.Text, p.Optional = text[1:], true
	}
	return p
}
