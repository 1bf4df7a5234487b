package rule

import (
	"strings"
	"testing"
)

// TestKeys: of each key, records that meet it and records that do not.
func TestKeys(t *testing.T) {
	const install = `"pkg":{"manager":"npm","name":"@x/evil","version":"1.0.0","stage":"postinstall"}`
	for _, c := range []struct{ detection, meets, not string }{
		{"file_patterns: ['*.pem']", `"path":"/a/b.pem","access":"read"`, `"path":"/a/b.pem/c","access":"read"`},
		{"file_patterns: ['id_*'], file_paths: [/x]", `"path":"/x","access":"read"`, `"path":"/y","access":"read"`},
		{"file_paths: ['/**'], excluded_paths: ['/tmp/**']", `"path":"/tmp/x","to":"/etc/x","access":"rename"`, `"path":"/tmp/../tmp/x","access":"read"`},
		{"access_types: [delete], condition: 'true', excluded_paths: ['/tmp/**']", `"path":"/etc/x","access":"delete"`, `"path":"/tmp/x","access":"delete"`},
		{"syscalls: [ptrace, mount]", `"syscall":"mount"`, `"syscall":"umount2"`},
		{"syscalls: [mount], success: true", `"syscall":"mount","success":true`, `"syscall":"mount","success":false,"errno":"EPERM"`},
		{"syscalls: [mount], success: false", `"syscall":"mount","action":"deny"`, `"syscall":"mount","success":true`},
		{"syscalls: [x], args: {flags: [O_TRUNC, O_EXCL]}", `"syscall":"x","args":{"flags":["O_RDWR","O_EXCL"]}`, `"syscall":"x","args":{"flags":["O_RDWR"]}`},
		{"syscalls: [x], args: {mode: {regex: '^0?[4-7][0-7]{3}$'}}", `"syscall":"x","args":{"mode":"04755"}`, `"syscall":"x","args":{"mode":"0755"}`},
		{"syscalls: [x], args: {a.b: 7}", `"syscall":"x","args":{"a":{"b":7}}`, `"syscall":"x","args":{"a":7}`},
		{"packages: {any: true}", `"proc":{"pid":1,` + install + `}`, `"proc":{"pid":1}`},
		{"packages: {any: false}", `"proc":{"pid":1}`, `"proc":{"pid":1,` + install + `}`},
		{"packages: {stage: [$install_stages]}", `"proc":{"pid":1,` + install + `}`, `"proc":{"pid":1,"pkg":{"name":"app","stage":"start"}}`},
		{"packages: {manager: [npm], name: ['@x/*']}", `"proc":{"pid":1,` + install + `}`, `"proc":{"pid":1,"pkg":{"manager":"npm","name":"x/evil"}}`},
		{"network: {hosts: ['*.example.org', example.net]}", `"syscall":"connect","host":"A.Example.org."`, `"syscall":"connect","host":"example.org"`},
		{"network: {hosts: ['a*.org']}", `"syscall":"connect","host":"ab.org"`, `"syscall":"connect","addr":"192.0.2.1"`},
		{"network: {not_hosts: [r.org]}", `"syscall":"connect","addr":"192.0.2.1"`, `"syscall":"connect","host":"r.org","addr":"192.0.2.1"`},
		{"network: {cidr: [192.0.2.0/24, '2001:db8::/32']}", `"syscall":"connect","addr":"::ffff:192.0.2.7"`, `"syscall":"connect","addr":"192.0.3.7"`},
		{"network: {not_cidr: [127.0.0.0/8]}", `"type":"net","op":"connect","addr":"192.0.2.1"`, `"syscall":"connect","addr":"127.0.0.53"`},
		{"network: {ports: [22, 6000-6063]}", `"syscall":"sendto","addr":"192.0.2.1","port":6010`, `"syscall":"sendto","addr":"192.0.2.1","port":80`},
		{"network: {not_ports: [53]}", `"syscall":"connect","addr":"192.0.2.1","port":443`, `"syscall":"connect","addr":"192.0.2.1","port":53`},
		{"network: {}", `"syscall":"connect","addr":"192.0.2.1","success":false,"errno":"EINPROGRESS"`, `"syscall":"connect","addr":"/run/x","family":"unix"`},
		{"network: {}", `"syscall":"sendmmsg","addr":"192.0.2.1"`, `"syscall":"bind","addr":"0.0.0.0","port":80`},
		{"network: {sockets: [/run/docker.sock]}", `"syscall":"connect","addr":"/run/docker.sock","family":"unix"`, `"syscall":"connect","addr":"192.0.2.1"`},
		{"network: {kinds: [listen]}", `"syscall":"bind","addr":"0.0.0.0","port":80`, `"syscall":"connect","addr":"0.0.0.0","port":80`},
		{"network: {kinds: [lookup], hosts: ['*.onion']}", `"type":"net","op":"dns","host":"x.onion"`, `"syscall":"connect","host":"x.onion"`},
		{"processes: {exes: ['/tmp/**']}", `"type":"process","op":"exec","proc":{"pid":1,"exe":"/tmp/x"}`, `"type":"process","op":"exec","proc":{"pid":1,"exe":"/usr/bin/x"}`},
		{"processes: {argv: ['-i\\b.*/dev/tcp/']}", `"type":"process","op":"exec","proc":{"pid":1,"argv":["bash","-i",">& /dev/tcp/x"]}`, `"type":"process","op":"spawn","proc":{"pid":1,"argv":["bash","-i",">& /dev/tcp/x"]}`},
		{"processes: {names: [sh], ancestors: [npm]}", `"type":"process","op":"exec","path":"/bin/sh","proc":{"pid":1,"name":"sh","lineage":["npm install","sh"]}`, `"type":"process","op":"exec","path":"/bin/sh","proc":{"pid":1,"name":"sh","lineage":["bash","sh"]}`},
		{"file_paths: [/c], processes: {excluded_exes: ['/usr/bin/*']}", `"path":"/c","access":"read","proc":{"pid":1,"exe":"/tmp/usr/bin/x"}`, `"path":"/c","access":"read","proc":{"pid":1,"exe":"/usr/bin/x"}`},
		{"file_paths: [/c], processes: {excluded_exes: ['/tmp/*']}", `"path":"/c","access":"read","proc":{"pid":1,"exe":"/tmp/x"}`, `"path":"/d","access":"read"`},
		{"content_patterns: ['(?i)akia']", `"type":"finding","path":"/a","preview":"AKIA****"`, `"type":"syscall","preview":"AKIA****"`},
		{"condition: 'risky and .port > 1'", `"port":7,"syscall":"x"`, `"port":7`},
	} {
		for record, want := range map[string]string{c.meets: "r", c.not: ""} {
			if !strings.Contains(record, `"type"`) {
				record = `"type":"syscall",` + record
			}
			m := NewMatcher(compileText(t, "macros: {named: '.syscall != null', risky: 'named'}\nrules:\n- {id: r, severity: high, detection: {"+c.detection+"}}", testEnv), 0)
			if got := idsOf(matchLine(t, m, "{"+record+"}")); got != want {
				t.Errorf("%s, %s: got %q, want %q", c.detection, record, got, want)
			}
		}
	}
}

