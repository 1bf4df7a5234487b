package kerntest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// OrdinaryID is the user and group that tests run as beside root: nobody's on most systems.
const OrdinaryID = 65534

// Ordinary runs tests of this test binary again, as an ordinary user, in a tree of copies that the
// user may read and not write.
type Ordinary struct {
	Run  string            // the pattern of -test.run
	Dir  string            // the working directory in the tree
	Copy map[string]string // place in the tree to what is copied there, whole directories too
	Env  func(tree string) []string
}

// IsChild reports whether this process is such a run.
func IsChild() bool { return os.Getenv("KERNTEST_CHILD") != "" }

// Test is the whole of a test: it needs root, and logs what the child wrote.
func (o Ordinary) Test(t *testing.T) {
	t.Helper()
	if IsChild() {
		t.Skip("this is the run as an ordinary user")
	}
	Need(t, "root")
	tree := openDir(t, 0o755)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	test := filepath.Join(tree, "under.test")
	copyTree(t, self, tree, "under.test")
	for to, from := range o.Copy {
		copyTree(t, from, tree, to)
	}
	home := openDir(t, 0o700)
	if err := os.Chown(home, OrdinaryID, OrdinaryID); err != nil {
		t.Fatal(err)
	}

	timeout := 10 * time.Minute
	if d, ok := t.Deadline(); ok {
		timeout = time.Until(d) - 5*time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	args := []string{"-test.run", o.Run, "-test.timeout", timeout.String()}
	if testing.Verbose() {
		args = append(args, "-test.v")
	}
	cmd := exec.CommandContext(ctx, test, args...)
	cmd.Dir = filepath.Join(tree, o.Dir)
	cmd.Env = append(os.Environ(), "KERNTEST_CHILD=1", "HOME="+home, "TMPDIR="+home, "USER=nobody", "LOGNAME=nobody")
	if o.Env != nil {
		cmd.Env = append(cmd.Env, o.Env(tree)...)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: OrdinaryID, Gid: OrdinaryID}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("as an ordinary user: %v\n%s", err, out)
		return
	}
	t.Logf("as an ordinary user:\n%s", out)
}

// openDir is a temporary directory that other users can reach, unlike testing's.
func openDir(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kerntest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

// copyTree copies a file or a directory to a place in the tree so that everyone may read it,
// whatever the umask.
func copyTree(t *testing.T, from, tree, place string) {
	t.Helper()
	for dir := tree; ; {
		rest, err := filepath.Rel(dir, filepath.Join(tree, place))
		if err != nil {
			t.Fatal(err)
		}
		first, _, below := strings.Cut(rest, "/")
		if !below {
			break
		}
		dir = filepath.Join(dir, first)
		if err := openMkdir(dir); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return copyOne(path, filepath.Join(tree, place, rel), d)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func openMkdir(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Chmod(dir, 0o755)
}

func copyOne(from, to string, d fs.DirEntry) error {
	switch {
	case d.IsDir():
		return openMkdir(to)
	case d.Type()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case !d.Type().IsRegular():
		return nil
	}
	info, err := d.Info()
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	if err := out.Chmod(mode); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
