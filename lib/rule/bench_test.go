package rule_test

import (
	"bytes"
	"fmt"
	"testing"

	"sandtrace/lib/event"
	"sandtrace/lib/rule"
	"sandtrace/rules"
)

// records is a stream as st-trace writes it for an install: 40 processes, of every 500 records one
// that a rule is about.
func records(b *testing.B, n int, access event.Access, proc func(i int) *event.Proc) []byte {
	b.Helper()
	var out bytes.Buffer
	w := event.NewWriter(&out, "st-trace", "01JDAB0000000000000000000", 0)
	for i := range n {
		p := fmt.Sprintf("/home/u/src/app/node_modules/p%d/lib/f%d.js", i%3000, i%97)
		if i%500 == 0 {
			p = "/home/u/.aws/credentials"
		}
		err := w.Write(&event.Syscall{
			Name: "openat", Path: p, Access: access, Category: event.CategoryFileRead,
			Args: event.Args{{Key: "dirfd", Kind: event.ArgText, Str: "AT_FDCWD"}, {Key: "flags", Kind: event.ArgList, List: []string{"O_RDONLY", "O_CLOEXEC"}}},
			Ret:  event.Some[int64](3), Success: event.Some(true), Duration: 8120, Action: event.ActionAllow, Proc: proc(i),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func npmProc(i int) *event.Proc {
	return &event.Proc{
		PID: 1000 + i%40, PPID: 999, Start: 7344, Name: "npm install", Exe: "/usr/bin/node", Script: "/usr/lib/node_modules/npm/bin/npm-cli.js",
		UID: event.Some[uint32](1000), Lineage: []string{"sh", "npm install"},
	}
}

func stageProc(i int) *event.Proc {
	return &event.Proc{
		PID: 1000 + i%40, PPID: 999, Start: 7344, Name: "node", Exe: "/usr/bin/node", UID: event.Some[uint32](1000),
		Lineage: []string{"npm install", "sh", "node"},
		Pkg:     &event.Pkg{Manager: "npm", Name: "left-pad", Version: "1.3.0", Stage: "postinstall"},
	}
}

// manyRules is a file of n rules with patterns of several kinds.
func manyRules(b *testing.B, n int) *rule.Bundle {
	b.Helper()
	var text bytes.Buffer
	for i := range n {
		fmt.Fprintf(&text, "- {id: x-%d, severity: high, detection: {file_paths: [\"/opt/s%d/**/k*.pem\", \"~/.z%d/*\", \"**/secret%d.json\"], access_types: [read]}}\n", i, i, i, i)
	}
	all, err := rule.Parse("x.yml", text.Bytes())
	if err != nil {
		b.Fatal(err)
	}
	return all
}

// BenchmarkFilter measures whole records, from the stream's bytes to the encoded matches; ns/op is
// per record.
func BenchmarkFilter(b *testing.B) {
	builtin, err := rules.Parse()
	if err != nil {
		b.Fatal(err)
	}
	const n = 20_000
	for _, c := range []struct {
		name  string
		rules *rule.Bundle
		input []byte
	}{
		{"read", builtin, records(b, n, event.AccessRead, stageProc)},
		{"write-by-npm", builtin, records(b, n, event.AccessCreate, npmProc)},
		{"read-200-more-rules", rule.Merge(manyRules(b, 200), builtin, func(_, _ *rule.Rule) {}), records(b, n, event.AccessRead, stageProc)},
		{"read-1000-more-rules", rule.Merge(manyRules(b, 1000), builtin, func(_, _ *rule.Rule) {}), records(b, n, event.AccessRead, stageProc)},
	} {
		b.Run(c.name, func(b *testing.B) {
			set, err := rule.Compile(c.rules, rule.Env{Homes: []string{"/home/u"}})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(c.input) / n))
			b.ReportAllocs()
			b.ResetTimer()
			for done := 0; done < b.N; done += n {
				w := event.NewWriter(discard{}, "st-match", "R", 0)
				fl := rule.NewFilter(set, 0, w.Write, w.Flush)
				if err := fl.Run(bytes.NewReader(c.input), ""); err != nil {
					b.Fatal(err)
				}
				if fl.Tally.Records != n || fl.Tally.Matches < n/500 || fl.Tally.Lost != 0 {
					b.Fatalf("%+v", fl.Tally)
				}
			}
		})
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkCompile is what a start costs.
func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		all, err := rules.Parse()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := rule.Compile(all, rule.Env{Homes: []string{"/home/u"}}); err != nil {
			b.Fatal(err)
		}
	}
}