// TestLists: a later file adds to a list by naming it in itself.
func TestLists(t *testing.T) {
	a, err := Parse("a.yml", []byte("lists: {reg: [a.org]}\nrules: [{id: r, severity: high, detection: {network: {hosts: [$all]}}}]"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse("b.yml", []byte("lists: {reg: [$reg, b.org], all: [$reg, c.org]}"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := Compile(Merge(a, b, nil), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	m := NewMatcher(set, 0)
	for _, h := range []string{"a.org", "b.org", "c.org"} {
		if got := idsOf(matchLine(t, m, `{"type":"syscall","syscall":"connect","host":"`+h+`"}`)); got != "r" {
			t.Errorf("%s: got %q", h, got)
		}
	}
	for text, want := range map[string]string{
		"rules: [{id: r, severity: high, detection: {syscalls: [$nmae]}}]\nlists: {name: [x]}":                                            "r.yml:1: rule r: unknown list $nmae: expected name",
		"lists: {a: [$b], b: [$a]}\nrules: [{id: r, severity: high, detection: {syscalls: [$a]}}]":                                        "list $a holds itself",
		"rules: [{id: r, severity: high, detection: {network: {cidr: [x]}}}]":                                                             `network "x": expected an address or a range`,
		"rules: [{id: r, severity: high, detection: {network: {ports: [70000]}}}]":                                                        `port "70000"`,
		"rules: [{id: r, severity: high, detection: {processes: {argv: ['(']}}}]":                                                         "missing closing )",
		"rules: [{id: r, severity: high, sequence: {within: 1m, steps: [{rules: [nope]}, {syscalls: [x]}]}}]":                             "a step asks for rule nope",
		"rules: [{id: r, severity: high, sequence: {within: 1m, steps: [{syscalls: [x]}]}}]":                                              "a sequence of 1 steps: expected 2 to 16",
		"rules: [{id: r, severity: high, sequence: {steps: [{syscalls: [x]}, {syscalls: [y]}]}}]":                                         "a sequence has no within",
		"rules: [{id: r, severity: high, detection: {syscalls: [x]}, threshold: {within: 1m, distinct: {field: pth}}}]":                   `field "pth"`,
		"rules: [{id: r, severity: high, detection: {syscalls: [x]}, suppress: [{syscalls: [x]}]}]":                                       "a suppression has no reason",
		"rules: [{id: r, severity: high, detection: {syscalls: [x]}, sequence: {within: 1m, steps: [{syscalls: [x]}, {syscalls: [y]}]}}]": "a sequence beside a detection",
		"macros: {m: '.x |'}\nrules: []": "macro m: no gojq expression",
		"rules: [{id: r, severity: high, detection: {syscalls: [x]}, dedupe: {by: [path], for: 3 days}}]": "expected a time",
		"rules: [{id: r, severity: high, detection: {syscalls: [x], success: maybe}}]":                    "where true or false is expected",
		"rules: [{id: r, severity: high, detection: {file_patterns: [a/b]}}]":                             `file pattern "a/b"`,
	} {
		b, err := Parse("r.yml", []byte(text))
		if err == nil {
			_, err = Compile(b, testEnv)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}
