package config

import (
	"errors"
	"fmt"
	"reflect"
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

func syntaxError(file string, err error) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return &Error{file, 1, strings.TrimPrefix(err.Error(), "toml: ")}
	}
	msg := pe.Message
	if msg == "" { // a value of the wrong type
		msg = strings.TrimPrefix(err.Error(), "toml: ")
		if _, rest, ok := strings.Cut(msg, "): "); ok {
			msg = rest
		}
	}
	if pe.LastKey != "" && !strings.Contains(msg, pe.LastKey) {
		msg = pe.LastKey + ": " + msg
	}
	return &Error{file, max(pe.Position.Line, 1), msg}
}

func unknownKey(file, text string, key toml.Key) error {
	return &Error{file, lineOfKey(text, key), fmt.Sprintf("unknown key %q: %s", key, spell.Hint(key[len(key)-1], knownKeys()))}
}

// knownKeys are the keys of Config.
func knownKeys() []string {
	var out []string
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		if k := t.Field(i).Tag.Get("toml"); k != "-" {
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
