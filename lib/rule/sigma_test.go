package rule

import (
	"strings"
	"testing"
)

func TestImportSigma(t *testing.T) {
	out, notes, err := ImportSigma("s.yml", []byte(`
title: Odd Download
id: 11111111-2222-3333-4444-555555555555
level: high
logsource: {category: process_creation, product: linux}
detection:
  selection:
    Image|endswith: [/curl, /wget]
    CommandLine|contains|all: [http, ' -O']
  filter_docs:
    CommandLine|contains: example.org
  filter_other:
    CurrentDirectory|startswith: /srv
  condition: selection and not 1 of filter_*
---
title: Cron file
logsource: {category: file_event, product: linux}
detection:
  a: [{TargetFilename: '/etc/cron.?/*'}, {TargetFilename|re: '^/var/spool/cron'}]
  condition: a
---
title: Port
level: critical
logsource: {category: network_connection, product: linux}
detection:
  selection: {DestinationPort: [4444, 5555], Initiated: 'true'}
  condition: all of them
---
title: Parent
logsource: {category: process_creation, product: linux}
detection:
  selection: {ParentImage|endswith: /x, Hashes|base64: y}
  condition: selection
---
title: Windows
logsource: {category: process_creation, product: windows}
detection: {selection: {Image: x}, condition: selection}
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) != 2 || !strings.Contains(notes[0], "Parent: not imported: field ParentImage; field Hashes") || !strings.Contains(notes[1], `product "windows"`) {
		t.Errorf("notes: %q", notes)
	}
	m := NewMatcher(compileText(t, string(out), testEnv), 0)
	exec := func(exe, argv, cwd string) string {
		return `{"type":"process","op":"exec","path":"` + exe + `","proc":{"pid":1,"exe":"` + exe + `","argv":[` + argv + `],"cwd":"` + cwd + `"}}`
	}
	for line, want := range map[string]string{
		exec("/usr/bin/CURL", `"curl","-O","http://x"`, "/"):                    "sigma-odd-download",
		exec("/usr/bin/curl", `"curl","http://x"`, "/"):                         "",
		exec("/usr/bin/curl", `"curl","-O","http://example.org"`, "/"):          "",
		exec("/usr/bin/curl", `"curl","-O","http://x"`, "/srv/x"):               "",
		`{"type":"file","path":"/etc/cron.d/x","access":"create"}`:              "sigma-cron-file",
		`{"type":"file","path":"/etc/cron.dd/x","access":"create"}`:             "",
		`{"type":"file","path":"/var/spool/cron/u","access":"write"}`:           "sigma-cron-file",
		`{"type":"syscall","syscall":"connect","addr":"192.0.2.1","port":4444}`: "sigma-port",
		`{"type":"syscall","syscall":"connect","addr":"192.0.2.1","port":44}`:   "",
	} {
		if got := idsOf(matchLine(t, m, line)); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
	for _, bad := range []string{"", "{", "title: x\nlogsource: []\n"} {
		if _, _, err := ImportSigma("s.yml", []byte(bad)); err == nil {
			t.Errorf("%q: imported", bad)
		}
	}
	for _, condition := range []string{"selection and", "(selection", "selection)", "nope", "1 of nope*", strings.Repeat("(", 500), "selection | count() > 5"} {
		_, notes, err := ImportSigma("s.yml", []byte("title: x\nlogsource: {category: file_event}\ndetection: {selection: {TargetFilename: x}, condition: '"+condition+"'}\n"))
		if err != nil || len(notes) != 1 {
			t.Errorf("%.40s: %v %v", condition, notes, err)
		}
	}
}

// FuzzImportSigma: what is imported is a rule file that compiles.
func FuzzImportSigma(f *testing.F) {
	f.Add([]byte("title: A\nlogsource: {category: process_creation}\ndetection: {a: {Image|endswith: [/x, '*y?']}, b: [{CommandLine|re: '^z'}], condition: a and not (b or 1 of a*)}\n"))
	f.Add([]byte("title: \"a: b\\n- c\"\nlevel: low\nlogsource: {category: file_event}\ndetection: {a: {TargetFilename: null}, condition: all of them}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		out, _, err := ImportSigma("s.yml", text)
		if err != nil {
			return
		}
		b, err := Parse("out.yml", out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if _, err := Compile(b, testEnv); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}
