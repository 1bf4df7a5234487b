// Package kerntest helps the tests of what the kernel does: it skips what a host cannot do, aloud,
// and runs tests again as an ordinary user where root would hide a denial.
package kerntest

import (
	"fmt"
	"os"
)

// T is the part of testing.T and of testscript's T that Need takes.
type T interface {
	Skip(args ...any)
	Fatal(args ...any)
}

// Need skips the test where the host lacks a feature of the table. With CI set such a skip is a
// failure, unless the list of excused ones has it. Where KERNTEST_SKIPS names a file, each skip
// adds a line to it, for make test to print.
func Need(t T, names ...string) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	for _, name := range names {
		err := Lacks(name)
		if err == nil {
			continue
		}
		if !Known(name) {
			t.Fatal(err)
		}
		why, ok := excuse(name)
		if !ok && os.Getenv("CI") != "" {
			t.Fatal(fmt.Sprintf("needs %s: %v: this may not be skipped in CI", name, err))
		}
		what := ""
		if n, ok := t.(interface{ Name() string }); ok {
			what = n.Name()
		}
		record(fmt.Sprintf("%s: needs %s: %v (%s)\n", what, name, err, why))
		t.Skip(fmt.Sprintf("needs %s: %v", name, err))
	}
}

func excuse(name string) (why string, ok bool) {
	for _, e := range excused {
		if e.feature == name {
			return e.why, true
		}
	}
	return "not excused in CI", false
}

// record is best effort: a count that is not written must not fail a test.
func record(line string) {
	path := os.Getenv("KERNTEST_SKIPS")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return
	}
	_, _ = f.WriteString(line)
	_ = f.Close()
}
