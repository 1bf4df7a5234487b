package detect

import (
	"bytes"
	"path"
	"strings"
)

// lineContext bounds how far from a finding its line is searched for a comment.
const lineContext = 2 << 10

// inline tells why a comment on the finding's line or on the one above says that it does not count.
func (s *Scanner) inline(f *Finding, at int) string {
	w := &s.w
	from := w.lineStart(at)
	to := w.lineEnd(at)
	line := w.around(max(from, at-lineContext), min(to, at+lineContext))
	if ignores(line, f.Rule.ID) {
		return "inline"
	}
	if f.Secret != "" && bytes.Contains(line, []byte("gitleaks:allow")) {
		return "inline"
	}
	if from > 0 && at-from < lineContext {
		above := w.around(max(w.lineStart(from-1), from-lineContext), from-1)
		if ignores(above, f.Rule.ID) {
			return "inline"
		}
	}
	return ""
}

// ignores tells whether a line carries `sandtrace:ignore` for the rule: bare for any, or with rule ids or
// globs behind it.
func ignores(line []byte, id string) bool {
	for _, mark := range []string{"sandtrace:ignore", "@sandtrace-ignore"} {
		_, rest, ok := bytes.Cut(line, []byte(mark))
		if !ok {
			continue
		}
		named := false
		for _, word := range strings.FieldsFunc(string(rest), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == ':' || r == '[' || r == ']' }) {
			word = strings.TrimSpace(word)
			if !strings.Contains(word, "-") || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-*") != "" || strings.Trim(word, "->*") == "" {
				break
			}
			named = true
			if ok, _ := path.Match(word, id); ok {
				return true
			}
		}
		if !named {
			return true
		}
	}
	return false
}
