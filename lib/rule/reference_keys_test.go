package rule

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

// rec is a decoded record, asked without any of the matcher's tables.
type rec map[string]any

func (r rec) text(keys ...string) string {
	var v any = map[string]any(r)
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (r rec) outbound() bool {
	return slices.Contains([]string{"connect", "sendto"}, r.text("syscall")) && strings.Contains(r.text("addr"), ".")
}

// demandsOf are the keys of a detection, each with what it means, written down once more.
var demandsOf = []struct {
	yaml  string
	holds func(r rec) bool
}{
	{`syscalls: [connect, openat]`, func(r rec) bool { return r.text("syscall") == "connect" || r.text("syscall") == "openat" }},
	{`success: true`, func(r rec) bool { return r.text("success") != "false" }},
	{`success: false`, func(r rec) bool { return r.text("success") == "false" }},
	{`packages: {any: true}`, func(r rec) bool { return r.text("proc", "pkg") != "" }},
	{`packages: {any: false}`, func(r rec) bool { return r.text("proc", "pkg") == "" }},
	{`packages: {stage: [postinstall], name: ["e*"]}`, func(r rec) bool {
		return r.text("proc", "pkg", "stage") == "postinstall" && strings.HasPrefix(r.text("proc", "pkg", "name"), "e")
	}},
	{`network: {not_hosts: [r.org, "*.r.org"], not_ports: [53]}`, func(r rec) bool {
		h := r.text("host")
		return r.outbound() && h != "r.org" && !strings.HasSuffix(h, ".r.org") && r.text("port") != "53"
	}},
	{`network: {cidr: [10.0.0.0/8], ports: [1-1000]}`, func(r rec) bool {
		return r.outbound() && strings.HasPrefix(r.text("addr"), "10.") && r.text("port") != "4444" && r.text("port") != ""
	}},
	{`network: {sockets: ["/run/*"]}`, func(r rec) bool {
		return slices.Contains([]string{"connect", "sendto"}, r.text("syscall")) && path.Dir(r.text("addr")) == "/run"
	}},
	{`args: {mode: ["0755", "04755"]}`, func(r rec) bool { m := r.text("args", "mode"); return m == "0755" || m == "04755" }},
	{`args: {mode: {regex: "^04"}}`, func(r rec) bool { return strings.HasPrefix(r.text("args", "mode"), "04") }},
	{`processes: {exes: ["/tmp/**"]}`, func(r rec) bool { return strings.HasPrefix(r.text("proc", "exe"), "/tmp/") }},
	{`condition: .proc.pid == 2`, func(r rec) bool { return r.text("proc", "pid") == "2" }},
}

// subjectsOf decide, beside other keys, which records a detection is about.
var subjectsOf = []struct {
	yaml  string
	holds func(r rec) bool
}{
	{`file_patterns: ["*.js", "id_*"], access_types: [read]`, func(r rec) bool {
		b := path.Base(r.text("path"))
		return r.text("access") == "read" && (strings.HasSuffix(b, ".js") || strings.HasPrefix(b, "id_"))
	}},
	{`file_paths: ["/a/**"], excluded_paths: ["/a/b/**"]`, func(r rec) bool {
		p := r.text("path")
		return r.text("access") != "" && r.text("access") != "stat" && strings.HasPrefix(p, "/a/") && !strings.HasPrefix(p, "/a/b/")
	}},
	{`syscalls: [connect, openat, sendto]`, func(r rec) bool { return r.text("syscall") != "fchmodat" }},
	{`network: {}`, rec.outbound},
	{`access_types: [chmod], condition: "true"`, func(r rec) bool { return r.text("access") == "chmod" }},
}

// detection is random keys and what they mean together. Keys that stand twice are not drawn.
func detection(rnd *rand.Rand) (string, func(rec) bool) {
	s := subjectsOf[rnd.IntN(len(subjectsOf))]
	yaml, holds := s.yaml, []func(rec) bool{s.holds}
	for range rnd.IntN(3) {
		d := demandsOf[rnd.IntN(len(demandsOf))]
		key, _, _ := strings.Cut(d.yaml, ":")
		if !strings.Contains(yaml, key+":") {
			yaml += ", " + d.yaml
			holds = append(holds, d.holds)
		}
	}
	return "{" + yaml + "}", func(r rec) bool {
		return !slices.ContainsFunc(holds, func(h func(rec) bool) bool { return !h(r) })
	}
}

// naiveChain keeps every record and looks for a chain that the last one finishes.
type naiveChain struct {
	within int
	steps  []func(rec) bool
	seen   map[string][]struct {
		at    int
		steps []bool
	}
	fired map[string]int
}

func (c *naiveChain) see(r rec, at int) bool {
	key := r.text("proc", "pid")
	e := struct {
		at    int
		steps []bool
	}{at, nil}
	for _, s := range c.steps {
		e.steps = append(e.steps, s(r))
	}
	c.seen[key] = append(c.seen[key], e)
	events := c.seen[key]
	var from func(i, step int) bool // is there a chain that ends with event i as step?
	from = func(i, step int) bool {
		if !events[i].steps[step] || at-events[i].at > c.within {
			return false
		}
		if step == 0 {
			return true
		}
		for j := range i {
			if from(j, step-1) {
				return true
			}
		}
		return false
	}
	if !from(len(events)-1, len(c.steps)-1) {
		return false
	}
	c.seen[key] = nil
	if last, ok := c.fired[key]; ok && at-last <= c.within {
		return false
	}
	c.fired[key] = at
	return true
}

func FuzzKeysAgainstReference(f *testing.F) {
	for i := range 30 {
		f.Add(uint64(i))
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
		var text strings.Builder
		var plain []func(rec) bool
		var chains []*naiveChain
		n := rnd.IntN(5) + 1
		for i := range n {
			yaml, holds := detection(rnd)
			fmt.Fprintf(&text, "- {id: p%d, severity: low, detection: %s}\n", i, yaml)
			plain = append(plain, holds)
		}
		for i := range rnd.IntN(4) {
			c := &naiveChain{within: 60, fired: map[string]int{}, seen: map[string][]struct {
				at    int
				steps []bool
			}{}}
			var steps []string
			for range rnd.IntN(2) + 2 {
				yaml, holds := detection(rnd)
				steps = append(steps, yaml)
				c.steps = append(c.steps, holds)
			}
			fmt.Fprintf(&text, "- {id: s%d, severity: low, sequence: {by: process, within: 1m, steps: [%s]}}\n", i, strings.Join(steps, ", "))
			chains = append(chains, c)
		}
		m := NewMatcher(compileText(t, text.String(), testEnv), 0)
		at := 0
		for range 80 {
			at += rnd.IntN(12)
			pid := rnd.IntN(3) + 1
			// what a process is does not change: else its package would be inherited from itself
			proc := map[string]any{"pid": pid, "start": pid, "exe": []string{"/usr/bin/x", "/tmp/y"}[pid%2]}
			if pid == 2 {
				proc["pkg"] = map[string]any{"name": "evil", "stage": "postinstall"}
			}
			r := rec{"type": "syscall", "src": "t", "run": "R", "proc": proc, "ts": time.Unix(int64(1e9+at), 0).UTC().Format(time.RFC3339)}
			switch call := pick("openat", "connect", "sendto", "fchmodat"); call {
			case "openat":
				r["syscall"], r["path"], r["access"] = call, pick("/a/x", "/a/b/x.js", "/c/id_x", "/c/y.js"), pick("read", "write", "create", "stat")
			case "fchmodat":
				r["syscall"], r["path"], r["access"], r["args"] = call, pick("/a/x", "/a/b/x"), "chmod", map[string]any{"mode": pick("0755", "04755", "0600")}
			default:
				r["syscall"], r["addr"] = call, pick("10.1.2.3", "192.0.2.1", "/run/x")
				if r["addr"] != "/run/x" {
					r["port"] = []int{53, 443, 4444}[rnd.IntN(3)]
					if h := pick("", "r.org", "a.r.org", "evil.org"); h != "" {
						r["host"] = h
					}
				}
			}
			if s := pick("", "true", "false"); s != "" {
				r["success"] = s == "true"
			}
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var decoded rec
			if err := json.Unmarshal(line, &decoded); err != nil {
				t.Fatal(err)
			}
			var want []string
			for i, holds := range plain {
				if holds(decoded) {
					want = append(want, fmt.Sprintf("p%d", i))
				}
			}
			for i, c := range chains {
				if c.see(decoded, at) {
					want = append(want, fmt.Sprintf("s%d", i))
				}
			}
			if got := idsOf(matchLine(t, m, string(line))); got != strings.Join(want, " ") {
				t.Fatalf("%s\n%s\n got %q\nwant %q", text.String(), line, got, want)
			}
		}
	})
}

