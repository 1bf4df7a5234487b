package rule

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"sandtrace/lib/event"
	"sandtrace/lib/spell"
)

// defaultMessage says what a record is about where a rule has no message of its own.
const (
	defaultMessage    = "{process_name} ({pid}) {did} {file}{failure}"
	defaultExec       = "{process_name} ({pid}) ran: {command}"
	defaultSequence   = "{name}: {process_name} ({pid})"
	defaultConnection = "{process_name} ({pid}): {host} {addr}"
)

// maxMessage bounds a message in bytes, so that a hostile path cannot fill a record twice.
const maxMessage = 4 << 10

// absent stands for a value that the record lacks.
const absent = "-"

// placeholders are the words that a message may hold in braces.
var placeholders = map[string]func(*subject) string{
	"process_name": func(s *subject) string { return s.processName() },
	"pid":          func(s *subject) string { return optional(s.f.Proc.PID) },
	"exe":          func(s *subject) string { return string(s.f.Proc.Exe) },
	"script":       func(s *subject) string { return string(s.f.Proc.Script) },
	"command":      func(s *subject) string { return s.command() },
	"path":         func(s *subject) string { return string(s.f.Path) },
	"file":         func(s *subject) string { return s.file() },
	"to":           func(s *subject) string { return string(s.f.To) },
	"access":       func(s *subject) string { return string(s.f.Access) },
	"op":           func(s *subject) string { return string(s.f.Op) },
	"syscall":      func(s *subject) string { return string(s.f.Syscall) },
	"did":          func(s *subject) string { return s.did() },
	"failure":      func(s *subject) string { return s.failure() },
	"errno":        func(s *subject) string { return string(s.f.Errno) },
	"host":         func(s *subject) string { return string(s.f.Host) },
	"addr":         func(s *subject) string { return string(s.f.Addr) },
	"port":         func(s *subject) string { return optional(s.f.Port) },
	"package":      func(s *subject) string { return s.pkg() },
	"stage":        func(s *subject) string { return string(s.f.Proc.Stage) },
	"rule":         func(s *subject) string { return s.rule.ID },
	"name":         func(s *subject) string { return s.rule.Name },
	"severity":     func(s *subject) string { return string(s.rule.Severity) },
}

// mayBeEmpty are placeholders that leave nothing rather than absent.
var mayBeEmpty = map[string]bool{"failure": true}

// verbs say what a process did, and what it tried to do.
var verbs = map[event.Access][2]string{
	event.AccessRead:   {"read", "read"},
	event.AccessWrite:  {"wrote to", "write to"},
	event.AccessCreate: {"created", "create"},
	event.AccessDelete: {"deleted", "delete"},
	event.AccessRename: {"renamed", "rename"},
	event.AccessChmod:  {"changed the mode of", "change the mode of"},
	event.AccessExec:   {"executed", "execute"},
	event.AccessLink:   {"linked", "link"},
	event.AccessStat:   {"looked at", "look at"},
}

// template is a message cut into texts and placeholders.
type template []templatePart

type templatePart struct {
	text  string                // where value and keys are nil
	name  string                // the placeholder
	value func(*subject) string // of a known word
	keys  []string              // of a dotted path into the record
}

// parseTemplate reads a message: {word}, {dotted.path}, and {{ or }} for the braces themselves.
func parseTemplate(s string) (template, error) {
	var t template
	var text strings.Builder
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case (c == '{' || c == '}') && i+1 < len(s) && s[i+1] == c:
			text.WriteByte(c)
			i += 2
			continue
		case c == '}':
			return nil, errors.New("a closing brace without an opening one: expected }} for the character")
		case c != '{':
			text.WriteByte(c)
			i++
			continue
		}
		name, _, closed := strings.Cut(s[i+1:], "}")
		if !closed {
			return nil, errors.New("a placeholder is not closed: expected {path}, or {{ for the character")
		}
		p := templatePart{name: name, value: placeholders[name]}
		if p.value == nil {
			keys, err := dottedPath(name)
			if err != nil {
				return nil, err
			}
			p.keys = keys
		}
		t = append(t, templatePart{text: text.String()}, p)
		text.Reset()
		i += len(name) + 2
	}
	return append(t, templatePart{text: text.String()}), nil
}

