package event

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// fieldTables caches the wire keys of each struct: key to index.
var fieldTables sync.Map // reflect.Type -> map[string][]int

func fieldsOf(t reflect.Type) map[string][]int {
	if m, ok := fieldTables.Load(t); ok {
		return m.(map[string][]int)
	}
	m := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key != "" && key != "-" && f.IsExported() {
			m[key] = f.Index
		}
	}
	fieldTables.Store(t, m)
	return m
}

// remainder takes the keys that are no field of its struct.
type remainder interface {
	other(key string, raw []byte) error
}

// decodeExact fills the struct that p points to from one object: its keys compared exactly, its
// texts with their exact bytes.
func decodeExact(raw []byte, p any) error {
	if !json.Valid(raw) {
		var v json.RawMessage
		return json.Unmarshal(raw, &v)
	}
	keys, ok := members(raw)
	if !ok {
		return &FieldError{"record", "a JSON object"}
	}
	return fill(p, keys, "")
}

// fill sets the fields of the struct that p points to; at is where it stands in the record.
func fill(p any, keys []member, at string) error {
	v := reflect.ValueOf(p).Elem()
	fields := fieldsOf(v.Type())
	rest, _ := p.(remainder)
	siblings := false
	for _, k := range keys {
		if i, ok := fields[k.key]; ok {
			if err := set(v.FieldByIndex(i), k.raw, at, k.key); err != nil {
				return err
			}
			continue
		}
		if base, ok := strings.CutSuffix(k.key, b64Suffix); ok && fields[base] != nil {
			siblings = true
			continue
		}
		if rest != nil && !isNull(k.raw) {
			if err := rest.other(k.key, k.raw); err != nil {
				return err
			}
		}
	}
	if !siblings {
		return nil
	}
	for _, k := range keys {
		base, ok := strings.CutSuffix(k.key, b64Suffix)
		if i := fields[base]; ok && i != nil && !isNull(k.raw) {
			if err := restore(v.FieldByIndex(i), k.raw, at+k.key); err != nil {
				return err
			}
		}
	}
	return nil
}

// set parses raw into one field.
func set(f reflect.Value, raw []byte, at, key string) error {
	if isNull(raw) {
		f.SetZero()
		return nil
	}
	ok := false
	switch p := f.Addr().Interface().(type) {
	case *string:
		*p, ok = unquote(raw)
	case *[]string:
		*p, ok = texts(raw)
	case *int:
		*p, ok = parse(raw, strconv.Atoi)
	case *int64:
		*p, ok = parse(raw, parseInt64)
	case *uint64:
		*p, ok = parse(raw, parseUint64)
	case *bool:
		*p, ok = parse(raw, parseBool)
	case *Opt[bool]:
		p.Val, ok = parse(raw, parseBool)
		p.Set = ok
	case *Opt[int64]:
		p.Val, ok = parse(raw, parseInt64)
		p.Set = ok
	case *Opt[uint64]:
		p.Val, ok = parse(raw, parseUint64)
		p.Set = ok
	case *Opt[uint32]:
		p.Val, ok = parse(raw, parseBits[uint32](32))
		p.Set = ok
	case *Opt[uint16]:
		p.Val, ok = parse(raw, parseBits[uint16](16))
		p.Set = ok
	case *Time:
		ok = p.UnmarshalJSON(raw) == nil
	case *Args:
		return p.decode(raw, at+key)
	case **Proc:
		*p = new(Proc)
		return nested(*p, raw, at+key)
	case **Pkg:
		*p = new(Pkg)
		return nested(*p, raw, at+key)
	case *[]json.RawMessage:
		var parts [][]byte
		parts, ok = elements(raw)
		*p = make([]json.RawMessage, len(parts))
		for i, e := range parts {
			(*p)[i] = append(json.RawMessage(nil), e...)
		}
	default: // the named strings: Severity, Access ...
		var s string
		s, ok = unquote(raw)
		f.SetString(s)
	}
	if !ok {
		return &FieldError{at + key, wanted(f.Type())}
	}
	return nil
}

func nested(p any, raw []byte, key string) error {
	keys, ok := members(raw)
	if !ok {
		return &FieldError{key, "an object"}
	}
	return fill(p, keys, key+".")
}

// wanted names a form for a person.
func wanted(t reflect.Type) string {
	if t.Kind() == reflect.Struct { // Opt
		t = t.Field(0).Type
	}
	switch {
	case t == reflect.TypeFor[Time]():
		return "an RFC 3339 time"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return "an array of strings"
	case t.Kind() == reflect.Slice:
		return "an array"
	case t.Kind() == reflect.String:
		return "a string"
	case t.Kind() == reflect.Uint16:
		return "a number from 0 to 65535"
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		return "a whole number from 0"
	}
	return "a whole number"
}

func parse[T any](raw []byte, f func(string) (T, error)) (T, bool) {
	v, err := f(string(raw))
	return v, err == nil
}

func parseInt64(s string) (int64, error)   { return strconv.ParseInt(s, 10, 64) }
func parseUint64(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) }

func parseBool(s string) (bool, error) {
	if s != "true" && s != "false" { // ParseBool knows more words
		return false, strconv.ErrSyntax
	}
	return s == "true", nil
}

func parseBits[T uint16 | uint32](bits int) func(string) (T, error) {
	return func(s string) (T, error) {
		n, err := strconv.ParseUint(s, 10, bits)
		return T(n), err
	}
}

func texts(raw []byte) ([]string, bool) {
	parts, ok := elements(raw)
	if !ok {
		return nil, false
	}
	out := make([]string, len(parts))
	for i, e := range parts {
		if out[i], ok = unquote(e); !ok {
			return nil, false
		}
	}
	return out, true
}

// restore puts the exact bytes of a _b64 sibling in the place of the text that it stands beside,
// which must be their display form: else the record would say one thing to a person and another to
// a rule.
func restore(f reflect.Value, raw []byte, key string) error {
	switch p := f.Addr().Interface().(type) {
	case *string:
		s, ok := unquote(raw)
		exact, err := base64.StdEncoding.DecodeString(s)
		if !ok || err != nil || shown(string(exact)) != *p {
			return siblingError(key)
		}
		*p = string(exact)
	case *[]string:
		list, ok := texts(raw)
		if !ok {
			return siblingError(key)
		}
		exact, ok := restoreList(*p, list)
		if !ok {
			return siblingError(key)
		}
		*p = exact
	}
	return nil
}

func siblingError(key string) error {
	return &FieldError{key, "base64 of the bytes that " + strings.TrimSuffix(key, b64Suffix) + " shows"}
}

func restoreList(display, encoded []string) ([]string, bool) {
	if len(display) != len(encoded) {
		return nil, false
	}
	out := make([]string, len(encoded))
	for i, s := range encoded {
		exact, err := base64.StdEncoding.DecodeString(s)
		if err != nil || shown(string(exact)) != display[i] {
			return nil, false
		}
		out[i] = string(exact)
	}
	return out, true
}

// other reads the inverted key "resolved".
func (r *Syscall) other(key string, raw []byte) error {
	if key != "resolved" {
		return nil
	}
	resolved, ok := parse(raw, parseBool)
	if !ok {
		return &FieldError{key, "true or false"}
	}
	r.Unresolved = !resolved
	return nil
}
