// Package spell finds the known word that a mistyped one was probably meant to be.
package spell

import "strings"

// Nearest is the word of known that is closest to word, or "" where none is close: at most a third
// of its letters are wrong, missing, added or swapped with a neighbour. Case does not count.
func Nearest(word string, known []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k), least); d < least {
			best, least = k, d
		}
	}
	return best
}

// Hint is the end of a message that names the nearest known word, or all words where none is near:
// `expected name` or `expected id, name or tags`.
func Hint(word string, known []string) string {
	if n := Nearest(word, known); n != "" {
		return "expected " + n
	}
	return "expected " + List(known)
}

// List joins words as "a, b or c".
func List(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// distance is the number of single-letter edits and swaps of neighbours between a and b, or limit
// where it is at least that.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	var before, row, next []int // of lengths len(b)+1; before is two rows up
	row, next = make([]int, len(b)+1), make([]int, len(b)+1)
	before = make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return min(row[len(b)], limit)
}
