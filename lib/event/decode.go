package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrUnknownType is Decode's answer to a record type that this version does not know: pass it through.
var ErrUnknownType = errors.New("unknown record type")

// makers holds one row a record type.
var makers = map[Type]func() Record{
	TypeStart:   func() Record { return new(Start) },
	TypeSyscall: func() Record { return new(Syscall) },
	TypeProcess: func() Record { return new(Process) },
	TypeFile:    func() Record { return new(File) },
	TypeNet:     func() Record { return new(Net) },
	TypeJail:    func() Record { return new(Jail) },
	TypeFinding: func() Record { return new(Finding) },
	TypeMatch:   func() Record { return new(Match) },
	TypeReceipt: func() Record { return new(Receipt) },
	TypeLost:    func() Record { return new(Lost) },
	TypeError:   func() Record { return new(Error) },
	TypeSummary: func() Record { return new(Summary) },
}

// Decode parses one line whatever its key order, ignoring keys it does not know. Keys are compared
// exactly, the last of two equal ones counts, and null counts as absent: as jq reads a line. It
// fails with ErrUnknownType, with a *FieldError for a value of the wrong form, or with an error
// that says why the line is no record of this schema version.
func Decode(line []byte) (Record, error) {
	if !json.Valid(line) {
		var v json.RawMessage
		return nil, fmt.Errorf("not JSON: %w", json.Unmarshal(line, &v))
	}
	keys, ok := members(line)
	if !ok {
		return nil, &FieldError{"record", "a JSON object"}
	}
	if v := last(keys, "v"); string(v) != "1" {
		return nil, &FieldError{"v", "1, the schema version"}
	}
	name, ok := unquote(last(keys, "type"))
	if !ok {
		return nil, &FieldError{"type", "the name of a record type"}
	}
	mk := makers[Type(name)]
	if mk == nil {
		return nil, ErrUnknownType
	}
	r := mk()
	if err := fill(r, keys, ""); err != nil {
		return nil, err
	}
	return r, nil
}

func last(keys []member, key string) []byte {
	for i := len(keys) - 1; i >= 0; i-- {
		if keys[i].key == key {
			return keys[i].raw
		}
	}
	return nil
}

// shown is s as a record shows it: U+FFFD in place of each byte that is not UTF-8.
func shown(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}
