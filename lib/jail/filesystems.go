package jail

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// tmpfs says how a private file system is made.
type tmpfs struct {
	mode string // of its root, octal
	size string // "" is the kernel's default, half of the memory
	exec bool
}

// newTmpfs makes a file system of the view's own.
func (b *builder) newTmpfs(t tmpfs) (int, error) {
	options := [][2]string{{"mode", t.mode}}
	if t.size != "" {
		options = append(options, [2]string{"size", t.size})
	}
	attr := unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	if !t.exec {
		attr |= unix.MOUNT_ATTR_NOEXEC
	}
	fd, err := newFS("tmpfs", options, attr)
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return -1, fmt.Errorf("tmpfs: %w", err)
	}
	b.own[st.Dev] = true
	return fd, nil
}

// newFS makes a file system and a mount of it that is attached nowhere yet, fsopen(2).
func newFS(kind string, options [][2]string, attr int) (int, error) {
	fs, err := unix.Fsopen(kind, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("%s: open: %w", kind, err)
	}
	defer unix.Close(fs)
	for _, o := range options {
		if err := unix.FsconfigSetString(fs, o[0], o[1]); err != nil {
			return -1, fmt.Errorf("%s: %s=%s: %w", kind, o[0], o[1], err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, fmt.Errorf("%s: create: %w", kind, err)
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, attr)
	if err != nil {
		return -1, fmt.Errorf("%s: mount: %w", kind, err)
	}
	return fd, nil
}

// newProc is a /proc of this pid namespace, read-only: a root that is mapped to the host's own could
// write the kernel's settings otherwise. What must be set in it is set before.
func (b *builder) newProc() (int, error) {
	fd, err := newFS("proc", nil, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return -1, err
	}
	if b.plan.SealMemory {
		if err := writeAt(fd, "sys/vm/memfd_noexec", "1"); err != nil {
			return -1, fmt.Errorf("%s: %w", sealSetting, err)
		}
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &attr); err != nil {
		return -1, fmt.Errorf("proc: make it read-only: %w", err)
	}
	return fd, nil
}

// sealSetting makes files in memory not executable unless that is asked for (Linux 6.3, for each pid
// namespace). Only the host's root may write it, by its owner.
const sealSetting = "/proc/sys/vm/memfd_noexec"

func canSealMemory() bool {
	var st unix.Stat_t
	return unix.Stat(sealSetting, &st) == nil && int(st.Uid) == os.Geteuid()
}

func writeAt(dir int, name, text string) error {
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	_, err = unix.Write(fd, []byte(text))
	return errors.Join(err, unix.Close(fd))
}

// The two objects of the masks' file system.
const maskDir, maskFile = "d", "f"

func (b *builder) newMasks() (int, error) {
	fd, err := b.newTmpfs(tmpfs{mode: "0700", size: "4k"})
	if err != nil {
		return -1, err
	}
	if err := unix.Mkdirat(fd, maskDir, 0); err != nil {
		return -1, fmt.Errorf("masks: %w", err)
	}
	if err := unix.Mknodat(fd, maskFile, unix.S_IFREG, 0); err != nil {
		return -1, fmt.Errorf("masks: %w", err)
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &attr); err != nil {
		return -1, fmt.Errorf("masks: make them read-only: %w", err)
	}
	return fd, nil
}

// cloneDevices clones the host's nodes by their names; one that the host lacks is left out.
func cloneDevices() (map[string]int, error) {
	out := map[string]int{}
	for _, d := range devices {
		fd, err := unix.OpenTree(unix.AT_FDCWD, "/dev/"+d.name, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("/dev/%s: %w", d.name, err)
		}
		attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC, Propagation: unix.MS_PRIVATE}
		if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &attr); err != nil {
			return nil, fmt.Errorf("/dev/%s: %w", d.name, err)
		}
		out[d.name] = fd
	}
	return out, nil
}

// buildDev makes the view's /dev.
func (b *builder) buildDev(nodes map[string]int) error {
	dev, err := b.newTmpfs(tmpfs{mode: "0755", size: "64k"})
	if err != nil {
		return err
	}
	keep, err := unix.FcntlInt(uintptr(dev), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return fmt.Errorf("/dev: %w", err)
	}
	defer unix.Close(keep)
	if err := b.place(dev, "/dev", true); err != nil {
		return err
	}
	for _, d := range devices {
		if fd, ok := nodes[d.name]; ok {
			if err := b.place(fd, "/dev/"+d.name, false); err != nil {
				return err
			}
		}
	}
	for _, l := range deviceLinks {
		if err := b.makeLink(l); err != nil {
			return err
		}
	}
	pts, err := newFS("devpts", [][2]string{{"ptmxmode", "0666"}, {"mode", "0620"}}, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return err
	}
	if err := b.place(pts, "/dev/pts", true); err != nil {
		return err
	}
	shm, err := b.newTmpfs(tmpfs{mode: "1777"})
	if err != nil {
		return err
	}
	if err := b.place(shm, "/dev/shm", true); err != nil {
		return err
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(keep, "", unix.AT_EMPTY_PATH, &attr); err != nil {
		return fmt.Errorf("/dev: make it read-only: %w", err)
	}
	return nil
}
