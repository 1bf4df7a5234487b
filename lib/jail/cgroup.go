package jail

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/policy"
)

// groupLimit is one limit of a policy that a cgroup puts on the jail as a whole.
type groupLimit struct {
	name       string
	controller string
	v2, v1     string // the file that takes the limit
	events     string // the file that counts how often it was reached
	event      string // its line
	value      func(policy.Limits) uint64
	resource   int // the limit of each process that stands in where there is no cgroup
}

var groupLimits = []groupLimit{
	{"max_processes", "pids", "pids.max", "pids.max", "pids.events", "max", func(l policy.Limits) uint64 { return l.MaxProcesses }, unix.RLIMIT_NPROC},
	{"max_memory", "memory", "memory.max", "memory.limit_in_bytes", "memory.events", "oom_kill", func(l policy.Limits) uint64 { return l.MaxMemory }, unix.RLIMIT_AS},
}

// signalLimits are limits whose reaching ends a process by a signal of their own.
var signalLimits = []struct {
	signal syscall.Signal
	name   string
	set    func(policy.Limits) bool
}{
	{unix.SIGXFSZ, "max_file_size", func(l policy.Limits) bool { return l.MaxFileSize > 0 }},
	{unix.SIGXCPU, "max_cpu_time", func(l policy.Limits) bool { return l.MaxCPUTime > 0 }},
}

// cgroup is the directories that this run has made, one a hierarchy; nil where none was needed.
type cgroup struct {
	dirs map[string]string // controller to directory
}

// limitGroup puts init into a cgroup with the policy's limits. Where none can be had, a limit that
// every process has by itself stands in; for root's number of processes there is none. It returns the
// resources, setrlimit(2), that the group holds in place of such limits.
func (s *supervisor) limitGroup() (held []int, err error) {
	s.group = &cgroup{dirs: map[string]string{}}
	for _, l := range groupLimits {
		n := l.value(s.Policy.Limits)
		if n == 0 {
			continue
		}
		err := s.group.add(l, n, s.init.Process.Pid)
		j := event.Jail{Layer: LayerLimits, Wanted: fmt.Sprintf("%s %d", l.name, n), Got: "cgroup " + l.controller, Applied: event.Some(true)}
		if err != nil {
			j.Got, j.Message = "a limit of each process", err.Error()
			if l.resource == unix.RLIMIT_NPROC {
				j.Got = "a limit of the user's processes in the jail"
			}
			if l.resource == unix.RLIMIT_NPROC && os.Geteuid() == 0 {
				le := &LayerError{
					Layer: LayerLimits, Remedy: remedies[LayerLimits],
					Err: fmt.Errorf("max_processes does not bind root without a cgroup: %w", err),
				}
				j.Got, j.Applied = "", event.Some(false)
				if err := s.giveUp(LayerLimits, le); err != nil {
					s.layer(j)
					return nil, err
				}
			}
		} else {
			held = append(held, l.resource)
		}
		s.layer(j)
	}
	return held, nil
}

// add makes a group for one limit and puts a process into it.
func (g *cgroup) add(l groupLimit, n uint64, pid int) error {
	points, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return err
	}
	for _, h := range hierarchies(points, own, l.controller) {
		file := l.v1
		if h.v2 {
			file = l.v2
		}
		for _, parent := range h.parents() {
			dir := path.Join(parent, "st-jail-"+strconv.Itoa(os.Getpid()))
			sweep(parent)
			if os.Mkdir(dir, 0o755) != nil {
				continue
			}
			err := writeFile(path.Join(dir, file), strconv.FormatUint(n, 10))
			if err == nil {
				err = writeFile(path.Join(dir, "cgroup.procs"), strconv.Itoa(pid))
			}
			if err == nil {
				g.dirs[l.controller] = dir
				return nil
			}
			_ = os.Remove(dir) // it is empty, and the next place is tried
		}
	}
	return errNoGroup
}

// writeFile writes to a file that the kernel has made; one that is missing is not made.
func writeFile(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

// sweep removes what runs that were killed have left; a group with processes in it stays.
func sweep(parent string) {
	list, _ := filepath.Glob(path.Join(parent, "st-jail-*"))
	for _, dir := range list {
		_ = os.Remove(dir)
	}
}

// hierarchy is one mounted tree of cgroups and this process's place in it.
type hierarchy struct {
	mount, own string
	v2         bool
}

// parents are the places for a new group: below this process's own, beside it, at the top.
func (h hierarchy) parents() []string {
	at := path.Join(h.mount, h.own)
	return []string{at, path.Dir(at), h.mount}
}

// hierarchies are those that may have a controller, cgroups(7).
func hierarchies(mountinfo, own []byte, controller string) (out []hierarchy) {
	for line := range bytes.Lines(mountinfo) {
		left, right, ok := strings.Cut(string(line), " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !ok || len(l) < 5 || len(r) < 3 {
			continue
		}
		h := hierarchy{mount: octal(l[4]), v2: r[0] == "cgroup2"}
		if !h.v2 && (r[0] != "cgroup" || !contains(r[2], controller)) {
			continue
		}
		for line := range strings.Lines(string(own)) {
			f := strings.SplitN(strings.TrimSpace(line), ":", 3)
			if len(f) == 3 && (h.v2 && f[1] == "" || !h.v2 && contains(f[1], controller)) {
				h.own = f[2]
			}
		}
		out = append(out, h)
	}
	return out
}

func contains(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// reportGroup says which limits of the group were reached.
func (s *supervisor) reportGroup() {
	for _, l := range groupLimits {
		dir, ok := s.group.dirs[l.controller]
		if !ok {
			continue
		}
		text, _ := os.ReadFile(path.Join(dir, l.events))
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) == 2 && f[0] == l.event && f[1] != "0" {
				s.emit(&event.Jail{Op: "limit", Layer: LayerLimits, Message: l.name, Got: "reached " + f[1] + " times", Action: event.ActionDeny})
			}
		}
	}
}

// remove removes the groups, which are empty once all processes have ended.
func (g *cgroup) remove() {
	for _, dir := range g.dirs {
		_ = os.Remove(dir) // one that stays is swept by the next run
	}
}
