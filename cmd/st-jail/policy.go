package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"sandtrace/lib/cli"
	"sandtrace/lib/config"
	"sandtrace/lib/jail"
	"sandtrace/lib/policy"
	"sandtrace/lib/spell"
)

// loadPolicy is the policy of the file, or the strict one, with what the flags add.
func loadPolicy(f *flags, here string) (*policy.Policy, error) {
	code := cli.CodeToolFailed
	if f.Check {
		code = cli.CodeConfig
	}
	p := policy.Strict()
	if f.Policy != "" {
		var err error
		if p, err = config.Policy(f.Policy); err != nil {
			return nil, cli.Faultf(code, "%w", err)
		}
	}
	for _, l := range []struct {
		names []string
		to    []*[]policy.Path
	}{
		{f.AllowRead, []*[]policy.Path{&p.Filesystem.Read}},
		{f.AllowWrite, []*[]policy.Path{&p.Filesystem.Write}},
		{f.AllowExec, []*[]policy.Path{&p.Filesystem.Exec}},
		{f.AllowPath, []*[]policy.Path{&p.Filesystem.Write, &p.Filesystem.Exec}},
		{f.Deny, []*[]policy.Path{&p.Filesystem.Deny}},
	} {
		for _, n := range l.names {
			n, optional := strings.CutPrefix(n, "?")
			if n == "" {
				return nil, cli.Faultf(code, "an empty path is none").WithHint("see " + name + " --help")
			}
			if !filepath.IsAbs(n) {
				n = filepath.Join(here, n)
			}
			for _, to := range l.to {
				*to = append(*to, policy.Path{Text: filepath.Clean(n), Literal: true, Optional: optional})
			}
		}
	}
	p.Network.Allow = p.Network.Allow || f.AllowNet
	p.Filesystem.ExecAny = p.Filesystem.ExecAny || f.AllowExecAny
	p.Environment.All = p.Environment.All || f.EnvAll
	for _, v := range f.Env {
		if err := policy.CheckVariable(strings.TrimSuffix(v, "*")); err != nil {
			return nil, cli.Faultf(code, "--env: %q: %w", v, err)
		}
		p.Environment.Keep = append(p.Environment.Keep, v)
	}
	if f.Timeout < 0 {
		return nil, cli.Faultf(code, "--timeout: %v: expected a positive duration such as 60s", f.Timeout)
	}
	if f.Timeout > 0 {
		p.Limits.Timeout = f.Timeout
	}
	if f.Hostname != "" {
		if err := policy.CheckHostname(f.Hostname); err != nil {
			return nil, cli.Faultf(code, "--hostname: %w", err)
		}
		p.Process.Hostname = f.Hostname
	}
	if err := p.Check(); err != nil {
		return nil, cli.Faultf(code, "%w", err)
	}
	return p, nil
}

// workingDir is where the command runs.
func workingDir(f *flags, here string) (string, error) {
	if f.Chdir == "" {
		// a directory that was removed still has a name
		if _, err := os.Stat(here); err != nil {
			return "", cli.Faultf(cli.CodeToolFailed, "working directory: %w", err)
		}
		return here, nil
	}
	dir := f.Chdir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(here, dir)
	}
	return filepath.Clean(dir), nil
}

// bestEffort is --best-effort, with or without layers.
type bestEffort struct {
	any    bool
	layers []string
}

// IsBool lets the flag stand without a value.
func (bestEffort) IsBool() bool { return true }

// Decode reads the flag's value.
func (b *bestEffort) Decode(ctx *kong.DecodeContext) error {
	t := ctx.Scan.Peek()
	if t.Type != kong.FlagValueToken {
		b.any = true
		return nil
	}
	text := fmt.Sprint(ctx.Scan.Pop().Value)
	for l := range strings.SplitSeq(text, ",") {
		if !slices.Contains(jail.LayerNames(), l) {
			return errors.New("unknown layer " + l + ": " + spell.Hint(l, jail.LayerNames()))
		}
		b.layers = append(b.layers, l)
	}
	return nil
}
