package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"sandtrace/lib/cli"
	"sandtrace/lib/event"
)

// A baseline lists findings that are known: fingerprints, with what a reader needs to know them by.
type baselineFile struct {
	Version  int             `json:"version"`
	Findings []baselineEntry `json:"findings"`
}

type baselineEntry struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Path        string `json:"path"`
}

// baselineOutput writes a baseline instead of records.
type baselineOutput struct {
	w    io.Writer
	file baselineFile
	seen map[string]bool
}

func (o *baselineOutput) collects() bool { return true }

func (o *baselineOutput) write(r event.Record) error {
	f, ok := r.(*event.Finding)
	if !ok || f.Suppressed || o.seen[f.Fingerprint] {
		return nil
	}
	if o.seen == nil {
		o.seen = map[string]bool{}
	}
	o.seen[f.Fingerprint] = true
	o.file.Findings = append(o.file.Findings, baselineEntry{f.Fingerprint, f.Rule, f.Path})
	return nil
}

func (o *baselineOutput) close() error {
	o.file.Version = 1
	if o.file.Findings == nil {
		o.file.Findings = []baselineEntry{}
	}
	return encode(o.w, o.file)
}

// readBaseline is the findings of a baseline, by fingerprint.
func readBaseline(name string) (map[string]string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, configFault(err)
	}
	var b baselineFile
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, cli.Faultf(cli.CodeConfig, "%s: %w", name, err).WithHint("make one with: " + tool + " baseline . >" + name)
	}
	if b.Version != 1 {
		return nil, cli.Faultf(cli.CodeConfig, "%s: version %d: expected 1", name, b.Version)
	}
	out := map[string]string{}
	for _, f := range b.Findings {
		if !strings.HasPrefix(f.Fingerprint, "sha256:") {
			return nil, cli.Faultf(cli.CodeConfig, "%s: fingerprint %q: expected sha256:...", name, f.Fingerprint)
		}
		out[f.Fingerprint] = f.Rule
	}
	return out, nil
}

// readGitleaksIgnore reads the .gitleaksignore of the current directory: fingerprints file:rule:line, with or
// without a commit before them.
func readGitleaksIgnore() (map[string]bool, error) {
	const name = ".gitleaksignore"
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, configFault(err)
	}
	out := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if parts := strings.Split(line, ":"); len(parts) == 4 {
			line = strings.Join(parts[1:], ":")
		}
		if line != "" && line[0] != '#' {
			out[line] = true
		}
	}
	return out, nil
}
