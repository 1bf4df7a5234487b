package policy

import (
	"path"
	"slices"

	"sandtrace/lib/event"
)

// Right is what may be done with a file.
type Right uint8

// The rights; they add up.
const (
	Read Right = 1 << iota
	Write
	Exec
)

// String names the rights as rwx.
func (r Right) String() string {
	s := []byte("---")
	for i, c := range []byte("rwx") {
		if r&(1<<i) != 0 {
			s[i] = c
		}
	}
	return string(s)
}

// Rules is a policy with its patterns compiled for one home and one directory.
type Rules struct {
	policy *Policy
	grants []Entry // allow_read, allow_write, allow_exec
	deny   []Entry
	tmpfs  []Entry
	denied []string // system calls
	logged []string
}

// Entry is one line of a path list with its patterns compiled.
type Entry struct {
	*Path
	Globs  []Glob
	Rights Right
}

// Anchor compiles a policy.
func (p *Policy) Anchor(a Anchors) (*Rules, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	r := &Rules{policy: p}
	fs := &p.Filesystem
	for _, l := range []struct {
		paths  []Path
		to     *[]Entry
		rights Right
	}{
		{fs.Read, &r.grants, Read},
		{fs.Write, &r.grants, Read | Write},
		{fs.Exec, &r.grants, Read | Exec},
		{fs.Deny, &r.deny, 0},
		{fs.Tmpfs, &r.tmpfs, Read | Write},
	} {
		for i := range l.paths {
			globs, err := l.paths[i].globs(a)
			if err != nil {
				return nil, errorAt(l.paths[i].At, "%q: %v", l.paths[i].Text, err)
			}
			*l.to = append(*l.to, Entry{&l.paths[i], globs, l.rights})
		}
	}
	var err error
	if r.denied, err = Calls(p.Syscalls.Deny); err != nil {
		return nil, err
	}
	r.logged, err = Calls(p.Syscalls.LogOnly)
	return r, err
}

// Grants are the entries that allow something.
func (r *Rules) Grants() []Entry { return r.grants }

// Denies are the entries of deny.
func (r *Rules) Denies() []Entry { return r.deny }

// Tmpfs are the private directories.
func (r *Rules) Tmpfs() []Entry { return r.tmpfs }

// covers is the length of the part of the path, in names, that an entry fits: the path itself or a
// directory above it; -1 where there is none. The longest counts.
func (e *Entry) covers(names []string) int {
	for n := len(names); n >= 0; n-- {
		for _, g := range e.Globs {
			if g.match(names[:n]) {
				return n
			}
		}
	}
	return -1
}

// Verdict is the answer for one access or call.
type Verdict struct {
	Action event.Action
	By     *Path // the line that decided; nil where none names the path
}

// needs are the rights that a kind of access takes.
var needs = map[event.Access]Right{
	event.AccessRead: Read, event.AccessStat: Read, event.AccessExec: Read | Exec,
	event.AccessWrite: Write, event.AccessCreate: Write, event.AccessDelete: Write,
	event.AccessRename: Write, event.AccessChmod: Write, event.AccessLink: Write,
}

// Path answers whether an access to an absolute path without links is allowed or denied. An access
// of a kind that is unknown is denied.
func (r *Rules) Path(abs string, access event.Access) Verdict {
	need, known := needs[access]
	rights, by := r.Rights(abs)
	if !known || rights&need != need {
		return Verdict{event.ActionDeny, by}
	}
	return Verdict{event.ActionAllow, by}
}

// Rights are those that the policy gives for an absolute path without links, and the line that
// decided: the deny, or the closest of those that allow.
func (r *Rules) Rights(abs string) (Right, *Path) {
	names := split(path.Clean(abs))
	for i := range r.deny {
		if r.deny[i].covers(names) >= 0 {
			return 0, r.deny[i].Path
		}
	}
	private, by := -1, (*Path)(nil)
	for i := range r.tmpfs {
		if n := r.tmpfs[i].covers(names); n > private {
			private, by = n, r.tmpfs[i].Path
		}
	}
	rights, closest := Right(0), -1
	for i := range r.grants {
		n := r.grants[i].covers(names)
		if n < 0 || n <= private {
			continue // hidden by the private directory
		}
		rights |= r.grants[i].Rights
		if n > closest {
			closest, by = n, r.grants[i].Path
		}
	}
	if closest < 0 && private >= 0 {
		rights = Read | Write
		for i := range r.grants {
			if r.grants[i].Rights&Exec != 0 && r.grants[i].covers(names) >= 0 {
				rights |= Exec
			}
		}
	}
	return r.withExec(rights, abs), by
}

// withExec adds the right to execute that needs no line: everywhere, or in a system tree that
// cannot be written.
func (r *Rules) withExec(rights Right, abs string) Right {
	if rights&Read != 0 && (r.policy.Filesystem.ExecAny || rights&Write == 0 && InSystemTree(abs)) {
		return rights | Exec
	}
	return rights
}

// InSystemTree reports whether an absolute path is in one of SystemTrees.
func InSystemTree(abs string) bool {
	names := split(abs)
	return slices.ContainsFunc(SystemTrees, func(t string) bool {
		tree := split(t)
		return len(names) >= len(tree) && slices.Equal(names[:len(tree)], tree)
	})
}

// Call answers for a system call by its name alone; those that are filtered by their arguments are allowed.
func (r *Rules) Call(name string) event.Action {
	if set := blockedBy(name); set != "" && !r.policy.Syscalls.releases(set) || slices.Contains(r.denied, name) {
		return event.ActionDeny
	}
	if slices.Contains(r.logged, name) {
		return event.ActionLog
	}
	return event.ActionAllow
}

// DeniedCalls are the calls of the policy's own deny.
func (r *Rules) DeniedCalls() []string { return r.denied }

// LoggedCalls are the calls of log_only.
func (r *Rules) LoggedCalls() []string { return r.logged }
