package jail

import (
	"fmt"
	"slices"
	"strings"

	"sandtrace/lib/policy"
)

// Explain says line by line what the jail will be.
func (r *Resolved) Explain(o *Options) []string {
	var out []string
	add := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	name := o.Policy.File
	if name == "" {
		name = "strict, and the flags"
	}
	add("policy     %s", name)
	if len(o.Argv) > 0 {
		add("command    %s", strings.Join(o.Argv, " "))
	}
	add("directory  %s", r.plan.Dir)
	add("layers     %s", strings.Join(r.plan.Layers, " "))
	add("files")
	for _, m := range r.plan.Mounts {
		kind := ""
		if m.Tmpfs {
			kind = "  private, empty"
		}
		add("  %s  %s%s", m.Rights, m.Path, kind)
	}
	for _, l := range r.plan.Links {
		add("  link %s -> %s", l.Path, l.Target)
	}
	for _, m := range r.plan.Masks {
		add("  deny %s", m)
	}
	network := "a loopback of its own"
	if o.Policy.Network.Allow {
		network = "the host's"
	}
	add("network    %s", network)
	add("syscalls   refused: %s", strings.Join(r.refused(o.Policy), " "))
	for _, n := range o.Policy.Syscalls.LogOnly {
		add("           reported: %s", n.Text)
	}
	for _, l := range limitRows {
		if n := l.value(o.Policy.Limits); n > 0 {
			add("limit      %s %d", l.name, n)
		}
	}
	if o.Policy.Limits.Timeout > 0 {
		add("limit      timeout %s", o.Policy.Limits.Timeout)
	}
	var vars []string
	for _, v := range r.plan.Env {
		n, _, _ := strings.Cut(string(v), "=")
		vars = append(vars, n)
	}
	add("variables  %s", strings.Join(vars, " "))
	add("host name  %s", r.plan.Hostname)
	for _, w := range r.view.warnings {
		add("warning    %s", w)
	}
	for _, n := range r.view.notes {
		add("note       %s", n)
	}
	return out
}

// refused names what the filter refuses whole: sets, and the policy's own lines.
func (r *Resolved) refused(p *policy.Policy) []string {
	var out []string
	for _, s := range policy.Blocked {
		if !p.Syscalls.Releases(s) {
			out = append(out, s)
		}
	}
	for _, n := range p.Syscalls.Deny {
		if !slices.Contains(out, n.Text) {
			out = append(out, n.Text)
		}
	}
	return out
}
