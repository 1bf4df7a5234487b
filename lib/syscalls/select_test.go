package syscalls

import (
	"slices"
	"strings"
	"testing"
)

// selected are the names of a choice.
func selected(t *testing.T, words ...string) []string {
	t.Helper()
	calls, err := Select(words)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range calls {
		names = append(names, c.Name)
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("%q: not sorted, or a call twice", words)
	}
	return names
}

func TestSelect(t *testing.T) {
	if got := selected(t, "openat", "open", "openat"); !slices.Equal(got, []string{"open", "openat"}) {
		t.Errorf("names: %q", got)
	}
	if got := selected(t, "all"); len(got) != len(All()) {
		t.Errorf("all: %d of %d calls", len(got), len(All()))
	}
	if got := selected(t); got != nil {
		t.Errorf("nothing: %q", got)
	}
	if got := selected(t, "all", "!all"); got != nil {
		t.Errorf("all but all: %q", got)
	}
	for _, s := range SetNames {
		got := selected(t, s.Name)
		for _, c := range All() {
			if want := c.Sets&s.Set != 0; slices.Contains(got, c.Name) != want {
				t.Errorf("%s: %s is in it: %v", s.Name, c.Name, !want)
			}
		}
		if len(got) == 0 {
			t.Errorf("%s: empty", s.Name)
		}
	}
}

// TestSelectOrder holds that words are read from left to right, and that a first one that takes out
// takes from the default set.
func TestSelectOrder(t *testing.T) {
	def := selected(t, "default")
	for _, tt := range []struct {
		words     string
		with, out string // calls that are in and that are not
	}{
		{"!openat", "open execve", "openat stat"},
		{"!file", "connect", "open execve stat"},
		{"file,!stat", "openat rename", "newfstatat connect"},
		{"!stat,stat", "newfstatat execve", ""},
		{"openat,!openat,openat", "openat", "open"},
		{"openat,!default,connect", "connect", "openat execve"},
		{"network,!socket,io", "connect read", "socket"},
		{"default,read", "read execve", "write"},
	} {
		got := selected(t, strings.Split(tt.words, ",")...)
		for name := range strings.FieldsSeq(tt.with) {
			if !slices.Contains(got, name) {
				t.Errorf("%s: %s is missing", tt.words, name)
			}
		}
		for name := range strings.FieldsSeq(tt.out) {
			if slices.Contains(got, name) {
				t.Errorf("%s: %s is in it", tt.words, name)
			}
		}
	}
	if got := selected(t, "!openat"); len(got) != len(def)-1 {
		t.Errorf("the default set but one: %d of %d", len(got), len(def))
	}
}

// TestSelectOptIn holds that what more than doubles the volume has to be asked for.
func TestSelectOptIn(t *testing.T) {
	def := selected(t, "default")
	for name := range strings.FieldsSeq("stat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat read write close") {
		if slices.Contains(def, name) {
			t.Errorf("%s is in the default set", name)
		}
	}
}

func TestSelectUnknown(t *testing.T) {
	for word, want := range map[string]string{
		"opnat":    `unknown system call or set "opnat"; did you mean "openat"?`,
		"!netwrok": `unknown system call or set "netwrok"; did you mean "network"?`,
		"fiel":     `unknown system call or set "fiel"; did you mean "file"?`,
		"OPENAT":   `unknown system call or set "OPENAT"; did you mean "openat"?`,
		"xyzzy123": `unknown system call or set "xyzzy123"`,
		"":         `unknown system call or set ""`,
		"!":        `unknown system call or set ""`,
		"!!open":   `unknown system call or set "!open"; did you mean "open"?`,
		"a\x1b[2J": `unknown system call or set "a\x1b[2J"`,
	} {
		if calls, err := Select([]string{"file", word}); err == nil || err.Error() != want || calls != nil {
			t.Errorf("%q: %v, expected %s", word, err, want)
		}
	}
}

func TestNearest(t *testing.T) {
	for word, want := range map[string]string{
		"execv": "execve", "al": "all", "sotcket": "socket", "prcotl": "prctl", "memroy": "memory", "qqqqqqqq": "", "": "",
	} {
		if got := Nearest(word); got != want {
			t.Errorf("%q: %q, expected %q", word, got, want)
		}
	}
}
