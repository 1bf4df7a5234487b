package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Args is an ordered set of named values: the key "args" of a system call.
type Args []Arg

// Arg is one named value; Kind says which field holds it.
type Arg struct {
	Key  string
	Kind ArgKind
	Int  int64
	Str  string
	List []string
}

// ArgKind is the form of an Arg on the wire.
type ArgKind uint8

// The forms of an Arg.
const (
	ArgInt  ArgKind = iota // number, from Int
	ArgHex                 // hex string, from the bits of Int
	ArgText                // string, from Str; with a _b64 sibling where it is not UTF-8
	ArgList                // array of strings, from List
	ArgBool                // boolean, true where Int is not 0
)

func (a Args) append(dst []byte) []byte {
	dst = append(dst, '{')
	for i := range a {
		dst = a[i].append(dst)
	}
	return append(trimComma(dst), '}')
}

// append writes "key":value and a comma, and its _b64 sibling where one is needed.
func (a *Arg) append(dst []byte) []byte {
	dst = append(appendString(dst, a.Key), ':')
	switch a.Kind {
	case ArgInt:
		dst = strconv.AppendInt(dst, a.Int, 10)
	case ArgHex:
		dst = append(dst, `"0x`...)
		dst = strconv.AppendUint(dst, uint64(a.Int), 16)
		dst = append(dst, '"')
	case ArgText:
		dst = appendString(dst, a.Str)
		if b64 := appendB64(dst, a.Key, a.Str); len(b64) > len(dst) {
			dst = b64
		}
	case ArgList:
		dst = appendStrings(dst, a.List)
		if anyInvalid(a.List) {
			dst = appendListB64(dst, a.Key, a.List)
		}
	case ArgBool:
		dst = strconv.AppendBool(dst, a.Int != 0)
	}
	return append(dst, ',')
}

// Get is the value named key, or nil.
func (a Args) Get(key string) *Arg {
	for i := range a {
		if a[i].Key == key {
			return &a[i]
		}
	}
	return nil
}

// UnmarshalJSON reads an object in its own order; a hex string comes back as ArgText.
func (a *Args) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return errors.New("args: expected an object")
	}
	out := Args{}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return err
		}
		var v any
		if err := d.Decode(&v); err != nil {
			return err
		}
		arg, err := argOf(k.(string), v)
		if err != nil {
			return err
		}
		if !out.restore(arg) {
			out = append(out, arg)
		}
	}
	*a = out
	return nil
}

func argOf(key string, v any) (Arg, error) {
	switch v := v.(type) {
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, 64)
		return Arg{Key: key, Kind: ArgInt, Int: n}, err
	case string:
		return Arg{Key: key, Kind: ArgText, Str: v}, nil
	case bool:
		a := Arg{Key: key, Kind: ArgBool}
		if v {
			a.Int = 1
		}
		return a, nil
	case []any:
		a := Arg{Key: key, Kind: ArgList, List: make([]string, len(v))}
		for i, e := range v {
			s, ok := e.(string)
			if !ok {
				return a, fmt.Errorf("args.%s: expected an array of strings", key)
			}
			a.List[i] = s
		}
		return a, nil
	}
	return Arg{}, fmt.Errorf("args.%s: expected a number, string, boolean or array of strings", key)
}
