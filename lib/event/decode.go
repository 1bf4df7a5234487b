package event

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
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

// Decode parses one line whatever its key order, ignoring keys it does not know.
func Decode(line []byte) (Record, error) {
	var h struct {
		Type Type `json:"type"`
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return nil, err
	}
	mk := makers[h.Type]
	if mk == nil {
		return nil, ErrUnknownType
	}
	r := mk()
	if err := json.Unmarshal(line, r); err != nil {
		return nil, err
	}
	if strings.Contains(string(line), b64Suffix+`"`) {
		if err := restoreBytes(line, reflect.ValueOf(r).Elem()); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// restoreBytes puts the exact bytes of _b64 siblings into the texts that they stand beside.
func restoreBytes(object []byte, v reflect.Value) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(object, &keys); err != nil {
		return err
	}
	for i := range v.NumField() {
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		f := v.Field(i)
		if !f.CanInterface() {
			continue
		}
		if p, ok := f.Interface().(*Proc); ok && p != nil {
			if err := restoreBytes(keys[key], f.Elem()); err != nil {
				return err
			}
		}
		if p, ok := f.Interface().(*Pkg); ok && p != nil {
			if err := restoreBytes(keys[key], f.Elem()); err != nil {
				return err
			}
		}
		raw, ok := keys[key+b64Suffix]
		if key == "" || !ok {
			continue
		}
		switch f.Interface().(type) {
		case string:
			var exact []byte
			if err := json.Unmarshal(raw, &exact); err != nil {
				return err
			}
			f.SetString(string(exact))
		case []string:
			var exact [][]byte
			if err := json.Unmarshal(raw, &exact); err != nil {
				return err
			}
			list := make([]string, len(exact))
			for i, e := range exact {
				list[i] = string(e)
			}
			f.Set(reflect.ValueOf(list))
		}
	}
	return nil
}

// restore takes a _b64 sibling of an earlier value: it reports whether arg was one.
func (a Args) restore(arg Arg) bool {
	base, ok := strings.CutSuffix(arg.Key, b64Suffix)
	if !ok {
		return false
	}
	to := a.Get(base)
	if to == nil || to.Kind != arg.Kind {
		return false
	}
	switch arg.Kind {
	case ArgText:
		exact, err := base64.StdEncoding.DecodeString(arg.Str)
		if err != nil {
			return false
		}
		to.Str = string(exact)
	case ArgList:
		list := make([]string, len(arg.List))
		for i, s := range arg.List {
			exact, err := base64.StdEncoding.DecodeString(s)
			if err != nil {
				return false
			}
			list[i] = string(exact)
		}
		to.List = list
	default:
		return false
	}
	return true
}

// UnmarshalJSON reads a present value; null counts as absent.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	o.Set = true
	return json.Unmarshal(b, &o.Val)
}

// UnmarshalJSON reads the facets and the inverted key "resolved".
func (r *Syscall) UnmarshalJSON(b []byte) error {
	type plain Syscall
	x := struct {
		*plain
		Resolved Opt[bool] `json:"resolved"`
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(b, &x); err != nil {
		return err
	}
	r.Unresolved = x.Resolved.Set && !x.Resolved.Val
	return nil
}

// UnmarshalJSON reads the fixed keys; every other number, object and list is a count, table or list.
func (r *Summary) UnmarshalJSON(b []byte) error {
	type plain Summary
	if err := json.Unmarshal(b, (*plain)(r)); err != nil {
		return err
	}
	return r.readCounts(b)
}
