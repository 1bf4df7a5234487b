package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"sandtrace/lib/cli"
	"sandtrace/lib/config"
	"sandtrace/lib/event"
	"sandtrace/lib/rule"
	"sandtrace/rules"
)

// loaded is what st-match knows before it reads its first record.
type loaded struct {
	set    *rule.Set
	config string // the file, "" for the built-in configuration
	home   string
}

// load reads configuration and rules; each later source may replace rules of an earlier one.
func load(f *flags, stderr io.Writer) (*loaded, error) {
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
	all := &rule.Bundle{}
	if !f.NoBuiltin {
		if all, err = rules.Parse(); err != nil {
			return nil, loadFault(err)
		}
	}
	for _, path := range append(conf.Rules, f.Rules...) {
		more, err := config.ReadRules(path)
		if err != nil {
			return nil, loadFault(err)
		}
		all = rule.Merge(all, more, func(old, by *rule.Rule) {
			say(fmt.Sprintf("%s:%d: rule %s replaces the one of %s:%d", by.File, by.Line, by.ID, old.File, old.Line))
		})
	}
	set, err := rule.Compile(all, rule.Env{Homes: config.Homes(home), Trusted: conf.TrustedPaths, Resolve: config.Resolve})
	if err != nil {
		return nil, loadFault(err)
	}
	if conf.File != "" {
		say("configuration: " + conf.File)
	}
	say(fmt.Sprintf("%d rules, ~ is %s", len(set.Rules()), home))
	return &loaded{set, conf.File, home}, nil
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

// source is one input; its name is "" for standard input.
type source struct {
	name string
	in   io.Reader
}

// open opens every file before the first is read, so that a misspelled name costs no match.
func open(names []string, stdin io.Reader) ([]source, error) {
	if len(names) == 0 {
		return []source{{"", stdin}}, nil
	}
	var out []source
	for _, name := range names {
		if name == "-" {
			out = append(out, source{"", stdin})
			continue
		}
		f, err := os.Open(name) // closed by the end of the program
		if err != nil {
			return nil, fault(err)
		}
		out = append(out, source{name, f})
	}
	return out, nil
}
