package cli

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

func TestReport(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
		text string
	}{
		{nil, 0, ""},
		{errors.New("odd"), CodeInternal, "st-x: odd\n"},
		{Faultf(CodeConfig, "a.toml:%d: no such key", 3), CodeConfig, "st-x: a.toml:3: no such key\n"},
		{Faultf(CodeUsage, "no").WithHint("see --help"), CodeUsage, "st-x: no\nst-x: see --help\n"},
		{fmt.Errorf("outer: %w", Faultf(CodeIO, "inner")), CodeIO, "st-x: outer: inner\n"},
		{errors.New("a\nb\x1b[2J\n"), CodeInternal, `st-x: a\nb\x1b[2J` + "\n"},
	} {
		var b bytes.Buffer
		if code := Report(&b, "st-x", tt.err); code != tt.code || b.String() != tt.text {
			t.Errorf("%v: %d %q, expected %d %q", tt.err, code, b.String(), tt.code, tt.text)
		}
	}
	cause := errors.New("cause")
	if !errors.Is(Faultf(CodeOS, "x: %w", cause), cause) {
		t.Error("a Fault hides its cause")
	}
}
