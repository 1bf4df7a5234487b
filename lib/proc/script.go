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
	verbs bool // a first word without a slash or a dot may be a command of its own, not a file
}

// interpreters has a row an interpreter. A flag that is not listed as plain may load code (node -r,
// python -c, perl -M), so that what runs is not known from the file alone.
var interpreters = []interpreter{
	{"node", "--no-warnings --no-deprecation --trace-warnings --trace-deprecation --enable-source-maps --expose-gc --expose_gc", true},
	{"nodejs", "--no-warnings --no-deprecation", true},
	{"bun", "", true},
	{"deno", "", true},
	{"python", "-B -E -I -O -OO -P -S -s -u -v -q -sE -Es -Bs -bb", false},
	{"pypy", "-B -E -I -O -OO -S -s -u -v", false},
	{"ruby", "-w -W0 -W1 -W2", false},
	{"perl", "-w -W -T -t", false},
	{"php", "-n -q", false},
	{"bash", "-e -u -x -eu -ex -eux -p --norc --noprofile --posix", false},
	{"sh", "-e -u -x -eu -ex -eux -p", false},
	{"dash", "-e -u -x -eu -ex -eux -p", false},
	{"ash", "-e -u -x -eu -ex -eux", false},
	{"busybox", "-e -u -x -eu -ex -eux", false},
	{"zsh", "-e -u -x -f", false},
	{"ksh", "-e -u -x", false},
	{"fish", "", false},
	{"lua", "", false},
	{"Rscript", "--vanilla", false},
	{"tclsh", "", false},
}

// busyboxShells are the applets of busybox that run a file; all others only read what they are given.
const busyboxShells = "sh ash hush"

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
	if in.name == "busybox" {
		if path.Base(argv[0]) == "busybox" {
			argv = argv[1:] // busybox sh FILE
		}
		if !hasWord(busyboxShells, strings.TrimPrefix(path.Base(argv[0]), "-")) {
			return ""
		}
	}
	for _, a := range argv[1:] {
		if strings.HasPrefix(a, "+") {
			return "" // to a shell an option
		}
		if !strings.HasPrefix(a, "-") {
			if in.verbs && !strings.ContainsAny(a, "/.") {
				return ""
			}
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
