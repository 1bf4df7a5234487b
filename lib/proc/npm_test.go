package proc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"sandtrace/lib/kerntest"
)

// TestRealNPM installs a package with the npm that is here, and reads what its scripts were given.
// The package's manifest says "react"; the project depends on it as "innocent".
func TestRealNPM(t *testing.T) {
	kerntest.Need(t, "npm")
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const dump = `"cat /proc/self/environ >%[1]s.env"`
	script := func(name string) string { return fmt.Sprintf(dump, filepath.Join(dir, "out", name)) }
	write("out/x", "")
	write("lie/package.json", `{"name": "react", "version": "18.0.0", "scripts": {"postinstall": `+script("dependency")+`}}`)
	write("app/package.json", `{"name": "app", "version": "9.9.9",
		"scripts": {"build": `+script("build")+`, "setup": "npm install --no-audit --no-fund --offline"},
		"dependencies": {"innocent": "file:../react-18.0.0.tgz"},
		"allowScripts": {"file:../react-18.0.0.tgz": true}}`)
	npm := func(where string, arg ...string) {
		t.Helper()
		cmd := exec.Command("npm", arg...)
		cmd.Dir = filepath.Join(dir, where)
		cmd.Env = append(os.Environ(), "HOME="+dir, "npm_config_cache="+filepath.Join(dir, "cache"), "npm_config_update_notifier=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("npm %q: %v\n%s", arg, err, out)
		}
	}
	npm("lie", "pack", "--pack-destination", dir)
	npm("app", "run", "setup") // the dependency's script runs below one of the project
	npm("app", "run", "build")

	for _, tt := range []struct {
		name, want string
		dep        bool
	}{
		{"build", "npm app 9.9.9 build", false},
		{"dependency", "npm innocent 18.0.0 postinstall", true},
	} {
		env, err := os.ReadFile(filepath.Join(dir, "out", tt.name+".env"))
		if err != nil {
			t.Fatal(err)
		}
		got := Attribution{}.Inherit(&Image{Exe: "/bin/sh", CWD: dir, Environ: env})
		if describe(got) != tt.want || got.Dependency != tt.dep {
			t.Errorf("%q, dependency %v; expected %q, %v", describe(got), got.Dependency, tt.want, tt.dep)
		}
	}
}
