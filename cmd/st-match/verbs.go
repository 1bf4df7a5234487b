package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sandtrace/lib/cli"
	"sandtrace/lib/config"
	"sandtrace/lib/event"
	"sandtrace/lib/rule"
	"sandtrace/lib/spell"
	"sandtrace/rules"
)

// verbs are the words that, first among the arguments, are no file: ./test is the file test.
var verbs = map[string]func(f *flags, words []string, std cli.Std) (int, error){
	"test":         testRules,
	"list":         listRules,
	"lint":         lintRules,
	"explain":      explain,
	"export":       export,
	"import-sigma": importSigma,
}

// testHome is where ~/ in the records of tests is, whoever runs them.
const testHome = "/home/u"

// chosen is what a verb works on: all rules, or with words those of files, which may refer to the
// built-in ones.
func chosen(f *flags, words []string, std cli.Std) (*loaded, func(*rule.Rule) bool, error) {
	l, err := gather(f, std.Err)
	if err != nil || len(words) == 0 {
		return l, func(*rule.Rule) bool { return true }, err
	}
	files := map[string]bool{}
	for _, w := range words {
		more, err := config.ReadRules(w)
		if err != nil {
			return nil, nil, loadFault(err)
		}
		for i := range more.Rules {
			files[more.Rules[i].File] = true
		}
		l.bundle = rule.Merge(l.bundle, more, func(_, _ *rule.Rule) {})
	}
	return l, func(r *rule.Rule) bool { return files[r.File] }, nil
}

// testRules runs the tests that stand in rules.
func testRules(f *flags, words []string, std cli.Std) (int, error) {
	l, only, err := chosen(f, words, std)
	if err != nil {
		return 0, err
	}
	env := rule.Env{Homes: []string{testHome}, Trusted: slices.Concat(rule.DefaultTrusted, l.env.Trusted)}
	done, err := rule.Check(l.bundle, env, only)
	if err != nil {
		return 0, loadFault(err)
	}
	for _, e := range done.Failures {
		fmt.Fprintln(std.Out, event.Display(e.Error()))
	}
	if !f.Quiet {
		fmt.Fprintf(std.Out, "%d rules, %d cases, %d failed\n", done.Rules, done.Cases, len(done.Failures))
	}
	if len(done.Failures) > 0 {
		return cli.CodeConfig, nil
	}
	return cli.CodeOK, nil
}

func listRules(f *flags, words []string, std cli.Std) (int, error) {
	l, only, err := chosen(f, words, std)
	if err != nil {
		return 0, err
	}
	set, err := l.compile()
	if err != nil {
		return 0, err
	}
	all := slices.DeleteFunc(set.Rules(), func(r *rule.Rule) bool { return !only(r) })
	return 0, list(std.Out, all, textForm(f, std))
}

// lintRules reads rules as every run does and says what is allowed and yet most likely wrong.
func lintRules(f *flags, words []string, std cli.Std) (int, error) {
	l, only, err := chosen(f, words, std)
	if err != nil {
		return 0, err
	}
	if _, err := l.compile(); err != nil {
		return 0, err
	}
	found := rule.Lint(l.bundle, l.env, time.Now().UTC(), only)
	for _, s := range l.shadowed {
		found = append(found, errors.New(s))
	}
	for _, e := range found {
		fmt.Fprintln(std.Out, event.Display(e.Error()))
	}
	if len(found) > 0 {
		return cli.CodeConfig, nil
	}
	return cli.CodeOK, nil
}

