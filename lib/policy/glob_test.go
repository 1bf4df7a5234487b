package policy

import (
	"path"
	"strings"
	"testing"
)

func TestGlob(t *testing.T) {
	a := Anchors{Home: "/home/a*b", Dir: "/src/x"}
	for _, tt := range []struct {
		pattern string
		yes, no []string
	}{
		{"/usr", []string{"/usr"}, []string{"/usr/bin", "/", "/us"}},
		{"/lib*", []string{"/lib", "/lib64"}, []string{"/lib/x", "/usr/lib"}},
		{"/a/**/c", []string{"/a/c", "/a/b/c", "/a/b/b/c"}, []string{"/a", "/a/b", "/c"}},
		{"**/.env", []string{"/.env", "/a/b/.env"}, []string{"/a/.env/b", "/env"}},
		{"/a/**", []string{"/a", "/a/b/c"}, []string{"/b"}},
		{"/{a,b{1,2}}/x", []string{"/a/x", "/b1/x", "/b2/x"}, []string{"/b/x"}},
		{`/a\*`, []string{"/a*"}, []string{"/ab"}},
		{`/a\{b`, []string{"/a{b"}, nil},
		{"~/.ssh", []string{"/home/a*b/.ssh"}, []string{"/home/aXb/.ssh"}},
		{"~", []string{"/home/a*b"}, []string{"/home"}},
		{"./out", []string{"/src/x/out"}, nil},
		{".", []string{"/src/x"}, nil},
		{"../y", []string{"/src/y"}, nil},
		{"./../../y", []string{"/y"}, nil},
		{"/a?c", []string{"/abc", "/aéc"}, []string{"/ac"}},
		{"/", []string{"/"}, []string{"/a"}},
	} {
		globs, err := Path{Text: tt.pattern}.globs(a)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		fits := func(p string) bool {
			for _, g := range globs {
				if g.Match(p) {
					return true
				}
			}
			return false
		}
		for _, p := range tt.yes {
			if !fits(p) {
				t.Errorf("%s does not fit %s", tt.pattern, p)
			}
		}
		for _, p := range tt.no {
			if fits(p) {
				t.Errorf("%s fits %s", tt.pattern, p)
			}
		}
	}
}

// slow is what Match must agree with.
func slow(pattern, names []string) bool {
	switch {
	case len(pattern) == 0:
		return len(names) == 0
	case pattern[0] == "**":
		return slow(pattern[1:], names) || len(names) > 0 && slow(pattern, names[1:])
	}
	return len(names) > 0 && MatchName(pattern[0], names[0]) && slow(pattern[1:], names[1:])
}

func FuzzGlob(f *testing.F) {
	f.Add("/a/**/b*", "/a/x/b1")
	f.Add("/{a,{b,c}}/?", "/b/z")
	f.Add("**/**/x", "/x")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		name = path.Clean("/" + name)
		if len(pattern) > 60 || len(name) > 60 {
			return
		}
		globs, err := Path{Text: pattern}.globs(Anchors{Home: "/home/u", Dir: "/w"})
		if err != nil {
			return
		}
		for _, g := range globs {
			if got, want := g.Match(name), slow(g.Names, split(name)); got != want {
				t.Errorf("%q %q: %v, expected %v", g.Names, name, got, want)
			}
			if lit, ok := g.Literal(); ok && !g.Match(lit) {
				t.Errorf("%q does not fit itself, %q", pattern, lit)
			}
		}
		g, err := Path{Text: name, Literal: true}.globs(Anchors{})
		if err == nil && !strings.ContainsRune(name, 0) && !g[0].Match(name) {
			t.Errorf("the literal %q does not fit itself", name)
		}
	})
}
