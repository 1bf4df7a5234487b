package rule

import (
	"encoding/json"
	"testing"
)

func TestAllowList(t *testing.T) {
	const (
		post  = `,"pkg":{"manager":"npm","name":"evil","stage":"postinstall"}`
		start = `,"pkg":{"manager":"npm","name":"app","stage":"start"}`
	)
	for _, c := range []struct {
		name, proc string
		exempt     bool
	}{
		{"the real aws, a program", `"exe":"/usr/local/bin/aws"`, true},
		{"the real aws, a script", `"exe":"/usr/bin/python3.11","script":"/usr/bin/aws"`, true},
		{"with an extension", `"exe":"/usr/bin/python3.11","script":"/usr/share/aws/aws.py"`, true},
		{"in the user's own directory", `"exe":"/usr/bin/python3.11","script":"/home/u/.local/bin/aws"`, true},
		{"of nvm", `"exe":"/home/u/.nvm/versions/node/v20.1.0/bin/node"`, true},
		{"with a version", `"exe":"/usr/bin/aws-2.1"`, true},
		{"in an install script all the same", `"exe":"/usr/local/bin/aws"` + post, true},
		{"script in an install script", `"exe":"/usr/bin/python3.11","script":"/usr/bin/aws"` + post, true},
		{"npm of its global tree", `"exe":"/usr/bin/bash","script":"/usr/lib/node_modules/npm/bin/npm-cli.js"`, true},
		{"npm of nvm", `"exe":"/usr/bin/bash","script":"/home/u/.nvm/versions/node/v20.1.0/lib/node_modules/npm/bin/npm-cli.js"`, true},
		{"node", `"exe":"/usr/bin/node","script":"/src/app/server.js"`, true},
		{"node started by name", `"exe":"/usr/bin/node","script":"/src/app/server.js"` + start, true},

		{"a copied cat named aws", `"exe":"/tmp/aws"`, false},
		{"a copied cat in the project", `"exe":"/src/app/aws"`, false},
		{"comm forged", `"name":"aws","exe":"/usr/bin/cat"`, false},
		{"no exe", `"name":"aws"`, false},
		{"no process", ``, false},
		{"a script anywhere", `"exe":"/usr/bin/python3.11","script":"/tmp/aws"`, false},
		{"an untrusted interpreter", `"exe":"/tmp/python3","script":"/usr/bin/aws"`, false},
		{"a program that is no interpreter", `"exe":"/usr/bin/cat","script":"/usr/bin/aws"`, false},
		{"argv forged", `"exe":"/usr/bin/cat","argv":["aws"]`, false},
		{"deleted", `"exe":"/usr/bin/aws (deleted)"`, false},
		{"dots in exe", `"exe":"/usr/bin/../../tmp/aws"`, false},
		{"dots in script", `"exe":"/usr/bin/python3","script":"/usr/bin/../../tmp/aws"`, false},
		{"a relative exe", `"exe":"usr/bin/aws"`, false},
		{"a directory that only begins alike", `"exe":"/usr/binx/aws"`, false},
		{"a temporary directory", `"exe":"/var/tmp/aws"`, false},
		{"a global package", `"exe":"/usr/lib/node_modules/evil/bin/aws"`, false},
		{"a global package of nvm", `"exe":"/usr/bin/node","script":"/home/u/.nvm/versions/node/v20.1.0/lib/node_modules/evil/aws"`, false},
		{"a package named npm in a project", `"exe":"/usr/bin/bash","script":"/opt/app/node_modules/npm/bin/npm-cli.js"`, false},
		{"node of a dependency", `"exe":"/usr/bin/node","script":"/src/app/node_modules/evil/cli.js"`, false},
		{"node in a dropper", `"exe":"/usr/bin/node","script":"/tmp/x.js"`, false},
		{"node in an install script", `"exe":"/usr/bin/node"` + post, false},
		{"node -e in an install script", `"exe":"/usr/bin/node","argv":["node","-e","1"]` + post, false},
		{"npm in an install script", `"exe":"/usr/bin/bash","script":"/usr/lib/node_modules/npm/bin/npm-cli.js"` + post, false},
		{"python3 in an install script", `"exe":"/usr/bin/python3.12"` + post, false},
		{"curl in an install script", `"exe":"/usr/bin/curl"` + post, false},
		{"the user's own directory in an install script", `"exe":"/home/u/.local/bin/aws"` + post, false},
		{"nvm in an install script", `"exe":"/home/u/.nvm/versions/node/v20.1.0/bin/aws"` + post, false},
		{"homebrew in an install script", `"exe":"/home/linuxbrew/.linuxbrew/bin/aws"` + post, false},
		{"a build script of cargo", `"exe":"/home/u/.cargo/bin/aws","pkg":{"stage":"build-script"}`, false},
		{"another program", `"exe":"/usr/bin/awsx"`, false},
		{"another user's home", `"exe":"/home/v/.local/bin/aws"`, false},
	} {
		m := one(t, `file_paths: [/c], excluded_processes: [aws, node, npm, python3, curl]`)
		line := `{"type":"file","path":"/c","access":"read","proc":{"pid":1,` + c.proc + `}}`
		if c.proc == "" {
			line = `{"type":"file","path":"/c","access":"read"}`
		}
		if !json.Valid([]byte(line)) {
			t.Fatalf("%s: %s", c.name, line)
		}
		if got := idsOf(matchLine(t, m, line)) == ""; got != c.exempt {
			t.Errorf("%s: exempt %t, want %t", c.name, got, c.exempt)
		}
	}
}

func TestTrustedPaths(t *testing.T) {
	env := Env{Homes: []string{"/home/u"}, Trusted: []string{"/srv/tools/", "~/bin"}}
	for exe, want := range map[string]bool{
		"/srv/tools/aws": true, "/home/u/bin/aws": true, "/usr/bin/aws": false, "/srv/aws": false, "/srv/tools": false,
	} {
		m := NewMatcher(compileText(t, `- {id: r, severity: high, detection: {file_paths: [/c], excluded_processes: [aws, tools]}}`, env), 0)
		if got := idsOf(matchLine(t, m, `{"type":"file","path":"/c","access":"read","proc":{"pid":1,"exe":"`+exe+`"}}`)) == ""; got != want {
			t.Errorf("%s: exempt %t, want %t", exe, got, want)
		}
	}
	for dir, ok := range map[string]bool{
		"/opt/x": true, "~/bin": true, "~/": false, "~": false, "~/.": false, "bin": false, "/": false, "/tmp": false, "/tmp/x": false,
		"/var/tmp/../tmp/x": false, "/home": false, "/usr/../tmp": false, "/src/node_modules": false, "~/node_modules/x": false,
		"/dev/shm": false, "~/../x": false, "": false,
	} {
		if why := CheckTrusted(dir); (why == "") != ok {
			t.Errorf("%q: %q", dir, why)
		}
	}
	for _, d := range DefaultTrusted {
		if why := CheckTrusted(d); why != "" {
			t.Errorf("%s: %s", d, why)
		}
	}
}
