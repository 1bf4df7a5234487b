package policy

import (
	"errors"
	"fmt"
	"strings"
)

// braces writes out the {a,b} groups of a pattern, which may nest. Escapes stay as they are.
func braces(p string) ([]string, error) {
	out := []string{""}
	for p != "" {
		i := strings.IndexAny(p, `\{}`)
		if i < 0 {
			return appendAll(out, p), nil
		}
		out = appendAll(out, p[:i])
		switch p[i] {
		case '\\':
			if i+1 == len(p) {
				return nil, errors.New(`ends in a backslash: expected \\ for the character`)
			}
			out, p = appendAll(out, p[i:i+2]), p[i+2:]
		case '}':
			return nil, errors.New(`} has no opening brace: expected {a,b}, or \} for the character`)
		case '{':
			choices, rest, err := group(p[i+1:])
			if err != nil {
				return nil, err
			}
			var all []string
			for _, c := range choices {
				plain, err := braces(c)
				if err != nil {
					return nil, err
				}
				if len(all)+len(out)*len(plain) > maxBraces {
					return nil, fmt.Errorf("stands for more than %d patterns", maxBraces)
				}
				for _, head := range out {
					for _, tail := range plain {
						all = append(all, head+tail)
					}
				}
			}
			out, p = all, rest
		}
	}
	return out, nil
}

func appendAll(heads []string, tail string) []string {
	for i := range heads {
		heads[i] += tail
	}
	return heads
}

// group cuts what follows an opening brace at its commas, and returns what follows the closing one.
func group(p string) (choices []string, rest string, err error) {
	depth, from := 0, 0
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '{':
			depth++
		case ',':
			if depth == 0 {
				choices, from = append(choices, p[from:i]), i+1
			}
		case '}':
			if depth--; depth >= 0 {
				continue
			}
			if choices = append(choices, p[from:i]); len(choices) < 2 {
				return nil, "", errors.New(`a group has one choice: expected {a,b}, or \{ for the character`)
			}
			return choices, p[i+1:], nil
		}
	}
	return nil, "", errors.New("{ is not closed: expected {a,b}")
}
