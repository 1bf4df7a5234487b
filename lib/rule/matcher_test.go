package rule

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sandtrace/lib/event"
)

var testEnv = Env{Homes: []string{"/home/u"}}

func compileText(t testing.TB, text string, env Env) *Set {
	t.Helper()
	rules, err := Parse("r.yml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	set, err := Compile(rules, env)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// matchLine is what a set makes of one record.
func matchLine(t testing.TB, m *Matcher, line string) []event.Record {
	t.Helper()
	var s event.Scanner
	f, err := s.Scan([]byte(line))
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return slices.Clone(m.Match(f, []byte(line)))
}

func idsOf(records []event.Record) string {
	var ids []string
	for _, r := range records {
		switch r := r.(type) {
		case *event.Match:
			ids = append(ids, r.Rule)
		case *event.Error:
			ids = append(ids, "!"+r.Code)
		}
	}
	return strings.Join(ids, " ")
}

// one is a set of the one rule id r with the given detection.
func one(t testing.TB, detection string) *Matcher {
	t.Helper()
	return NewMatcher(compileText(t, "- {id: r, severity: high, detection: {"+detection+"}}", testEnv), 0)
}

const byCat = `"proc":{"pid":41,"name":"cat","exe":"/usr/bin/cat"}`

func TestAccessMeaning(t *testing.T) {
	const fires, quiet = "r", ""
	for _, c := range []struct{ types, record, want string }{
		{"", `"path":"/c","access":"read"`, fires},
		{"", `"path":"/c","access":"write"`, fires},
		{"", `"path":"/c","access":"stat"`, quiet},
		{"", `"path":"/c","access":"novel"`, fires},
		{"", `"path":"/c"`, quiet},
		{"", `"access":"read"`, quiet},
		{"stat", `"path":"/c","access":"stat"`, fires},
		{"stat", `"path":"/c","access":"read"`, quiet},
		{"write", `"path":"/c","access":"create"`, fires},
		{"create", `"path":"/c","access":"write"`, quiet},
		{"read", `"path":"/c","access":"rename","to":"/x"`, fires},
		{"delete", `"path":"/c","access":"rename","to":"/x"`, fires},
		{"write", `"path":"/c","access":"rename","to":"/x"`, quiet},
		{"write", `"path":"/x","access":"rename","to":"/c"`, fires},
		{"create", `"path":"/x","access":"rename","to":"/c"`, fires},
		{"read", `"path":"/x","access":"rename","to":"/c"`, quiet},
		{"read", `"path":"/c","access":"link","to":"/x"`, fires},
		{"write", `"path":"/x","access":"link","to":"/c"`, fires},
		{"write", `"syscall":"symlinkat","path":"/c","access":"link","args":{"target":"/x"}`, fires},
		{"read", `"syscall":"symlinkat","path":"/c","access":"link","args":{"target":"/x"}`, quiet},
		{"read", `"syscall":"symlink","path":"/x","access":"link","args":{"target":"/c"}`, fires},
		{"read", `"syscall":"symlink","path":"/y/z/x","access":"link","args":{"target":"../../c"}`, fires},
		{"read", `"syscall":"symlink","path":"/x","to":"/c","access":"link"`, fires},
		{"write", `"syscall":"symlink","path":"/x","to":"/c","access":"link"`, quiet},
		{"chmod", `"path":"/c","access":"chmod"`, fires},
		{"exec", `"path":"/c","access":"exec"`, fires},
		{"read", `"path":"/c","access":"read","success":false,"errno":"ENOENT"`, fires},
		{"write", `"path":"/x","to":"/c","access":"write"`, fires},
	} {
		detection := "file_paths: [/c]"
		if c.types != "" {
			detection += ", access_types: [" + c.types + "]"
		}
		got := idsOf(matchLine(t, one(t, detection), `{"type":"syscall",`+c.record+`,`+byCat+`}`))
		if got != c.want {
			t.Errorf("access_types [%s], %s: got %q, want %q", c.types, c.record, got, c.want)
		}
	}
}

// TestRenamedDirectory: who moves the directory has the file.
func TestRenamedDirectory(t *testing.T) {
	m := one(t, `file_paths: ["~/.aws/credentials", "~/.config/gcloud/*"]`)
	for record, want := range map[string]string{
		`"path":"/home/u/.aws","to":"/tmp/x","access":"rename"`:        "r",
		`"path":"/tmp/x","to":"/home/u/.aws","access":"rename"`:        "r",
		`"path":"/home/u/.config","to":"/tmp/x","access":"rename"`:     "r",
		`"path":"/home/u","to":"/home/v","access":"rename"`:            "",
		`"path":"/home/u/.aws","access":"read"`:                        "",
		`"path":"/home/u/.aws/cli","to":"/home/u/x","access":"rename"`: "",
	} {
		if got := idsOf(matchLine(t, m, `{"type":"syscall",`+record+`,`+byCat+`}`)); got != want {
			t.Errorf("%s: got %q, want %q", record, got, want)
		}
	}
}

func TestEveryProducer(t *testing.T) {
	m := one(t, `file_paths: ["/c"]`)
	for typ, want := range map[string]string{
		"syscall": "r", "file": "r", "jail": "r", "": "r",
		"match": "", "finding": "r", "start": "", "summary": "", "receipt": "", "error": "", "lost": "", "novel": "",
	} {
		line := `{"type":"` + typ + `","path":"/c","access":"read",` + byCat + `}`
		if typ == "" {
			line = `{"path":"/c","access":"read"}`
		}
		if got := idsOf(matchLine(t, m, line)); got != want {
			t.Errorf("type %q: got %q, want %q", typ, got, want)
		}
	}
}

func TestHostileRecords(t *testing.T) {
	m := one(t, `file_paths: ["/c", "/n\nl/*"]`)
	deep := strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64)
	for line, want := range map[string]string{
		`{"type":"file","path":"/x","path":"/c","access":"read"}`:                             "r", // the last counts, as for jq
		`{"type":"file","path":"/c","path":"/x","access":"read"}`:                             "",
		`{"type":"file","path":"\u002fc","access":"read"}`:                                    "r",
		`{"type":"file","Path":"/c","access":"read"}`:                                         "",
		`{"type":"file","args":{"path":"/c"},"access":"read"}`:                                "",
		`{"type":"file","x":` + deep + `,"path":"/c","access":"read"}`:                        "r",
		`{"type":"file","ret":` + strings.Repeat("9", 4000) + `,"path":"/c","access":"read"}`: "r",
		`{"type":"file","path":"/n\nl/\u001b[31m","access":"read"}`:                           "r",
		`{"type":"file","path":"/proc/self/root/c","access":"read"}`:                          "r",
		`{"type":"file","path":"/x/../c","access":"read"}`:                                    "r",
	} {
		if got := idsOf(matchLine(t, m, line)); got != want {
			t.Errorf("%.200s: got %q, want %q", line, got, want)
		}
	}
}

func TestMatchRecord(t *testing.T) {
	m := NewMatcher(compileText(t, `
rules:
  - {id: a, name: A, severity: high, tags: [x, y], detection: {file_paths: ["/c"]}}
  - {id: b, severity: low, detection: {file_paths: ["/**"]}, alert: {channels: [ops], message: "{{{rule}}} {package} {proc.cwd} {proc.argv} {args.flags} {port}"}}
`, testEnv), 0)
	line := `{"type":"syscall","path":"/c","access":"read","args":{"flags":["O_RDONLY"]},"success":false,"errno":"EACCES","action":"allow",` +
		`"proc":{"pid":41,"name":"fake","exe":"/tmp/cat","argv":["cat","a\nb"],"cwd":"/w","pkg":{"name":"evil","version":"1.0.0","stage":"install"}},"x":"` + "\u009b" + `31m"}`
	out := matchLine(t, m, line)
	if idsOf(out) != "a b" {
		t.Fatalf("got %q", idsOf(out))
	}
	a, b := out[0].(*event.Match), out[1].(*event.Match)
	if a.Message != "cat (41) tried to read /c (EACCES)" {
		t.Errorf("message: %q", a.Message)
	}
	if b.Message != "{b} evil@1.0.0 (install) /w cat a\nb O_RDONLY -" {
		t.Errorf("message: %q", b.Message)
	}
	if a.Name != "A" || b.Name != "b" || a.Severity != "high" || a.Channels[0] != "stdout" || b.Channels[0] != "ops" ||
		a.Count != 1 || a.Errno != "EACCES" || a.Proc.Pkg.Stage != "install" || a.Truncated {
		t.Errorf("%+v\n%+v", a, b)
	}
	if got := string(a.Events[0]); got != strings.Replace(line, "\u009b", `\u009b`, 1) || !json.Valid(a.Events[0]) {
		t.Errorf("events: %s", got)
	}
}

func TestLongRecord(t *testing.T) {
	m := one(t, `file_paths: ["/**"]`)
	long := strings.Repeat("p", event.MaxLine*3/4)
	for _, line := range []string{
		`{"type":"file","path":"/` + long + `","access":"read"}`,
		`{"type":"file","path":"/c","access":"read","proc":{"pid":1,"argv":["` + long + `"]}}`,
		`{"type":"file","path":"/c","access":"read","x":"` + long + `"}`,
		`{"type":"file","path":"/c","access":"read","proc":{"pid":1,"exe":"/` + long + `"}}`,
		`{"type":"file","path":"/` + strings.Repeat(`\u0001`, event.MaxLine/7) + `","access":"read"}`,
	} {
		out := matchLine(t, m, line)
		if idsOf(out) != "r" {
			t.Fatalf("%.60s: got %q", line, idsOf(out))
		}
		match := out[0].(*event.Match)
		if n := event.Len(match); n > event.MaxLine {
			t.Errorf("%.60s: the match has %d bytes", line, n)
		}
		if match.Truncated != (len(match.Events) == 0) {
			t.Errorf("%.60s: truncated %t with %d events", line, match.Truncated, len(match.Events))
		}
	}
}

func TestOnAndNames(t *testing.T) {
	exec := `{"type":"process","op":"exec","path":"/usr/bin/curl","proc":{"pid":1,"name":"curl","exe":"/usr/bin/curl"}}`
	call := `{"type":"syscall","syscall":"execve","path":"/usr/bin/curl","access":"exec","proc":{"pid":1,"name":"curl","exe":"/usr/bin/curl"}}`
	read := `{"type":"syscall","path":"/c","access":"read","proc":{"pid":1,"name":"curl","exe":"/tmp/x"}}`
	exit := `{"type":"process","op":"exit","proc":{"pid":1,"name":"curl","exe":"/usr/bin/curl"}}`
	net := `{"type":"net","op":"dns","host":"h","proc":{"pid":1,"name":"curl"}}`
	for _, c := range []struct{ detection, want string }{ // what follows a bar stands beside detection
		{"process_names: [curl]", "exec"},
		{"process_names: [wget]", ""},
		{"process_names: [curl], file_paths: [/c]", "read"},
		{"process_names: [wget], file_paths: [/c]", ""},
		{"process_names: [curl], excluded_processes: [curl]", ""},
		{"condition: '.type == \"net\"'", "net"},
		{"condition: 'true', access_types: [exec]", "call"},
		{"process_names: [curl] | on: [net, process]", "exec net"},
		{"condition: 'true' | on: [process]", "exec exit"},
		{"file_paths: [\"/**\"] | on: [file]", ""},
	} {
		detection, beside, _ := strings.Cut(c.detection, " | ")
		m := NewMatcher(compileText(t, "- {id: r, severity: high, detection: {"+detection+"}, "+beside+"}", testEnv), 0)
		var got []string
		for _, r := range []struct{ name, line string }{{"exec", exec}, {"call", call}, {"read", read}, {"exit", exit}, {"net", net}} {
			if idsOf(matchLine(t, m, r.line)) != "" {
				got = append(got, r.name)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: fires on %q, want %q", c.detection, got, c.want)
		}
	}
	for proc, want := range map[string]bool{
		`"exe":"/usr/bin/python3.12"`:                       true,
		`"exe":"/usr/bin/env","script":"/x/python3"`:        true,
		`"exe":"/tmp/x","argv":["/y/python3"]`:              true,
		`"exe":"/tmp/x","name":"python3"`:                   true,
		`"exe":"/bin/busybox","argv":["busybox","python3"]`: true,
		`"exe":"/tmp/python3 (deleted)"`:                    true,
		`"exe":"/x/python3.py"`:                             true,
		`"exe":"/x/python3x"`:                               false,
		`"exe":"/usr/bin/env","argv":["env","python3"]`:     false,
		`"exe":"/usr/bin/python2.7"`:                        false,
	} {
		m := one(t, "process_names: [python3]")
		if got := idsOf(matchLine(t, m, `{"type":"process","op":"exec","proc":{"pid":1,`+proc+`}}`)); (got == "r") != want {
			t.Errorf("%s: got %q", proc, got)
		}
	}
}

func TestLinksAndHomes(t *testing.T) {
	links := map[string]string{
		"/home/u/.npmrc": "/home/u/dotfiles/npmrc", "/home/u/.azure": "/data/azure", "/home/u/.aws": "/data/aws",
		"/home/u/.kube": "/home/u/.kube",
	}
	env := Env{Homes: []string{"/home/u", "/var/home/u"}, Resolve: func(p string) string { return links[p] }}
	m := NewMatcher(compileText(t, `- {id: r, severity: high, detection: {file_paths: ["~/.npmrc", "~/.azure/*", "~/.aws/credentials", "~/.kube/config"]}}`, env), 0)
	for path, want := range map[string]string{
		"/home/u/.npmrc": "r", "/var/home/u/.npmrc": "r", "/home/u/dotfiles/npmrc": "r",
		"/data/azure/x": "r", "/data/aws/credentials": "r", "/data/aws/x": "", "/home/u/.kube/config": "r", "/root/.npmrc": "",
	} {
		if got := idsOf(matchLine(t, m, fmt.Sprintf(`{"type":"file","path":%q,"access":"read"}`, path))); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestMerge(t *testing.T) {
	a, err := Parse("a.yml", []byte("- {id: x, severity: low, detection: {file_paths: [/a]}}\n- {id: y, severity: low, detection: {file_paths: [/a]}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse("b.yml", []byte("- {id: x, enabled: false}\n- {id: z, severity: low, detection: {file_paths: [/a]}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	all := Merge(a, b, func(old, by *Rule) { said = append(said, old.File+">"+by.File+":"+by.ID) })
	set, err := Compile(all, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	if got := idsOf(matchLine(t, NewMatcher(set, 0), `{"type":"file","path":"/a","access":"read"}`)); got != "y z" || fmt.Sprint(said) != "[a.yml>b.yml:x]" {
		t.Errorf("got %q, said %v", got, said)
	}
}
