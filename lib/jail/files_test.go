package jail_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sandtrace/lib/kerntest"
)

func TestReadOnly(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		ro, rw := j.mkdir(t, "ro"), j.mkdir(t, "rw")
		f := j.write(t, "ro/f", "text")
		j.check(t, []string{"--allow-read", ro, "--allow-write", rw}, []want{
			{"read=" + f, "OK"},
			{"write=" + f, "EROFS|EACCES"},
			{"append=" + f, "EROFS|EACCES"},
			{"opath=" + f, "EROFS|EACCES"},
			{"truncate=" + f, "EROFS|EACCES"},
			{"chmod=" + f, "EROFS"},
			{"utime=" + f, "EROFS"},
			{"xattr=" + f, "EROFS"},
			{"unlink=" + f, "EROFS|EACCES"},
			{"rename=" + f, "EROFS|EACCES|EXDEV"},
			{"link=" + f, "EROFS|EACCES|EXDEV"},
			{"create=" + ro, "EROFS|EACCES"},
			{"create=" + rw, "OK"},
			{"fifo=" + rw, "OK"},
			{"mknod_dev=" + rw, "EPERM|EACCES"},
			{"read=/etc/passwd", "ENOENT"},
			{"read=" + rw + "/../../../etc/passwd", "ENOENT"},
			{"create=/usr", "EROFS|EACCES"},
			{"create=/", "EROFS|EACCES"},
			{"create=/dev", "EROFS|EACCES"},
			{"create=/tmp", "OK"},
			{"create=/home/nobody", "OK"},
		})
		if text, _ := os.ReadFile(f); string(text) != "text" {
			t.Errorf("the file is %q", text)
		}
	})
}

// TestLinksOut: links lead to what the view has, and nowhere else.
func TestLinksOut(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		rw, ro := j.mkdir(t, "rw"), j.mkdir(t, "ro")
		f := j.write(t, "ro/f", "text")
		secret := j.write(t, "secret", "s")
		for name, target := range map[string]string{"out": secret, "etc": "/etc/passwd", "up": "../secret", "root": "/", "in": f} {
			if err := os.Symlink(target, filepath.Join(rw, name)); err != nil {
				t.Fatal(err)
			}
		}
		j.check(t, []string{"--allow-read", ro, "--allow-write", rw}, []want{
			{"read=" + rw + "/out", "ENOENT"},
			{"read=" + rw + "/etc", "ENOENT"},
			{"read=" + rw + "/up", "ENOENT"},
			{"read=" + rw + "/root/" + secret, "ENOENT"},
			{"read=" + rw + "/in", "OK"},
			{"write=" + rw + "/in", "EROFS|EACCES"},
			{"read=/proc/self/root/etc/passwd", "ENOENT|EACCES"},
			{"read=/proc/self/cwd/../../../etc/shadow", "ENOENT|EACCES"},
		})
	})
}

func TestDeny(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		dir := j.mkdir(t, "d")
		key, env, deep := j.write(t, "d/.ssh/id", "k"), j.write(t, "d/a/b/.env", "e"), j.write(t, "d/other", "o")
		link := filepath.Join(dir, "link")
		if err := os.Symlink(".ssh", link); err != nil {
			t.Fatal(err)
		}
		p := j.write(t, "p.toml", "[filesystem]\nallow_read=['/usr','/lib*','/bin']\nallow_exec=['"+tools+"']\nallow_write=['./d']\ndeny=['./d/.ssh','**/.env']\n")
		flags := []string{"-p", p}
		j.check(t, flags, []want{
			{"read=" + key, "EACCES"},
			{"readdir=" + dir + "/.ssh", "EACCES"},
			{"read=" + link + "/id", "EACCES"},
			{"create=" + dir + "/.ssh", "EACCES|EROFS"},
			{"read=" + env, "EACCES"},
			{"write=" + env, "EACCES|EROFS"},
			{"chmod=" + env, "EROFS|EPERM"},
			{"chmod=" + dir + "/.ssh", "EROFS|EPERM"},
			{"unlink=" + env, "EBUSY|EACCES"},
			{"rename=" + env, "EBUSY|EACCES"},
			{"link=" + env, "EXDEV|EACCES|EPERM"},
			{"rename=" + dir + "/.ssh", "EBUSY|EACCES"},
			{"rename=" + dir + "/a", "OK"},                      // the mask goes with its parent
			{"read=" + dir + "/a.new2/b/.env", "EACCES|ENOENT"}, // under whichever name
			{"read=" + dir + "/a.new3/b/.env", "EACCES|ENOENT"},
			{"read=" + dir + "/a.new4/b/.env", "EACCES|ENOENT"},
			{"read=" + deep, "OK"},
		})
		if o := j.run(t, append(flags, "--", "sh", "-c", "cat d/a*/b/.env d/.ssh/id; ls d/.ssh")...); o.stdout != "" {
			t.Errorf("read %q", o.stdout)
		}
		// deny of the whole directory leaves nothing of it, and the linked name is as denied as the real one
		if o := j.run(t, "--allow-read", dir, "--deny", link, "--", "cat", key); o.exit == 0 {
			t.Error("a denied link leaves its target open")
		}
		if o := j.run(t, "--allow-read", dir, "--deny", dir, "--", "ls", dir); o.exit == 0 || o.stdout != "" {
			t.Errorf("deny does not win: %q", o.stdout)
		}
	})
}

