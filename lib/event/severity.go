package event

import (
	"fmt"
	"strings"
)

// ParseSeverity is the severity that a user's word names. The error lists the words that there are
// and, for a slip of the hand, the one that was probably meant.
func ParseSeverity(word string) (Severity, error) {
	if s := Severity(word); s.Rank() >= 0 {
		return s, nil
	}
	names := make([]string, len(Severities))
	near, best := "", 3 // three slips make another word
	for i, s := range Severities {
		names[i] = string(s)
		if d := slips(strings.ToLower(word), names[i]); d < best {
			near, best = names[i], d
		}
	}
	last := len(names) - 1
	msg := fmt.Sprintf("%q: expected %s or %s", word, strings.Join(names[:last], ", "), names[last])
	if near != "" {
		msg += "; did you mean " + near
	}
	return "", fmt.Errorf("%s", msg)
}

// slips counts the letters to add, drop or change that make b of a; words far longer than b are not counted.
func slips(a, b string) int {
	if len(a) > 2*len(b) {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost = 1 + min(diag, row[j], row[j+1])
			}
			diag, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
