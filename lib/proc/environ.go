package proc

import (
	"bytes"

	"sandtrace/lib/event"
)

// Env is the value of each named variable that the image's environment has, in the order of names.
func (img *Image) Env(names []string) event.Args {
	if len(names) == 0 {
		return nil
	}
	found := pick(img.Environ, names...)
	var out event.Args
	for _, n := range names {
		if v, ok := found[n]; ok {
			out = append(out, event.Arg{Key: n, Kind: event.ArgText, Str: v})
		}
	}
	return out
}

// pick is the value of each named variable that the environment has; the first of two counts, as
// it does for getenv(3).
func pick(environ []byte, names ...string) map[string]string {
	out := map[string]string{}
	for len(environ) > 0 {
		var entry []byte
		entry, environ, _ = bytes.Cut(environ, []byte{0})
		for _, n := range names {
			if len(entry) > len(n) && entry[len(n)] == '=' && string(entry[:len(n)]) == n {
				if _, ok := out[n]; !ok {
					out[n] = string(entry[len(n)+1:])
				}
			}
		}
	}
	return out
}
