package event

import (
	"fmt"

	"sandtrace/lib/spell"
)

// ParseSeverity is the severity that a user's word names. The error lists the words that there are
// and, for a slip of the hand, the one that was probably meant.
func ParseSeverity(word string) (Severity, error) {
	if s := Severity(word); s.Rank() >= 0 {
		return s, nil
	}
	names := make([]string, len(Severities))
	for i, s := range Severities {
		names[i] = string(s)
	}
	if near := spell.Nearest(word, names); near != "" {
		return "", fmt.Errorf("%q: expected %s; did you mean %s", word, spell.List(names), near)
	}
	return "", fmt.Errorf("%q: expected %s", word, spell.List(names))
}
