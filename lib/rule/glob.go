package rule

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of one pattern: with them the longest path a record can hold is matched in bounded time.
const (
	maxPattern = 1024 // bytes
	maxParts   = 64   // parts between slashes
)

// glob is one pattern without groups, cut at its slashes.
//
//   - any run of characters of one name, the empty one and leading dots included
//     ?    one character of a name, or one byte where the name is not UTF-8
//     **   alone between slashes: any number of directories, also none; at the end: all that is below
//     \c   the character c
type glob struct {
	parts    []part
	absolute bool // begins with a slash; otherwise with **
}

// part matches one name of a path, or with double any number of them.
type part struct {
	double  bool
	literal string // the whole name, where pieces is empty
	pieces  []piece
}

// piece is one element of a name with wildcards.
type piece struct {
	kind byte // '*', '?' or 0 for a literal
	text string
}

// parseGlobs reads a pattern as a rule file has it; ~ stands for each of homes.
func parseGlobs(pattern string, homes []string) ([]glob, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("longer than %d bytes", maxPattern)
	}
	if !utf8.ValidString(pattern) || strings.ContainsRune(pattern, 0) {
		return nil, errors.New("not a path: expected UTF-8 without a zero byte")
	}
	plain, err := expandBraces(pattern)
	if err != nil {
		return nil, err
	}
	var out []glob
	for _, p := range plain {
		rest, home := strings.CutPrefix(p, "~")
		if !home {
			g, err := parseGlob(p)
			if err != nil {
				return nil, err
			}
			out = append(out, g)
			continue
		}
		if !strings.HasPrefix(rest, "/") {
			return nil, errors.New("only ~/ is known: write the directory of another user out")
		}
		for _, h := range homes {
			g, err := parseGlob(escapeGlob(strings.TrimRight(h, "/")) + rest)
			if err != nil {
				return nil, err
			}
			out = append(out, g)
		}
	}
	return out, nil
}

// escapeGlob is the pattern that matches s alone.
func escapeGlob(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(`\*?[{},~`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func parseGlob(p string) (glob, error) {
	g := glob{absolute: strings.HasPrefix(p, "/")}
	if !g.absolute && p != "**" && !strings.HasPrefix(p, "**/") {
		return g, errors.New("expected a pattern that begins with /, ~/ or **/")
	}
	names := strings.Split(strings.TrimPrefix(p, "/"), "/")
	for i, name := range names {
		if name == "" && i == len(names)-1 {
			return g, errors.New("ends in a slash: expected a file, or /** for all that is below")
		}
		if name == "" || name == "." || name == ".." {
			return g, fmt.Errorf("%q between slashes never matches: expected a plain path", name)
		}
		part, err := parsePart(name)
		if err != nil {
			return g, err
		}
		if part.double && len(g.parts) > 0 && g.parts[len(g.parts)-1].double {
			continue
		}
		g.parts = append(g.parts, part)
	}
	if g.parts[len(g.parts)-1].double { // all that is below, not the directory itself
		g.parts = append(g.parts, part{pieces: []piece{{kind: '*'}}})
	}
	if len(g.parts) > maxParts {
		return g, fmt.Errorf("has more than %d parts between slashes", maxParts)
	}
	return g, nil
}

func parsePart(name string) (part, error) {
	if name == "**" {
		return part{double: true}, nil
	}
	if strings.Contains(strings.ReplaceAll(name, `\*`, ""), "**") {
		return part{}, errors.New("** stands with other characters: expected it alone between slashes, as in **/*.js")
	}
	var pieces []piece
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			pieces = append(pieces, piece{text: text.String()})
			text.Reset()
		}
	}
	wild := false
	for i := 0; i < len(name); i++ {
		switch c := name[i]; c {
		case '\\':
			if i++; i == len(name) {
				return part{}, errors.New(`\/ is not known: a name cannot hold a slash`)
			}
			text.WriteByte(name[i])
		case '*', '?':
			flush()
			pieces = append(pieces, piece{kind: c})
			wild = true
		case '[':
			return part{}, errors.New(`[ is not known: expected {a,b}, or \[ for the character`)
		default:
			text.WriteByte(c)
		}
	}
	if !wild {
		return part{literal: text.String()}, nil
	}
	flush()
	return part{pieces: pieces}, nil
}

// match reports whether the pattern fits the whole path. On a misfit only the last ** is extended:
// what the parts before it matched stays right, so the work is at most len(path) * len(parts).
func (g *glob) match(path []byte) bool {
	at := 0
	if len(path) > 0 && path[0] == '/' {
		at = 1
	} else if g.absolute {
		return false
	}
	i, star, starAt := 0, -1, 0
	for at <= len(path) {
		if i < len(g.parts) {
			if g.parts[i].double {
				star, starAt = i, at
				i++
				continue
			}
			end := nameEnd(path, at)
			if g.parts[i].match(path[at:end]) {
				i++
				at = end + 1
				continue
			}
		}
		if star < 0 {
			return false
		}
		starAt = nameEnd(path, starAt) + 1
		i, at = star+1, starAt
	}
	return i == len(g.parts)
}

// nameEnd is where the name that starts at i ends.
func nameEnd(path []byte, i int) int {
	if n := bytes.IndexByte(path[i:], '/'); n >= 0 {
		return i + n
	}
	return len(path)
}

// match works as glob.match does, with characters for names and * for **.
func (p *part) match(name []byte) bool {
	if len(p.pieces) == 0 {
		return string(name) == p.literal
	}
	if len(name) == 0 {
		return false
	}
	i, at, star, starAt := 0, 0, -1, 0
	for {
		if i < len(p.pieces) {
			switch pc := &p.pieces[i]; pc.kind {
			case '*':
				if i == len(p.pieces)-1 {
					return true
				}
				star, starAt = i, at
				i++
				continue
			case '?':
				if at < len(name) {
					at += charLen(name[at:])
					i++
					continue
				}
			default:
				if n := len(pc.text); len(name)-at >= n && string(name[at:at+n]) == pc.text {
					at += n
					i++
					continue
				}
			}
		} else if at == len(name) {
			return true
		}
		if star < 0 || starAt >= len(name) {
			return false
		}
		starAt += charLen(name[starAt:])
		i, at = star+1, starAt
	}
}

func charLen(b []byte) int {
	_, n := utf8.DecodeRune(b)
	return n
}

// exact is the only path that the pattern fits, if there is but one.
func (g *glob) exact() (string, bool) {
	var b strings.Builder
	for _, p := range g.parts {
		if p.double || len(p.pieces) > 0 {
			return "", false
		}
		b.WriteByte('/')
		b.WriteString(p.literal)
	}
	return b.String(), g.absolute
}

// prefix is the directory that all paths of the pattern share, "" where there is none, and the
// number of its parts.
func (g *glob) prefix() (string, int) {
	if !g.absolute {
		return "", 0
	}
	var b strings.Builder
	for i, p := range g.parts {
		if p.double || len(p.pieces) > 0 || i == len(g.parts)-1 {
			return b.String(), i
		}
		b.WriteByte('/')
		b.WriteString(p.literal)
	}
	return b.String(), len(g.parts)
}
