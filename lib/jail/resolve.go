package jail

import (
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks is how many links one path may lead through, as the kernel has it (path_resolution(7)).
const maxLinks = 40

// resolve follows every link of an absolute path: the path that the kernel has for it, and the links
// that were met, each at its own place.
func resolve(name string) (real string, links []link, err error) {
	rest := strings.Split(strings.Trim(name, "/"), "/")
	real = "/"
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			real = path.Dir(real)
			continue
		}
		at := path.Join(real, part)
		var st unix.Stat_t
		if err := unix.Lstat(at, &st); err != nil {
			return "", nil, &os.PathError{Op: "resolve", Path: name, Err: err}
		}
		if st.Mode&unix.S_IFMT != unix.S_IFLNK {
			real = at
			continue
		}
		if len(links) == maxLinks {
			return "", nil, &os.PathError{Op: "resolve", Path: name, Err: unix.ELOOP}
		}
		target, err := os.Readlink(at)
		if err != nil {
			return "", nil, err
		}
		if strings.HasPrefix(at, "/proc/") {
			return "", nil, fmt.Errorf("%s: leads through %s, which means another thing to every process", name, at)
		}
		links = append(links, link{exact(at), exact(target)})
		if strings.HasPrefix(target, "/") {
			real = "/"
		}
		rest = append(strings.Split(strings.Trim(target, "/"), "/"), rest...)
	}
	return real, links, nil
}

// isDir reports whether a resolved path is a directory.
func isDir(real string) (bool, error) {
	var st unix.Stat_t
	if err := unix.Lstat(real, &st); err != nil {
		return false, &os.PathError{Op: "stat", Path: real, Err: err}
	}
	return st.Mode&unix.S_IFMT == unix.S_IFDIR, nil
}
