package policy

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

type readFunc func(r *reader, at string, v any) error

// texts hands each text of a list to add.
func (r *reader) texts(at string, v any, add func(text, at string) error) error {
	list, ok := v.([]any)
	if !ok {
		return r.wrong(at, "a list of texts", v)
	}
	for i, item := range list {
		place := at + "." + strconv.Itoa(i)
		text, ok := item.(string)
		if !ok {
			return r.errorf(place, "%s: expected a list of texts, got %s in it", lastPart(at), typeName(item))
		}
		if err := add(text, place); err != nil {
			return err
		}
	}
	return nil
}

func lastPart(at string) string { return at[strings.LastIndexByte(at, '.')+1:] }

func pathList(to func(*Policy) *[]Path) readFunc {
	return func(r *reader, at string, v any) error {
		return r.texts(at, v, func(text, place string) error {
			list := to(r.policy)
			*list = append(*list, newPath(text, r.place(place)))
			return nil
		})
	}
}

// execList is a path list that may hold "*", which is no path.
func execList(r *reader, at string, v any) error {
	return r.texts(at, v, func(text, place string) error {
		if text == "*" {
			r.policy.Filesystem.ExecAny = true
			return nil
		}
		fs := &r.policy.Filesystem
		fs.Exec = append(fs.Exec, newPath(text, r.place(place)))
		return nil
	})
}

func nameList(to func(*Policy) *[]Name) readFunc {
	return func(r *reader, at string, v any) error {
		return r.texts(at, v, func(text, place string) error {
			list := to(r.policy)
			*list = append(*list, Name{text, r.place(place)})
			return nil
		})
	}
}

func boolean(to func(*Policy) *bool) readFunc {
	return func(r *reader, at string, v any) error {
		b, ok := v.(bool)
		if !ok {
			return r.wrong(at, "true or false", v)
		}
		*to(r.policy) = b
		return nil
	}
}

// timeLimit is a duration of Limits.
type timeLimit = time.Duration

// duration reads "90s"; whole demands whole seconds.
func duration(to func(*Limits) *timeLimit, whole int) readFunc {
	return func(r *reader, at string, v any) error {
		text, ok := v.(string)
		if !ok {
			return r.wrong(at, `a duration such as "60s"`, v)
		}
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 || whole > 0 && d%time.Second != 0 {
			want := `a positive duration such as "60s" or "5m"`
			if whole > 0 {
				want = `a positive duration in whole seconds such as "60s"`
			}
			return r.errorf(at, "%s: %q: expected %s", lastPart(at), text, want)
		}
		*to(&r.policy.Limits) = d
		return nil
	}
}

func count(to func(*Limits) *uint64) readFunc {
	return func(r *reader, at string, v any) error {
		n, ok := v.(int64)
		if !ok {
			return r.wrong(at, "a whole number", v)
		}
		if n <= 0 {
			return r.errorf(at, "%s: %d: expected a positive number; without the key there is no limit", lastPart(at), n)
		}
		*to(&r.policy.Limits) = uint64(n)
		return nil
	}
}

// units of sizes; the decimal ones are not the binary ones.
var units = []struct {
	suffix string
	bytes  uint64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
	{"kB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"B", 1},
}

func size(to func(*Limits) *uint64) readFunc {
	return func(r *reader, at string, v any) error {
		switch v := v.(type) {
		case int64:
			if v <= 0 {
				return r.errorf(at, "%s: %d: expected a positive number of bytes", lastPart(at), v)
			}
			*to(&r.policy.Limits) = uint64(v)
		case string:
			n, err := ParseSize(v)
			if err != nil {
				return r.errorf(at, "%s: %v", lastPart(at), err)
			}
			*to(&r.policy.Limits) = n
		default:
			return r.wrong(at, `a size such as "512MiB", or bytes`, v)
		}
		return nil
	}
}

// ParseSize reads "512MiB"; the result is in bytes, at most what a signed 64-bit number holds.
func ParseSize(text string) (uint64, error) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
		if err != nil || n == 0 {
			break
		}
		if n > math.MaxInt64/u.bytes {
			return 0, fmt.Errorf("%q: too large", text)
		}
		return n * u.bytes, nil
	}
	return 0, fmt.Errorf("%q: expected a positive size such as 512MiB", text)
}

func keepList(r *reader, at string, v any) error {
	return r.texts(at, v, func(text, place string) error {
		if err := CheckVariable(strings.TrimSuffix(text, "*")); err != nil {
			return r.errorf(place, "keep: %q: %v", text, err)
		}
		r.policy.Environment.Keep = append(r.policy.Environment.Keep, text)
		return nil
	})
}

// CheckVariable fails for what is no name of an environment variable.
func CheckVariable(name string) error {
	if name == "" || strings.ContainsAny(name, "=*\x00") {
		return fmt.Errorf("expected a variable's name, or its beginning and *")
	}
	return nil
}

func variables(r *reader, at string, v any) error {
	table, ok := v.(map[string]any)
	if !ok {
		return r.wrong(at, `a table of texts, { NAME = "value" }`, v)
	}
	r.policy.Environment.Set = map[string]string{}
	for _, name := range sortedKeys(table) {
		value, ok := table[name].(string)
		if !ok {
			return r.errorf(at+"."+name, "set: %s: expected a text, got %s", name, typeName(table[name]))
		}
		if err := CheckVariable(name); err != nil || strings.ContainsRune(value, 0) {
			return r.errorf(at+"."+name, "set: %q: expected a variable's name and a text without zero bytes", name)
		}
		r.policy.Environment.Set[name] = value
	}
	return nil
}

func hostname(r *reader, at string, v any) error {
	text, ok := v.(string)
	if !ok {
		return r.wrong(at, "a text", v)
	}
	if err := CheckHostname(text); err != nil {
		return r.errorf(at, "hostname: %v", err)
	}
	r.policy.Process.Hostname = text
	return nil
}

// CheckHostname fails for what is no host name of RFC 1123.
func CheckHostname(name string) error {
	const maxName = 64 // sethostname(2)
	ok := name != "" && len(name) <= maxName && !strings.HasPrefix(name, "-")
	for _, c := range name {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.')
	}
	if !ok {
		return fmt.Errorf("%q: expected letters, digits, - and ., at most %d", name, maxName)
	}
	return nil
}
