package config

import (
	"fmt"
	"io"
	"os"
	"strings"

	"sandtrace/lib/policy"
)

// Policy reads the policy of a file. An empty file is an error: it would allow nothing at all, which
// nobody writes an empty file for.
func Policy(file string) (*policy.Policy, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, policy.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if strings.TrimSpace(string(text)) == "" {
		return nil, fmt.Errorf("policy: %s: is empty: it would allow nothing at all", file)
	}
	return policy.Parse(file, string(text))
}
