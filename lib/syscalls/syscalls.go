// Package syscalls is the system call table as data: for each call its name, category, what its
// arguments mean and when it is worth a stop. The filter, the decoder, the names on the command
// line and the records all derive from it; adding a call is adding a row to the table.
package syscalls

//go:generate go run ../../scripts/gen-syscalls -dir .

import "sandtrace/lib/event"

// Call is one row of the table.
type Call struct {
	Name     string
	Category event.Category
	Access   event.Access // "" where the call is none, or where its flags tell
	Sets     Set
	Params   []Param

	// When lists the argument conditions under which a call is worth a stop, any of which suffices;
	// none means always.
	When [][]Cond

	// Event marks the calls that ptrace reports by an event of its own (fork, vfork, clone), so that
	// a stop at their entry would tell nothing new. When then says when one is needed all the same.
	Event bool
}

// Param is one argument of a call.
type Param struct {
	Name  string
	Role  Role
	Names *Names // for RoleFlags and RoleEnum
}

// Role says what an argument is, and so how it is decoded and shown.
type Role uint8

// The roles.
const (
	RoleHidden     Role = iota // not shown: buffers, sizes, pointers whose value tells nothing
	RoleInt                    // signed number, 32 bits
	RoleLong                   // signed number, 64 bits
	RoleHex                    // mask or address
	RoleMode                   // file mode, octal
	RoleFlags                  // set of bits, an array of names
	RoleEnum                   // one name
	RoleFD                     // descriptor: the record names what it is open on
	RoleDirFD                  // descriptor that the next RolePath is relative to
	RolePath                   // file name; the first is the record's path, the second its to
	RoleName                   // file name whose last part is not followed where it is a symbolic link
	RoleTarget                 // contents of a symbolic link: the record's to, not resolved
	RoleText                   // any other string
	RoleArgv                   // array of strings
	RoleSignal                 // signal number
	RolePID                    // process or thread id
	RoleID                     // user or group id; -1 means "leave as it is"
	RoleSockaddr               // struct sockaddr, its length in the next argument
	RolePeer                   // struct sockaddr that the call fills in, a pointer to its length next
	RoleMsghdr                 // struct msghdr
	RoleMmsghdr                // array of struct mmsghdr, its length in the next argument
	RoleOpenHow                // struct open_how, openat2(2)
	RoleCloneArgs              // struct clone_args, clone3(2)
	RoleSocketType             // type of socket(2): an enumeration with two flag bits
	RoleCloneFlags             // flags of clone(2): bits above an exit signal
)

// Cond is a condition on an argument: (argument & Mask) Op Value, on all 64 bits.
type Cond struct {
	Arg   int
	Mask  uint64
	Op    Op
	Value uint64
}

// Op compares.
type Op uint8

// The comparisons.
const (
	Equal Op = iota
	NotEqual
)

// Holds reports whether the arguments meet the condition.
func (c Cond) Holds(args *[6]uint64) bool {
	return (args[c.Arg]&c.Mask == c.Value) == (c.Op == Equal)
}

// Wanted reports whether a call with these arguments is worth a record.
func (c *Call) Wanted(args *[6]uint64) bool {
	if len(c.When) == 0 {
		return true
	}
next:
	for _, all := range c.When {
		for _, cond := range all {
			if !cond.Holds(args) {
				continue next
			}
		}
		return true
	}
	return false
}

// Set is a named group of calls, for choosing what to trace.
type Set uint32

// The sets.
const (
	Default Set = 1 << iota // security-relevant: what is traced unless told otherwise
	File
	Stat
	Process
	Network
	Privilege
	Memory
	IPC
	IO
)

// SetNames are the words for sets on the command line; "all" besides them is every call there is.
var SetNames = []struct {
	Name string
	Set  Set
}{
	{"default", Default},
	{"file", File},
	{"stat", Stat},
	{"process", Process},
	{"network", Network},
	{"privilege", Privilege},
	{"memory", Memory},
	{"ipc", IPC},
	{"io", IO},
}

// ByName is the row of a call, or nil: a call that exists but needs no decoding has a bare row.
func ByName(name string) *Call { return byName[name] }

// All lists every call that exists on some architecture, by name.
func All() []*Call { return all }

var (
	byName = map[string]*Call{}
	all    []*Call
)

func init() {
	for i := range table {
		byName[table[i].Name] = &table[i]
	}
	for _, n := range numbers {
		if byName[n.name] == nil {
			byName[n.name] = &Call{Name: n.name, Category: event.CategoryOther, Params: rawParams}
		}
		all = append(all, byName[n.name])
	}
	buildNumbers()
}
