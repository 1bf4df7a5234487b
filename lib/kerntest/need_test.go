package kerntest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fake records what Need made of a test, which ends there as testing's would.
type fake struct{ said string }

func (f *fake) Skip(args ...any)  { f.said = "skip: " + fmt.Sprint(args...); panic(f) }
func (f *fake) Fatal(args ...any) { f.said = "fatal: " + fmt.Sprint(args...); panic(f) }
func (f *fake) Name() string      { return "TestFake" }

func need(names ...string) (said string) {
	f := &fake{}
	defer func() {
		if r := recover(); r != nil && r != f {
			panic(r)
		}
		said = f.said
	}()
	Need(f, names...)
	return f.said
}

func TestNeed(t *testing.T) {
	// root and user exclude one another, so one of them lacks everywhere; both are excused
	lacking, other := "user", "root"
	if os.Geteuid() != 0 {
		lacking, other = other, lacking
	}
	skips := filepath.Join(t.TempDir(), "skips")
	t.Setenv("KERNTEST_SKIPS", skips)
	t.Setenv("CI", "true")
	if said := need(other); said != "" {
		t.Errorf("%s: %q", other, said)
	}
	if said := need(other, lacking); !strings.HasPrefix(said, "skip: needs "+lacking) {
		t.Errorf("%s: %q", lacking, said)
	}
	if text, err := os.ReadFile(skips); err != nil || !strings.HasPrefix(string(text), "TestFake: needs "+lacking) {
		t.Errorf("recorded: %q, %v", text, err)
	}
	if said := need("no-such-feature"); !strings.HasPrefix(said, "fatal: ") {
		t.Errorf("an unknown feature: %q", said)
	}

	saved := excused
	defer func() { excused = saved }()
	excused = nil
	if said := need(lacking); !strings.HasPrefix(said, "fatal: ") {
		t.Errorf("in CI, not excused: %q", said)
	}
	t.Setenv("CI", "")
	if said := need(lacking); !strings.HasPrefix(said, "skip: ") {
		t.Errorf("elsewhere, not excused: %q", said)
	}
}

// TestTables: every excuse has a reason and a row.
func TestTables(t *testing.T) {
	for _, e := range excused {
		if !Known(e.feature) || e.why == "" {
			t.Errorf("%+v", e)
		}
	}
}

func TestOrdinary(t *testing.T) {
	Ordinary{
		Run:  "^TestInside$",
		Dir:  "a/b",
		Copy: map[string]string{"a/b/need.go": "need.go", "all": "."},
	}.Test(t)
}

// TestInside is what TestOrdinary runs.
func TestInside(t *testing.T) {
	if !IsChild() {
		t.Skip("TestOrdinary runs this")
	}
	if os.Getuid() != OrdinaryID || os.Getgid() != OrdinaryID {
		t.Errorf("runs as %d:%d", os.Getuid(), os.Getgid())
	}
	for _, path := range []string{"need.go", "../../all/need.go"} {
		if _, err := os.ReadFile(path); err != nil {
			t.Error(err)
		}
	}
	if err := os.WriteFile("new", nil, 0o600); err == nil {
		t.Error("the tree can be written")
	}
	if err := os.WriteFile(filepath.Join(os.Getenv("HOME"), "new"), nil, 0o600); err != nil {
		t.Error(err)
	}
}
