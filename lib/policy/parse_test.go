package policy

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

const whole = `# all keys
[filesystem]
allow_read  = ["/usr", "?/lib*", "~/src"]
allow_write = ["./out"]
allow_exec  = [
  "./bin", # comment
  '*',
]
deny  = ["**/.env", "~/.ssh"]
tmpfs = ["/tmp"]

[network]
allow = true

[syscalls]
allow    = ["@ptrace"]
deny     = ["@chown", "mkdir"]
log_only = ["rename"]

[limits]
timeout = "90s"
max_processes = 64
max_file_size = "1GiB"
max_memory = 1048576
max_open_files = 256
max_cpu_time = "10s"

[environment]
keep = ["CI", "npm_*"]
set = { A = "b" }

[process]
hostname = "box"
new_session = false
`

func TestParse(t *testing.T) {
	p, err := Parse("a.toml", whole)
	if err != nil {
		t.Fatal(err)
	}
	fs := p.Filesystem
	if len(fs.Read) != 3 || fs.Read[1].Text != "/lib*" || !fs.Read[1].Optional || fs.Read[1].At != (Place{"a.toml", 3}) || !fs.ExecAny ||
		len(fs.Exec) != 1 || fs.Exec[0].At.Line != 6 || len(fs.Deny) != 2 || len(fs.Tmpfs) != 1 {
		t.Errorf("%+v", fs)
	}
	want := Limits{90 * time.Second, 64, 1 << 30, 1 << 20, 256, 10 * time.Second}
	if p.Limits != want {
		t.Errorf("%+v", p.Limits)
	}
	if !p.Network.Allow || p.Process != (Process{"box", false}) || p.Environment.Set["A"] != "b" || !slices.Equal(p.Environment.Keep, []string{"CI", "npm_*"}) {
		t.Errorf("%+v", p)
	}
}

// TestFaults: what a policy may not have, with its place.
func TestFaults(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"[filesystm]\n", `a.toml:1: unknown table or key "filesystm": expected filesystem`},
		{"\n[filesystem]\nalow_read = []\n", `a.toml:3: unknown key "alow_read" in [filesystem]: expected allow_read`},
		{"[network]\n# x\nallow = 'yes'\n", "a.toml:3: allow: expected true or false, got a text"},
		{"[filesystem]\nallow_read = '/usr'\n", "a.toml:2: allow_read: expected a list of texts, got a text"},
		{"[filesystem]\nallow_read = [\n'/usr',\n7]\n", "a.toml:4: allow_read: expected a list of texts, got a number in it"},
		{"[filesystem]\nallow_read = ['usr']\n", `a.toml:2: allow_read: "usr": expected a path that begins with`},
		{"[filesystem]\nallow_read = ['/a/[b]']\n", `[ is not known`},
		{"[filesystem]\nallow_read = [\n'/a',\n'/b{c']\n", `a.toml:4: allow_read: "/b{c": { is not closed`},
		{"[filesystem]\ndeny = ['/a**/b']\n", "** stands with other characters"},
		{"[filesystem]\ndeny = ['/']\n", "expected a path below /"},
		{"[filesystem]\ntmpfs = ['/t*']\n", "expected one directory"},
		{"[filesystem]\nallow_read = ['']\n", "is empty"},
		{"[filesystem]\nallow_read = ['~bob/x']\n", "only ~/ is known"},
		{"[filesystem]\nallow_read = ['/a/../b']\n", ".. in the middle"},
		{"[filesystem]\nallow_read = [\"/a\\u0000\"]\n", "zero byte"},
		{"[syscalls]\ndeny = ['mkdirr']\n", `a.toml:2: unknown system call "mkdirr": expected mkdir`},
		{"[syscalls]\ndeny = ['@mout']\n", `unknown set "@mout": expected @mount`},
		{"[syscalls]\ndeny = ['execve']\n", "no program runs without it"},
		{"[syscalls]\nlog_only = ['mount']\n", "mount is always blocked (@mount)"},
		{"[syscalls]\nlog_only = ['openat']\n", "filtered by its arguments"},
		{"[syscalls]\ndeny = ['mkdir']\nlog_only = ['mkdir']\n", "a.toml:3: log_only: \"mkdir\": deny has mkdir as well"},
		{"[syscalls]\nallow = ['@mount']\n", "expected @ptrace"},
		{"[limits]\nmax_processes = -1\n", "a.toml:2: max_processes: -1: expected a positive number"},
		{"[limits]\nmax_processes = 9223372036854775808\n", "a.toml:2"},
		{"[limits]\nmax_memory = '99999999999TiB'\n", "too large"},
		{"[limits]\nmax_memory = '1 parsec'\n", "expected a positive size"},
		{"[limits]\ntimeout = '-3s'\n", "expected a positive duration"},
		{"[limits]\nmax_cpu_time = '1500ms'\n", "whole seconds"},
		{"[limits]\ntimeout = 60\n", "timeout: expected a duration"},
		{"[process]\nhostname = 'a b'\n", "hostname"},
		{"[environment]\nkeep = ['A=b']\n", "keep"},
		{"[environment]\nset = { A = 1 }\n", "set: A: expected a text"},
		{"allow = 1\n", `unknown table or key "allow"`},
		{"filesystem = 1\n", "expected a table"},
		{"[network\n", "to end table name"},
		{"[network]\nallow = true\nallow = false\n", "a.toml:3"},
		{strings.Repeat("#", MaxFile+1), "longer than"},
	} {
		_, err := Parse("a.toml", tt.text)
		var pe *Error
		if err == nil || !errors.As(err, &pe) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60q: %v, expected %s", tt.text, err, tt.want)
		}
	}
}

// TestTables: the tables of this package name calls that exist, and sets that there are.
func TestTables(t *testing.T) {
	for _, s := range Sets {
		for _, c := range s.Calls {
			if _, err := expand(Name{Text: c}); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
	}
	for _, n := range slices.Concat(Blocked, Releasable) {
		if SetByName(n) == nil {
			t.Errorf("%s: no such set", n)
		}
	}
	if err := Strict().Check(); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add("[filesystem]\ndeny=[\"\"\"a\n\"\"\"]")
	f.Add("a.b.'c d' = {x=[{y=1}]}")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse("f", text)
		if err != nil {
			var pe *Error
			if !errors.As(err, &pe) || pe.At.File != "f" {
				t.Errorf("no place: %v", err)
			}
			return
		}
		if _, err := p.Anchor(Anchors{Home: "/home/u", Dir: "/work"}); err != nil {
			t.Errorf("checked, and yet: %v", err)
		}
	})
}
