package jail

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"sandtrace/lib/policy"
)

// builder puts the view together in init's own mount namespace.
type builder struct {
	plan  *plan
	root  int             // the view's root, O_PATH
	own   map[uint64]bool // devices of this view's own file systems, where names may be made
	masks int             // a file system with one directory and one file that nobody may touch
}

// tree is a source of the view, cloned from the host's mounts before any of them is hidden.
type tree struct {
	mount
	fd int
}

// build replaces what this process and all that it starts can see by the view, and enters it.
func build(p *plan) error {
	b := &builder{plan: p, own: map[uint64]bool{}}
	// nothing that is mounted here is to reach the host, nor the reverse
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	trees, err := b.cloneAll(p.Mounts)
	if err != nil {
		return err
	}
	nodes, err := cloneDevices()
	if err != nil {
		return err
	}
	proc, err := b.newProc()
	if err != nil {
		return err
	}
	if b.masks, err = b.newMasks(); err != nil {
		return err
	}
	if len(trees) > 0 && trees[0].Path == "/" { // the host's own root, with its rights
		b.root, trees = trees[0].fd, trees[1:]
	} else if b.root, err = b.newTmpfs(tmpfs{mode: "0755", size: "16m"}); err != nil {
		return err
	}
	if err := attachRoot(b.root); err != nil {
		return err
	}
	for _, t := range trees {
		if err := b.place(t.fd, string(t.Path), t.Dir); err != nil {
			return err
		}
	}
	if err := b.buildDev(nodes); err != nil {
		return err
	}
	if err := b.place(proc, "/proc", true); err != nil {
		return err
	}
	for _, l := range p.Links {
		if err := b.makeLink(l); err != nil {
			return err
		}
	}
	for _, m := range procMasks {
		if err := b.mask(m, true); err != nil {
			return err
		}
	}
	for _, m := range p.Masks {
		if err := b.mask(string(m), false); err != nil {
			return err
		}
	}
	return b.enter()
}