// recordKeys are the first keys that a dotted path may have.
var recordKeys = []string{"proc", "args", "options"}

func dottedPath(name string) ([]string, error) {
	keys := strings.Split(name, ".")
	if len(keys) < 2 {
		words := make([]string, 0, len(placeholders))
		for w := range placeholders {
			words = append(words, w)
		}
		sort.Strings(words)
		return nil, fmt.Errorf("unknown placeholder {%s}: %s, or a dotted path as in {proc.cwd}", name, spell.Hint(name, words))
	}
	known := false
	for _, k := range recordKeys {
		known = known || k == keys[0]
	}
	for _, k := range keys {
		if k == "" {
			return nil, fmt.Errorf("placeholder {%s}: expected names between the dots", name)
		}
	}
	if !known {
		return nil, fmt.Errorf("unknown placeholder {%s}: %s before the dot", name, spell.Hint(keys[0], recordKeys))
	}
	return keys, nil
}

// subject is what a message is made of.
type subject struct {
	rule   *Rule
	f      *event.Facets
	proc   *event.Proc
	record func() any // decoded when a dotted path asks for it
}

func (t template) expand(s *subject) string {
	var b strings.Builder
	for _, p := range t {
		v := p.text
		if p.value != nil {
			v = p.value(s)
		} else if p.keys != nil {
			v = lookUp(s.record(), p.keys)
		}
		if v == "" && p.name != "" && !mayBeEmpty[p.name] {
			v = absent
		}
		if b.Len()+len(v) > maxMessage {
			b.WriteString(v[:maxMessage-b.Len()])
			b.WriteString("...")
			break
		}
		b.WriteString(v)
	}
	return b.String()
}

// lookUp is the value at a dotted path, as text.
func lookUp(v any, keys []string) string {
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[k]
	}
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		words := make([]string, len(v))
		for i, e := range v {
			words[i] = fmt.Sprint(e)
		}
		return strings.Join(words, " ")
	case map[string]any:
		return ""
	}
	return fmt.Sprint(v)
}

func optional[T int64 | uint16](v event.Opt[T]) string {
	if !v.Set {
		return ""
	}
	return strconv.FormatInt(int64(v.Val), 10)
}

// processName is the name of the program's file: comm is what the program says of itself.
func (s *subject) processName() string {
	if exe := strings.TrimSuffix(string(s.f.Proc.Exe), " (deleted)"); exe != "" {
		return baseName(exe)
	}
	return string(s.f.Proc.Name)
}

func (s *subject) command() string {
	if s.proc != nil && len(s.proc.Argv) > 0 {
		return strings.Join(s.proc.Argv, " ")
	}
	return string(s.f.Path)
}

func (s *subject) pkg() string {
	p := s.proc
	if p == nil || p.Pkg == nil {
		return ""
	}
	return p.Pkg.String()
}

// file is what was accessed, with the second path of a rename or link.
func (s *subject) file() string {
	if len(s.f.To) > 0 && len(s.f.Path) > 0 {
		return string(s.f.Path) + " to " + string(s.f.To)
	}
	return string(s.f.Path) + string(s.f.To)
}

// failed reports whether the act came to nothing, or was forbidden.
func failed(f *event.Facets) bool {
	return (f.Success.Set && !f.Success.Val) || len(f.Errno) > 0 ||
		string(f.Action) == string(event.ActionDeny) || string(f.Action) == string(event.ActionKill)
}

func (s *subject) did() string {
	v, ok := verbs[event.Access(s.f.Access)]
	if !ok {
		v = [2]string{"accessed", "access"}
	}
	if failed(s.f) {
		return "tried to " + v[1]
	}
	return v[0]
}

func (s *subject) failure() string {
	switch {
	case len(s.f.Errno) > 0:
		return " (" + string(s.f.Errno) + ")"
	case failed(s.f) && len(s.f.Action) > 0 && string(s.f.Action) != string(event.ActionAllow):
		return " (" + string(s.f.Action) + ")"
	}
	return ""
}