// FuzzHostileState: whatever records say of processes, the matcher neither fails nor grows.
func FuzzHostileState(f *testing.F) {
	for i := range 10 {
		f.Add(uint64(i))
	}
	set := compileText(f, `
- {id: a, severity: low, sequence: {by: tree, within: 1m, steps: [{syscalls: [a], packages: {any: true}}, {syscalls: [b]}]}}
- {id: b, severity: low, detection: {syscalls: [a]}, threshold: {by: package, same: [path], within: 1s, distinct: {field: pid, count: 3}}, dedupe: {by: [process, path], for: 1s}}
- {id: c, severity: low, detection: {syscalls: [b], processes: {ancestors: [npm], excluded_ancestors: [git]}, excluded_paths: ["./**"]}}
`, testEnv)
	f.Fuzz(func(t *testing.T, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		m := NewMatcher(set, minMemory)
		for range 600 {
			p := map[string]any{"pid": rnd.IntN(20) - 2, "ppid": rnd.IntN(20) - 2, "exe": "/usr/bin/npm"}
			if rnd.IntN(3) > 0 {
				p["start"] = rnd.IntN(4)
			}
			if rnd.IntN(4) == 0 {
				p["pkg"] = map[string]any{"name": strings.Repeat("n", rnd.IntN(3000))}
			}
			if rnd.IntN(3) == 0 {
				p["lineage"] = []string{"npm", "x"}[:rnd.IntN(3)]
			}
			r := map[string]any{"type": []string{"syscall", "process", "file", "start"}[rnd.IntN(4)], "syscall": []string{"a", "b"}[rnd.IntN(2)], "op": []string{"spawn", "exec", "exit", "attach"}[rnd.IntN(4)], "path": fmt.Sprint("/", rnd.IntN(50)), "run": fmt.Sprint(rnd.IntN(3)), "proc": p}
			if rnd.IntN(2) == 0 {
				r["ts"] = time.Unix(rnd.Int64N(1<<33), 0).UTC().Format(time.RFC3339)
			}
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			matchLine(t, m, string(line))
		}
		s := m.state
		if s.table.size > minMemory || s.windows.size > minMemory || s.recent.size > minMemory {
			t.Fatalf("%d, %d and %d bytes of %d", s.table.size, s.windows.size, s.recent.size, minMemory)
		}
		live := 0
		for _, l := range []*nodeList{&s.table.live, &s.table.gone} {
			for n := l.front; n != nil; n = n.next {
				if live++; s.table.nodes[n.key] != n || n.list != l || n.tree == nil {
					t.Fatalf("a process that cannot be found: %+v", n)
				}
			}
		}
		if live != len(s.table.nodes) {
			t.Fatalf("%d processes in lists, %d in the table", live, len(s.table.nodes))
		}
	})
}
