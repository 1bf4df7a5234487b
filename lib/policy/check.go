package policy

import (
	"slices"
	"strings"

	"sandtrace/lib/spell"
)

// Check fails with an *Error for what no machine could honour: a bad pattern, an unknown system
// call, two lines that contradict one another.
func (p *Policy) Check() error {
	probe := Anchors{Home: "/home", Dir: "/"}
	fs := &p.Filesystem
	for _, list := range []struct {
		key   string
		paths []Path
	}{
		{"allow_read", fs.Read},
		{"allow_write", fs.Write},
		{"allow_exec", fs.Exec},
		{"deny", fs.Deny},
		{"tmpfs", fs.Tmpfs},
	} {
		for _, e := range list.paths {
			globs, err := e.globs(probe)
			if err != nil {
				return errorAt(e.At, "%s: %q: %v", list.key, e.Text, err)
			}
			for _, g := range globs {
				_, literal := g.Literal()
				switch {
				case !literal && list.key == "tmpfs":
					return errorAt(e.At, "tmpfs: %q: expected one directory, not a pattern", e.Text)
				case len(g.Names) == 0 && (list.key == "tmpfs" || list.key == "deny"):
					return errorAt(e.At, "%s: %q: expected a path below /", list.key, e.Text)
				}
			}
		}
	}
	return p.Syscalls.check()
}

func (s *Syscalls) check() error {
	for _, n := range s.Allow {
		if !slices.Contains(Releasable, n.Text) {
			if _, err := expand(n); err != nil {
				return err
			}
			return errorAt(n.At, "allow: %q: expected %s; what is not blocked needs no line, and other sets stay blocked", n.Text, spell.List(Releasable))
		}
	}
	deny, err := Calls(s.Deny)
	if err != nil {
		return err
	}
	for _, n := range s.Deny {
		if slices.Contains(vital, n.Text) {
			return errorAt(n.At, "deny: %q: no program runs without it", n.Text)
		}
		if slices.ContainsFunc(s.Allow, func(a Name) bool { return a.Text == n.Text }) {
			return errorAt(n.At, "deny: %q: allow names it as well", n.Text)
		}
	}
	for _, n := range s.LogOnly {
		calls, err := expand(n)
		if err != nil {
			return err
		}
		for _, c := range calls {
			if set := blockedBy(c); set != "" && !s.releases(set) {
				return errorAt(n.At, "log_only: %q: %s is always blocked (%s)", n.Text, c, set)
			}
			if slices.Contains(deny, c) {
				return errorAt(n.At, "log_only: %q: deny has %s as well", n.Text, c)
			}
			if slices.Contains(conditional, c) {
				return errorAt(n.At, "log_only: %q: %s is filtered by its arguments and cannot be let through whole", n.Text, c)
			}
			if slices.Contains(vital, c) {
				return errorAt(n.At, "log_only: %q: %s is needed to start the command", n.Text, c)
			}
		}
	}
	return nil
}

func (s *Syscalls) releases(set string) bool {
	return slices.ContainsFunc(s.Allow, func(n Name) bool { return n.Text == set })
}

// Releases reports whether a set that is otherwise blocked is let through.
func (s *Syscalls) Releases(set string) bool { return s.releases(set) }

// vital are the calls that the start of a command itself makes after the filter is in force.
var vital = []string{"execve", "sendmsg", "close_range", "close", "write", "exit", "exit_group"}

// conditional are calls that are filtered by their arguments whatever the policy says, so that letting
// them through whole after a report would let the filtered ones through too.
var conditional = strings.Fields(`chmod fchmod fchmodat fchmodat2 creat mknod mknodat open openat openat2
	clone clone3 unshare socket socketpair ioctl personality memfd_create`)
