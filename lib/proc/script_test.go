package proc

import (
	"strings"
	"testing"
)

func TestScript(t *testing.T) {
	for _, tt := range []struct {
		exe, argv string // argv split at |
		want      string // "" where no file is certain
	}{
		{"/usr/bin/node", "node|x.js", "/src/app/x.js"},
		{"/usr/bin/node", "node|./lib/../x.js|a b", "/src/app/x.js"},
		{"/usr/bin/node", "node|/opt//a/./x.js", "/opt/a/x.js"},
		{"/usr/bin/node", "node|../x.js", "/src/x.js"},
		{"/usr/bin/node", "node|../../../../x.js", "/x.js"},
		{"/usr/bin/node", "node|--no-warnings|x.js", "/src/app/x.js"},
		{"/usr/bin/node", "node", ""},
		{"/usr/bin/node", "node|-e|x.js", ""},
		{"/usr/bin/node", "node|-r|x|app.js", ""},
		{"/usr/bin/node", "node|--require=./x|app.js", ""},
		{"/usr/bin/node", "node|--import|x|app.js", ""},
		{"/usr/bin/node", "node|-|x.js", ""},
		{"/usr/bin/node", "node|--|x.js", ""},
		{"/usr/bin/node", "node|", ""},
		{"/usr/bin/node", "node|inspect|x.js", ""},
		{"/usr/bin/node20", "node|x.js", "/src/app/x.js"},
		{"/usr/bin/nodejs", "nodejs|x.js", "/src/app/x.js"},
		{"/opt/bun", "bun|run|x", ""},
		{"/opt/bun", "bun|install", ""},
		{"/opt/bun", "bun|x.ts", "/src/app/x.ts"},
		{"/opt/deno", "deno|run|-A|x.ts", ""},
		{"/usr/bin/python3.11", "python3|-u|x.py", "/src/app/x.py"},
		{"/usr/bin/python3", "python3|-c|import os", ""},
		{"/usr/bin/python3", "python3|-m|pip|install", ""},
		{"/usr/bin/python3", "python3|-W|ignore|x.py", ""},
		{"/usr/bin/python3", "python3|x", "/src/app/x"},
		{"/usr/bin/pypy3.10", "pypy3|x.py", "/src/app/x.py"},
		{"/bin/sh", "sh|-c|cat x", ""},
		{"/bin/sh", "sh|-ec|cat x", ""},
		{"/bin/sh", "sh|-e|x.sh", "/src/app/x.sh"},
		{"/bin/sh", "sh|+e|x.sh", ""},
		{"/bin/bash", "bash|+O|extglob|x.sh", ""},
		{"/bin/bash", "bash|--rcfile|x|y.sh", ""},
		{"/bin/bash", "bash|--norc|x.sh", "/src/app/x.sh"},
		{"/usr/bin/perl5.36.0", "perl|-MFoo|x.pl", ""},
		{"/usr/bin/perl", "perl|-w|x.pl", "/src/app/x.pl"},
		{"/usr/bin/ruby3.2", "ruby|-I|lib|x.rb", ""},
		{"/usr/bin/ruby3.2", "ruby|x.rb", "/src/app/x.rb"},
		{"/usr/bin/php8.2", "php|x.php", "/src/app/x.php"},
		{"/usr/bin/lua5.4", "lua|x.lua", "/src/app/x.lua"},
		// awk's first word is a program, however much it looks like a file
		{"/usr/bin/mawk", "awk|/usr/bin/aws/|secret", ""},
		{"/usr/bin/awk", "awk|/usr/bin/aws/|secret", ""},
		// most applets of busybox only read the files that they are given
		{"/bin/busybox", "cat|/usr/bin/aws|secret", ""},
		{"/bin/busybox", "busybox|cat|/usr/bin/aws|secret", ""},
		{"/bin/busybox", "sh|x.sh", "/src/app/x.sh"},
		{"/bin/busybox", "/bin/ash|-e|x.sh", "/src/app/x.sh"},
		{"/bin/busybox", "busybox|sh|x.sh", "/src/app/x.sh"},
		{"/bin/busybox", "busybox|sh", ""},
		{"/bin/busybox", "busybox|sh|-c|x.sh", ""},
		{"/bin/busybox", "busybox", ""},
		// no interpreters
		{"/usr/bin/env", "env|node|x.js", ""},
		{"/usr/bin/cat", "cat|x.js", ""},
		{"/usr/bin/nodemon", "nodemon|x.js", ""},
		{"", "node|x.js", ""},
		{"/usr/bin/python3 (deleted)", "python3|x.py", ""},
	} {
		if got := Script(tt.exe, strings.Split(tt.argv, "|"), "/src/app"); got != tt.want {
			t.Errorf("%s %q: %q, expected %q", tt.exe, tt.argv, got, tt.want)
		}
	}
	if got := Script("/usr/bin/node", nil, "/src"); got != "" {
		t.Errorf("no argv at all: %q", got)
	}
	if got := Script("/usr/bin/node", []string{"node", "x.js"}, ""); got != "" {
		t.Errorf("a relative name without a directory: %q", got)
	}
}

func TestAbs(t *testing.T) {
	for _, tt := range []struct{ name, cwd, want string }{
		{"a", "/d", "/d/a"},
		{"./a//b/", "/d", "/d/a/b"},
		{"../a", "/d/e", "/d/a"},
		{"../../../a", "/d", "/a"},
		{"/a/../b", "/d", "/b"},
		{"/a", "", "/a"},
		{".", "/d", "/d"},
		{"", "/d", ""},
		{"a", "", ""},
		{"a", "d", ""},
		{"a\nb", "/d", "/d/a\nb"},
		{"\xff", "/\xfe", "/\xfe/\xff"},
	} {
		if got := Abs(tt.name, tt.cwd); got != tt.want {
			t.Errorf("Abs(%q, %q) = %q, expected %q", tt.name, tt.cwd, got, tt.want)
		}
	}
}

func TestLabel(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"node", "/usr/lib/node_modules/npm/bin/npm-cli.js", "npm"},
		{"node", "/usr/lib/node_modules/npm/bin/npx-cli.js", "npx"},
		{"node", "/opt/pnpm/bin/pnpm.cjs", "pnpm"},
		{"node", "/opt/yarn/bin/yarn.js", "yarn"},
		{"node", "/src/.yarn/releases/yarn-4.18.1.cjs", "yarn"},
		{"python3", "/usr/bin/pip", "pip"},
		{"node", "/src/x.js", "node"},
		{"npm", "", "npm"},
		{"", "", ""},
	} {
		if got := Label(tt.name, tt.script); got != tt.want {
			t.Errorf("Label(%q, %q) = %q, expected %q", tt.name, tt.script, got, tt.want)
		}
	}
}
