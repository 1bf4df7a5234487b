// Package rules holds the rules that ship with the tool set.
package rules

import (
	"embed"
	"fmt"

	"sandtrace/lib/rule"
)

// Files are the rule files, at the root.
//
//go:embed *.yml
var Files embed.FS

// Parse reads all of them, in the order of their names. An id stands in one of them only.
func Parse() (*rule.Bundle, error) {
	entries, err := Files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("built-in rules: %w", err)
	}
	all := &rule.Bundle{}
	for _, e := range entries {
		text, err := Files.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("built-in rules: %w", err)
		}
		more, err := rule.Parse("rules/"+e.Name(), text)
		if err != nil {
			return nil, err
		}
		all = rule.Merge(all, more, func(_, _ *rule.Rule) {})
	}
	return all, nil
}
