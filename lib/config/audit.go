package config

import (
	"fmt"
	"os"
)

// Audit is what st-audit reads of a configuration.
type Audit struct {
	// Patterns are the user's own rules.
	Patterns []Pattern `toml:"custom_patterns"`
	// PatternFiles are files of literals, one a line, each of which is a finding of the rule custom-ioc.
	PatternFiles []string `toml:"pattern_files"`
	// RedactionMarkers make what holds one of them no secret.
	RedactionMarkers []string `toml:"redaction_markers"`
	// Obfuscation are thresholds.
	Obfuscation Obfuscation `toml:"obfuscation"`
	// Allow are findings that do not count, with the reason.
	Allow []Allow `toml:"allow"`
}

// Pattern is an entry of custom_patterns.
type Pattern struct {
	ID          string   `toml:"id"`
	Description string   `toml:"description"`
	Severity    string   `toml:"severity"`
	Pattern     string   `toml:"pattern"`
	MatchType   string   `toml:"match_type"`
	Extensions  []string `toml:"file_extensions"`
	Tags        []string `toml:"tags"`
}

// Obfuscation are the keys of the table of that name.
type Obfuscation struct {
	TrailingSpaces   int      `toml:"max_trailing_spaces"`
	Column           int      `toml:"steganographic_column"`
	Typosquat        bool     `toml:"enable_typosquat"`
	InternalPrefixes []string `toml:"known_internal_prefixes"`
}

// Allow is an entry of allow: rule and path are globs, and an absent one is any.
type Allow struct {
	Rule   string `toml:"rule"`
	Path   string `toml:"path"`
	Reason string `toml:"reason"`
}

// Fault is an Error about a value of the configuration: its line is the one where the value stands.
func (c *Config) Fault(value, format string, a ...any) *Error {
	text, err := os.ReadFile(c.File)
	if err != nil { // it was there a moment ago
		return &Error{c.File, 1, fmt.Sprintf(format, a...)}
	}
	return &Error{c.File, lineOfValue(string(text), value), fmt.Sprintf(format, a...)}
}
