// Package proc reads /proc: what a process is, who its parent is, and for which package a package
// manager runs it.
package proc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrFormat says that a file of /proc does not look as proc(5) says.
var ErrFormat = errors.New("unexpected format")

// Stat is what /proc/PID/stat says, proc_pid_stat(5).
type Stat struct {
	Name  string // comm
	State byte
	PPID  int
	Start uint64 // clock ticks since boot
}

// ReadStat reads /proc/PID/stat.
func ReadStat(pid int) (Stat, error) {
	var buf [1024]byte
	b, err := read(buf[:0], pid, "stat", len(buf))
	if err != nil {
		return Stat{}, err
	}
	return ParseStat(b)
}

// ParseStat parses the content of /proc/PID/stat. The name stands in parentheses and may hold
// parentheses, spaces and newlines itself: it ends at the last parenthesis of the line.
func ParseStat(b []byte) (Stat, error) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || end < open {
		return Stat{}, ErrFormat
	}
	f := strings.Fields(string(b[end+1:]))
	if len(f) < 21 || len(f[0]) != 1 { // one more than is read, so that the last one read is whole
		return Stat{}, ErrFormat
	}
	if letter := f[0][0] | 0x20; letter < 'a' || letter > 'z' {
		return Stat{}, ErrFormat
	}
	ppid, err := strconv.Atoi(f[1])
	if err != nil {
		return Stat{}, ErrFormat
	}
	start, err := strconv.ParseUint(f[19], 10, 64)
	if err != nil {
		return Stat{}, ErrFormat
	}
	return Stat{Name: string(b[open+1 : end]), State: f[0][0], PPID: ppid, Start: start}, nil
}

// Status is what /proc/PID/status says, proc_pid_status(5).
type Status struct {
	Name string // comm
	TGID int
	PPID int
	UID  uint32 // real user id
}

// ReadStatus reads /proc/PID/status; pid may be a thread's id.
func ReadStatus(pid int) (Status, error) {
	var buf [4096]byte
	b, err := read(buf[:0], pid, "status", len(buf))
	if err != nil {
		return Status{}, err
	}
	return ParseStatus(b)
}

// ParseStatus parses the content of /proc/PID/status. The kernel escapes a newline in the name, so
// that a name cannot add a line.
func ParseStatus(b []byte) (Status, error) {
	var s Status
	const nameLine, tgidLine, ppidLine, uidLine, allLines = 1, 2, 4, 8, 15
	seen := 0
	for line := range bytes.Lines(b) {
		key, rest, ok := bytes.Cut(line, []byte("\t"))
		if !ok || !bytes.HasSuffix(rest, []byte("\n")) {
			continue
		}
		text := string(rest[:len(rest)-1])
		word, _, _ := strings.Cut(text, "\t")
		var err error
		switch string(key) {
		case "Name:":
			s.Name = unescape(text)
			seen |= nameLine
		case "Tgid:":
			s.TGID, err = strconv.Atoi(word)
			seen |= tgidLine
		case "PPid:":
			s.PPID, err = strconv.Atoi(word)
			seen |= ppidLine
		case "Uid:":
			var uid uint64
			uid, err = strconv.ParseUint(word, 10, 32)
			s.UID = uint32(uid)
			seen |= uidLine
		}
		if err != nil {
			return Status{}, ErrFormat
		}
		if seen == allLines {
			return s, nil
		}
	}
	return Status{}, ErrFormat
}

// unescape undoes the kernel's escapes of a name in /proc/PID/status.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(s)
}

// Name is the kernel's name (comm) of a process or thread, which the program can change.
func Name(pid int) (string, error) {
	var buf [64]byte
	b, err := read(buf[:0], pid, "comm", len(buf))
	return string(bytes.TrimSuffix(b, []byte("\n"))), err
}

// Children are the processes that thread tid of a process made and that are still its own
// (/proc/PID/task/TID/children, proc_tid_children(5)); none where the kernel does not tell.
func Children(pid, tid int) []int {
	b, err := read(nil, pid, "task/"+strconv.Itoa(tid)+"/children", maxCmdline)
	if err != nil {
		return nil
	}
	var out []int
	for f := range strings.FieldsSeq(string(b)) {
		if n, err := strconv.Atoi(f); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// Exe is the executable of a process: the target of /proc/PID/exe. The kernel appends " (deleted)"
// where the file is gone.
func Exe(pid int) (string, error) { return Link(pid, "exe") }

// CWD is the working directory of a process or thread.
func CWD(pid int) (string, error) { return Link(pid, "cwd") }

// FD is what descriptor fd of a process or thread is open on: a path, or the kernel's name for what
// has none, such as "socket:[4711]".
func FD(pid, fd int) (string, error) { return Link(pid, "fd/"+strconv.Itoa(fd)) }

// Link is the target of a link in /proc/PID.
func Link(pid int, name string) (string, error) {
	var buf [4096]byte
	p := procPath(pid, name)
	n, err := unix.Readlink(p, buf[:])
	if err != nil {
		return "", fmt.Errorf("%s: %w", p, err)
	}
	return string(buf[:n]), nil
}

// Bounds of what is read of a process, in bytes.
const (
	maxCmdline = 128 << 10
	maxEnviron = 8 << 20 // more than the kernel lets pass to execve(2) by default
)

// Cmdline is the argument vector in memory of a process, which the process can change; right after
// an execve(2) it is the kernel's own copy. cut says that it was longer than 128 KiB.
func Cmdline(pid int) (argv []string, cut bool, err error) {
	b, err := read(nil, pid, "cmdline", maxCmdline)
	if err != nil || len(b) == 0 {
		return nil, false, err
	}
	cut = len(b) == maxCmdline
	b = bytes.TrimSuffix(b, []byte{0})
	for _, a := range bytes.Split(b, []byte{0}) {
		argv = append(argv, string(a))
	}
	return argv, cut, nil
}

// Environ is the environment in memory of a process, as NAME=value strings ended by NUL bytes;
// right after an execve(2) it is the kernel's own copy.
func Environ(pid int) ([]byte, error) { return read(nil, pid, "environ", maxEnviron) }

func procPath(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

// read reads at most limit bytes of /proc/PID/name onto dst.
func read(dst []byte, pid int, name string, limit int) ([]byte, error) {
	p := procPath(pid, name)
	fd, err := unix.Open(p, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p, err)
	}
	defer unix.Close(fd)
	for len(dst) < limit {
		if len(dst) == cap(dst) {
			dst = append(dst, make([]byte, min(max(4096, len(dst)), limit-len(dst)))...)[:len(dst)]
		}
		room := dst[len(dst):min(cap(dst), limit)]
		n, err := unix.Read(fd, room)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		dst = dst[:len(dst)+n]
		if n < len(room) { // these files give all they have in one go
			return dst, nil
		}
	}
	return dst, nil
}

// BootID identifies this boot of the kernel; "" where /proc does not tell.
func BootID() string {
	b, err := readAll("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func readAll(name string) ([]byte, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var buf [4096]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil || n == 0 {
		return nil, errors.Join(err, io.ErrUnexpectedEOF)
	}
	return buf[:n], nil
}

// KernelRelease is the release of the running kernel; "" where /proc does not tell.
func KernelRelease() string {
	b, err := readAll("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
