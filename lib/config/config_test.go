package config

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"testing"

	"sandtrace/lib/rule"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadOrder(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	t.Setenv("SANDTRACE_CONFIG", "")
	if c, err := Load("", home); err != nil || (c.File != "" && c.File != system) {
		t.Fatalf("nothing there: %+v, %v", c, err)
	}
	own := write(t, filepath.Join(home, ".sandtrace", "config.toml"), "rules = [\"~/r\", \"x.yml\", \"/abs\"]\n")
	env := write(t, filepath.Join(dir, "env.toml"), "")
	flag := write(t, filepath.Join(dir, "flag.toml"), "trusted_paths = []\n")
	c, err := Load("", home)
	if err != nil || c.File != own || c.Rules[0] != home+"/r" || c.Rules[1] != filepath.Dir(own)+"/x.yml" || c.Rules[2] != "/abs" || c.TrustedPaths != nil {
		t.Errorf("own: %+v, %v", c, err)
	}
	t.Setenv("SANDTRACE_CONFIG", env)
	if c, err := Load("", home); err != nil || c.File != env {
		t.Errorf("environment: %+v, %v", c, err)
	}
	if c, err := Load(flag, home); err != nil || c.File != flag || c.TrustedPaths == nil {
		t.Errorf("flag: %+v, %v", c, err)
	}
	if _, err := Load(flag+"x", home); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a named file that is missing: %v", err)
	}
}

func TestConfigErrors(t *testing.T) {
	for text, want := range map[string]string{
		"\ntrusted_path = []\n":                       `c.toml:2: unknown key "trusted_path": expected trusted_paths`,
		"rules = []\n[match]\nx = 1\n":                `c.toml:2: unknown key "match": expected trusted_paths, rules, custom_patterns, pattern_files, redaction_markers, obfuscation or allow`,
		"rules = \"x\"\n":                             `c.toml:1: rules: expected a list, got a string`,
		"rules = [\n":                                 `c.toml:1: rules: unexpected EOF; expected value`,
		"rules = []\nrules = []\n":                    `c.toml:2: Key 'rules' has already been defined.`,
		"trusted_paths = [\"/opt\",\n  \"/tmp/x\"]\n": `c.toml:2: trusted_paths: "/tmp/x": anyone can write below /tmp: expected a directory that packages cannot write to`,
		"trusted_paths = [\"bin\"]\n":                 `c.toml:1: trusted_paths: "bin": expected an absolute path or one that begins with ~/`,
	} {
		_, err := parse("c.toml", text)
		var e *Error
		if !errors.As(err, &e) || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestHome(t *testing.T) {
	u, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	t.Setenv("SUDO_USER", "")
	t.Setenv("HOME", "/some/where/")
	check := func(named, want string) {
		t.Helper()
		if got, err := Home(named); err != nil || got != want {
			t.Errorf("Home(%q) = %q, %v; want %q", named, got, err, want)
		}
	}
	check("", "/some/where")
	check("/named/", "/named")
	t.Setenv("HOME", "")
	check("", u.HomeDir)
	t.Setenv("HOME", "relative")
	check("", u.HomeDir)
	if os.Geteuid() != 0 {
		return
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	t.Setenv("SUDO_USER", "nobody")
	t.Setenv("HOME", u.HomeDir)
	check("", nobody.HomeDir)
	t.Setenv("HOME", "/kept")
	check("", "/kept")
	t.Setenv("SUDO_USER", "no-such-user-here")
	t.Setenv("HOME", u.HomeDir)
	if _, err := Home(""); err == nil {
		t.Error("an unknown SUDO_USER, and no error")
	}
}

func TestHomesAndResolve(t *testing.T) {
	dir := Resolve(t.TempDir())
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if h := Homes(link); len(h) != 2 || h[1] != dir {
		t.Errorf("Homes: %q", h)
	}
	if h := Homes(dir); len(h) != 1 {
		t.Errorf("Homes: %q", h)
	}
	if r := Resolve(filepath.Join(dir, "missing")); r != "" {
		t.Errorf("Resolve: %q", r)
	}
}

const oneRule = "- {id: a, severity: low, detection: {file_paths: [/a]}}\n"

func TestReadRules(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/b.yml", "- {id: b, severity: low, detection: {file_paths: [/a]}}\n")
	write(t, dir+"/a.yaml", oneRule)
	write(t, dir+"/note.txt", "no rules")
	write(t, dir+"/.hidden.yml", "no rules")
	all, err := ReadRules(dir)
	if err != nil || len(all.Rules) != 2 || all.Rules[0].ID != "a" || all.Rules[1].File != dir+"/b.yml" {
		t.Errorf("%+v, %v", all, err)
	}
	write(t, dir+"/c.yml", "# again\n"+oneRule)
	var re *rule.Error
	if _, err := ReadRules(dir); !errors.As(err, &re) || re.Error() != dir+"/c.yml:2: id a: used before, in "+dir+"/a.yaml:1: expected one rule an id" {
		t.Errorf("got %v", err)
	}
	if _, err := ReadRules(dir + "/missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := ReadRules(t.TempDir()); !errors.Is(err, ErrNoRules) {
		t.Errorf("got %v", err)
	}
	if _, err := ReadRules(write(t, t.TempDir()+"/long.yml", string(make([]byte, maxRuleFile+1)))); !errors.As(err, &re) {
		t.Errorf("got %v", err)
	}
}
