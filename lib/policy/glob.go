package policy

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// Bounds of one pattern.
const (
	maxPattern  = 4096
	maxBraces   = 256 // plain patterns that its {a,b} groups stand for
	maxElements = 128 // names between slashes
)

// Glob is one absolute pattern without groups, cut at its slashes.
//
//   - any run of characters of one name
//     ?    one character of a name
//     **   alone between slashes: any number of directories, also none
//     \c   the character c
//
// It fits a path as a whole; that a directory also stands for what is below it is the affair of Rules.
type Glob struct {
	Names []string // each "**" or a pattern of path.Match without classes
}

// Anchors are what relative patterns hang from, absolute and without links.
type Anchors struct {
	Home string // what ~ stands for; "" where there is none
	Dir  string // what ./ stands for
}

// globs compiles an entry: one Glob for each choice of its groups.
func (p Path) globs(a Anchors) ([]Glob, error) {
	if p.Literal {
		g, err := parseGlob(escape(anchored(p.Text, a.Dir)))
		return []Glob{g}, err
	}
	if len(p.Text) > maxPattern {
		return nil, fmt.Errorf("longer than %d bytes", maxPattern)
	}
	if strings.ContainsRune(p.Text, 0) {
		return nil, errors.New("holds a zero byte")
	}
	plain, err := braces(p.Text)
	if err != nil {
		return nil, err
	}
	var out []Glob
	for _, text := range plain {
		full, err := a.anchor(text)
		if err != nil {
			return nil, err
		}
		g, err := parseGlob(full)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

// anchor makes a pattern absolute.
func (a Anchors) anchor(text string) (string, error) {
	switch {
	case text == "~" || strings.HasPrefix(text, "~/"):
		if a.Home == "" {
			return "", errors.New("~ stands for no directory here: HOME is not set")
		}
		return escape(strings.TrimRight(a.Home, "/")) + text[1:] + emptyRoot(a.Home, text[1:]), nil
	case strings.HasPrefix(text, "~"):
		return "", errors.New("only ~/ is known: write the directory of another user out")
	case strings.HasPrefix(text, "/"):
		return text, nil
	case text == "." || strings.HasPrefix(text, "./"), strings.HasPrefix(text, "../"), text == "..":
		rest := text
		dir := a.Dir
		for {
			if after, ok := cutName(rest, "."); ok {
				rest = after
			} else if after, ok := cutName(rest, ".."); ok {
				rest, dir = after, path.Dir(dir)
			} else {
				break
			}
		}
		return strings.TrimRight(escape(dir), "/") + "/" + rest, nil
	case text == "**" || strings.HasPrefix(text, "**/"):
		return "/" + text, nil
	case text == "":
		return "", errors.New("is empty")
	}
	return "", fmt.Errorf("expected a path that begins with /, ~/, ./ or **/: write ./%s", text)
}

func emptyRoot(home, rest string) string {
	if strings.Trim(home, "/") == "" && rest == "" {
		return "/"
	}
	return ""
}

func cutName(text, name string) (string, bool) {
	if text == name {
		return "", true
	}
	return strings.CutPrefix(text, name+"/")
}

func anchored(name, dir string) string {
	if strings.HasPrefix(name, "/") {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// escape is the pattern that fits s alone.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `{`, `\{`, `}`, `\}`, `,`, `\,`).Replace(s)
}

func parseGlob(text string) (Glob, error) {
	var g Glob
	for name := range strings.SplitSeq(text, "/") {
		switch {
		case name == "" || name == ".":
			continue
		case name == "..":
			return g, errors.New(".. in the middle of a path: expected a plain path")
		case name == "**" && len(g.Names) > 0 && g.Names[len(g.Names)-1] == "**":
			continue
		case name != "**" && strings.Contains(strings.ReplaceAll(strings.ReplaceAll(name, `\\`, ""), `\*`, ""), "**"):
			return g, errors.New("** stands with other characters: expected it alone between slashes, as in **/*.js")
		}
		if err := checkName(name); err != nil {
			return g, err
		}
		g.Names = append(g.Names, name)
	}
	if len(g.Names) > maxElements {
		return g, fmt.Errorf("has more than %d names between slashes", maxElements)
	}
	return g, nil
}

func checkName(name string) error {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			if i++; i == len(name) {
				return errors.New(`ends in a backslash: expected \\ for the character`)
			}
		case '[':
			return errors.New(`[ is not known: expected {a,b}, or \[ for the character`)
		}
	}
	_, err := path.Match(name, "")
	return err
}

// Literal is the one path that the pattern fits, if there is but one.
func (g Glob) Literal() (string, bool) {
	var b strings.Builder
	for _, n := range g.Names {
		if Wild(n) {
			return "", false
		}
		b.WriteString("/" + unescape(n))
	}
	if b.Len() == 0 {
		return "/", true
	}
	return b.String(), true
}

// Wild reports whether a name of a Glob fits more than one name.
func Wild(name string) bool {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case '*', '?':
			return true
		}
	}
	return false
}

func unescape(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+1 < len(name) {
			i++
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// Plain is the name that a name of a Glob without wildcards stands for.
func Plain(name string) string { return unescape(name) }

// MatchName reports whether one name of a Glob fits one name of a path.
func MatchName(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// Match reports whether the pattern fits a whole absolute path. On a misfit only the last ** is
// extended, so the work is at most len(path) * len(Names).
func (g Glob) Match(abs string) bool {
	return g.match(split(abs))
}

func split(abs string) []string {
	if abs = strings.Trim(abs, "/"); abs == "" {
		return nil
	}
	return strings.Split(abs, "/")
}

func (g Glob) match(names []string) bool {
	i, at, star, starAt := 0, 0, -1, 0
	for {
		switch {
		case i < len(g.Names) && g.Names[i] == "**":
			star, starAt = i, at
			i++
			continue
		case i < len(g.Names) && at < len(names) && MatchName(g.Names[i], names[at]):
			i++
			at++
			continue
		case i == len(g.Names) && at == len(names):
			return true
		}
		if star < 0 || starAt >= len(names) {
			return false
		}
		starAt++
		i, at = star+1, starAt
	}
}
