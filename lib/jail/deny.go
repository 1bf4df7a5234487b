package jail

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"sandtrace/lib/policy"
)

// applyDenies takes what deny names out of the view: lines at or below it go, and where it is seen
// through a line above it, it is masked, under every name that it has.
func (v *view) applyDenies(rules *policy.Rules) error {
	x := &expander{within: func(dir string) bool {
		if v.rights(dir) != 0 {
			return true
		}
		for g := range v.granted {
			if below(g, dir) {
				return true
			}
		}
		return false
	}}
	table, err := readMounts()
	if err != nil {
		return err
	}
	for _, e := range rules.Denies() {
		found, err := x.paths(e)
		if err != nil {
			return lineError(e, fmt.Errorf("deny: %w", err))
		}
		for _, p := range found {
			if err := v.deny(e, p, table); err != nil {
				return lineError(e, err)
			}
		}
	}
	return nil
}

func (v *view) deny(e policy.Entry, p string, table []hostMount) error {
	real, _, err := resolve(p)
	if errors.Is(err, fs.ErrNotExist) {
		return v.denyMissing(e, p)
	}
	if err != nil {
		return err
	}
	for _, name := range append([]string{real}, aliases(real, table)...) {
		v.denied = append(v.denied, name)
		for g := range v.granted {
			if below(g, name) {
				delete(v.granted, g)
			}
		}
		for t := range v.private {
			if below(t, name) {
				return fmt.Errorf("deny: %s: tmpfs has %s, which is below it", p, t)
			}
		}
		if v.rights(name) != 0 && !v.hidden(name) && !slices.Contains(v.masks, exact(name)) {
			v.masks = append(v.masks, exact(name))
		}
	}
	var st unix.Stat_t
	if unix.Lstat(real, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Nlink > 1 && len(v.granted) > 0 {
		v.warn("deny: %s has %d names (hard links): those that are allowed elsewhere lead to it", p, st.Nlink)
	}
	return nil
}

// hidden reports whether a private directory stands over a path and no line brings it back.
func (v *view) hidden(real string) bool {
	private := ""
	for t := range v.private {
		if below(real, t) && len(t) > len(private) {
			private = t
		}
	}
	if private == "" {
		return false
	}
	for g := range v.granted {
		if g != private && below(g, private) && below(real, g) {
			return false
		}
	}
	return true
}

// denyMissing refuses a deny that nothing could enforce: of a file that is not there and could be
// made where the host would see it.
func (v *view) denyMissing(e policy.Entry, p string) error {
	above := p
	for {
		above = above[:strings.LastIndexByte(above, '/')]
		if above == "" {
			above = "/"
		}
		real, _, err := resolve(above)
		if err == nil {
			if v.rights(real)&policy.Write == 0 || v.hidden(real) {
				return nil
			}
			break
		}
		if above == "/" {
			return nil
		}
	}
	if e.Optional {
		v.warn("deny: %s does not exist and may be made by the command", p)
		return nil
	}
	return fmt.Errorf("deny: %s does not exist, and %s may be written: the command could make it; a leading ? accepts that", p, above)
}
