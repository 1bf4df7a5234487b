package policy

import (
	"net/netip"
	"strings"

	"sandtrace/lib/event"
)

// provided are the places that a jail makes itself, whatever the policy says, and what may be done
// there.
var provided = []struct {
	dir    string
	rights Right
}{
	{"/proc", Read | Write},
	{"/dev/null", Read | Write},
	{"/dev/zero", Read | Write},
	{"/dev/full", Read | Write},
	{"/dev/random", Read | Write},
	{"/dev/urandom", Read | Write},
	{"/dev/tty", Read | Write},
	{"/dev/ptmx", Read | Write},
	{"/dev/pts", Read | Write},
	{"/dev/shm", Read | Write},
	{"/dev/fd", Read},
}

// Record answers for a recorded call as a whole: by its name, by the files that it names, and by the
// address that it is about. It is how a run outside of a jail shows what a jail would have refused;
// arguments that a jail's filter looks at besides are not judged.
func (r *Rules) Record(rec *event.Syscall) event.Action {
	verdict := r.Call(rec.Name)
	if verdict == event.ActionDeny {
		return verdict
	}
	if rec.Access != "" && !r.allows(rec.Path, rec.Access) {
		return event.ActionDeny
	}
	if rec.Access == event.AccessRename && !r.allows(rec.To, event.AccessWrite) {
		return event.ActionDeny
	}
	if !r.policy.Network.Allow && outside(rec) {
		return event.ActionDeny
	}
	return verdict
}

// allows answers for a file; a name that is not absolute belongs to no file system.
func (r *Rules) allows(name string, access event.Access) bool {
	if !strings.HasPrefix(name, "/") {
		return true
	}
	for _, p := range provided {
		if name == p.dir || strings.HasPrefix(name, p.dir+"/") {
			return p.rights&needs[access] == needs[access]
		}
	}
	return r.Path(name, access).Action == event.ActionAllow
}

// outside reports whether a call is about an address that an empty network does not have.
func outside(rec *event.Syscall) bool {
	if rec.Family != "inet" && rec.Family != "inet6" {
		return false
	}
	a, err := netip.ParseAddr(rec.Addr)
	return err == nil && !a.IsLoopback() && !a.IsUnspecified()
}
