package alert

import (
	"unicode/utf8"

	"sandtrace/lib/event"
)

// The longest texts that are shown whole, in characters.
const (
	maxValue = 240 // a path, a message
	maxName  = 80  // a rule, a package, a process, a command
)

const ellipsis = "…"

// clip is s made safe for a terminal and no longer than limit: of a longer one the beginning and
// the last quarter stand, the ellipsis between.
func clip(s string, limit int) string {
	if len(s) <= limit {
		if d := event.Display(s); len(d) <= limit || utf8.RuneCountInString(d) <= limit {
			return d
		}
	}
	// Escapes only lengthen, so that limit characters never come from more than 4 * limit bytes.
	head, tail := s, s
	if n := utf8.UTFMax * limit; len(s) > n {
		head, tail = s[:runeStart(s, n)], s[runeStart(s, len(s)-n):]
	}
	h, t := []rune(event.Display(head)), []rune(event.Display(tail))
	if len(head) == len(s) && len(h) <= limit {
		return string(h)
	}
	last := limit / 4
	return string(h[:limit-last-1]) + ellipsis + string(t[len(t)-last:])
}

// runeStart moves i back to where a character begins.
func runeStart(s string, i int) int {
	for n := 0; i > 0 && n < utf8.UTFMax && !utf8.RuneStart(s[i]); n++ {
		i--
	}
	return i
}
