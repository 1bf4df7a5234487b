package proc

import (
	"bytes"
	"maps"
	"testing"
)

func TestPick(t *testing.T) {
	for _, tt := range []struct {
		environ string
		want    map[string]string
	}{
		{"A=1\x00B=2\x00", map[string]string{"A": "1", "B": "2"}},
		{"A=1\x00A=2\x00", map[string]string{"A": "1"}},
		{"A=\x00A=2\x00", map[string]string{"A": ""}},
		{"A\x00B=2\x00", map[string]string{"B": "2"}},
		{"AA=1\x00=A\x00A1=2\x00", map[string]string{}},
		{"A=a=b\nc\x1b\xff\x00", map[string]string{"A": "a=b\nc\x1b\xff"}},
		{"\x00\x00A=1", map[string]string{"A": "1"}}, // cut before the last NUL
		{"A", map[string]string{}},
		{"", map[string]string{}},
	} {
		if got := pick([]byte(tt.environ), "A", "B"); !maps.Equal(got, tt.want) {
			t.Errorf("%q: %q, expected %q", tt.environ, got, tt.want)
		}
	}
}

// TestPickLarge has an environment of the largest size that is read, with what is asked for at its end.
func TestPickLarge(t *testing.T) {
	env := bytes.Repeat([]byte("X=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\x00"), maxEnviron/32)
	env = append(env, npmScript(npmAgent, "/src/app/node_modules/evil", "evil", "1.3.0", "postinstall")...)
	got := Attribution{}.Inherit(&Image{Environ: env})
	if want := "npm evil 1.3.0 postinstall"; describe(got) != want {
		t.Errorf("%q, expected %q", describe(got), want)
	}
}
