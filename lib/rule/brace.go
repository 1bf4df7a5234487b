package rule

import (
	"errors"
	"fmt"
)

// maxExpansions bounds what the {a,b} groups of one pattern may expand to.
const maxExpansions = 256

// expandBraces writes out the {a,b} groups of a pattern, which may nest. Escapes stay as they are.
func expandBraces(p string) ([]string, error) {
	out, rest, err := expandUntil(p, "")
	if err != nil {
		return nil, err
	}
	if rest != "" {
		return nil, fmt.Errorf("%q has no opening brace: expected {a,b}, or \\} for the character", rest[:1])
	}
	return out, nil
}

// expandUntil expands p up to one of the characters of stop outside any group, and returns what
// stands from there on.
func expandUntil(p, stop string) (out []string, rest string, err error) {
	out = []string{""}
	from := 0
	i := 0
	flush := func() { out = product(out, []string{p[from:i]}) }
	for i < len(p) {
		c := p[i]
		switch {
		case c == '\\':
			if i+1 == len(p) {
				return nil, "", errors.New(`ends in a backslash: expected \\ for the character`)
			}
			i += 2
		case c == '{':
			flush()
			group, after, err := expandGroup(p[i+1:])
			if err != nil {
				return nil, "", err
			}
			if len(out)*len(group) > maxExpansions {
				return nil, "", fmt.Errorf("expands to more than %d patterns", maxExpansions)
			}
			out = product(out, group)
			p, i, from = after, 0, 0
		case c == '}' || (c == ',' && stop != ""):
			flush()
			return out, p[i:], nil
		default:
			i++
		}
	}
	flush()
	return out, "", nil
}

// expandGroup expands what follows an opening brace, and returns what follows the closing one.
func expandGroup(p string) (out []string, rest string, err error) {
	for n := 1; ; n++ {
		alternative, rest, err := expandUntil(p, ",}")
		if err != nil {
			return nil, "", err
		}
		if rest == "" {
			return nil, "", errors.New("an opening brace is not closed: expected {a,b}")
		}
		out = append(out, alternative...)
		if len(out) > maxExpansions {
			return nil, "", fmt.Errorf("expands to more than %d patterns", maxExpansions)
		}
		p = rest[1:]
		if rest[0] == '}' {
			if n == 1 {
				return nil, "", errors.New("a group has one alternative: expected {a,b}, or \\{ for the character")
			}
			return out, p, nil
		}
	}
}

func product(heads, tails []string) []string {
	out := make([]string, 0, len(heads)*len(tails))
	for _, h := range heads {
		for _, t := range tails {
			out = append(out, h+t)
		}
	}
	return out
}
