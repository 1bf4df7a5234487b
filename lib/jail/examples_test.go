package jail_test

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sandtrace/lib/kerntest"
)

// example is a policy of examples/ with what its manager is to do; all of it works offline.
type example struct {
	policy  string
	files   map[string]string // of the project, "wheel" being made
	command string            // for sh
	makes   string            // what it leaves in the project
	blocked string            // for sh: fails in the jail, works outside
}

const readKey = `cat "$HOME/secret-of-the-test"`

var exampleRuns = []example{
	{policy: "strict", command: "sort --version >/dev/null && echo x >/tmp/x && cat /tmp/x", blocked: readKey},
	{policy: "permissive", command: "date >made", makes: "made", blocked: `cat "$HOME/.ssh/key-of-the-test"`},
	{
		policy: "npm", makes: "node_modules/dep/built",
		files: map[string]string{
			"package.json":     `{"name":"a","version":"1.0.0","scripts":{"install":"node dep/build.js && mkdir -p node_modules/dep && echo >node_modules/dep/built"},"dependencies":{"dep":"file:./dep"}}`,
			"dep/package.json": `{"name":"dep","version":"1.0.0"}`, "dep/build.js": `require("child_process").execSync("echo built")`,
		},
		command: "npm install --offline --no-audit --no-fund --install-links=false", blocked: readKey,
	},
	{policy: "pnpm", files: map[string]string{"package.json": `{"name":"a","version":"1.0.0"}`}, command: "pnpm install --offline && echo >made", makes: "made", blocked: readKey},
	{policy: "yarn", files: map[string]string{"package.json": `{"name":"a","version":"1.0.0"}`}, command: "yarn install --offline && echo >made", makes: "made", blocked: readKey},
	{policy: "pip", files: map[string]string{"wheel": ""}, command: "python3 -m venv --system-site-packages --without-pip v && v/bin/python -m pip install --no-index --no-cache-dir ./tiny-1.0-py3-none-any.whl && v/bin/python -c 'import tiny' && echo >made", makes: "made", blocked: readKey},
	{
		policy: "cargo", makes: "target/debug/a",
		files: map[string]string{
			"Cargo.toml": "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2021\"\n", "src/main.rs": "fn main() {}\n", "build.rs": "fn main() {}\n",
		},
		command: "cargo build --offline", blocked: readKey,
	},
	{
		policy: "composer", makes: "vendor/autoload.php",
		files:   map[string]string{"composer.json": `{"name":"a/b","scripts":{"post-install-cmd":"echo done"}}`},
		command: "composer install -n", blocked: readKey,
	},
	{
		policy: "go", makes: "a",
		files:   map[string]string{"go.mod": "module a\n\ngo 1.26\n", "a.go": "package main\n\nfunc main() {}\n", "a_test.go": "package main\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\n"},
		command: "go build . && go test .", blocked: readKey,
	},
}

// TestExamples runs each policy's manager on a project in the jail. A manager that does not work outside
// of it is none to test.
func TestExamples(t *testing.T) {
	kerntest.Need(t, "userns", "landlock", "seccomp")
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skip("no home:", err)
	}
	secret, key := filepath.Join(home, "secret-of-the-test"), filepath.Join(home, ".ssh", "key-of-the-test")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Skip("the home cannot be written:", err)
	}
	defer os.Remove(secret)
	if os.Mkdir(filepath.Dir(key), 0o700) == nil {
		defer os.Remove(filepath.Dir(key))
	}
	if err := os.WriteFile(key, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(key)
	policies, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range exampleRuns {
		t.Run(e.policy, func(t *testing.T) {
			if out, err := exec.Command("sh", "-c", e.probe()).CombinedOutput(); err != nil {
				t.Skipf("does not work outside of the jail: %v\n%s", err, out)
			}
			jail := []string{tools + "/st-jail", "-p", policies + "/" + e.policy + ".toml", "--"}
			if out, err := e.run(t, jail, e.command); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			e.makes = ""
			if out, err := e.run(t, nil, e.blocked); err != nil {
				t.Errorf("outside: %v\n%s", err, out)
			}
			if out, err := e.run(t, jail, e.blocked); err == nil || strings.Contains(out, "secret\n") {
				t.Errorf("in the jail: %s", out)
			}
		})
	}
}

// probe asks the manager for its version.
func (e *example) probe() string {
	first, _, _ := strings.Cut(e.command, " ")
	if first == "go" {
		return "go version"
	}
	return first + " --version"
}

// run runs a command in a fresh copy of the project.
func (e *example) run(t *testing.T, before []string, command string) (string, error) {
	t.Helper()
	dir := kerntest.TempDir(t, 0)
	for name, text := range e.files {
		if name == "wheel" {
			name, text = "tiny-1.0-py3-none-any.whl", wheel(t)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	argv := append(before[:len(before):len(before)], "sh", "-c", command)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil && e.makes != "" {
		_, err = os.Stat(filepath.Join(dir, e.makes))
	}
	return string(out), err
}

// wheel is a Python package with one module, as pip takes it.
func wheel(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range [][2]string{
		{"tiny.py", "x = 1\n"},
		{"tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"},
		{"tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{"tiny-1.0.dist-info/RECORD", "tiny.py,,\n"},
	} {
		w, err := z.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
