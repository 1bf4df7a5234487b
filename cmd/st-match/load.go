package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"sandtrace/lib/cli"
	"sandtrace/lib/config"
	"sandtrace/lib/event"
	"sandtrace/lib/rule"
	"sandtrace/rules"
)

// loaded is what st-match knows before it reads its first record.
type loaded struct {
	bundle   *rule.Bundle
	env      rule.Env
	set      *rule.Set
	config   string   // the file, "" for the built-in configuration
	sources  []string // the rule files and directories that are not built in
	shadowed []string // what replaced which rule
	home     string
}

// gather reads configuration and rules; each later source may replace rules of an earlier one.
func gather(f *flags, stderr io.Writer) (*loaded, error) {
	home, err := config.Home(f.Home)
	if err != nil {
		return nil, cli.Faultf(cli.CodeConfig, "%w", err).WithHint("name it with --home DIR")
	}
	conf, err := config.Load(f.Config, home)
	if err != nil {
		return nil, loadFault(err)
	}
	say := func(text string) {
		if f.Verbose && !f.Quiet {
			cli.Say(stderr, tool, text)
		}
	}
	l := &loaded{
		bundle: &rule.Bundle{}, config: conf.File, home: home, sources: slices.Concat(conf.Rules, f.Rules),
		env: rule.Env{Homes: config.Homes(home), Trusted: conf.TrustedPaths, Resolve: config.Resolve},
	}
	if !f.NoBuiltin {
		if l.bundle, err = rules.Parse(); err != nil {
			return nil, loadFault(err)
		}
	}
	for _, path := range l.sources {
		more, err := config.ReadRules(path)
		if err != nil {
			return nil, loadFault(err)
		}
		l.bundle = rule.Merge(l.bundle, more, func(old, by *rule.Rule) {
			l.shadowed = append(l.shadowed, fmt.Sprintf("%s:%d: rule %s replaces the one of %s:%d", by.File, by.Line, by.ID, old.File, old.Line))
		})
	}
	for _, s := range l.shadowed {
		say(s)
	}
	if conf.File != "" {
		say("configuration: " + conf.File)
	}
	return l, nil
}

// compile makes the set.
func (l *loaded) compile() (*rule.Set, error) {
	set, err := rule.Compile(l.bundle, l.env)
	if err != nil {
		return nil, loadFault(err)
	}
	return set, nil
}

// load is gather and compile.
func load(f *flags, stderr io.Writer) (*loaded, error) {
	l, err := gather(f, stderr)
	if err != nil {
		return nil, err
	}
	if l.set, err = l.compile(); err != nil {
		return nil, err
	}
	if f.Verbose && !f.Quiet {
		cli.Say(stderr, tool, fmt.Sprintf("%d rules, ~ is %s", len(l.set.Rules()), l.home))
	}
	return l, nil
}

// loadFault gives what is wrong in a file the code for it, and a file that cannot be read another.
func loadFault(err error) error {
	var re *rule.Error
	var ce *config.Error
	switch {
	case errors.As(err, &re), errors.As(err, &ce):
		return cli.Faultf(cli.CodeConfig, "%w", err)
	case errors.Is(err, config.ErrNoRules):
		return cli.Faultf(cli.CodeNoInput, "%w", err)
	}
	return fault(err)
}

// start is the first record of the run.
func (l *loaded) start() *event.Start {
	s := &event.Start{ToolVersion: cli.ToolVersion()}
	s.Options = event.Args{
		{Key: "rules", Kind: event.ArgInt, Int: int64(len(l.set.Rules()))},
		{Key: "home", Kind: event.ArgText, Str: l.home},
	}
	if l.config != "" {
		s.Options = append(s.Options, event.Arg{Key: "config", Kind: event.ArgText, Str: l.config})
	}
	return s
}
