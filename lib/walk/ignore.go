package walk

import (
	"bufio"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// ignoreFiles are read in every directory, the later ones deciding over the earlier.
var ignoreFiles = []string{".gitignore", ".sandtraceignore"}

// ignoreMost bounds an ignore file in lines.
const ignoreMost = 10000

// ignores are the patterns of a directory and of those above it.
type ignores struct {
	up       *ignores
	patterns []gitignore.Pattern
}

// match asks the patterns from the innermost directory outwards, in each from the last one on.
func (g *ignores) match(path string, dir bool) bool {
	if g == nil {
		return false
	}
	parts := split(path)
	for ; g != nil; g = g.up {
		for i := len(g.patterns) - 1; i >= 0; i-- {
			switch g.patterns[i].Match(parts, dir) {
			case gitignore.Exclude:
				return true
			case gitignore.Include:
				return false
			}
		}
	}
	return false
}

func split(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// others tells directories of what others wrote: their ignore files hide nothing.
func others(dir string) bool {
	for _, part := range split(dir) {
		if part == "node_modules" || part == "site-packages" || part == "bower_components" {
			return true
		}
	}
	return false
}

func (w *walker) ignoresOf(dir string, up *ignores) *ignores {
	if others(dir) {
		return up
	}
	var domain []string
	if dir != "." {
		domain = split(dir)
	}
	var all []gitignore.Pattern
	for _, name := range ignoreFiles {
		all = append(all, readIgnores(filepath.Join(dir, name), domain)...)
	}
	if filepath.Base(dir) != ".git" {
		all = append(readIgnores(filepath.Join(dir, ".git", "info", "exclude"), domain), all...)
	}
	if len(all) == 0 {
		return up
	}
	return &ignores{up, all}
}

// ignoresAbove reads the ignore files between the top of the repository and the root, where the root is
// named by a relative path and lies in one.
func (w *walker) ignoresAbove(root string) *ignores {
	root = filepath.Clean(root)
	if w.o.NoIgnore || filepath.IsAbs(root) || root == "." || strings.HasPrefix(root, "..") {
		return nil
	}
	var up *ignores
	parts := strings.Split(root, "/")
	for i := range parts {
		dir := strings.Join(parts[:i], "/")
		if dir == "" {
			dir = "."
		}
		up = w.ignoresOf(dir, up)
	}
	return up
}

func readIgnores(file string, domain []string) []gitignore.Pattern {
	f, err := Open(file)
	if err != nil { // most directories have none
		return nil
	}
	defer f.Close()
	var out []gitignore.Pattern
	lines := bufio.NewScanner(f)
	for lines.Scan() && len(out) < ignoreMost {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		out = append(out, gitignore.ParsePattern(line, domain))
	}
	return out
}
