package trace

import (
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sandtrace/lib/proc"
)

// resolved is a file name made absolute. Where resolved is false the kernel could not be asked,
// because a directory on the way is missing or not readable: path is then made from the text alone.
type resolved struct {
	path     string
	resolved bool
}

// resolve finds the file that a name means to process pid now: its working directory or the
// directory of its descriptor applied, symbolic links in directories followed in its own root, and
// the last part followed where the call does. The task must be stopped, so that no call of its own
// changes the answer.
func resolve(pid int, a pathArg) resolved {
	if !a.given {
		return resolved{}
	}
	text := a.text
	if text == "" || text[0] != '/' {
		base, ok := baseOf(pid, int(a.dirfd))
		if !ok {
			return resolved{path: text}
		}
		if text == "" { // AT_EMPTY_PATH, or nothing at all
			return resolved{base, true}
		}
		text = base + "/" + text
	}
	text = withoutMagic(pid, text)
	if a.follow {
		if p, ok := lookup(pid, text); ok {
			return resolved{p, true}
		}
	}
	text, rest := splitLast(text)
	if rest == "" { // ends in "/", "." or "..": a directory as a whole
		if p, ok := lookup(pid, text); ok {
			return resolved{p, true}
		}
		return resolved{path: path.Clean(text)}
	}
	if p, ok := lookup(pid, text); ok {
		return resolved{join(p, rest), true}
	}
	return resolved{path: path.Clean(text + "/" + rest)}
}

// baseOf is the directory that a relative name starts from.
func baseOf(pid, dirfd int) (string, bool) {
	var dir string
	var err error
	if dirfd == unix.AT_FDCWD {
		dir, err = proc.CWD(pid)
	} else {
		dir, err = proc.FD(pid, dirfd)
	}
	if err != nil || !strings.HasPrefix(dir, "/") {
		return "", false
	}
	return inView(pid, dir), true
}

// inView is a name that the kernel told the tracer, as process pid would say it: without the path of
// its root directory.
func inView(pid int, name string) string {
	root, err := proc.Link(pid, "root")
	if err != nil || root == "/" {
		return name
	}
	if rest, ok := strings.CutPrefix(name, root); ok && (rest == "" || rest[0] == '/') {
		return "/" + strings.TrimPrefix(rest, "/")
	}
	return name
}

// splitLast splits a name before its last part; the part is empty where the name ends in a slash, in
// "." or in "..".
func splitLast(name string) (dir, last string) {
	i := strings.LastIndexByte(name, '/')
	dir, last = name[:i], name[i+1:]
	if last == "" || last == "." || last == ".." {
		return name, ""
	}
	if dir == "" {
		dir = "/"
	}
	return dir, last
}

func join(dir, last string) string {
	if dir == "/" {
		return "/" + last
	}
	return dir + "/" + last
}

// withoutMagic replaces what /proc would answer to the tracer rather than to the process: "self",
// "thread-self" and the links behind them, which lead to the process's own root, directory and files.
func withoutMagic(pid int, name string) string {
	for range 8 { // a name can lead through several
		clean := name
		if strings.Contains(clean, "//") || strings.Contains(clean, "/./") {
			clean = squeeze(clean)
		}
		rest, ok := strings.CutPrefix(clean, "/dev/fd/")
		if ok {
			rest = "fd/" + rest
		} else if rest, ok = cutAny(clean, "/proc/self/", "/proc/thread-self/", "/proc/"+strconv.Itoa(pid)+"/"); !ok {
			return clean
		}
		link, after, _ := strings.Cut(rest, "/")
		if link == "fd" {
			n, tail, _ := strings.Cut(after, "/")
			link, after = "fd/"+n, tail
		}
		if link != "root" && link != "cwd" && !strings.HasPrefix(link, "fd/") {
			return "/proc/" + strconv.Itoa(pid) + "/" + rest
		}
		target, err := proc.Link(pid, link)
		if err != nil || !strings.HasPrefix(target, "/") {
			return "/proc/" + strconv.Itoa(pid) + "/" + rest
		}
		target = inView(pid, target)
		if name = target; after != "" {
			name = strings.TrimSuffix(target, "/") + "/" + after
		}
	}
	return name
}

func cutAny(s string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok {
			return rest, true
		}
	}
	return s, false
}

// squeeze takes out empty parts and ".", which mean nothing; ".." depends on links and stays.
func squeeze(name string) string {
	out := make([]string, 0, 16)
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && part != "." {
			out = append(out, part)
		}
	}
	s := "/" + strings.Join(out, "/")
	if strings.HasSuffix(name, "/") && s != "/" {
		s += "/"
	}
	return s
}

// lookup is the kernel's own name of an existing file or directory in the view of process pid.
func lookup(pid int, name string) (string, bool) {
	if name == "/" {
		return name, true
	}
	fd := openIn(pid, name, unix.O_PATH)
	if fd < 0 {
		return "", false
	}
	defer unix.Close(fd)
	var buf [pathMax]byte
	n, err := unix.Readlink(selfFD(fd), buf[:])
	if err != nil || n == 0 || buf[0] != '/' {
		return "", false
	}
	found := string(buf[:n])
	if rest, ok := strings.CutPrefix(found, ownProc); ok && !strings.HasPrefix(name, ownProc) {
		found = "/proc/" + strconv.Itoa(pid) + "/" + rest // through a link to /proc/self
	}
	return found, true
}

// ownProc is the tracer's own directory in /proc.
var ownProc = "/proc/" + strconv.Itoa(os.Getpid()) + "/"

// openIn opens an absolute name as process pid sees it: in its root and mounts. Links of /proc that
// lead elsewhere than their text says are refused: followed by the tracer they would mean its own.
func openIn(pid int, name string, flags uint64) int {
	root, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/root", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	defer unix.Close(root)
	fd, err := unix.Openat2(root, name, &unix.OpenHow{
		Flags:   flags | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return -1
	}
	return fd
}

func selfFD(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// opened is the file that a descriptor of a task is open on, by the kernel's own name; ok is false
// for what has no name in a file system.
func opened(tid, fd int) (string, bool) {
	name, err := proc.FD(tid, fd)
	if err != nil || !strings.HasPrefix(name, "/") {
		return "", false
	}
	return strings.TrimSuffix(name, " (deleted)"), true
}
