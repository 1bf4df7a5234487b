package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"sandtrace/lib/rule"
)

// maxRuleFile bounds a rule file in bytes.
const maxRuleFile = 8 << 20

// ReadRules reads a rule file, or the files *.yml and *.yaml of a directory in the order of their
// names, those in its subdirectories not. An id may stand in one of them only. It fails with a
// *rule.Error, or with an error that wraps *fs.PathError.
func ReadRules(path string) (*rule.Bundle, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	if !info.IsDir() {
		return readRuleFile(path)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	all, found := &rule.Bundle{}, false
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); (ext != ".yml" && ext != ".yaml") || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		found = true
		more, err := readRuleFile(filepath.Join(path, e.Name()))
		if err != nil {
			return nil, err
		}
		var twice error
		all = rule.Merge(all, more, func(o, r *rule.Rule) {
			if twice == nil {
				twice = &rule.Error{File: r.File, Line: r.Line, Msg: fmt.Sprintf("id %s: used before, in %s:%d: expected one rule an id", r.ID, o.File, o.Line)}
			}
		})
		if twice != nil {
			return nil, twice
		}
	}
	if !found {
		return nil, fmt.Errorf("rules: %s: %w", path, ErrNoRules)
	}
	return all, nil
}

// ErrNoRules says that a directory holds no rule file.
var ErrNoRules = errors.New("no rule file: expected files named *.yml")

func readRuleFile(path string) (*rule.Bundle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRuleFile+1))
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	if len(text) > maxRuleFile {
		return nil, &rule.Error{File: path, Line: 1, Msg: fmt.Sprintf("longer than %d bytes", maxRuleFile)}
	}
	return rule.Parse(path, text)
}
