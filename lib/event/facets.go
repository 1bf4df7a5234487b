package event

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// Facets are the parts of one record that decide whether a rule fires: exact bytes, nil where the
// record lacks the key. They alias the scanned line or the Scanner and are valid until its next call.
type Facets struct {
	Type, Src, Run []byte
	Time           []byte // the key ts
	Args           []byte // the value as it stands in the line
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
	PPID    Opt[int64]
	Start   Opt[uint64]
	Name    []byte
	Exe     []byte
	Script  []byte
	CWD     []byte
	Argv    [2][]byte // the first two words
	Lineage []byte    // the list as it stands in the line
	Injects []byte    // likewise
	Manager []byte    // of the package
	Package []byte
	Version []byte
	Stage   []byte
	Fresh   bool // not known to be the same as in one of the last records
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
	f.Type, f.Time = o.text("type"), o.text("ts")
	f.Args = o.raw("args")
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
	*p = ProcFacets{Raw: raw, Fresh: true}
	o, err := objectOf(raw, "proc")
	if err != nil {
		return err
	}
	p.PID = number[int64](o, "pid", "a whole number")
	p.PPID = number[int64](o, "ppid", "a whole number")
	p.Start = number[uint64](o, "start", "a whole number from 0")
	p.CWD, p.Lineage = o.text("cwd"), o.raw("lineage")
	if p.Lineage != nil && p.Lineage[0] != '[' {
		o.fail("lineage", "an array of strings")
	}
	if p.Injects = o.raw("injects"); p.Injects != nil && p.Injects[0] != '[' {
		o.fail("injects", "an array of strings")
	}
	p.Name, p.Exe, p.Script = o.text("name"), o.text("exe"), o.text("script")
	o.words("argv", p.Argv[:])
	if raw := o.raw("pkg"); raw != nil && o.err == nil {
		pkg, err := objectOf(raw, "proc.pkg")
		if err != nil {
			return err
		}
		p.Manager, p.Package = pkg.text("manager"), pkg.text("name")
		p.Version, p.Stage = pkg.text("version"), pkg.text("stage")
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

// text is the exact bytes of a text: those of its _b64 sibling where there is one, which must be
// what the text shows: a record may not say one thing to a person and another to a rule.
func (o *object) text(key string) []byte {
	raw := o.raw(key)
	var s string
	if raw != nil && json.Unmarshal(raw, &s) != nil {
		o.fail(key, "a string")
	}
	if b64 := o.raw(key + b64Suffix); b64 != nil {
		var exact []byte
		if json.Unmarshal(b64, &exact) != nil {
			o.fail(key+b64Suffix, "base64 text")
		} else if raw == nil || shown(string(exact)) != s {
			o.fail(key+b64Suffix, "base64 of the bytes that "+key+" shows")
		}
		return exact
	}
	if raw == nil {
		return nil
	}
	return []byte(s)
}

// words fills to with the first elements of a list of texts.
func (o *object) words(key string, to [][]byte) {
	list, ok := o.texts(key)
	if !ok {
		return
	}
	for i := range min(len(to), len(list)) {
		to[i] = []byte(list[i])
	}
	exact, ok := o.texts(key + b64Suffix)
	if !ok {
		return
	}
	fault := len(exact) != len(list)
	for i := range exact {
		b, err := base64.StdEncoding.DecodeString(exact[i])
		if fault = fault || err != nil || shown(string(b)) != list[i]; fault {
			o.fail(key+b64Suffix, "base64 of the bytes that "+key+" shows")
			return
		}
		if i < len(to) {
			to[i] = b
		}
	}
}

// texts is a list of texts; ok is false where there is none.
func (o *object) texts(key string) (list []string, ok bool) {
	raw := o.raw(key)
	if raw == nil {
		return nil, false
	}
	if json.Unmarshal(raw, &list) != nil {
		o.fail(key, "an array of strings")
		return nil, false
	}
	return list, true
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

// When is the time of the record; ok is false where it says none that is RFC 3339.
func (f *Facets) When() (t Time, ok bool) {
	const form = "0000-00-00T00:00:00.000000000Z"
	b := f.Time
	if len(b) != len(form) || b[len(b)-1] != 'Z' {
		v, err := time.Parse(time.RFC3339Nano, string(b))
		if y := v.UTC().Year(); err != nil || y < 1678 || y > 2261 {
			return 0, false
		}
		return At(v), true
	}
	for i := range len(form) {
		if form[i] == '0' && b[i]-'0' > 9 || form[i] != '0' && b[i] != form[i] {
			return 0, false
		}
	}
	n := func(from, to int) (v int) {
		for _, c := range b[from:to] {
			v = v*10 + int(c-'0')
		}
		return v
	}
	year, month, day, hour, minute, second := n(0, 4), n(5, 7), n(8, 10), n(11, 13), n(14, 16), n(17, 19)
	if year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	// Days since 1970 by the civil calendar, the year beginning in March.
	y, m := year, month-3
	if m < 0 {
		y, m = y-1, m+12
	}
	days := 365*y + y/4 - y/100 + y/400 + (153*m+2)/5 + day - 1 - 719468
	return Time((int64(days)*86400+int64(hour*3600+minute*60+second))*1e9 + int64(n(20, 29))), true
}
