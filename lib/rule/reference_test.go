package rule

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"sandtrace/lib/event"
)

// reference decodes every record in full and asks every rule in turn, with none of the tables: the
// same rules must fire. Patterns go through naiveGlob, the rest is written down once more.
func reference(rules []Rule, line string) string {
	var rec map[string]any
	if err := json.Unmarshal([]byte(line), &rec); err != nil {
		return "bad"
	}
	text := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
	proc, _ := rec["proc"].(map[string]any)
	pkg, _ := proc["pkg"].(map[string]any)
	var fired []string
	for _, r := range rules {
		access := text(rec, "access")
		want := r.AccessTypes
		has := func(as ...event.Access) bool {
			return slices.ContainsFunc(as, func(a event.Access) bool {
				if len(want) == 0 {
					return a != event.AccessStat
				}
				return slices.Contains(want, a)
			})
		}
		onPath, onTo := []event.Access{event.Access(access)}, []event.Access{event.Access(access)}
		switch event.Access(access) {
		case event.AccessCreate:
			onPath = []event.Access{event.AccessCreate, event.AccessWrite}
			onTo = onPath
		case event.AccessRename:
			onPath = []event.Access{event.AccessRename, event.AccessDelete, event.AccessRead}
			onTo = []event.Access{event.AccessRename, event.AccessCreate, event.AccessWrite}
		case event.AccessLink:
			onPath = []event.Access{event.AccessLink, event.AccessRead}
			onTo = []event.Access{event.AccessLink, event.AccessCreate, event.AccessWrite}
		}
		hit := false
		for _, w := range r.FilePaths {
			globs, _ := parseGlobs(w.Text, testEnv.Homes)
			for i := range globs {
				fits := func(p string) bool {
					return p != "" && naiveGlob(&globs[i], path.Clean(p))
				}
				hit = hit || (access != "" && ((fits(text(rec, "path")) && has(onPath...)) || (fits(text(rec, "to")) && has(onTo...))))
				if access == "rename" {
					for _, d := range globs[i].directories(testEnv.Homes) {
						hit = hit || (text(rec, "path") == d && has(onPath...)) || (text(rec, "to") == d && has(onTo...))
					}
				}
			}
		}
		exempt := false
		exe, script := text(proc, "exe"), text(proc, "script")
		if strings.HasPrefix(exe, "/usr/bin/") {
			stage := installStages[text(pkg, "stage")]
			untrusted := strings.HasPrefix(script, "/tmp/") && kindOf(path.Base(exe)) == interpreter
			for _, w := range r.Excluded {
				if stage && kindOf(w.Text) != ordinary {
					continue
				}
				exempt = exempt || (nameIs(path.Base(exe), w.Text) && !untrusted) ||
					(kindOf(path.Base(exe)) == interpreter && strings.HasPrefix(script, "/usr/bin/") && nameIs(path.Base(script), w.Text))
			}
		}
		if hit && !exempt {
			fired = append(fired, r.ID)
		}
	}
	return strings.Join(fired, " ")
}

func FuzzAgainstReference(f *testing.F) {
	for i := range 20 {
		f.Add(uint64(i))
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
		name := func() string { return pick("a", "b", ".npmrc", "node_modules", "config", ".aws", "id_x", "é") }
		anyPath := func() string {
			p := pick("", "/home/u", "/opt/s")
			for range rnd.IntN(4) + 1 {
				p += "/" + name()
			}
			return p
		}
		var text strings.Builder
		for i := range rnd.IntN(6) + 1 {
			p := pick("~", "", "/opt/s", "**")
			for range rnd.IntN(3) + 1 {
				p += "/" + pick(name(), name(), "*", "?", "**", "id_*", "{a,b}", "*c*g")
			}
			access := pick("", ", access_types: [read]", ", access_types: [write, chmod]", ", access_types: [create]", ", access_types: [stat, rename]")
			except := pick("", ", excluded_processes: [node, aws]", ", excluded_processes: [git]")
			fmt.Fprintf(&text, "- {id: r%d, severity: low, detection: {file_paths: [%q]%s%s}}\n", i, p, access, except)
		}
		rules, err := Parse("r.yml", []byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		set, err := Compile(rules, testEnv)
		if err != nil {
			t.Fatal(err)
		}
		m := NewMatcher(set, 0)
		for range 50 {
			rec := map[string]any{
				"type": "syscall", "path": anyPath(), "access": pick(wordsOf(event.Accesses)...),
				"proc": map[string]any{
					"pid": rnd.IntN(9), "exe": pick("/usr/bin/", "/tmp/") + pick("node", "aws", "git", "python3.11", "cat"),
					"script": pick("", "/tmp/aws", "/usr/bin/aws"),
					"pkg":    map[string]any{"stage": pick("postinstall", "start", "")},
				},
			}
			if rnd.IntN(3) == 0 {
				rec["to"] = anyPath()
			}
			raw, err := json.Marshal(rec)
			if err != nil {
				t.Fatal(err)
			}
			line := string(raw)
			if got, want := idsOf(matchLine(t, m, line)), reference(rules.Rules, line); got != want {
				t.Fatalf("%s\n%s\n got %q\nwant %q", text.String(), line, got, want)
			}
		}
	})
}
