package rule

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var globCases = []struct {
	pattern  string
	fit      []string
	mismatch []string
}{
	{"/a/b", []string{"/a/b"}, []string{"/a", "/a/b/c", "/a/bb", "a/b", "/A/b", ""}},
	{"~/.npmrc", []string{"/home/u/.npmrc"}, []string{"/root/.npmrc", "~/.npmrc", "/home/u/x/.npmrc"}},
	{"~/.ssh/id_*", []string{"/home/u/.ssh/id_rsa", "/home/u/.ssh/id_"}, []string{"/home/u/.ssh/xid_rsa", "/home/u/.ssh/id_/x"}},
	{"~/.azure/*", []string{"/home/u/.azure/.hidden", "/home/u/.azure/x"}, []string{"/home/u/.azure", "/home/u/.azure/a/b"}},
	{"**/.npmrc", []string{"/.npmrc", "/a/.npmrc", "/a/b/.npmrc", ".npmrc", "a/.npmrc"}, []string{"/a/x.npmrc", "/a/.npmrc/b"}},
	{"**/node_modules/**", []string{"/a/node_modules/x", "/node_modules/x/y", "node_modules/x"}, []string{"/a/node_modules", "/a/my_node_modules/x"}},
	{"/a/**", []string{"/a/b", "/a/b/c"}, []string{"/a", "/ab/c"}},
	{"/a/**/b", []string{"/a/b", "/a/x/b", "/a/x/y/b"}, []string{"/a/xb", "/b", "/a/b/c"}},
	{"/a/**/b/**/c", []string{"/a/b/c", "/a/b/x/b/c", "/a/c/b/c"}, []string{"/a/c", "/a/c/b"}},
	{"/a/?", []string{"/a/x", "/a/é", "/a/\xff"}, []string{"/a/", "/a/xy", "/a/\xff\xfe"}},
	{"/a/*é?", []string{"/a/éx", "/a/xxéé"}, []string{"/a/é", "/a/e\u0301x"}},
	{"/{a,b/c}/d", []string{"/a/d", "/b/c/d"}, []string{"/b/d"}},
	{"/x{,.bak,{1,2}}", []string{"/x", "/x.bak", "/x1", "/x2"}, []string{"/x3", "/x{"}},
	{`/\*\?\[\{\}\~\,\\`, []string{`/*?[{}~,\`}, []string{"/x"}},
	{"/a,b", []string{"/a,b"}, nil},
	{"/opt/s/**/k*.pem", []string{"/opt/s/k.pem", "/opt/s/a/b/key.pem"}, []string{"/opt/s/k.pem2", "/opt/t/k.pem"}},
	{"/a*b*c", []string{"/abc", "/axxbyybzzc"}, []string{"/acb", "/abcd"}},
	{"**", []string{"/x", "/x/y", "x"}, nil},
	{"/new\nline/*", []string{"/new\nline/\x1b[31m"}, nil},
}

func globsOf(t testing.TB, pattern string) []glob {
	t.Helper()
	g, err := parseGlobs(pattern, []string{"/home/u"})
	if err != nil {
		t.Fatalf("%q: %v", pattern, err)
	}
	return g
}

func anyFits(globs []glob, path string) bool {
	for i := range globs {
		if globs[i].match([]byte(path)) {
			return true
		}
	}
	return false
}

// indexed asks the same through the index, as a Matcher does.
func indexed(globs []glob, path string) bool {
	var x index
	for _, g := range globs {
		p := pattern{access: anyAccess, glob: g}
		if whole, ok := g.exact(); ok {
			p.exact = whole
		}
		x.add(p)
	}
	found := false
	x.find([]byte(path), bitRead, func(*pattern, []byte) { found = true })
	return found
}

func TestGlob(t *testing.T) {
	for _, c := range globCases {
		globs := globsOf(t, c.pattern)
		for _, p := range c.fit {
			if !anyFits(globs, p) || !indexed(globs, p) {
				t.Errorf("%q: does not fit %q (globs %t, index %t)", c.pattern, p, anyFits(globs, p), indexed(globs, p))
			}
		}
		for _, p := range c.mismatch {
			if anyFits(globs, p) || (!odd([]byte(p)) && indexed(globs, p)) {
				t.Errorf("%q: fits %q (globs %t, index %t)", c.pattern, p, anyFits(globs, p), indexed(globs, p))
			}
		}
	}
}

func TestGlobErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"x/y":                                   "expected a pattern that begins with /, ~/ or **/",
		"~root/x":                               "only ~/ is known: write the directory of another user out",
		"~":                                     "only ~/ is known: write the directory of another user out",
		"/a/":                                   "ends in a slash: expected a file, or /** for all that is below",
		"/a//b":                                 `"" between slashes never matches: expected a plain path`,
		"/a/../b":                               `".." between slashes never matches: expected a plain path`,
		"/a**/b":                                "** stands with other characters: expected it alone between slashes, as in **/*.js",
		"/[ab]":                                 `[ is not known: expected {a,b}, or \[ for the character`,
		"/{a,b":                                 "an opening brace is not closed: expected {a,b}",
		"/a}":                                   `"}" has no opening brace: expected {a,b}, or \} for the character`,
		"/{a}":                                  `a group has one alternative: expected {a,b}, or \{ for the character`,
		`/a\`:                                   `ends in a backslash: expected \\ for the character`,
		`/a\/b`:                                 `\/ is not known: a name cannot hold a slash`,
		"/\xff":                                 "not a path: expected UTF-8 without a zero byte",
		"/a\x00":                                "not a path: expected UTF-8 without a zero byte",
		"/" + strings.Repeat("a", 2000):         "longer than 1024 bytes",
		strings.Repeat("/a", 65):                "has more than 64 parts between slashes",
		strings.Repeat("/{a,b}", 9):             "expands to more than 256 patterns",
		"/{" + strings.Repeat("a,", 300) + "b}": "expands to more than 256 patterns",
	} {
		_, err := parseGlobs(pattern, []string{"/home/u"})
		if err == nil || err.Error() != want {
			t.Errorf("%.60q: got %v, want %s", pattern, err, want)
		}
	}
}

func TestOddPaths(t *testing.T) {
	globs := globsOf(t, "~/.npmrc")
	for path, want := range map[string]bool{
		"/home/u/./.npmrc": true, "/home//u/.npmrc": true, "/home/x/../u/.npmrc": true, "/../home/u/.npmrc": true,
		"/proc/self/root/home/u/.npmrc": true, "/proc/41/root/proc/thread-self/root/home/u/.npmrc": true,
		"/home/u/.npmrc/": true, "/home/u/.npmrc/..": false, "/home/u/.npmrc/.": true, "/home/u/...npmrc": false,
		"/proc/self/cwd/home/u/.npmrc": false, "/proc/x/root/home/u/.npmrc": false, "/": false, "//": false, "..": false,
	} {
		if got := indexed(globs, path); got != want {
			t.Errorf("%q: %t, want %t", path, got, want)
		}
	}
}

// TestGlobBombs holds the work on hostile patterns and paths within bounds; it says so by coming to
// an end long before the test's time limit.
func TestGlobBombs(t *testing.T) {
	began := time.Now()
	long := strings.Repeat("/a", 500_000)
	for _, pattern := range []string{
		strings.Repeat("/**/a", 31) + "/b",
		"/**" + strings.Repeat("/a", 60) + "/b",
		"/" + strings.Repeat("*a", 400) + "b",
		"/**/" + strings.Repeat("*a", 400) + "b",
		"/**/*/**/*/**/*/**/b",
		strings.Repeat("/{a,b}", 8),
	} {
		globs := globsOf(t, pattern)
		for _, path := range []string{long, "/" + strings.Repeat("a", 1_000_000), strings.Repeat("/", 1_000_000)} {
			if anyFits(globs, path) {
				t.Errorf("%q fits %.20q...", pattern, path)
			}
		}
	}
	if d := time.Since(began); d > 30*time.Second {
		t.Errorf("took %v", d)
	}
}

func FuzzGlob(f *testing.F) {
	for _, c := range globCases {
		for _, p := range append(c.fit, c.mismatch...) {
			f.Add(c.pattern, p)
		}
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if len(path) > 200 || len(pattern) > 60 {
			return
		}
		globs, err := parseGlobs(pattern, []string{"/home/u"})
		if err != nil {
			return
		}
		want := false
		for i := range globs {
			fits := globs[i].match([]byte(path))
			if plain := naiveGlob(&globs[i], path); fits != plain {
				t.Fatalf("%q on %q: %t, the naive matcher says %t", pattern, path, fits, plain)
			}
			want = want || fits
		}
		if path != "" && !odd([]byte(path)) && indexed(globs, path) != want {
			t.Fatalf("%q on %q: %t, the index says %t", pattern, path, want, !want)
		}
	})
}

// naiveGlob tries every way to spread the stars.
func naiveGlob(g *glob, path string) bool {
	rest, rooted := strings.CutPrefix(path, "/")
	if g.absolute && !rooted {
		return false
	}
	names := strings.Split(rest, "/")
	type at struct{ i, j int }
	memo := map[at]bool{}
	var fit func(i, j int) bool
	fit = func(i, j int) bool {
		if i == len(g.parts) {
			return j == len(names)
		}
		if v, ok := memo[at{i, j}]; ok {
			return v
		}
		v := false
		if g.parts[i].double {
			v = fit(i+1, j) || (j < len(names) && fit(i, j+1))
		} else if j < len(names) {
			v = naivePart(&g.parts[i], names[j]) && fit(i+1, j+1)
		}
		memo[at{i, j}] = v
		return v
	}
	return fit(0, 0)
}

func naivePart(p *part, name string) bool {
	if len(p.pieces) == 0 {
		return p.literal == name
	}
	if name == "" {
		return false
	}
	var fit func(pieces []piece, s string) bool
	type at struct{ i, j int }
	memo := map[at]bool{}
	fit = func(pieces []piece, s string) (v bool) {
		if len(pieces) == 0 {
			return s == ""
		}
		key := at{len(pieces), len(s)}
		if v, ok := memo[key]; ok {
			return v
		}
		_, n := utf8.DecodeRuneInString(s)
		switch pieces[0].kind {
		case '*':
			v = fit(pieces[1:], s) || (s != "" && fit(pieces, s[n:]))
		case '?':
			v = s != "" && fit(pieces[1:], s[n:])
		default:
			rest, ok := strings.CutPrefix(s, pieces[0].text)
			v = ok && fit(pieces[1:], rest)
		}
		memo[key] = v
		return v
	}
	return fit(p.pieces, name)
}