// explain says of each record why a rule did or did not fire.
func explain(f *flags, words []string, std cli.Std) (int, error) {
	if len(words) == 0 {
		return 0, cli.Faultf(cli.CodeUsage, "explain: expected the id of a rule").WithHint("st-match list shows them")
	}
	l, err := load(f, std.Err)
	if err != nil {
		return 0, err
	}
	id := words[0]
	var ids []string
	for _, r := range l.set.Rules() {
		ids = append(ids, r.ID)
	}
	if !slices.Contains(ids, id) {
		near := spell.Nearest(id, ids)
		return 0, cli.Faultf(cli.CodeUsage, "explain: no enabled rule %q: expected %s", event.Display(id), or(near, "an id that st-match list shows"))
	}
	sources, err := open(words[1:], std.In)
	if err != nil {
		return 0, err
	}
	code := cli.CodeOK
	for _, s := range sources {
		bad, err := explainStream(rule.NewMatcher(l.set, 0), id, s, std.Out)
		if err != nil {
			return 0, fault(err)
		}
		if bad {
			code = cli.CodeBadRecords
		}
	}
	return code, nil
}

func explainStream(m *rule.Matcher, id string, s source, out io.Writer) (bad bool, err error) {
	var scan event.Scanner
	r := event.NewReader(s.in)
	at := ""
	if s.name != "" {
		at = event.Display(s.name) + ": "
	}
	for {
		line, err := r.Next()
		var le *event.LineError
		switch {
		case errors.Is(err, io.EOF):
			return bad, nil
		case err != nil && !errors.As(err, &le):
			return bad, err
		}
		var f *event.Facets
		if err == nil {
			f, err = scan.Scan(line)
		}
		if err != nil {
			bad = true
			if _, err := fmt.Fprintf(out, "%sline %d: no record: %s\n", at, r.Line(), event.Display(err.Error())); err != nil {
				return bad, err
			}
			continue
		}
		for _, why := range m.Explain(id, f, line) {
			if _, err := fmt.Fprintf(out, "%sline %d: %s\n", at, r.Line(), event.Display(reasonText(why))); err != nil {
				return bad, err
			}
		}
	}
}

func reasonText(r rule.Reason) string {
	prefix := ""
	if r.Step != "" {
		prefix = r.Step + ": "
	}
	switch {
	case r.Met && r.Fired:
		return prefix + "met, the rule fires"
	case r.Met && r.Step != "":
		return prefix + "met, the chain goes on"
	case r.Met:
		return prefix + "met"
	}
	return prefix + "not met: " + r.Failed
}

func or(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// export writes the built-in rule files into a directory; a file that is there stays.
func export(_ *flags, words []string, std cli.Std) (int, error) {
	if len(words) != 1 {
		return 0, cli.Faultf(cli.CodeUsage, "export: expected one directory")
	}
	dir := words[0]
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, cli.Faultf(cli.CodeCannotMake, "export: %w", err)
	}
	names, err := fs.Glob(rules.Files, "*.yml")
	if err != nil {
		return 0, cli.Faultf(cli.CodeInternal, "export: %w", err)
	}
	for _, name := range names {
		text, err := rules.Files.ReadFile(name)
		if err != nil {
			return 0, cli.Faultf(cli.CodeInternal, "export: %w", err)
		}
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil {
			_, err = f.Write(text)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return 0, cli.Faultf(cli.CodeCannotMake, "export: %w", err)
		}
		fmt.Fprintln(std.Out, event.Display(strings.TrimSuffix(dir, "/")+"/"+name))
	}
	return 0, nil
}

// importSigma turns a Sigma rule into one of ours.
func importSigma(_ *flags, words []string, std cli.Std) (int, error) {
	if len(words) != 1 {
		return 0, cli.Faultf(cli.CodeUsage, "import-sigma: expected one file")
	}
	text, err := os.ReadFile(words[0])
	if err != nil {
		return 0, fault(err)
	}
	out, notes, err := rule.ImportSigma(words[0], text)
	if err != nil {
		return 0, loadFault(err)
	}
	for _, n := range notes {
		cli.Say(std.Err, tool, n)
	}
	if _, err := std.Out.Write(out); err != nil {
		return 0, fault(err)
	}
	if len(notes) > 0 {
		return cli.CodeConfig, nil
	}
	return 0, nil
}
