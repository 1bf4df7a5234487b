package jail

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// hostMount is one line of /proc/self/mountinfo, proc_pid_mountinfo(5).
type hostMount struct {
	dev   string // major:minor of the file system
	root  string // the part of the file system that is mounted
	point string
}

func readMounts() ([]hostMount, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("table of mounts: %w", err)
	}
	return parseMounts(text), nil
}

func parseMounts(text []byte) []hostMount {
	var out []hostMount
	for line := range bytes.Lines(text) {
		f := strings.Fields(string(line))
		if len(f) >= 5 {
			out = append(out, hostMount{f[2], octal(f[3]), octal(f[4])})
		}
	}
	return out
}

// octal undoes the kernel's \040 escapes.
func octal(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// aliases are the other names that a resolved path has because its file system, or a part of it, is
// mounted in several places.
func aliases(real string, table []hostMount) []string {
	own, ok := mountOf(real, table)
	if !ok {
		return nil
	}
	inFS := join(own.root, strings.TrimPrefix(real, strings.TrimSuffix(own.point, "/")))
	var want, got unix.Stat_t
	if unix.Lstat(real, &want) != nil {
		return nil
	}
	var out []string
	for _, m := range table {
		if m.dev != own.dev || !below(inFS, m.root) {
			continue
		}
		name := join(m.point, strings.TrimPrefix(inFS, strings.TrimSuffix(m.root, "/")))
		// another mount may stand over it
		if name != real && unix.Lstat(name, &got) == nil && got.Dev == want.Dev && got.Ino == want.Ino {
			out = append(out, name)
		}
	}
	return out
}

// mountOf is the mount that a path is seen through: the last of the longest.
func mountOf(real string, table []hostMount) (best hostMount, ok bool) {
	for _, m := range table {
		if below(real, m.point) && len(m.point) >= len(best.point) {
			best, ok = m, true
		}
	}
	return best, ok
}

func join(dir, rest string) string {
	if rest = strings.Trim(rest, "/"); rest == "" {
		return dir
	}
	return strings.TrimSuffix(dir, "/") + "/" + rest
}
