package rule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"sandtrace/lib/spell"
)

// maxSteps bounds one evaluation of a condition, in steps of gojq's machine (some 10 ns each).
const maxSteps = 1 << 20

// banned are names that a condition may not use, and why.
var banned = map[string]string{
	"input": "reads other records", "inputs": "reads other records", "$ENV": "reads the environment", "env": "reads the environment",
	"halt": "ends the program", "halt_error": "ends the program", "debug": "writes to stderr", "stderr": "writes to stderr",
	"now": "differs between two runs over the same records", "localtime": "depends on the machine", "input_line_number": "reads other records",
	"strflocaltime": "depends on the machine", "$__prog_args": "reads the command line",
}

// condition is a compiled gojq expression over a record.
type condition struct {
	code *gojq.Code
}

func compileCondition(text string) (*condition, error) {
	q, err := gojq.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("no gojq expression: %w", plainParseError(err, text))
	}
	if len(q.Imports) > 0 || q.Meta != nil {
		return nil, errors.New("modules are not available")
	}
	if name := usesBanned(reflect.ValueOf(q)); name != "" {
		return nil, fmt.Errorf("%s is not available: it %s", name, banned[name])
	}
	code, err := gojq.Compile(q,
		gojq.WithEnvironLoader(func() []string { return nil }),
		gojq.WithFunction("install_stage", 0, 0, func(v any, _ []any) any { return inInstallStage(v) }))
	if err != nil {
		return nil, unknownName(err)
	}
	return &condition{code}, nil
}

// inInstallStage is the function install_stage: whether a package's own code does what the record
// says, unasked.
func inInstallStage(record any) bool {
	proc, _ := record.(map[string]any)
	for _, key := range []string{"proc", "pkg"} {
		proc, _ = proc[key].(map[string]any)
	}
	stage, _ := proc["stage"].(string)
	return installStages[stage]
}

// plainParseError says where in the expression gojq stopped.
func plainParseError(err error, text string) error {
	var pe *gojq.ParseError
	if !errors.As(err, &pe) {
		return err
	}
	if pe.Token == "" {
		return fmt.Errorf("%q ends too early", text)
	}
	return fmt.Errorf("unexpected %q after %q", pe.Token, strings.TrimSuffix(text[:min(pe.Offset, len(text))], pe.Token))
}

// unknownName adds the nearest known function to gojq's complaint.
func unknownName(err error) error {
	known := strings.Fields(`length keys has in map any all contains inside startswith endswith test match
		split join ascii_downcase ascii_upcase select empty first last range index type tostring tonumber ltrimstr rtrimstr
		not add min max unique flatten reverse explode implode fromjson tojson IN sub gsub scan capture values recurse install_stage`)
	rest, ok := strings.CutPrefix(err.Error(), "function not defined: ")
	name, _, _ := strings.Cut(rest, "/")
	if near := spell.Nearest(name, known); ok && near != "" && near != name {
		return fmt.Errorf("%w: expected %s", err, near)
	}
	return err
}

// usesBanned walks a syntax tree for names that reach outside the record.
func usesBanned(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return usesBanned(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			if n := usesBanned(v.Index(i)); n != "" {
				return n
			}
		}
	case reflect.Struct:
		if f, ok := v.Interface().(gojq.Func); ok && banned[f.Name] != "" {
			return f.Name
		}
		for i := range v.NumField() {
			if n := usesBanned(v.Field(i)); n != "" {
				return n
			}
		}
	}
	return ""
}

// holds reports whether any output of the expression is true, as jq's select would. It fails where
// the expression does, or where it does not come to an end.
func (c *condition) holds(record any) (bool, error) {
	it := c.code.RunWithContext(&steps{left: maxSteps}, record)
	for {
		v, ok := it.Next()
		if !ok {
			return false, nil
		}
		if err, ok := v.(error); ok {
			return false, err
		}
		if v == true {
			return true, nil
		}
	}
}

var errSteps = fmt.Errorf("gave up after %d steps", maxSteps)

// steps is a context that ends after a number of looks at it: gojq looks once a step. Unlike a
// deadline it gives the same answer on every machine.
type steps struct{ left int }

var (
	open   = make(chan struct{})
	closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()
)

// Done is closed once the steps are used up.
func (s *steps) Done() <-chan struct{} {
	if s.left--; s.left < 0 {
		return closed
	}
	return open
}

// Err is errSteps once the steps are used up.
func (s *steps) Err() error {
	if s.left < 0 {
		return errSteps
	}
	return nil
}

// Deadline answers that there is none.
func (s *steps) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value answers that there is none.
func (s *steps) Value(any) any { return nil }

var _ context.Context = (*steps)(nil)

// decodeAny is a record as gojq takes it; numbers keep all their digits.
func decodeAny(line []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}
