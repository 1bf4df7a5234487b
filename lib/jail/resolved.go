package jail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"sandtrace/lib/policy"
	"sandtrace/lib/seccomp"
)

// Resolved is a policy resolved against this machine: what the jail will be.
type Resolved struct {
	plan  plan
	view  *view
	rules []seccomp.Rule
	dir   exact // the working directory on the host
}

// Resolve resolves a policy without starting anything. Errors name the line of the policy.
func Resolve(o *Options) (*Resolved, error) {
	if err := checkStreams(o.Stdio); err != nil {
		return nil, err
	}
	rules, err := o.Policy.Anchor(policy.Anchors{Home: o.Home, Dir: o.Dir})
	if err != nil {
		return nil, err
	}
	v, err := newView(o.Policy, rules)
	if err != nil {
		return nil, err
	}
	r := &Resolved{view: v}
	env := environment(o.Policy.Environment, o.Environ)
	p := &r.plan
	*p = plan{
		Layers: LayerNames(), Mounts: v.mounts, Links: v.links, Masks: v.masks,
		Argv: exacts(o.Argv), SearchPath: exact(searchPath(env)),
		Hostname: o.Policy.Process.Hostname, OwnSession: o.Policy.Process.OwnSession,
		ExecAny: o.Policy.Filesystem.ExecAny, NoNetwork: !o.Policy.Network.Allow,
		Tell: o.Tell, Dry: o.Dry,
	}
	if p.Hostname == "" {
		p.Hostname = policy.DefaultHostname
	}
	if o.Policy.Network.Allow {
		p.drop(LayerNetwork)
	}
	p.SealMemory = !p.ExecAny && canSealMemory()
	r.rules = policyRules(rules, o.Policy, p)
	if p.Limits, err = resourceLimits(o.Policy.Limits); err != nil {
		return nil, err
	}
	if err := r.chooseDir(o); err != nil {
		return nil, err
	}
	p.Env = exacts(append(env, "PWD="+string(p.Dir)))
	return r, nil
}

func (p *plan) drop(layers ...string) {
	p.Layers = slices.DeleteFunc(slices.Clone(p.Layers), func(l string) bool { return slices.Contains(layers, l) })
}

// without is the plan for a jail that lacks some layers.
func (r *Resolved) without(lost []string) *plan {
	p := r.plan
	p.drop(lost...)
	if !p.has(LayerMount) { // what Landlock can say of it: the lines about the host's files
		p.Links, p.Masks, p.Dir = nil, nil, r.dir
		p.Mounts = slices.DeleteFunc(slices.Clone(p.Mounts), func(m mount) bool { return m.Tmpfs })
	}
	return &p
}

// filterRules are the rules of the filter for a plan of this jail.
func (r *Resolved) filterRules(p *plan) []seccomp.Rule {
	if !p.NoNetwork || p.has(LayerNetwork) {
		return r.rules
	}
	var out []seccomp.Rule // what is refused whole needs no rule about its kinds
	for _, rule := range r.rules {
		if rule.Call != "socket" || len(rule.When) == 0 || !slices.ContainsFunc(internet, func(b blockedCall) bool { return b.when[0] == rule.When[0] }) {
			out = append(out, rule)
		}
	}
	for _, row := range internet {
		out = append(out, seccomp.Rule{Call: row.calls, When: row.when, Errno: row.errno, Tell: row.tell})
	}
	return out
}

// checkStreams refuses standard streams that lead out of the jail: from a directory that is open,
// openat(2) reaches what is around it.
func checkStreams(stdio [3]*os.File) error {
	for i, f := range stdio {
		if f == nil {
			continue
		}
		var st unix.Stat_t
		if err := unix.Fstat(int(f.Fd()), &st); err != nil {
			continue // closed
		}
		flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
		if st.Mode&unix.S_IFMT == unix.S_IFDIR || err == nil && flags&unix.O_PATH != 0 {
			return fmt.Errorf("standard stream %d is a directory: the command could walk out of the jail through it", i)
		}
	}
	return nil
}

// chooseDir finds the command's working directory: the one asked for, or the current one, which must
// exist. Where the view lacks the current one, it is the home, or the root where the view has no home.
func (r *Resolved) chooseDir(o *Options) error {
	real, _, err := resolve(o.Dir)
	if err != nil {
		return fmt.Errorf("working directory: %w", err)
	}
	if dir, err := isDir(real); err != nil || !dir {
		return fmt.Errorf("working directory: %s: is not a directory", o.Dir)
	}
	r.dir = exact(real)
	switch {
	case slices.ContainsFunc(r.view.denied, func(d string) bool { return below(real, d) }):
		return fmt.Errorf("working directory: %s: the policy denies it", o.Dir)
	case r.view.visible(real) && !r.view.hidden(real), r.view.leadsOn(real):
		r.plan.Dir = exact(real)
		return nil
	case o.FromDir:
		return fmt.Errorf("working directory: %s: the policy does not allow it", o.Dir)
	}
	r.plan.Dir = "/"
	if o.Home != "" {
		home, _, err := resolve(o.Home)
		if errors.Is(err, fs.ErrNotExist) {
			home = o.Home
		}
		if r.view.private[home] || home != "" && r.view.visible(home) && !r.view.hidden(home) {
			r.plan.Dir = exact(home)
		}
	}
	return nil
}

// environment is what the command gets of the variables given.
func environment(e policy.Environment, given []string) []string {
	var out []string
	for _, v := range given {
		name, _, ok := strings.Cut(v, "=")
		if _, set := e.Set[name]; !ok || name == "" || name == "PWD" || set {
			continue
		}
		if e.All || keeps(policy.SafeVariables, name) || keeps(e.Keep, name) {
			out = append(out, v)
		}
	}
	for name, value := range e.Set {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return out
}

func keeps(list []string, name string) bool {
	return slices.ContainsFunc(list, func(k string) bool {
		begin, any := strings.CutSuffix(k, "*")
		return k == name || any && strings.HasPrefix(name, begin)
	})
}

// defaultPath serves a command without PATH.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

func searchPath(env []string) string {
	for _, v := range env {
		if p, ok := strings.CutPrefix(v, "PATH="); ok {
			return p
		}
	}
	return defaultPath
}