// TestDenyNames: a hard link to a denied file is warned of; what is missing is not made.
func TestDenyNames(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		dir := j.mkdir(t, "d")
		f := j.write(t, "d/f", "x")
		if err := os.Link(f, dir+"/g"); err != nil {
			t.Fatal(err)
		}
		if o := j.run(t, "--allow-read", dir, "--deny", f, "--", "true"); o.exit != 0 || !strings.Contains(o.stderr, "2 names") {
			t.Errorf("exit %d: %s", o.exit, o.stderr)
		}
		missing := dir + "/none"
		if o := j.run(t, "--allow-read", dir, "--deny", missing, "--", "true"); o.exit != 0 {
			t.Errorf("read-only: exit %d: %s", o.exit, o.stderr)
		}
		if o := j.run(t, "--allow-write", dir, "--deny", missing, "--", "true"); o.exit != 125 || !strings.Contains(o.stderr, "could make it") {
			t.Errorf("writable: exit %d: %s", o.exit, o.stderr)
		}
		if o := j.run(t, "--allow-write", dir, "--deny", "?"+missing, "--", "true"); o.exit != 0 || !strings.Contains(o.stderr, "may be made") {
			t.Errorf("accepted: exit %d: %s", o.exit, o.stderr)
		}
		if _, err := os.Lstat(missing); err == nil {
			t.Error("a missing path was made")
		}
	})
}

// TestDenyAlias: a denied file is denied under every place that its file system is mounted at.
func TestDenyAlias(t *testing.T) {
	kerntest.Need(t, "root", "userns", "landlock", "seccomp")
	j := &jailed{dir: kerntest.TempDir(t, 0)}
	j.mkdir(t, "b")
	j.write(t, "a/s/key", "k")
	// in a mount namespace of its own: the host's table stays as it is
	script := `mount --make-rprivate / && mount --bind a b && exec "$0" --allow-read a --allow-read b --deny a/s -- cat $PWD/a/s/key $PWD/b/s/key`
	cmd := exec.Command("unshare", "-m", "sh", "-c", script, tools+"/st-jail")
	cmd.Dir = j.dir
	cmd.Env = append(os.Environ(), "HOME=/home/nobody")
	out, err := cmd.CombinedOutput()
	if err == nil || strings.Count(string(out), "Permission denied") != 2 {
		t.Errorf("%v: %s", err, out)
	}
}

// TestSubmounts: what is mounted below a read-only directory is read-only too, and what the host
// mounts later does not show.
func TestSubmounts(t *testing.T) {
	kerntest.Need(t, "root", "userns", "landlock", "seccomp")
	j := &jailed{dir: kerntest.TempDir(t, 0)}
	j.mkdir(t, "d/sub")
	j.mkdir(t, "d/late")
	script := `mount --make-rprivate / && mount --make-shared -t tmpfs x d/sub && echo x >d/sub/f && mkdir d/sub/late &&
mkfifo go && { "$0" --allow-read d -- sh -c 'echo y >d/sub/f; read x; ls d/late d/sub/late' <go & } && exec 9>go && sleep 0.3 &&
mount -t tmpfs y d/late && touch d/late/seen && mount -t tmpfs z d/sub/late && touch d/sub/late/seen && echo >&9 && exec 9>&- && wait; cat d/sub/f`
	cmd := exec.Command("unshare", "-m", "sh", "-c", script, tools+"/st-jail")
	cmd.Dir = j.dir
	cmd.Env = append(os.Environ(), "HOME=/home/nobody")
	out, _ := cmd.CombinedOutput()
	if strings.Contains(string(out), "seen") || !strings.HasSuffix(string(out), "\nx\n") {
		t.Errorf("%s", out)
	}
}

