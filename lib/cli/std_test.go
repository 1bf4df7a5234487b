package cli

import (
	"bytes"
	"testing"
)

func TestUseColor(t *testing.T) {
	var b bytes.Buffer
	t.Setenv("NO_COLOR", "1")
	for mode, want := range map[string]bool{"always": true, "never": false, "auto": false} {
		if UseColor(mode, &b) != want {
			t.Errorf("%s: %v", mode, !want)
		}
	}
	if IsTerminal(&b) {
		t.Error("a buffer is a terminal")
	}
}

func TestToolVersion(t *testing.T) {
	defer func(v string) { Version = v }(Version)
	Version = "1.2.3"
	if ToolVersion() != "1.2.3" {
		t.Error(ToolVersion())
	}
	Version = ""
	if ToolVersion() == "" {
		t.Error("no version at all")
	}
}
