package proc

import (
	"slices"
	"testing"
)

func TestInjected(t *testing.T) {
	for _, c := range []struct {
		name, now, began string
		want             []string
	}{
		{"nothing", "PATH=/bin\x00HOME=/root\x00", "", nil},
		{"no environment", "", "", nil},
		{"a preload", "PATH=/bin\x00LD_PRELOAD=/tmp/x.so\x00", "", []string{"LD_PRELOAD"}},
		{"the user's own", "LD_PRELOAD=/usr/lib/x.so\x00", "LD_PRELOAD=/usr/lib/x.so\x00", nil},
		{"added to the user's own", "LD_PRELOAD=/usr/lib/x.so:/tmp/y.so\x00", "LD_PRELOAD=/usr/lib/x.so\x00", []string{"LD_PRELOAD"}},
		{"empty", "LD_PRELOAD=\x00NODE_OPTIONS=\x00", "", nil},
		{"several, sorted", "PYTHONPATH=/tmp\x00NODE_OPTIONS=-r /tmp/x\x00", "", []string{"NODE_OPTIONS", "PYTHONPATH"}},
		{"a name that only begins so", "LD_PRELOAD_X=1\x00XLD_PRELOAD=1\x00", "", nil},
	} {
		if got := Injected([]byte(c.now), []byte(c.began)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
