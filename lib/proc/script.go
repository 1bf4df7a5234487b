package proc

import (
	"path"
	"strings"
)

// interpreter says how a program that runs files of code names the one it runs.
type interpreter struct {
	name string // base name of the executable, without a version at its end
	// plain are flags before the file that load no other code and take no word of their own.
	plain string
}

// interpreters has a row an interpreter. A flag that is not listed as plain may load code (node -r,
// python -c, perl -M), so that what runs is not known from the file alone.
var interpreters = []interpreter{
	{"node", "--no-warnings --no-deprecation --trace-warnings --trace-deprecation --enable-source-maps --expose-gc --expose_gc"},
	{"nodejs", "--no-warnings --no-deprecation"},
	{"bun", ""},
	{"deno", ""},
	{"python", "-B -E -I -O -OO -P -S -s -u -v -q -sE -Es -Bs -bb"},
	{"pypy", "-B -E -I -O -OO -S -s -u -v"},
	{"ruby", "-w -W0 -W1 -W2"},
	{"perl", "-w -W -T -t"},
	{"php", "-n -q"},
	{"bash", "-e -u -x -eu -ex -eux -p --norc --noprofile --posix"},
	{"sh", "-e -u -x -eu -ex -eux -p"},
	{"dash", "-e -u -x -eu -ex -eux -p"},
	{"ash", "-e -u -x -eu -ex -eux"},
	{"busybox", ""},
	{"zsh", "-e -u -x -f"},
	{"ksh", "-e -u -x"},
	{"fish", ""},
	{"lua", ""},
	{"Rscript", "--vanilla"},
	{"tclsh", ""},
	{"awk", ""},
}

// interpreterOf is the row of an executable, or nil.
func interpreterOf(exe string) *interpreter {
	base := path.Base(exe)
	bare := strings.TrimRight(base, "0123456789.")
	for i := range interpreters {
		if n := interpreters[i].name; n == base || n == bare {
			return &interpreters[i]
		}
	}
	return nil
}

// Script is the program file that an interpreter with this executable, arguments and working
// directory runs, absolute, or "" where the executable is no interpreter or the arguments do not
// name one file for certain. It is what the arguments say, no more.
func Script(exe string, argv []string, cwd string) string {
	in := interpreterOf(exe)
	if in == nil || len(argv) < 2 {
		return ""
	}
	for _, a := range argv[1:] {
		if !strings.HasPrefix(a, "-") {
			return Abs(a, cwd)
		}
		if !hasWord(in.plain, a) {
			return ""
		}
	}
	return ""
}

// Abs is name made absolute against cwd and cleaned of ".", ".." and double slashes as text; "" for
// an empty name or a relative one without an absolute cwd.
func Abs(name, cwd string) string {
	if name == "" {
		return ""
	}
	if name[0] != '/' {
		if cwd == "" || cwd[0] != '/' {
			return ""
		}
		name = cwd + "/" + name
	}
	return path.Clean(name)
}

func hasWord(words, w string) bool {
	for f := range strings.FieldsSeq(words) {
		if f == w {
			return true
		}
	}
	return false
}
