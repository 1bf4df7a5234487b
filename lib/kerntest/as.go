package kerntest

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// As makes cmd run as the user with this id and the group of the same number, without further
// groups; 0 leaves it the caller's.
func As(cmd *exec.Cmd, id uint32) {
	if id != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	}
}

// TempDir is a directory that belongs to the user with this id, gone after the test; 0 is the caller.
func TempDir(t *testing.T, id uint32) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kerntest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // what a test made unremovable is in the system's temp directory
	if id != 0 {
		if err := os.Chown(dir, int(id), int(id)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
