// Package config reads the configuration of the tool set and the files it points to, and finds the
// home that ~ stands for.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"sandtrace/lib/rule"
)

// Config is a configuration file. Every tool reads the whole file and uses what concerns it.
type Config struct {
	// File is where it was read, "" for the built-in one.
	File string `toml:"-"`

	// TrustedPaths are the directories whose programs an allow-list may name. Nil means the
	// built-in ones, rule.DefaultTrusted.
	TrustedPaths []string `toml:"trusted_paths"`
	// Rules are rule files or directories that st-match reads besides the built-in rules.
	Rules []string `toml:"rules"`

	Audit
}

// system is the configuration of the machine.
const system = "/etc/sandtrace/config.toml"

// Load reads the first configuration found: file, where one is named, $SANDTRACE_CONFIG,
// HOME/.sandtrace/config.toml for the given home, the one in /etc; with none of them there the
// built-in one. A file that is named must exist. Errors in a file are *Error; others wrap *fs.PathError.
func Load(file, home string) (*Config, error) {
	if file == "" {
		file = os.Getenv("SANDTRACE_CONFIG")
	}
	if file != "" {
		return read(file, home)
	}
	for _, f := range []string{filepath.Join(home, ".sandtrace", "config.toml"), system} {
		c, err := read(f, home)
		if !errors.Is(err, fs.ErrNotExist) {
			return c, err
		}
	}
	return &Config{}, nil
}

func read(file, home string) (*Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	c, err := parse(file, string(text))
	if err != nil {
		return nil, err
	}
	for i, r := range c.Rules {
		if rest, ok := strings.CutPrefix(r, "~/"); ok {
			c.Rules[i] = filepath.Join(home, rest)
		} else if !filepath.IsAbs(r) {
			c.Rules[i] = filepath.Join(filepath.Dir(file), r)
		}
	}
	return c, nil
}

// parse reads a configuration strictly.
func parse(file, text string) (*Config, error) {
	c := &Config{File: file}
	meta, err := toml.Decode(text, c)
	if err != nil {
		return nil, syntaxError(file, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, unknownKey(file, text, unknown[0])
	}
	for _, d := range c.TrustedPaths {
		if why := rule.CheckTrusted(d); why != "" {
			line := lineOfValue(text, d)
			return nil, &Error{file, line, fmt.Sprintf("trusted_paths: %q: %s", d, why)}
		}
	}
	return c, nil
}
