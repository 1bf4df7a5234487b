package rule

import (
	"path"
	"strings"

	"sandtrace/lib/event"
)

// An allow-list names programs, and names can be forged: comm by one system call, the file name by
// a copy, argv by the caller. So an entry is believed only for a file that an installed package
// could not have written: one in a trusted directory.

// DefaultTrusted are the directories whose programs are believed to be what they are called, where
// the configuration names none.
var DefaultTrusted = []string{
	"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
	"/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/libexec", "/usr/share",
	"/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/usr/local/lib64", "/usr/local/libexec", "/usr/local/aws-cli",
	"/opt", "/snap", "/nix/store", "/gnu/store", "/home/linuxbrew/.linuxbrew",
	"~/.local/bin", "~/.cargo/bin", "~/go/bin",
	"~/.nvm", "~/.volta", "~/.pyenv", "~/.asdf", "~/.linuxbrew",
	"~/.rustup/toolchains", "~/.local/share/pnpm", "~/.bun/bin", "~/.deno/bin", // what the launchers of the above start
}

// openDirs are trees that anyone can write to, or that hold what was just downloaded.
var openDirs = []string{"/tmp", "/var/tmp", "/dev", "/proc", "/run", "/var/run"}

// writable are trusted directories outside the home that belong to an ordinary user all the same.
var writable = []string{"/home/linuxbrew"}

// CheckTrusted says why dir cannot be trusted, or "".
func CheckTrusted(dir string) string {
	rest, home := strings.CutPrefix(dir, "~/")
	switch {
	case home && (path.Clean(rest) == "." || rest == "" || below(path.Clean(rest), "..")):
		return "a whole home cannot be trusted: expected a directory below it, as in ~/.local/bin"
	case home:
		dir = "/" + rest
	case !strings.HasPrefix(dir, "/"):
		return "expected an absolute path or one that begins with ~/"
	default:
		if p := path.Clean(dir); p == "/" || p == "/home" || p == "/usr" || p == "/var" || p == "/root" {
			return "too much to trust: expected a directory of programs, as in /opt/tools/bin"
		}
		for _, open := range openDirs {
			if below(path.Clean(dir), open) {
				return "anyone can write below " + open + ": expected a directory that packages cannot write to"
			}
		}
	}
	if strings.Contains(path.Clean(dir)+"/", "/node_modules/") {
		return "packages write to node_modules: expected a directory that they cannot write to"
	}
	return ""
}

// trust holds the trusted directories, clean and absolute.
type trust struct {
	dirs []trustedDir
}

type trustedDir struct {
	path string
	own  bool // a process of the user may write to it
}

func newTrust(dirs, homes []string) *trust {
	t := &trust{}
	for _, d := range dirs {
		rest, home := strings.CutPrefix(d, "~/")
		if !home {
			d = path.Clean(d)
			own := false
			for _, w := range append(writable, homes...) {
				own = own || below(d, w)
			}
			t.dirs = append(t.dirs, trustedDir{d, own})
			continue
		}
		for _, h := range homes {
			t.dirs = append(t.dirs, trustedDir{path.Join(h, rest), true})
		}
	}
	return t
}

// below reports whether p is dir or lies in it.
func below(p, dir string) bool {
	return strings.HasPrefix(p, dir) && (len(p) == len(dir) || p[len(dir)] == '/')
}

// file reports whether the file at p is trusted; where the user's own processes may be at fault,
// as in an install stage, directories that they can write to are left out.
func (t *trust) file(p string, stage bool) bool {
	if !strings.HasPrefix(p, "/") || strings.HasSuffix(p, " (deleted)") {
		return false
	}
	p = path.Clean(p)
	for _, d := range t.dirs {
		if (!stage || !d.own) && below(p, d.path) && len(p) > len(d.path) {
			return outsidePackages(p)
		}
	}
	return false
}

// outsidePackages reports whether p is in no node_modules, but for the tree of a package manager
// that stands in the global one, as in /usr/lib/node_modules/npm.
func outsidePackages(p string) bool {
	const dir = "/node_modules/"
	before, after, found := strings.Cut(p, dir)
	if !found {
		return true
	}
	name, _, _ := strings.Cut(after, "/")
	return baseName(before) == "lib" && programs[name] == manager
}

// caller is what is believed about the process of a record.
type caller struct {
	exe    string // the program's name where its file is trusted, else ""
	script string // likewise of the script that a trusted interpreter runs
	stage  bool   // a package's own code runs it
}

// callers remembers the last answer: records of one process come in runs.
type callers struct {
	exe, script, stage string
	injected           bool
	last               caller
}

// of answers for a process that runs in a stage, its own or one that it inherits.
func (m *callers) of(t *trust, stage []byte, p *event.ProcFacets) *caller {
	injected := len(p.Injects) > 0
	if string(p.Exe) != m.exe || string(p.Script) != m.script || string(stage) != m.stage || injected != m.injected {
		*m = callers{exe: string(p.Exe), script: string(p.Script), stage: string(stage), injected: injected}
		m.last = t.caller(m.exe, m.script, m.stage, injected)
	}
	return &m.last
}

// caller judges a process. In an install stage a program that the environment makes run other code
// (LD_PRELOAD and its like, set by the package) is as good as that code.
func (t *trust) caller(exe, script, stage string, injected bool) caller {
	c := caller{stage: installStages[stage]}
	if !t.file(exe, c.stage) || c.stage && injected {
		return c
	}
	c.exe = baseName(exe)
	if script == "" || kindOf(c.exe) != interpreter {
		return c
	}
	if t.file(script, c.stage) {
		c.script = programName(baseName(script))
		return c
	}
	if strings.Contains(path.Clean(script), "/node_modules/") || openScript(script) {
		c.exe = "" // an interpreter is as trustworthy as what it runs
	}
	return c
}

// openScript reports whether a script lies where anyone can put one.
func openScript(p string) bool {
	p = path.Clean(p)
	for _, d := range openDirs {
		if below(p, d) {
			return true
		}
	}
	return false
}

// is reports whether the caller is believed to be the program that an allow-list names.
func (c *caller) is(entry string) bool {
	if c.exe == "" || (c.stage && kindOf(entry) != ordinary) {
		return false
	}
	return nameIs(c.exe, entry) || (c.script != "" && nameIs(c.script, entry))
}
