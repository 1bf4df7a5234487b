package config

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"sandtrace/lib/spell"
)

// Error says what is wrong in a configuration file and where.
type Error struct {
	File string
	Line int // 1-based
	Msg  string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }

// mismatch is what the decoder says of a value of the wrong type, in Go's words for it.
var mismatch = regexp.MustCompile(`TOML value has type (\S+); destination has type (\S+)$`)

// goForms are the words for a person.
var goForms = map[string]string{
	"slice": "a list", "string": "a text in quotes", "bool": "true or false", "int": "a whole number", "struct": "a table", "map": "a table",
}

// located is the decoder's text for a value of the wrong type: line, key and what is wrong.
var located = regexp.MustCompile(`^toml: line (\d+) \(last key "(.*)"\): (.*)$`)

func syntaxError(file string, err error) error {
	line, key, msg := 1, "", strings.TrimPrefix(err.Error(), "toml: ")
	var pe toml.ParseError
	if errors.As(err, &pe) {
		line, key, msg = max(pe.Position.Line, 1), pe.LastKey, pe.Message
	} else if m := located.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
		key, msg = m[2], m[3]
	}
	if m := mismatch.FindStringSubmatch(msg); m != nil {
		msg = "expected " + goForms[m[2]] + ", got a " + m[1]
	}
	if key != "" && !strings.Contains(msg, key) {
		msg = key + ": " + msg
	}
	return &Error{file, line, msg}
}

func unknownKey(file, text string, key toml.Key) error {
	return &Error{file, lineOfKey(text, key), fmt.Sprintf("unknown key %q: %s", key, spell.Hint(key[len(key)-1], knownKeys()))}
}

// knownKeys are the keys of Config.
func knownKeys() []string { return keysOf(reflect.TypeFor[Config]()) }

func keysOf(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		switch k := f.Tag.Get("toml"); {
		case f.Anonymous:
			out = append(out, keysOf(f.Type)...)
		case k != "-":
			out = append(out, k)
		}
	}
	return out
}

// lineOfKey finds a key in the text, for the decoder does not keep its place: as a table's name or
// before an equals sign.
func lineOfKey(text string, key toml.Key) int {
	whole, last := key.String(), key[len(key)-1]
	n := 0
	for line := range strings.Lines(text) {
		n++
		word := strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(word, "["); ok {
			word, _, _ = strings.Cut(strings.TrimLeft(name, "["), "]")
		} else {
			word, _, _ = strings.Cut(word, "=")
		}
		if word = strings.Trim(word, " \t\"'"); word == whole || word == last || strings.HasPrefix(word, whole+".") {
			return n
		}
	}
	return 1
}

// lineOfValue finds a text in its quotes.
func lineOfValue(text, value string) int {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if strings.Contains(line, `"`+value+`"`) || strings.Contains(line, `'`+value+`'`) {
			return n
		}
	}
	return 1
}
