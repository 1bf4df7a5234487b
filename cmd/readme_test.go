package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sandtrace/lib/kerntest"
)

// TestReadme replays the blocks of README.md that are fenced as "sh run", one after the other, in a
// new project with a false home. Each must succeed and print something.
func TestReadme(t *testing.T) {
	kerntest.Need(t, "ptrace", "seccomp", "npm", "jq")
	blocks := fenced(t, "../README.md", "sh run")
	if len(blocks) < 6 {
		t.Fatalf("README.md has %d blocks to run: where are the recipes?", len(blocks))
	}
	work := t.TempDir()
	home, packed, app := filepath.Join(work, "home"), filepath.Join(work, "packages"), filepath.Join(work, "app")
	for _, dir := range []string{filepath.Join(home, ".aws"), filepath.Join(home, ".ssh"), packed, app} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(home, ".aws/credentials"), "false\n")
	write(t, filepath.Join(home, ".ssh/id_ed25519"), "false\n")
	if err := os.Symlink(binDir, filepath.Join(app, "bin")); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "HOME="+home, "npm_config_offline=true", "npm_config_update_notifier=false",
		"npm_config_audit=false", "npm_config_fund=false", "npm_config_ignore_scripts=false",
		"npm_config_cache="+filepath.Join(home, ".npm"))

	samples, err := filepath.Abs("../testdata/npm")
	if err != nil {
		t.Fatal(err)
	}
	pack := exec.Command("npm", "pack", "--silent", "--pack-destination", packed,
		filepath.Join(samples, "evil-left-pad"), filepath.Join(samples, "tidy-right-pad"))
	pack.Dir, pack.Env = app, env
	if out, err := pack.CombinedOutput(); err != nil {
		t.Fatalf("npm pack: %v\n%s", err, out)
	}
	manifest, err := os.ReadFile(filepath.Join(samples, "app/package.json"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(app, "package.json"), strings.ReplaceAll(string(manifest), "@PACKED@", packed))

	for _, b := range blocks {
		// what a block writes to a file is shown too, so that an empty answer is noticed
		cmd := exec.Command("sh", "-euc", b)
		cmd.Dir, cmd.Env = app, env
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%v\n%s\n%s", err, b, stderr.String())
		} else if len(out) == 0 && !strings.Contains(b, "-o ") {
			t.Errorf("prints nothing:\n%s\n%s", b, stderr.String())
		}
	}
}

// fenced are the blocks of a Markdown file whose fence carries info.
func fenced(t *testing.T, path, info string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for i, part := range strings.Split(string(text), "\n```") {
		if i%2 == 1 {
			if first, rest, _ := strings.Cut(part, "\n"); first == info {
				blocks = append(blocks, rest)
			}
		}
	}
	return blocks
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
