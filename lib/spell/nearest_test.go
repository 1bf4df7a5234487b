package spell

import "testing"

func TestNearest(t *testing.T) {
	keys := []string{"id", "name", "severity", "description", "detection", "alert", "tags", "enabled"}
	for word, want := range map[string]string{
		"nmae": "name", "Name": "name", "sevrity": "severity", "dectection": "detection",
		"tag": "tags", "ids": "id", "xyzzy": "", "": "", "enable": "enabled",
	} {
		if got := Nearest(word, keys); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
	if got := Hint("xyzzy", []string{"a", "bb", "ccc"}); got != "expected a, bb or ccc" {
		t.Errorf("Hint: %q", got)
	}
}
