package jail

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// reap waits for every child until the one with this pid has ended, and returns its status.
func reap(pid int) unix.WaitStatus {
	for {
		var ws unix.WaitStatus
		got, err := unix.Wait4(-1, &ws, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || got == pid {
			return ws
		}
	}
}

// Orders of the supervisor to init: a letter, and the signal's number.
const (
	orderCommand = 'c' // send the signal to the command
	orderAll     = 'a' // send it to every process of the jail
)

// listen obeys the supervisor until it is gone; the jail ends with it.
func (in *inside) listen(pid int) {
	for {
		var b [2]byte
		n, err := readRetry(controlFD, b[:])
		if n == 0 || err != nil {
			in.signalAll(pid, unix.SIGKILL)
			return
		}
		switch sig := unix.Signal(b[1]); b[0] {
		case orderCommand:
			_ = unix.Kill(pid, sig) // one that has just ended is no fault
		case orderAll:
			in.signalAll(pid, sig)
		}
	}
}

// signalAll sends to every process but this one.
func (in *inside) signalAll(pid int, sig unix.Signal) {
	if in.plan.has(LayerPID) {
		_ = unix.Kill(-1, sig)
		return
	}
	_ = unix.Kill(pid, sig)
	for _, d := range descendants(os.Getpid()) {
		_ = unix.Kill(d, sig)
	}
}

// endDescendants kills what the command left behind, where no pid namespace does.
func endDescendants() {
	for {
		list := descendants(os.Getpid())
		if len(list) == 0 {
			return
		}
		for _, d := range list {
			_ = unix.Kill(d, unix.SIGKILL)
		}
		for {
			var ws unix.WaitStatus
			if pid, err := unix.Wait4(-1, &ws, unix.WNOHANG, nil); pid <= 0 && !errors.Is(err, unix.EINTR) {
				break
			}
		}
	}
}

// descendants are the children of a process, theirs, and so on, by /proc.
func descendants(pid int) (out []int) {
	dir := "/proc/" + strconv.Itoa(pid) + "/task"
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, t := range tasks {
		text, err := os.ReadFile(dir + "/" + t.Name() + "/children")
		if err != nil {
			continue
		}
		for _, f := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(f); err == nil {
				out = append(append(out, child), descendants(child)...)
			}
		}
	}
	return out
}

// ownThreads is how many threads this process has.
func ownThreads() uint64 {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 1
	}
	return uint64(len(tasks))
}

func readRetry(fd int, b []byte) (int, error) {
	for {
		n, err := unix.Read(fd, b)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
