package jail

import (
	"encoding/base64"
	"slices"
	"strings"

	"sandtrace/lib/policy"
	"sandtrace/lib/seccomp"
)

// plan is all that init has to know; it travels as JSON through a pipe.
type plan struct {
	Layers     []string // those to put up
	Mounts     []mount  // of the view, those above first
	Links      []link
	Masks      []exact // what deny hides, where it exists
	Dir        exact   // the command's working directory
	Argv, Env  []exact
	SearchPath exact // PATH of the command
	Hostname   string
	OwnSession bool
	ExecAny    bool
	Tell       bool
	Limits     []seccomp.Limit
	SealMemory bool // make files in memory not executable unless asked, which the filter counts on
	NoNetwork  bool // the policy allows none, whatever the layers are
	Dry        bool // put everything up, and end
}

// mount is one directory or file of the view.
type mount struct {
	Path   exact // where it stands, and unless Tmpfs its source on the host
	Rights policy.Right
	Dir    bool
	Tmpfs  bool
}

// link is a symbolic link of the view that leads to something in it.
type link struct{ Path, Target exact }

// exact is a name, byte by byte: JSON's strings would change what is not UTF-8.
type exact string

// MarshalText writes e in base64.
func (e exact) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, []byte(e)), nil
}

// UnmarshalText reads it back.
func (e *exact) UnmarshalText(text []byte) error {
	b, err := base64.StdEncoding.DecodeString(string(text))
	*e = exact(b)
	return err
}

func exacts(list []string) []exact {
	out := make([]exact, len(list))
	for i, s := range list {
		out[i] = exact(s)
	}
	return out
}

func texts(list []exact) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

func (p *plan) has(layer string) bool { return slices.Contains(p.Layers, layer) }

func fields(s string) []string { return strings.Fields(s) }

// Below reports whether path is dir or stands below it; both are clean and absolute.
func below(path, dir string) bool {
	return path == dir || dir == "/" || strings.HasPrefix(path, dir+"/")
}
