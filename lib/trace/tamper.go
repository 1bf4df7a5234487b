package trace

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sandtrace/lib/event"
	"sandtrace/lib/proc"
)

// A program that runs under the tracer has the user's own rights, and may aim at those that watch it:
// signals, their memory and descriptors through /proc, the file of the records. Such calls are marked.

// ownDir is where the tools of the set lie.
var ownDir = func() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	return filepath.Dir(exe)
}()

// isOurs reports whether a process outside the traced tree is the tracer or another tool of the set.
func (tr *tracer) isOurs(pid int) bool {
	if pid == ownPID {
		return true
	}
	if pid <= 1 || tr.tasks[pid] != nil {
		return false
	}
	exe, err := proc.Exe(pid)
	dir, name := filepath.Split(exe)
	return err == nil && filepath.Clean(dir) == ownDir && strings.HasPrefix(name, "st-")
}

// markPID marks a call that names a process; a negative number is a process group.
func (tr *tracer) markPID(t *task, pid int) {
	if pid < -1 {
		pid = -pid // the group's leader may be ours; another member is found by its own number only
	}
	t.rec.Tamper = t.rec.Tamper || tr.isOurs(pid)
}

// markPath marks a call that names what is ours: a process in /proc, or the file of the records.
func (tr *tracer) markPath(r *event.Syscall) {
	for _, name := range []string{r.Path, r.To} {
		if name != "" && name == tr.opt.Output && r.Access != event.AccessStat {
			r.Tamper = true
		}
		if rest, ok := strings.CutPrefix(name, "/proc/"); ok {
			number, _, _ := strings.Cut(rest, "/")
			if pid, err := strconv.Atoi(number); err == nil && tr.isOurs(pid) {
				r.Tamper = true
			}
		}
	}
}