func TestExec(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		rw, ro, ex := j.mkdir(t, "rw"), j.mkdir(t, "ro"), j.mkdir(t, "ex")
		text, err := os.ReadFile("/bin/true")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []string{rw, ro, ex} {
			if err := os.WriteFile(d+"/true", text, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		flags := []string{"--allow-write", rw, "--allow-read", ro, "--allow-exec", ex}
		j.check(t, flags, []want{
			{"exec=" + rw + "/true", "EACCES"},
			{"ldso=" + rw + "/true", "ENOEXEC"},
			{"mapexec=" + rw + "/true", "EPERM|EACCES"},
			{"exec=" + ro + "/true", "EACCES"},
			{"ldso=" + ro + "/true", "ENOEXEC"},
			{"exec=" + ex + "/true", "OK"},
			{"ldso=" + ex + "/true", "OK"},
			{"write=" + ex + "/true", "EROFS|EACCES"},
			{"exec=/usr/bin/true", "OK"},
		})
		j.check(t, append(flags, "--allow-exec-any"), []want{{"exec=" + rw + "/true", "OK"}})
		o := j.run(t, append(flags, "--", rw+"/true")...)
		if o.exit != 126 {
			t.Errorf("exit %d: %s", o.exit, o.stderr)
		}
	})
}

// TestPlantedLink: a link that takes the place of a directory on the way is refused, and nothing is
// made behind it.
func TestPlantedLink(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		host := j.mkdir(t, "host")
		d := j.mkdir(t, "d")
		if err := os.Symlink(host, d+"/link"); err != nil {
			t.Fatal(err)
		}
		p := j.write(t, "p.toml", "[filesystem]\nallow_read=['/usr','/lib*','/bin']\nallow_write=['./d']\ntmpfs=['./d/link/made']\n")
		o := j.run(t, "-p", p, "--", "true")
		if list, _ := os.ReadDir(host); len(list) > 0 {
			t.Errorf("made on the host: %v (exit %d: %s)", list, o.exit, o.stderr)
		}
	})
}

// TestStreams: a directory as a standard stream would be a way out.
func TestStreams(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		root, err := os.Open("/")
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		j.files = []*os.File{root}
		if o := j.run(t, "--", "ls", "/dev/fd/0/etc"); o.exit != 125 || !strings.Contains(o.stderr, "standard stream") {
			t.Errorf("exit %d: %s", o.exit, o.stderr)
		}
	})
}

// TestInherited: descriptors of the caller do not come in.
func TestInherited(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		root, err := os.Open("/etc")
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		cmd := j.cmd("--allow-exec", tools, "--", tools+"/attack", "fd=3", "fd=4", "fd=5")
		cmd.ExtraFiles = []*os.File{root, root, root}
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Count(string(out), "EBADF") != 3 {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// TestNames: names that are not UTF-8, and with newlines, arrive as they are.
func TestNames(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		name := "a\xff\nb *"
		f := j.write(t, name+"/f", "odd")
		o := j.run(t, "--allow-read", filepath.Dir(f), "--chdir", filepath.Dir(f), "--", "cat", f, "./f")
		if o.exit != 0 || o.stdout != "oddodd" {
			t.Errorf("exit %d %q: %s", o.exit, o.stdout, o.stderr)
		}
	})
}

// TestSockets: sockets and memory of the host are not in the view.
func TestSharedMemory(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		id, _, e := syscall.Syscall(syscall.SYS_SHMGET, 0x5a5a17, 4096, 0o1666)
		if e != 0 && e != syscall.EEXIST {
			t.Skip("no shared memory:", e)
		}
		defer syscall.Syscall(syscall.SYS_SHMCTL, id, 0, 0)
		file := "/dev/shm/st-jail-test"
		if err := os.WriteFile(file, nil, 0o666); err == nil {
			defer os.Remove(file)
		}
		j.check(t, nil, []want{{"shm=5921303", "ENOENT"}, {"stat=" + file, "ENOENT"}})
	})
}
