package jail

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"sandtrace/lib/policy"
)

// view is a policy resolved against the disk: what the command will see.
type view struct {
	mounts   []mount
	links    []link
	masks    []exact
	warnings []string
	notes    []string // what a policy's "?" has allowed to be missing

	granted map[string]policy.Right // resolved paths to the rights that lines give them
	private map[string]bool         // the resolved private directories
	denied  []string                // what deny names, resolved, under all its names
	execAny bool
}

// newView resolves a policy. The errors name the line at fault.
func newView(p *policy.Policy, rules *policy.Rules) (*view, error) {
	v := &view{granted: map[string]policy.Right{}, private: map[string]bool{}, execAny: p.Filesystem.ExecAny}
	x := &expander{}
	for _, e := range rules.Tmpfs() {
		if err := v.addTmpfs(e, x); err != nil {
			return nil, err
		}
	}
	for _, e := range rules.Grants() {
		if err := v.addGrant(e, x); err != nil {
			return nil, err
		}
	}
	v.addSystemTrees()
	for dir := range v.granted {
		if len(strings.Split(dir, "/")) > 1 && (below(dir, "/proc") || below(dir, "/dev")) && dir != "/" {
			return nil, fmt.Errorf("%s: the jail has a %s of its own: expected no line for it", dir, "/"+strings.Split(dir, "/")[1])
		}
	}
	if err := v.applyDenies(rules); err != nil {
		return nil, err
	}
	return v, v.compose()
}

// lineError names the line of the policy that an error is about.
func lineError(e policy.Entry, err error) error {
	if at := e.At.String(); at != "" {
		return fmt.Errorf("%s: %w", at, err)
	}
	return err
}

func (v *view) addTmpfs(e policy.Entry, x *expander) error {
	found, err := x.paths(e)
	if err != nil {
		return lineError(e, err)
	}
	for _, p := range found {
		real, links, err := resolve(p)
		if errors.Is(err, fs.ErrNotExist) {
			real, links, err = p, nil, nil // a directory that is only there in the jail
		}
		if err != nil {
			return lineError(e, err)
		}
		v.private[real] = true
		v.addLinks(links)
	}
	return nil
}

func (v *view) addGrant(e policy.Entry, x *expander) error {
	found, err := x.paths(e)
	if err != nil {
		return lineError(e, err)
	}
	there := false
	for _, p := range found {
		real, links, err := resolve(p)
		if errors.Is(err, fs.ErrNotExist) && v.private[p] { // allow_exec of a private directory
			continue
		}
		if errors.Is(err, fs.ErrNotExist) && (e.Optional || len(e.Globs) > 1) {
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			return lineError(e, fmt.Errorf("%s: no such file or directory: a leading ? makes the line optional", p))
		}
		if err != nil {
			return lineError(e, err)
		}
		there = true
		v.granted[real] |= e.Rights
		v.addLinks(links)
	}
	if !there && len(found) == 0 && !e.Optional {
		return lineError(e, fmt.Errorf("%q: fits nothing: a leading ? makes the line optional", e.Text))
	}
	if !there && len(found) > 0 && e.Optional {
		v.notes = append(v.notes, e.Text+": no such file or directory")
	}
	return nil
}

func (v *view) addLinks(links []link) {
	for _, l := range links {
		if !slices.Contains(v.links, l) {
			v.links = append(v.links, l)
		}
	}
}

func (v *view) warn(format string, a ...any) {
	v.warnings = append(v.warnings, fmt.Sprintf(format, a...))
}

// addSystemTrees gives the trees whose programs may run a line of their own, where one above them
// lets them be read.
func (v *view) addSystemTrees() {
	for _, t := range policy.SystemTrees {
		real, links, err := resolve(t)
		if err == nil && len(links) == 0 && v.rights(real)&policy.Read != 0 {
			v.granted[real] |= policy.Read
		}
	}
}

// rights are those of a resolved path: what lines between it and the private directory above it add
// up to, or that directory's own.
func (v *view) rights(real string) policy.Right {
	private := ""
	for p := range v.private {
		if below(real, p) && len(p) > len(private) {
			private = p
		}
	}
	var rights, exec policy.Right
	for g, r := range v.granted {
		if !below(real, g) {
			continue
		}
		exec |= r & policy.Exec
		if private == "" || g != private && below(g, private) {
			rights |= r
		}
	}
	if rights == 0 && private != "" {
		rights = policy.Read | policy.Write | exec
	}
	if rights&policy.Read != 0 && (v.execAny || rights&policy.Write == 0 && policy.InSystemTree(real)) {
		rights |= policy.Exec
	}
	return rights
}

// compose lists the mounts, those above first; a line that changes nothing has none.
func (v *view) compose() error {
	all := map[string]bool{}
	for p := range v.granted {
		all[p] = true
	}
	for p := range v.private {
		all[p] = true
	}
	for _, p := range slices.Sorted(maps.Keys(all)) {
		m := mount{Path: exact(p), Rights: v.rights(p), Dir: true, Tmpfs: v.private[p]}
		if !m.Tmpfs {
			dir, err := isDir(p)
			if err != nil {
				return err
			}
			m.Dir = dir
			if above := v.mountAbove(p); above != nil && !above.Tmpfs && above.Rights == m.Rights {
				continue
			}
		}
		v.mounts = append(v.mounts, m)
	}
	slices.SortFunc(v.mounts, func(a, b mount) int {
		return cmp.Or(cmp.Compare(depth(string(a.Path)), depth(string(b.Path))), cmp.Compare(a.Path, b.Path))
	})
	return nil
}

func depth(p string) int {
	if p == "/" {
		return 0
	}
	return strings.Count(p, "/")
}

// mountAbove is the closest mount above a path, of those listed so far.
func (v *view) mountAbove(p string) *mount {
	var best *mount
	for i, m := range v.mounts {
		if below(p, string(m.Path)) && (best == nil || len(m.Path) > len(best.Path)) {
			best = &v.mounts[i]
		}
	}
	return best
}

// visible reports whether a resolved path is in the view, unless it is masked.
func (v *view) visible(real string) bool { return v.rights(real) != 0 && !v.masked(real) }

// leadsOn reports whether the view has a directory of its own at a path, because it allows something
// below.
func (v *view) leadsOn(real string) bool {
	return slices.ContainsFunc(v.mounts, func(m mount) bool { return below(string(m.Path), real) })
}

func (v *view) masked(real string) bool {
	return slices.ContainsFunc(v.masks, func(m exact) bool { return below(real, string(m)) })
}
