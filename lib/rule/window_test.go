package rule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sandtrace/lib/event"
)

// script makes records of short words: "41 a" is process 41 doing a; "@30" sets the second, "<40"
// behind a pid its parent, "/p" the path.
func play(t *testing.T, m *Matcher, words ...string) string {
	t.Helper()
	var out []string
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	var s event.Scanner
	for i, w := range words {
		if d, ok := strings.CutPrefix(w, "@"); ok {
			v, err := time.ParseDuration(d)
			if err != nil {
				t.Fatal(err)
			}
			at = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC).Add(v)
			continue
		}
		f := strings.Fields(w)
		pid, ppid, _ := strings.Cut(f[0], "<")
		if ppid == "" {
			ppid = "1"
		}
		path := "/x"
		if len(f) > 2 {
			path = f[2]
		}
		line := fmt.Sprintf(`{"v":1,"type":"syscall","ts":%q,"seq":%d,"src":"t","run":"R","syscall":%q,"path":%q,"proc":{"pid":%s,"ppid":%s,"start":1%s,"name":"x","exe":"/x"}}`,
			event.At(at), i, f[1], path, pid, ppid, pid)
		if strings.HasPrefix(f[1], "{") {
			line = f[1]
		}
		fs, err := s.Scan([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range m.Match(fs, []byte(line)) {
			if match, ok := r.(*event.Match); ok {
				out = append(out, fmt.Sprintf("%s:%d", w, len(match.Events)))
			}
		}
	}
	return strings.Join(out, " ")
}

func TestSequences(t *testing.T) {
	const abc = "steps: [{syscalls: [a]}, {syscalls: [b]}, {syscalls: [c]}]"
	for _, c := range []struct {
		rule  string
		words string
		want  string
	}{
		{"by: process, " + abc, "7 a,7 b,7 c", "7 c:3"},
		{"by: process, " + abc, "7 c,7 b,7 a", ""},
		{"by: process, " + abc, "7 a,8 b,7 c", ""},
		{"by: process, " + abc, "7 a,7 a,7 b,7 x,7 c", "7 c:3"},
		{"by: process, " + abc, "7 a,7 b,7 c,7 a,7 b,7 c", "7 c:3"},                                // once
		{"by: process, " + abc, "7 a,7 b,7 c,@2m,7 a,7 b,7 c", "7 c:3 7 c:3"},                      // again when the time is over
		{"by: process, " + abc, "7 a,@40s,7 b,@70s,7 c", ""},                                       // too slow
		{"by: process, " + abc, "7 a,@30s,7 a,@40s,7 b,@70s,7 c", "7 c:3"},                         // the later beginning counts
		{"by: process, " + abc, "7 a,@40s,7 b,@50s,7 a,@70s,7 c", ""},                              // but not for what came before it
		{"by: process, " + abc, "@10s,7 a,@9s,7 b,@8s,7 c", "7 c:3"},                               // a little out of order
		{"by: process, " + abc, "@2h,7 a,@0s,7 b,7 c", "7 c:3"},                                    // the clock was set back
		{"by: tree, " + abc, "7<40 a,8<40 b,9<8 c", "9<8 c:3"},                                     // brothers and children
		{"by: tree, " + abc, "7<40 a,8<41 b,9<8 c", ""},                                            // strangers
		{"by: tree, " + abc, "7<40 a,40<30 x,8<30 b,9<8 c", "9<8 c:3"},                             // the parent came late
		{"by: run, " + abc, "7<40 a,8<41 b,9<8 c", "9<8 c:3"},                                      //
		{"by: run, ordered: false, " + abc, "7 c,8 a,9 b", "9 b:3"},                                //
		{"by: run, ordered: false, " + abc, "7 c,@90s,8 a,9 b", ""},                                //
		{"by: run, same: [path], " + abc, "7 a /p,7 b /q,7 c /p,7 b /p,7 c /q,7 c /p", "7 c /p:3"}, //
		{"by: run, steps: [{syscalls: [a], distinct: {field: path}}, {syscalls: [b]}]", "7 a /p,7 a /p,7 b,7 a /q,7 b", "7 b:3"},
		{"by: run, steps: [{syscalls: [a], count: 3}, {syscalls: [b]}]", "7 a,7 a,7 b,7 a,7 b", "7 b:4"},
		{"by: run, steps: [{syscalls: [a], count: 2}, {syscalls: [b]}]", "7 a,@90s,7 a,7 b,7 a,7 b", "7 b:3"},
		{"by: run, steps: [{syscalls: [a]}, {syscalls: [a]}]", "7 a,7 a", "7 a:2"},
	} {
		m := NewMatcher(compileText(t, "- {id: r, severity: high, sequence: {within: 1m, "+c.rule+"}}", testEnv), 0)
		if got := play(t, m, strings.Split(c.words, ",")...); got != c.want {
			t.Errorf("%s\n%s: got %q, want %q", c.rule, c.words, got, c.want)
		}
	}
}

func TestThresholdDedupeSuppress(t *testing.T) {
	for _, c := range []struct{ keys, words, want string }{
		{"threshold: {by: process, within: 1m, count: 3}", "7 a,7 a,8 a,7 a,7 a", "7 a:3"},
		{"threshold: {by: process, within: 1m, count: 3}", "7 a,@40s,7 a,@70s,7 a,@80s,7 a", "7 a:3"},
		{"threshold: {by: run, within: 1m, distinct: {field: path, count: 3}}", "7 a /1,7 a /2,7 a /1,7 a /2,7 a /3", "7 a /3:3"},
		{"dedupe: {by: [path], for: 1m}", "7 a /1,7 a /2,7 a /1,@59s,7 a /1,@61s,7 a /1", "7 a /1:1 7 a /2:1 7 a /1:1"},
		{"suppress: [{file_paths: [/1], access_types: [read], reason: x}, {condition: '.path == \"/2\"', reason: y, expires: 2026-11-22}, {condition: '.path == \"/3\"', reason: y, expires: 2026-11-23}]", "7 a /1,7 a /2,7 a /3", "7 a /1:1 7 a /2:1"},
	} {
		m := NewMatcher(compileText(t, "- {id: r, severity: high, detection: {syscalls: [a]}, "+c.keys+"}", testEnv), 0)
		if got := play(t, m, strings.Split(c.words, ",")...); got != c.want {
			t.Errorf("%s\n%s: got %q, want %q", c.keys, c.words, got, c.want)
		}
	}
}

// TestStepsByRules: a step asks which rules fired; what is suppressed or allowed does not count.
func TestStepsByRules(t *testing.T) {
	m := NewMatcher(compileText(t, `
- {id: cred-a, severity: low, detection: {syscalls: [a]}, suppress: [{condition: '.path == "/ok"', reason: x}]}
- {id: cred-b, severity: low, detection: {syscalls: [b]}}
- {id: r, severity: high, sequence: {by: run, within: 1m, steps: [{rules: ["cred-*"], distinct: {field: rule}}, {syscalls: [c]}]}}
`, testEnv), 0)
	if got := play(t, m, "1 a", "1 a", "1 c", "1 a /ok", "@2m", "2 a /ok", "2 b", "2 c", "2 a", "2 c"); got != "1 a:1 1 a:1 2 b:1 2 a:1 2 c:3" {
		t.Errorf("got %q", got)
	}
}

// TestFloods: what one process does must neither grow the state nor go unsaid.
func TestFloods(t *testing.T) {
	set := compileText(t, "- {id: r, severity: high, sequence: {by: tree, same: [path], within: 10m, steps: [{syscalls: [a]}, {syscalls: [b]}]}}", testEnv)
	m := NewMatcher(set, 1<<20)
	var s event.Scanner
	lost := uint64(0)
	feed := func(line string) (fired bool) {
		f, err := s.Scan([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range m.Match(f, []byte(line)) {
			switch r := r.(type) {
			case *event.Lost:
				lost += r.Count.Val
			case *event.Match:
				fired = true
			}
		}
		return fired
	}
	record := func(call string, pid, start, ppid int, path string) string {
		return fmt.Sprintf(`{"type":"syscall","syscall":%q,"path":%q,"src":"t","run":"R","proc":{"pid":%d,"ppid":%d,"start":%d,"exe":"/x"}}`, call, path, pid, ppid, start)
	}
	feed(record("a", 7, 7, 6, "/want"))
	for i := range 20000 { // processes that come and go
		p := 100 + i%1000
		feed(fmt.Sprintf(`{"type":"process","op":"spawn","src":"t","run":"R","proc":{"pid":%d,"ppid":7,"start":%d,"exe":"/x"}}`, p, i+8))
		feed(fmt.Sprintf(`{"type":"process","op":"exit","src":"t","run":"R","proc":{"pid":%d,"ppid":7,"start":%d,"exe":"/x"}}`, p, i+8))
		if i%50 == 0 {
			feed(record("x", 7, 7, 6, "/other"))
		}
	}
	if lost != 0 {
		t.Errorf("%d lost by processes that are gone", lost)
	}
	if !feed(record("b", 200, 99999, 7, "/want")) {
		t.Error("a chain was lost to processes that come and go")
	}
	for i := range 20000 { // chains
		feed(record("a", 7, 7, 6, fmt.Sprintf("/%d", i)))
	}
	lost += m.state.rest()
	if n := len(m.state.windows.rules[0].byKey); lost == 0 || uint64(n)+lost < 20000 || m.state.windows.size > 1<<20 {
		t.Errorf("%d lost, %d kept, %d bytes", lost, n, m.state.windows.size)
	}
	before := lost
	lost = 0
	for i := range 20000 { // processes that stay
		feed(record("a", 100+i, i+8, 7, "/q"))
	}
	lost += m.state.rest()
	if n := len(m.state.table.nodes); lost == 0 || n > 4000 || m.state.table.size > 1<<20 {
		t.Errorf("%d lost (%d before), %d processes", lost, before, n)
	}
	for i := range 5000 { // runs
		feed(fmt.Sprintf(`{"type":"syscall","syscall":"a","path":"/x","src":"t","run":"%d","proc":{"pid":1,"start":1}}`, i))
	}
	if len(m.state.streams) > maxRuns {
		t.Errorf("%d streams", len(m.state.streams))
	}
}

// TestProcesses: pids that come again, what is inherited, and two producers in one stream.
func TestProcesses(t *testing.T) {
	set := compileText(t, `
- {id: pkg, severity: low, detection: {syscalls: [x], packages: {any: true}}}
- {id: seq, severity: low, sequence: {by: process, within: 1m, steps: [{syscalls: [a]}, {syscalls: [b]}]}}
- {id: anc, severity: low, detection: {syscalls: [y], processes: {ancestors: [npm]}}}
- {id: free, severity: low, detection: {syscalls: [z], processes: {excluded_ancestors: [git]}}}
- {id: out, severity: low, detection: {access_types: [delete], condition: 'true', excluded_paths: ["./**"]}}
`, testEnv)
	for _, c := range []struct {
		want  string
		lines []string
	}{
		{"pkg", []string{ // the package of the parent
			`{"type":"process","op":"exec","src":"t","run":"R","proc":{"pid":7,"start":7,"ppid":6,"pkg":{"name":"p"}}}`,
			`{"type":"process","op":"spawn","src":"t","run":"R","proc":{"pid":8,"start":8,"ppid":7}}`,
			`{"type":"process","op":"exit","src":"t","run":"R","proc":{"pid":7,"start":7,"ppid":6}}`,
			`{"type":"process","op":"spawn","src":"t","run":"R","proc":{"pid":9,"start":9,"ppid":8}}`,
			`{"type":"syscall","syscall":"x","src":"t","run":"R","proc":{"pid":9,"start":9,"ppid":1}}`,
		}},
		{"", []string{ // the pid of the parent, used again
			`{"type":"process","op":"exec","src":"t","run":"R","proc":{"pid":7,"start":7,"ppid":6,"pkg":{"name":"p"}}}`,
			`{"type":"process","op":"spawn","src":"t","run":"R","proc":{"pid":7,"start":70,"ppid":6}}`,
			`{"type":"process","op":"spawn","src":"t","run":"R","proc":{"pid":8,"start":80,"ppid":7}}`,
			`{"type":"syscall","syscall":"x","src":"t","run":"R","proc":{"pid":8,"start":80,"ppid":7}}`,
		}},
		{"", []string{ // another run, another boot
			`{"type":"syscall","syscall":"a","src":"t","run":"R","proc":{"pid":7,"start":7}}`,
			`{"type":"syscall","syscall":"b","src":"t","run":"S","proc":{"pid":7,"start":7}}`,
			`{"type":"syscall","syscall":"b","src":"u","run":"R","proc":{"pid":7,"start":7}}`,
			`{"type":"syscall","syscall":"b","src":"t","run":"R","proc":{"pid":7,"start":8}}`,
		}},
		{"seq", []string{
			`{"type":"syscall","syscall":"a","src":"t","run":"R","proc":{"pid":7,"start":7}}`,
			`{"type":"syscall","syscall":"q","src":"u","run":"S","proc":{"pid":7,"start":7}}`,
			`{"type":"syscall","syscall":"b","src":"t","run":"R","proc":{"pid":7,"start":7}}`,
		}},
		{"", []string{ // the same run after a reboot
			`{"v":1,"type":"start","ts":"2026-11-23T07:49:00.000000000Z","seq":0,"src":"t","run":"R","boot":"one"}`,
			`{"type":"syscall","syscall":"a","src":"t","run":"R","proc":{"pid":7,"start":7}}`,
			`{"v":1,"type":"start","ts":"2026-11-23T07:49:00.000000000Z","seq":0,"src":"t","run":"R","boot":"two"}`,
			`{"type":"syscall","syscall":"b","src":"t","run":"R","proc":{"pid":7,"start":7}}`,
		}},
		{"anc", []string{
			`{"type":"process","op":"exec","src":"t","run":"R","proc":{"pid":7,"start":7,"exe":"/usr/bin/node","script":"/usr/lib/node_modules/npm/bin/npm-cli.js"}}`,
			`{"type":"syscall","syscall":"y","src":"t","run":"R","proc":{"pid":8,"start":8,"ppid":7}}`,
		}},
		{"free", []string{ // a git that is none, by name alone
			`{"type":"process","op":"exec","src":"t","run":"R","proc":{"pid":7,"start":7,"name":"git","exe":"/tmp/git"}}`,
			`{"type":"syscall","syscall":"z","src":"t","run":"R","proc":{"pid":8,"start":8,"ppid":7,"lineage":["git","x"]}}`,
		}},
		{"", []string{
			`{"type":"process","op":"exec","src":"t","run":"R","proc":{"pid":7,"start":7,"name":"git","exe":"/usr/bin/git"}}`,
			`{"type":"syscall","syscall":"z","src":"t","run":"R","proc":{"pid":8,"start":8,"ppid":7,"lineage":["git","x"]}}`,
		}},
		{"out", []string{ // outside the directory in which the tree began
			`{"type":"process","op":"exec","src":"t","run":"R","proc":{"pid":7,"start":7,"cwd":"/src/app"}}`,
			`{"type":"process","op":"exec","src":"t","run":"R","proc":{"pid":8,"start":8,"ppid":7,"cwd":"/other"}}`,
			`{"type":"syscall","syscall":"unlink","access":"delete","path":"/src/app/x","src":"t","run":"R","proc":{"pid":8,"start":8,"ppid":7}}`,
			`{"type":"syscall","syscall":"unlink","access":"delete","path":"/other/x","src":"t","run":"R","proc":{"pid":8,"start":8,"ppid":7}}`,
		}},
	} {
		m := NewMatcher(set, 0)
		var got []string
		for _, l := range c.lines {
			if ids := idsOf(matchLine(t, m, l)); ids != "" {
				got = append(got, ids)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s\ngot %q, want %q", strings.Join(c.lines, "\n"), got, c.want)
		}
	}
}

// TestReplace: a reload keeps the chains of rules that stayed the same, wherever they stand now.
func TestReplace(t *testing.T) {
	const one = "- {id: r, severity: high, sequence: {by: run, within: 1m, steps: [{syscalls: [a]}, {syscalls: [b]}]}}\n"
	for text, want := range map[string]string{
		"# moved\n- {id: first, severity: low, detection: {syscalls: [q]}}\n" + one: "7 b:2",
		strings.Replace(one, "1m", "2m", 1):                                         "",
	} {
		m := NewMatcher(compileText(t, one, testEnv), 0)
		got := play(t, m, "7 a")
		m.Replace(compileText(t, text, testEnv))
		if got += play(t, m, "7 b"); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
