package detect

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"sandtrace/lib/event"
)

// Pattern is a rule of the user's own.
type Pattern struct {
	ID, Description string
	Severity        event.Severity
	Type            string // PatternRegex, PatternLiteral or PatternName
	Text            string
	Extensions      []string // without the dot; none is all files
	Tags            []string

	rule  *Rule
	re    *regexp.Regexp
	reach int
}

// The types of a Pattern.
const (
	PatternRegex   = "regex"
	PatternLiteral = "literal"
	PatternName    = "filename"
)

// Check compiles the pattern.
func (p *Pattern) Check() error {
	if p.ID == "" || strings.Trim(p.ID, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
		return fmt.Errorf("id: %q: expected letters, digits and dashes", p.ID)
	}
	if p.Severity == "" {
		p.Severity = high
	}
	if p.Severity.Rank() < 0 {
		return fmt.Errorf("severity: %q: expected info, low, medium, high or critical", p.Severity)
	}
	if p.Text == "" {
		return fmt.Errorf("pattern: is empty")
	}
	switch p.Type {
	case "", PatternRegex:
		p.Type = PatternRegex
	case PatternLiteral:
	case PatternName:
	default:
		return fmt.Errorf("match_type: %q: expected regex, literal or filename", p.Type)
	}
	if p.Type != PatternLiteral {
		re, err := regexp.Compile(p.Text)
		if err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
		if re.MatchString("") {
			return fmt.Errorf("pattern: %q matches the empty text", p.Text)
		}
		p.re = re
		if tree, err := syntax.Parse(p.Text, syntax.Perl); err == nil {
			p.reach = longest(tree)
		}
	}
	title := p.Description
	if title == "" {
		title = p.ID
	}
	p.rule = &Rule{ID: p.ID, Severity: p.Severity, Title: title, Why: "A pattern of the configuration asks for it.", Fix: "see the pattern's description", Tags: append([]string{"custom"}, p.Tags...)}
	return nil
}

func (e *Engine) addCustom(p *Pattern) error {
	if err := p.Check(); err != nil {
		return err
	}
	if ruleByID[p.ID] != nil {
		return fmt.Errorf("id: %s is a rule of the catalogue", p.ID)
	}
	e.rules = append(e.rules, p.rule)
	if !e.wanted(p.rule) {
		return nil
	}
	switch p.Type {
	case PatternName:
		e.files = append(e.files, p)
	case PatternLiteral:
		e.add(&detector{rule: p.rule, words: []string{strings.ToLower(p.Text)}, custom: p, try: customLiteral})
	default:
		e.scans = append(e.scans, p)
	}
	return nil
}

func (p *Pattern) applies(path string) bool {
	if len(p.Extensions) == 0 {
		return true
	}
	for _, x := range p.Extensions {
		if strings.HasSuffix(strings.ToLower(path), "."+strings.ToLower(strings.TrimPrefix(x, "."))) {
			return true
		}
	}
	return false
}

func customLiteral(s *Scanner, d *detector, start, end int) {
	if d.custom.applies(s.path) && string(s.w.b[start:end]) == d.custom.Text {
		s.report(d.rule, start, end, "")
	}
}

func (s *Scanner) customName(p *Pattern, name string) {
	if !p.applies(s.path) || !p.re.MatchString(name) {
		return
	}
	f := &Finding{Rule: p.rule, Path: s.path, Severity: p.Severity, Message: p.rule.Title, Confidence: likely, content: name}
	s.spans = append(s.spans, [2]int{-1, -1})
	s.emit(f)
}

// customScans runs the user's expressions over the window.
func (s *Scanner) customScans() {
	for _, p := range s.e.scans {
		if !p.applies(s.path) {
			continue
		}
		for _, m := range p.re.FindAllIndex(s.w.b, mostOfRule) {
			if s.w.owns(m[0]) {
				s.report(p.rule, m[0], m[1], "")
			}
		}
	}
}
