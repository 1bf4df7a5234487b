package event

import (
	"strconv"
	"strings"
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

// append writes "key":value and a comma, and its _b64 sibling where one is needed; nothing for an
// empty text or list, which count as absent.
func (a *Arg) append(dst []byte) []byte {
	if a.Kind == ArgText && a.Str == "" || a.Kind == ArgList && len(a.List) == 0 {
		return dst
	}
	dst = append(appendString(dst, a.Key), ':')
	switch a.Kind {
	case ArgInt:
		dst = strconv.AppendInt(dst, a.Int, 10)
	case ArgHex:
		dst = append(dst, `"0x`...)
		dst = strconv.AppendUint(dst, uint64(a.Int), 16)
		dst = append(dst, '"')
	case ArgText:
		var exact bool
		if dst, exact = quote(dst, a.Str); !exact {
			dst = appendB64Value(appendB64Key(dst, a.Key), a.Str)
		}
	case ArgList:
		dst = appendList(dst, a.Key, a.List)
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

// decode reads an object in its own order; a hex string comes back as ArgText. at names it in errors.
func (a *Args) decode(raw []byte, at string) error {
	keys, ok := members(raw)
	if !ok {
		return &FieldError{at, "an object"}
	}
	out := make(Args, 0, len(keys))
	for _, k := range keys {
		if isNull(k.raw) {
			continue
		}
		arg, ok := argOf(k.key, k.raw)
		if !ok {
			return &FieldError{at + "." + k.key, "a number, a string, a boolean or an array of strings"}
		}
		if !out.restore(arg) {
			out = append(out, arg)
		}
	}
	*a = out
	return nil
}

func argOf(key string, raw []byte) (a Arg, ok bool) {
	a.Key = key
	switch raw[0] {
	case '"':
		a.Kind = ArgText
		a.Str, ok = unquote(raw)
	case '[':
		a.Kind = ArgList
		a.List, ok = texts(raw)
	case 't', 'f':
		a.Kind, ok = ArgBool, true
		if raw[0] == 't' {
			a.Int = 1
		}
	default:
		a.Kind = ArgInt
		a.Int, ok = parse(raw, parseInt64)
	}
	return a, ok
}

// restore takes the _b64 sibling of an earlier value: it reports whether arg was one.
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
		if exact, ok := restoreList([]string{to.Str}, []string{arg.Str}); ok {
			to.Str = exact[0]
			return true
		}
	case ArgList:
		if exact, ok := restoreList(to.List, arg.List); ok {
			to.List = exact
			return true
		}
	}
	return false
}
