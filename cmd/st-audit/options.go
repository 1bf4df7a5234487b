package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"

	gitleaks "github.com/zricethezav/gitleaks/v8/config"

	"sandtrace/lib/cli"
	"sandtrace/lib/config"
	"sandtrace/lib/detect"
	"sandtrace/lib/event"
)

// options are the flags and the configuration, checked.
type options struct {
	engine    *detect.Engine
	failOn    event.Severity
	lowest    event.Severity
	format    string
	maxSize   int64
	jobs      int
	verb      string
	home      string
	config    string
	baseline  map[string]string // fingerprint to why
	allow     []config.Allow
	gitleaks  map[string]bool // .gitleaksignore
	selection selection
}

// selection is what --rule and --no-rule choose.
type selection struct{ only, not []string }

func (s selection) wants(r *detect.Rule) bool {
	if slices.ContainsFunc(s.not, func(w string) bool { return names(w, r) }) {
		return false
	}
	if len(s.only) == 0 {
		return !r.OptIn
	}
	return slices.ContainsFunc(s.only, func(w string) bool { return names(w, r) })
}

// names tells whether the word is the rule's id, a glob that it meets, or one of its tags.
func names(word string, r *detect.Rule) bool {
	if ok, _ := path.Match(word, r.ID); ok {
		return true
	}
	return word == r.Vendor && word != "" || slices.Contains(r.Tags, word)
}

func severity(flag, word string) (event.Severity, error) {
	s, err := event.ParseSeverity(word)
	if err != nil {
		return "", cli.Faultf(cli.CodeUsage, "--%s: %w", flag, err)
	}
	return s, nil
}

func (f *flags) options(verb string, std cli.Std) (*options, error) {
	o := &options{verb: verb, format: f.Format, jobs: f.Jobs, selection: selection{f.Rule, f.NoRule}}
	var err error
	if o.failOn, err = severity("fail-on", f.FailOn); err != nil {
		return nil, err
	}
	if o.lowest, err = severity("severity", f.Severity); err != nil {
		return nil, err
	}
	if o.maxSize, err = size(f.MaxSize); err != nil {
		return nil, cli.Faultf(cli.CodeUsage, "--max-size: %w", err)
	}
	if o.jobs < 0 || o.jobs > 256 {
		return nil, cli.Faultf(cli.CodeUsage, "--jobs: %d: expected 0 to 256", o.jobs)
	}
	if o.jobs == 0 {
		o.jobs = min(runtime.GOMAXPROCS(0), 8)
	}
	if o.format == "auto" {
		o.format = "jsonl"
		if cli.IsTerminal(std.Out) {
			o.format = "text"
		}
	}
	for _, w := range append(slices.Clone(f.Rule), f.NoRule...) {
		if _, err := path.Match(w, ""); err != nil {
			return nil, cli.Faultf(cli.CodeUsage, "--rule: %q: %w", w, err)
		}
	}
	if err := o.load(f); err != nil {
		return nil, err
	}
	return o, o.checkSelection()
}

// load reads the configuration, and what flags name, and compiles the engine.
func (o *options) load(f *flags) error {
	home, err := config.Home("")
	if err != nil {
		return cli.Faultf(cli.CodeConfig, "%w", err)
	}
	o.home = home
	conf, err := config.Load(f.Config, home)
	if err != nil {
		return configFault(err)
	}
	o.config = conf.File
	o.allow = conf.Allow
	d := detect.Options{Vendor: gitleaks.DefaultConfig, VendorName: "built-in rule data", Wanted: o.selection.wants, Limits: detect.Limits{
		TrailingBlanks: conf.Obfuscation.TrailingSpaces, HiddenColumn: conf.Obfuscation.Column,
		InternalPrefixes: conf.Obfuscation.InternalPrefixes, Markers: conf.RedactionMarkers,
	}}
	if conf.Obfuscation.Typosquat && len(o.selection.only) == 0 {
		d.Wanted = func(r *detect.Rule) bool {
			return r.ID == "obfuscation-typosquat" && !slices.ContainsFunc(o.selection.not, func(w string) bool { return names(w, r) }) || o.selection.wants(r)
		}
	}
	if d.Patterns, err = patterns(conf); err != nil {
		return configFault(err)
	}
	if d.Literals, err = lists(conf); err != nil {
		return configFault(err)
	}
	if f.GitleaksConfig != "" {
		text, err := os.ReadFile(f.GitleaksConfig)
		if err != nil {
			return configFault(err)
		}
		d.More, d.MoreName = string(text), f.GitleaksConfig
	}
	if o.verb == "sweep" {
		if f.Blanks < 10 {
			return cli.Faultf(cli.CodeUsage, "-n: %d: expected 10 or more", f.Blanks)
		}
		d.Limits.HiddenColumn, d.Limits.BlankRun = 1, f.Blanks
		d.Wanted = func(r *detect.Rule) bool { return r.ID == "obfuscation-hidden-content" }
	}
	if o.engine, err = detect.New(d); err != nil {
		return cli.Faultf(cli.CodeConfig, "%w", err)
	}
	if o.gitleaks, err = readGitleaksIgnore(); err != nil {
		return err
	}
	if f.Baseline != "" {
		if o.baseline, err = readBaseline(f.Baseline); err != nil {
			return err
		}
	}
	return nil
}

func configFault(err error) error {
	var ce *config.Error
	switch {
	case errors.As(err, &ce):
		return cli.Faultf(cli.CodeConfig, "%w", err)
	case errors.Is(err, fs.ErrNotExist):
		return cli.Faultf(cli.CodeNoInput, "%w", err)
	case errors.Is(err, fs.ErrPermission):
		return cli.Faultf(cli.CodePermission, "%w", err)
	}
	return cli.Faultf(cli.CodeIO, "%w", err)
}

// checkSelection refuses a word that names no rule: it would run nothing, or all, without a word.
func (o *options) checkSelection() error {
	for _, w := range append(slices.Clone(o.selection.only), o.selection.not...) {
		if !slices.ContainsFunc(o.engine.Rules(), func(r *detect.Rule) bool { return names(w, r) }) {
			return cli.Faultf(cli.CodeUsage, "--rule: %q is no rule, glob or tag", w).WithHint("see " + tool + " --list")
		}
	}
	return nil
}

// size reads a number of bytes with a unit.
func size(s string) (int64, error) {
	units := map[string]int64{"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
	digits := strings.TrimRight(strings.ToUpper(s), "KMGTIB")
	unit, ok := units[strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(s)[len(digits):], "B"), "I")]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok || n < 0 || n > 1<<62/unit {
		return 0, fmt.Errorf("%q: expected a number of bytes such as 500M", s)
	}
	return n * unit, nil
}
