package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sandtrace/lib/config"
	"sandtrace/lib/detect"
	"sandtrace/lib/event"
)

// patterns are the user's own rules, checked.
func patterns(c *config.Config) ([]detect.Pattern, error) {
	var out []detect.Pattern
	seen := map[string]bool{}
	for _, p := range c.Patterns {
		q := detect.Pattern{
			ID: p.ID, Description: p.Description, Severity: event.Severity(strings.ToLower(p.Severity)), Type: p.MatchType,
			Text: p.Pattern, Extensions: p.Extensions, Tags: p.Tags,
		}
		if err := q.Check(); err != nil {
			return nil, c.Fault(p.ID, "custom_patterns: %s: %s", p.ID, err)
		}
		if seen[p.ID] {
			return nil, c.Fault(p.ID, "custom_patterns: %s: used before: expected one pattern an id", p.ID)
		}
		seen[p.ID] = true
		out = append(out, q)
	}
	for _, a := range c.Allow {
		if a.Reason == "" {
			return nil, c.Fault(a.Path+a.Rule, "allow: expected a reason")
		}
		if _, err := filepath.Match(a.Rule, ""); err != nil {
			return nil, c.Fault(a.Rule, "allow: %q: %s", a.Rule, err)
		}
	}
	return out, nil
}

// lists are the texts of the pattern files.
func lists(c *config.Config) ([]string, error) {
	var out []string
	for _, name := range c.PatternFiles {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(c.File), name)
		}
		more, err := literals(name)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// literals reads a list of texts, one a line; lines that begin with # are comments.
func literals(name string) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("pattern_files: %w", err)
	}
	defer f.Close()
	var out []string
	n := 0
	scan := bufio.NewScanner(f)
	for scan.Scan() {
		n++
		line := strings.TrimSpace(scan.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if len(line) < detect.LeastLiteral {
			return nil, &config.Error{File: name, Line: n, Msg: fmt.Sprintf("%q: expected at least %d characters", line, detect.LeastLiteral)}
		}
		out = append(out, line)
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("pattern_files: %s: %w", name, err)
	}
	return out, nil
}
