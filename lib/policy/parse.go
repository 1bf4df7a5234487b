package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"sandtrace/lib/spell"
)

// MaxFile is the longest policy file, in bytes.
const MaxFile = 1 << 20

// Parse reads a policy file's text; file is its name for messages. Whatever is unknown, of the wrong
// type or out of bounds is an *Error with its place.
func Parse(file, text string) (*Policy, error) {
	if len(text) > MaxFile {
		return nil, errorAt(Place{File: file}, "longer than %d bytes: not a policy", MaxFile)
	}
	var raw map[string]any
	if _, err := toml.Decode(text, &raw); err != nil {
		return nil, syntaxError(file, err)
	}
	r := &reader{file: file, lines: locate(text), policy: &Policy{File: file, Process: Process{OwnSession: true}}}
	for _, table := range sortedKeys(raw) {
		keys := keysOf(table)
		if keys == nil {
			return nil, r.errorf(table, "unknown table or key %q: %s", table, spell.Hint(table, tables()))
		}
		values, ok := raw[table].(map[string]any)
		if !ok {
			return nil, r.errorf(table, "%s: expected a table, [%s]", table, table)
		}
		for _, key := range sortedKeys(values) {
			i := slices.IndexFunc(keys, func(k keyRow) bool { return k.key == key })
			if i < 0 {
				return nil, r.errorf(table+"."+key, "unknown key %q in [%s]: %s", key, table, spell.Hint(key, names(keys)))
			}
			if err := keys[i].read(r, table+"."+key, values[key]); err != nil {
				return nil, err
			}
		}
	}
	if err := r.policy.Check(); err != nil {
		return nil, err
	}
	return r.policy, nil
}

// reader turns the values of one file into a Policy.
type reader struct {
	file   string
	lines  map[string]int
	policy *Policy
}

// keyRow is one key that a policy may have.
type keyRow struct {
	table, key string
	read       func(r *reader, at string, v any) error
}

var keyRows = []keyRow{
	{"filesystem", "allow_read", pathList(func(p *Policy) *[]Path { return &p.Filesystem.Read })},
	{"filesystem", "allow_write", pathList(func(p *Policy) *[]Path { return &p.Filesystem.Write })},
	{"filesystem", "allow_exec", execList},
	{"filesystem", "deny", pathList(func(p *Policy) *[]Path { return &p.Filesystem.Deny })},
	{"filesystem", "tmpfs", pathList(func(p *Policy) *[]Path { return &p.Filesystem.Tmpfs })},
	{"network", "allow", boolean(func(p *Policy) *bool { return &p.Network.Allow })},
	{"syscalls", "allow", nameList(func(p *Policy) *[]Name { return &p.Syscalls.Allow })},
	{"syscalls", "deny", nameList(func(p *Policy) *[]Name { return &p.Syscalls.Deny })},
	{"syscalls", "log_only", nameList(func(p *Policy) *[]Name { return &p.Syscalls.LogOnly })},
	{"limits", "timeout", duration(func(l *Limits) *timeLimit { return (*timeLimit)(&l.Timeout) }, 0)},
	{"limits", "max_processes", count(func(l *Limits) *uint64 { return &l.MaxProcesses })},
	{"limits", "max_file_size", size(func(l *Limits) *uint64 { return &l.MaxFileSize })},
	{"limits", "max_memory", size(func(l *Limits) *uint64 { return &l.MaxMemory })},
	{"limits", "max_open_files", count(func(l *Limits) *uint64 { return &l.MaxOpenFiles })},
	{"limits", "max_cpu_time", duration(func(l *Limits) *timeLimit { return (*timeLimit)(&l.MaxCPUTime) }, 1)},
	{"environment", "keep", keepList},
	{"environment", "set", variables},
	{"process", "hostname", hostname},
	{"process", "new_session", boolean(func(p *Policy) *bool { return &p.Process.OwnSession })},
}

func keysOf(table string) []keyRow {
	var out []keyRow
	for _, k := range keyRows {
		if k.table == table {
			out = append(out, k)
		}
	}
	return out
}

func tables() []string {
	var out []string
	for _, k := range keyRows {
		if !slices.Contains(out, k.table) {
			out = append(out, k.table)
		}
	}
	return out
}

func names(keys []keyRow) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.key)
	}
	return out
}

func (r *reader) place(at string) Place { return Place{r.file, max(r.lines[at], 1)} }

func (r *reader) errorf(at, format string, a ...any) error {
	return errorAt(r.place(at), format, a...)
}

// wrong is the error of a value that is not of the type of its key.
func (r *reader) wrong(at, want string, v any) error {
	_, key, _ := strings.Cut(at, ".")
	return r.errorf(at, "%s: expected %s, got %s", key, want, typeName(v))
}

func typeName(v any) string {
	switch v.(type) {
	case string:
		return "a text"
	case bool:
		return "true or false"
	case int64, float64:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date or time"
}

// syntaxError gives the decoder's error its place.
func syntaxError(file string, err error) error {
	var pe toml.ParseError
	if errors.As(err, &pe) {
		return errorAt(Place{file, max(pe.Position.Line, 1)}, "%s", pe.Message)
	}
	return errorAt(Place{file, 1}, "%s", strings.TrimPrefix(fmt.Sprint(err), "toml: "))
}
