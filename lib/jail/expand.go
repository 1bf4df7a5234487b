package jail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"sandtrace/lib/policy"
)

// Bounds of all patterns of a policy together.
const (
	maxVisited = 2_000_000 // directory entries looked at
	maxMatches = 4096      // paths found
)

// errTooWide says that patterns fit more than a view can hold.
var errTooWide = fmt.Errorf("fits too much: expected a pattern that looks at no more than %d names and finds no more than %d", maxVisited, maxMatches)

// expander looks patterns up on the disk.
type expander struct {
	visited, matches int
	within           func(dir string) bool // false prunes a directory; nil looks everywhere
}

// paths are the existing paths that an entry's patterns fit, links not followed. A literal path is
// returned whether it exists or not.
func (x *expander) paths(e policy.Entry) ([]string, error) {
	var out []string
	for _, g := range e.Globs {
		if p, ok := g.Literal(); ok {
			out = append(out, p)
			continue
		}
		found, err := x.walk("/", g.Names, out)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", e.Text, err)
		}
		out = found
	}
	return out, nil
}

// walk appends what names fits below dir. What cannot be read is passed over: it cannot be read in
// the jail either.
func (x *expander) walk(dir string, names []string, out []string) ([]string, error) {
	for len(names) > 0 && !policy.Wild(names[0]) {
		dir, names = path.Join(dir, policy.Plain(names[0])), names[1:]
		if _, err := os.Lstat(dir); err != nil {
			return out, nil
		}
	}
	if len(names) == 0 {
		return x.found(dir, out)
	}
	if x.within != nil && !x.within(dir) {
		return out, nil
	}
	deep := names[0] == "**"
	if deep && len(names) == 1 { // all that is below
		names = []string{"**", "*"}
	}
	f, err := os.Open(dir)
	if err != nil {
		return out, nil
	}
	list, err := f.ReadDir(-1)
	f.Close()
	if err != nil && !errors.Is(err, fs.ErrNotExist) && len(list) == 0 {
		return out, nil
	}
	if x.visited += len(list); x.visited > maxVisited {
		return nil, errTooWide
	}
	for _, d := range list {
		at := path.Join(dir, d.Name())
		if deep {
			if out, err = x.step(at, d, names[1:], out); err == nil && d.IsDir() && !pseudo[at] {
				out, err = x.walk(at, names, out)
			}
		} else {
			out, err = x.step(at, d, names, out)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pseudo are trees without end that hold no files.
var pseudo = map[string]bool{"/proc": true, "/sys": true, "/dev": true}

// step appends what names fits at one entry of a directory and below it.
func (x *expander) step(at string, d fs.DirEntry, names []string, out []string) ([]string, error) {
	if !policy.MatchName(names[0], d.Name()) {
		return out, nil
	}
	if len(names) == 1 {
		return x.found(at, out)
	}
	if !d.IsDir() {
		return out, nil
	}
	return x.walk(at, names[1:], out)
}

func (x *expander) found(at string, out []string) ([]string, error) {
	if x.matches++; x.matches > maxMatches {
		return nil, errTooWide
	}
	return append(out, at), nil
}
