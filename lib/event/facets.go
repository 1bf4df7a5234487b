package event

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Facets are the parts of one record that decide whether a rule fires: exact bytes, nil where the
// record lacks the key. They alias the scanned line or the Scanner and are valid until its next call.
type Facets struct {
	Type, Src, Run []byte
	Syscall, Op    []byte
	Path, To       []byte
	Access, Action []byte
	Addr, Host     []byte
	Errno          []byte
	Seq            Opt[uint64]
	Port           Opt[uint16]
	Success        Opt[bool]
	Proc           ProcFacets
	seen           uint32 // the keys met so far, by their bits
}

// ProcFacets are the parts of a process block that decide whether a rule fires.
type ProcFacets struct {
	Raw     []byte // the whole object as it stands in the line; nil where there is none
	PID     Opt[int64]
	Name    []byte
	Exe     []byte
	Script  []byte
	Argv    [2][]byte // the first two words
	Manager []byte    // of the package
	Package []byte
	Stage   []byte
	seen    uint32
}

// FieldError says which key of a record has a value of the wrong form.
type FieldError struct{ Key, Want string }

func (e *FieldError) Error() string { return fmt.Sprintf("%s: expected %s", e.Key, e.Want) }

// decode fills f from any JSON object, whatever its order, escapes and nesting. The last of two
// equal keys counts, as it does in encoding/json and jq, and null counts as absent. Keys are
// compared exactly. It fails with the error of encoding/json, or with a *FieldError.
func (f *Facets) decode(line []byte) error {
	*f = Facets{}
	o, err := objectOf(line, "record")
	if err != nil {
		return err
	}
	if v := o.raw("v"); v != nil && string(v) != "1" {
		o.fail("v", "1: a later schema would be misread")
	}
	if v := o.raw("v"); v != nil && string(v) != "1" {
		o.fail("v", "1, the schema version")
	}
	f.Type = o.text("type")
	f.Src, f.Run = o.text("src"), o.text("run")
	f.Syscall, f.Op = o.text("syscall"), o.text("op")
	f.Path, f.To = o.text("path"), o.text("to")
	f.Access, f.Action = o.text("access"), o.text("action")
	f.Addr, f.Host = o.text("addr"), o.text("host")
	f.Errno = o.text("errno")
	f.Seq = number[uint64](o, "seq", "a whole number from 0")
	f.Port = number[uint16](o, "port", "a number from 0 to 65535")
	f.Success = number[bool](o, "success", "true or false")
	if raw := o.raw("proc"); raw != nil && o.err == nil {
		o.err = f.Proc.decode(raw)
	}
	if f.Type != nil && makers[Type(f.Type)] == nil {
		return nil // its keys may mean something else
	}
	return o.err
}

func (p *ProcFacets) decode(raw []byte) error {
	*p = ProcFacets{Raw: raw}
	o, err := objectOf(raw, "proc")
	if err != nil {
		return err
	}
	p.PID = number[int64](o, "pid", "a whole number")
	p.Name, p.Exe, p.Script = o.text("name"), o.text("exe"), o.text("script")
	o.words("argv", p.Argv[:])
	if raw := o.raw("pkg"); raw != nil && o.err == nil {
		pkg, err := objectOf(raw, "proc.pkg")
		if err != nil {
			return err
		}
		p.Manager, p.Package, p.Stage = pkg.text("manager"), pkg.text("name"), pkg.text("stage")
		return pkg.err
	}
	return o.err
}

// object is a decoded object whose values are still raw; err is the first fault met.
type object struct {
	keys map[string]json.RawMessage
	at   string // where it stands, for messages; empty for the record itself
	err  error
}

func objectOf(raw []byte, name string) (*object, error) {
	o := &object{}
	if err := json.Unmarshal(raw, &o.keys); err != nil {
		if json.Valid(raw) {
			return nil, &FieldError{name, "a JSON object"}
		}
		return nil, err
	}
	if o.keys == nil {
		return nil, &FieldError{name, "a JSON object"}
	}
	if name != "record" {
		o.at = name + "."
	}
	return o, nil
}

func (o *object) raw(key string) []byte {
	raw := o.keys[key]
	if string(raw) == "null" {
		return nil
	}
	return raw
}

func (o *object) fail(key, want string) {
	if o.err == nil {
		o.err = &FieldError{o.at + key, want}
	}
}

// text is the exact bytes of a text: those of its _b64 sibling where there is one.
func (o *object) text(key string) []byte {
	if raw := o.raw(key + b64Suffix); raw != nil {
		var exact []byte
		if json.Unmarshal(raw, &exact) != nil {
			o.fail(key+b64Suffix, "base64 text")
		}
		return exact
	}
	raw := o.raw(key)
	if raw == nil {
		return nil
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		o.fail(key, "a string")
	}
	return []byte(s)
}

// words fills to with the first elements of a list of texts.
func (o *object) words(key string, to [][]byte) {
	for _, k := range []string{key + b64Suffix, key} {
		raw := o.raw(k)
		if raw == nil {
			continue
		}
		var list []string
		if json.Unmarshal(raw, &list) != nil {
			o.fail(k, "an array of strings")
			return
		}
		for i := range min(len(to), len(list)) {
			to[i] = []byte(list[i])
			if k != key {
				exact, err := base64.StdEncoding.DecodeString(list[i])
				if err != nil {
					o.fail(k, "an array of base64 texts")
				}
				to[i] = exact
			}
		}
		return
	}
}

func number[T any](o *object, key, want string) (v Opt[T]) {
	raw := o.raw(key)
	if raw == nil {
		return v
	}
	if json.Unmarshal(raw, &v.Val) != nil {
		o.fail(key, want)
		return Opt[T]{}
	}
	v.Set = true
	return v
}

// DecodeProc parses a process block, ProcFacets.Raw; a nil raw gives nil.
func DecodeProc(raw []byte) (*Proc, error) {
	if raw == nil {
		return nil, nil
	}
	p := new(Proc)
	if err := decodeExact(raw, p); err != nil {
		return nil, fmt.Errorf("proc: %w", err)
	}
	return p, nil
}