// cloneAll clones the mounts' sources, and makes the private ones. Nothing may be hidden by then.
func (b *builder) cloneAll(mounts []mount) ([]tree, error) {
	var out []tree
	for _, m := range mounts {
		t := tree{mount: m}
		var err error
		if m.Tmpfs {
			mode := "0700"
			if string(m.Path) == "/tmp" || string(m.Path) == "/var/tmp" {
				mode = "1777"
			}
			t.fd, err = b.newTmpfs(tmpfs{mode: mode, exec: m.Rights&policy.Exec != 0})
		} else {
			t.fd, err = cloneTree(m)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// cloneTree clones a part of the host's files with all that is mounted below, and takes away what
// the policy does not give. A link that appeared since the path was resolved is refused.
func cloneTree(m mount) (int, error) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC | unix.O_NOFOLLOW, Resolve: unix.RESOLVE_NO_SYMLINKS}
	at, err := unix.Openat2(unix.AT_FDCWD, string(m.Path), &how)
	if err != nil {
		return -1, fmt.Errorf("%s: open: %w", m.Path, err)
	}
	defer unix.Close(at)
	fd, err := unix.OpenTree(at, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE|unix.AT_EMPTY_PATH)
	if err != nil {
		return -1, fmt.Errorf("%s: clone: %w", m.Path, err)
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV, Propagation: unix.MS_PRIVATE}
	if m.Rights&policy.Write == 0 {
		attr.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	if m.Rights&policy.Exec == 0 {
		attr.Attr_set |= unix.MOUNT_ATTR_NOEXEC
	}
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &attr); err != nil {
		return -1, fmt.Errorf("%s: take rights away: %w", m.Path, err)
	}
	return fd, nil
}

// attachRoot puts the view's root where pivot_root(2) can take it from: over a directory that is
// always there, and from now on hidden.
func attachRoot(root int) error {
	var err error
	for _, dir := range []string{"/tmp", "/proc", "/dev"} {
		if err = unix.MoveMount(root, "", unix.AT_FDCWD, dir, unix.MOVE_MOUNT_F_EMPTY_PATH); err == nil {
			return nil
		}
	}
	return fmt.Errorf("attach the view: %w", err)
}

// enter makes the view the root, without a way back.
func (b *builder) enter() error {
	if err := unix.Fchdir(b.root); err != nil {
		return fmt.Errorf("enter the view: %w", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("detach the host's files: %w", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return fmt.Errorf("enter the view: %w", err)
	}
	if !b.isOwn(b.root) {
		return nil // a part of the host, whose rights stand already
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOEXEC | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	if err := unix.MountSetattr(b.root, "", unix.AT_EMPTY_PATH, &attr); err != nil {
		return fmt.Errorf("make the view's root read-only: %w", err)
	}
	return nil
}

// inView opens a path of the view. Neither a link nor a step back leads out of it.
func (b *builder) inView(name string, flags uint64) (int, error) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC | flags, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS}
	if name = strings.Trim(name, "/"); name == "" {
		name = "."
	}
	return unix.Openat2(b.root, name, &how)
}

func (b *builder) isOwn(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && b.own[st.Dev]
}

// place puts a mount at a path of the view.
func (b *builder) place(fd int, at string, dir bool) error {
	target, err := b.makeTarget(at, dir)
	if err != nil {
		return err
	}
	defer unix.Close(target)
	if err := unix.MoveMount(fd, "", target, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH); err != nil {
		return fmt.Errorf("%s: mount: %w", at, err)
	}
	unix.Close(fd)
	return nil
}

// makeTarget opens the place for a mount, and makes it where that is within the view's own file
// systems: on the host's nothing is ever made.
func (b *builder) makeTarget(at string, dir bool) (int, error) {
	if fd, err := b.inView(at, 0); err == nil {
		return fd, nil
	} else if !errors.Is(err, unix.ENOENT) {
		return -1, fmt.Errorf("%s: %w", at, err)
	}
	parent, err := b.makeTarget(path.Dir(at), true)
	if err != nil {
		return -1, err
	}
	defer unix.Close(parent)
	if !b.isOwn(parent) {
		return -1, fmt.Errorf("%s: does not exist, and on the host nothing is made", at)
	}
	if dir {
		err = unix.Mkdirat(parent, path.Base(at), 0o755)
	} else {
		err = unix.Mknodat(parent, path.Base(at), unix.S_IFREG|0o644, 0)
	}
	if err != nil {
		return -1, fmt.Errorf("%s: make the place: %w", at, err)
	}
	fd, err := b.inView(at, 0)
	if err != nil {
		return -1, fmt.Errorf("%s: %w", at, err)
	}
	return fd, nil
}

// makeLink makes a link of the view where it is not there already.
func (b *builder) makeLink(l link) error {
	at := string(l.Path)
	if fd, err := b.inView(at, unix.O_NOFOLLOW); err == nil {
		unix.Close(fd)
		return nil
	}
	parent, err := b.makeTarget(path.Dir(at), true)
	if err != nil {
		return err
	}
	defer unix.Close(parent)
	if !b.isOwn(parent) {
		return nil // the host's directory has it, or has none
	}
	if err := unix.Symlinkat(string(l.Target), parent, path.Base(at)); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("%s: link: %w", at, err)
	}
	return nil
}

// mask hides a path behind an object without any permission on a read-only file system. With
// maybe, it is no fault that there is nothing to hide.
func (b *builder) mask(at string, maybe bool) error {
	target, err := b.inView(at, 0)
	if err != nil {
		if maybe && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ELOOP)) {
			return nil
		}
		return fmt.Errorf("deny: %s: %w", at, err)
	}
	defer unix.Close(target)
	var st unix.Stat_t
	if err := unix.Fstat(target, &st); err != nil {
		return fmt.Errorf("deny: %s: %w", at, os.NewSyscallError("fstat", err))
	}
	what := maskFile
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		what = maskDir
	}
	fd, err := unix.OpenTree(b.masks, what, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return fmt.Errorf("deny: %s: %w", at, err)
	}
	defer unix.Close(fd)
	if err := unix.MoveMount(fd, "", target, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH); err != nil {
		return fmt.Errorf("deny: %s: mask: %w", at, err)
	}
	return nil
}
