package detect

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzScan: whatever a file holds, no detector fails, places lie in the file, and reading it in pieces finds the same.
func FuzzScan(f *testing.F) {
	for _, s := range samples {
		f.Add(s.path, s.text)
	}
	f.Add("a.php", "<?php `$a")
	f.Add("a.js", "\\x")
	f.Add("a.js", "String.fromCharCode(")
	f.Add("package.json", `{"scripts":{"install":1},"dependencies":{"":""}}`)
	f.Add(".mcp.json", `{"mcpServers":{"":null}}`)
	e := engine(f)
	s := e.NewScanner()
	f.Fuzz(func(t *testing.T, path, text string) {
		lines := strings.Count(text, "\n") + 1
		for _, found := range find(t, s, path, text) {
			if found.Line > lines && utf8.ValidString(text) && !strings.Contains(text, "\x00") {
				t.Errorf("%s: line %d of %d", found.Rule.ID, found.Line, lines)
			}
			if found.Secret != "" && len(found.Secret) >= 12 && strings.Contains(found.Preview, found.Secret) {
				t.Errorf("%s: preview %q", found.Rule.ID, found.Preview)
			}
			_ = found.Fingerprint()
		}
	})
}

// FuzzRules reads rule data.
func FuzzRules(f *testing.F) {
	f.Add("[[rules]]\nid='a'\nregex='a(b)c'\nkeywords=['a']\n")
	f.Add("[allowlist]\nregexes=['(']\n")
	f.Fuzz(func(_ *testing.T, text string) {
		e, err := New(Options{More: text, MoreName: "f"})
		if err == nil {
			_, _ = e.NewScanner().Scan("a", strings.NewReader("abc abc"), func(*Finding) error { return nil })
		}
	})
}
