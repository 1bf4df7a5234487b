package syscalls

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestManualPage holds that the page lists the default set, no more and no less, and all set names.
func TestManualPage(t *testing.T) {
	b, err := os.ReadFile("../../man/st-trace.1")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(b), ".Ss What is recorded\n")
	if !ok {
		t.Fatal("the page has no section on what is recorded")
	}
	names, lists, _ := strings.Cut(section, ".Bl ")
	lists, _, _ = strings.Cut(lists, ".El")
	for _, s := range SetNames {
		if !slices.Contains(regexp.MustCompile(`[a-z]+`).FindAllString(names, -1), s.Name) {
			t.Errorf("set %s is not in the page", s.Name)
		}
	}
	words := regexp.MustCompile(`[a-z_0-9]+`).FindAllString(lists, -1)
	calls, err := Select([]string{"default"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		// forms of a call that only 32-bit programs have are left out
		if _, ok := Number(AMD64, c.Name); ok && !slices.Contains(words, c.Name) {
			t.Errorf("%s is in the default set and not in the page", c.Name)
		}
	}
	for _, w := range words {
		if c := ByName(w); c != nil && c.Sets&Default == 0 {
			t.Errorf("%s is in the page and not in the default set", w)
		}
	}
}
