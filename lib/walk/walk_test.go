package walk

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// found lists what a walk hands out, and what it reports.
func found(t *testing.T, o Options, roots ...string) (files, faults []string) {
	t.Helper()
	var mu sync.Mutex
	o.Fault = func(path, why string, _ error) {
		mu.Lock()
		faults = append(faults, path+" "+why)
		mu.Unlock()
	}
	ch := make(chan File)
	failed := make(chan error, 1)
	go func() { failed <- Walk(roots, o, ch, make(chan struct{})) }()
	for f := range ch {
		name := f.Path
		if f.Link {
			name += " -> " + f.Target
			if f.Outside {
				name += " outside"
			}
		}
		files = append(files, name)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	slices.Sort(faults)
	return files, faults
}

func tree(t *testing.T, names map[string]string) {
	t.Helper()
	for name, text := range names {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWalk(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, map[string]string{"a.txt": "a", ".hidden/b": "b", "big": "0123456789", "d/\xff": "x"})
	for link, to := range map[string]string{"in": "a.txt", "out": "/etc/passwd", "loop": "loop", "up": "../..", "gone": "nowhere"} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo("fifo", 0o644); err != nil {
		t.Fatal(err)
	}
	files, faults := found(t, Options{Hidden: true, MaxSize: 5}, ".")
	want := []string{".hidden/b", "a.txt", "d/\xff", "gone -> nowhere", "in -> a.txt", "out -> /etc/passwd outside", "up -> ../.. outside"}
	if !slices.Equal(files, want) {
		t.Errorf("%q, expected %q", files, want)
	}
	if want := []string{"big too_large", "fifo special", "loop link_loop"}; !slices.Equal(faults, want) {
		t.Errorf("%q, expected %q", faults, want)
	}
	files, _ = found(t, Options{}, ".")
	if slices.Contains(files, ".hidden/b") {
		t.Error("hidden files are there")
	}
	if files, _ = found(t, Options{}, "a.txt", "d/"); !slices.Equal(files, []string{"a.txt", "d/\xff"}) {
		t.Errorf("%q", files)
	}
}

func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads all")
	}
	t.Chdir(t.TempDir())
	tree(t, map[string]string{"d/a": "a", "b": "b"})
	if err := os.Chmod("d", 0); err != nil {
		t.Fatal(err)
	}
	files, faults := found(t, Options{}, ".")
	if !slices.Equal(files, []string{"b"}) || !slices.Equal(faults, []string{"d unreadable"}) {
		t.Errorf("%q %q", files, faults)
	}
}

func TestIgnore(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, map[string]string{
		".gitignore": "*.log\nbuild/\n!keep.log\n", "a.log": "", "keep.log": "", "build/x": "", "src/a.js": "", "src/b.js": "",
		"src/.sandtraceignore": "/b.js\n# comment\n", "node_modules/evil/.gitignore": "*\n", "node_modules/evil/x.js": "",
	})
	files, _ := found(t, Options{Hidden: true}, ".")
	want := []string{".gitignore", "keep.log", "node_modules/evil/.gitignore", "node_modules/evil/x.js", "src/.sandtraceignore", "src/a.js"}
	if !slices.Equal(files, want) {
		t.Errorf("%q, expected %q", files, want)
	}
	if files, _ = found(t, Options{Hidden: true}, "src"); slices.Contains(files, "src/b.js") {
		t.Errorf("%q", files)
	}
	if files, _ = found(t, Options{NoIgnore: true}, "."); !slices.Contains(files, "a.log") || !slices.Contains(files, "build/x") {
		t.Errorf("%q", files)
	}
}

func TestOpen(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := unix.Mkfifo("fifo", 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fifo", "/dev/zero", ".", "gone"} {
		if f, err := Open(name); err == nil {
			f.Close()
			t.Errorf("%s is opened", name)
		}
	}
}

func FuzzIgnore(f *testing.F) {
	f.Add("*.log\n!a\n/x/**/y\n[a-\n", "a/b.log")
	f.Fuzz(func(t *testing.T, text, path string) {
		name := filepath.Join(t.TempDir(), ".gitignore")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		g := &ignores{patterns: readIgnores(name, nil)}
		_ = g.match(strings.TrimPrefix(path, "/"), false)
	})
}
