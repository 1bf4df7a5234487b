package event

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../../man/sandtrace-events.schema.json"

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaFile, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, line []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

func TestGoldenIsValid(t *testing.T) {
	s := schema(t)
	files, err := filepath.Glob(filepath.Join(goldenDir, "*.jsonl"))
	if err != nil || len(files) < len(makers) {
		t.Fatalf("%d golden files, %d record types: %v", len(files), len(makers), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range lines(b) {
			if err := validate(s, line); err != nil {
				t.Errorf("%s:%d: %v", file, i+1, err)
			}
		}
	}
}

// TestSchemaJudges changes one valid record a row.
func TestSchemaJudges(t *testing.T) {
	const head = `{"v":1,"type":"TYPE","ts":"2026-11-23T07:49:00.000000001Z","seq":0,"src":"st-x","run":"01J"`
	s := schema(t)
	judge := func(kind, rest string) error {
		return validate(s, []byte(strings.Replace(head, "TYPE", kind, 1)+rest+`}`))
	}
	good := []struct{ kind, rest string }{
		{"syscall", `,"syscall":"openat"`},
		{"syscall", `,"syscall":"openat","new":7,"other":{"x":null}`},
		{"syscall", `,"syscall":"openat","proc":{"pid":1,"argv":["",""],"new":true}`},
		{"syscall", `,"syscall":"openat","path":"�","path_b64":"/w=="`},
		{"weather", `,"anything":{"goes":[1]}`},
		{"summary", `,"lost":0,"duration_ns":1,"files":310,"by":{"x":1},"hosts":["a"]`},
	}
	for _, tt := range good {
		if err := judge(tt.kind, tt.rest); err != nil {
			t.Errorf("%s %s: %v", tt.kind, tt.rest, err)
		}
	}
	bad := []struct{ kind, rest string }{
		{"", ``},
		{"Start", ``},
		{"syscall", ``},
		{"syscall", `,"syscall":"Open At"`},
		{"syscall", `,"syscall":"openat","v":2`},
		{"syscall", `,"syscall":"openat","v":"1"`},
		{"syscall", `,"syscall":"openat","ts":"2026-11-23T07:49:00Z"`},
		{"syscall", `,"syscall":"openat","ts":"2026-11-23T07:49:00.00000001Z"`},
		{"syscall", `,"syscall":"openat","ts":"2026-11-23T07:49:00.000000001+00:00"`},
		{"syscall", `,"syscall":"openat","ts":"2026-13-23T07:49:00.000000001Z"`},
		{"syscall", `,"syscall":"openat","seq":-1`},
		{"syscall", `,"syscall":"openat","seq":"0"`},
		{"syscall", `,"syscall":"openat","seq":0.5`},
		{"syscall", `,"syscall":"openat","run":""`},
		{"syscall", `,"syscall":"openat","src":null`},
		{"syscall", `,"syscall":"openat","path":""`},
		{"syscall", `,"syscall":"openat","path":null`},
		{"syscall", `,"syscall":"openat","path":["/a"]`},
		{"syscall", `,"syscall":"openat","path_b64":"/w=="`},
		{"syscall", `,"syscall":"openat","path":"x","path_b64":"/w"`},
		{"syscall", `,"syscall":"openat","path":"x","path_b64":""`},
		{"syscall", `,"syscall":"openat","path":"x","path_b64":"_w=="`},
		{"syscall", `,"syscall":"openat","resolved":true`},
		{"syscall", `,"syscall":"openat","access":"append"`},
		{"syscall", `,"syscall":"openat","category":"files"`},
		{"syscall", `,"syscall":"openat","action":"ask"`},
		{"syscall", `,"syscall":"openat","errno":"2"`},
		{"syscall", `,"syscall":"openat","errno":"enoent"`},
		{"syscall", `,"syscall":"openat","port":65536`},
		{"syscall", `,"syscall":"openat","ret":"3"`},
		{"syscall", `,"syscall":"openat","success":1`},
		{"syscall", `,"syscall":"openat","tamper":false`},
		{"syscall", `,"syscall":"openat","truncated":false`},
		{"syscall", `,"syscall":"openat","duration_ns":1.5`},
		{"syscall", `,"syscall":"openat","args":{}`},
		{"syscall", `,"syscall":"openat","args":{"flags":[]}`},
		{"syscall", `,"syscall":"openat","args":{"x":null}`},
		{"syscall", `,"syscall":"openat","args":{"x":""}`},
		{"syscall", `,"syscall":"openat","args":{"x":{"y":1}}`},
		{"syscall", `,"syscall":"openat","args":{"flags":[1]}`},
		{"syscall", `,"syscall":"openat","new":null`},
		{"syscall", `,"syscall":"openat","new":""`},
		{"syscall", `,"syscall":"openat","new":[]`},
		{"syscall", `,"syscall":"openat","proc":{}`},
		{"syscall", `,"syscall":"openat","proc":{"pid":"1"}`},
		{"syscall", `,"syscall":"openat","proc":{"pid":1,"argv":[]}`},
		{"syscall", `,"syscall":"openat","proc":{"pid":1,"lineage":[""]}`},
		{"syscall", `,"syscall":"openat","proc":{"pid":1,"uid":-1}`},
		{"syscall", `,"syscall":"openat","proc":{"pid":1,"cwd":""}`},
		{"syscall", `,"syscall":"openat","proc":{"pid":1,"pkg":{}}`},
		{"syscall", `,"syscall":"openat","proc":{"pid":1,"pkg":{"name":""}}`},
		{"syscall", `,"syscall":"openat","proc":{"pid":1,"argv_b64":["YQ=="]}`},
		{"process", `,"op":"fork"`},
		{"process", `,"op":"exit","signal":"9"`},
		{"process", `,"op":"exit","exit":"0"`},
		{"file", `,"op":"open","inode":123`},
		{"file", `,"op":"open","inode":"0xAB"`},
		{"file", `,"op":"open","attribution":"guess"`},
		{"net", `,"op":"lookup"`},
		{"net", `,"op":"dns","answers":[""]`},
		{"jail", `,"op":"applied"`},
		{"jail", `,"op":"layer","applied":"yes"`},
		{"finding", `,"rule":"x","severity":"warning"`},
		{"finding", `,"rule":"x","line":0`},
		{"finding", `,"rule":"x","fingerprint":"md5:00"`},
		{"finding", `,"rule":"x","tags":[]`},
		{"match", `,"rule":""`},
		{"match", `,"rule":"x","severity":"HIGH"`},
		{"match", `,"rule":"x","count":0`},
		{"match", `,"rule":"x","events":["{}"]`},
		{"receipt", `,"match":"m","sink":"s"`},
		{"lost", `,"count":1`},
		{"lost", `,"why":"x","count":-1`},
		{"error", `,"code":7,"message":"x"`},
		{"summary", `,"duration_ns":1`},
		{"summary", `,"lost":0,"duration_ns":1,"files":"310"`},
		{"summary", `,"lost":0,"duration_ns":1,"by":{}`},
		{"summary", `,"lost":0,"duration_ns":1,"hosts":[7]`},
	}
	for _, tt := range bad {
		if judge(tt.kind, tt.rest) == nil {
			t.Errorf("accepted: %s %s", tt.kind, tt.rest)
		}
	}
}

// TestEveryKeyIsDescribed holds the schema and the page of the manual to the record types.
func TestEveryKeyIsDescribed(t *testing.T) {
	page, err := os.ReadFile("../../man/sandtrace-events.5")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	structs := map[string]reflect.Type{"proc": reflect.TypeFor[Proc](), "pkg": reflect.TypeFor[Pkg]()}
	for kind, mk := range makers {
		structs[string(kind)] = reflect.TypeOf(mk()).Elem()
	}
	for name, typ := range structs {
		if !regexp.MustCompile(`(?m)^\.It Cm ` + name + `$`).Match(page) {
			t.Errorf("the page does not describe %s", name)
		}
		for key := range fieldsOf(typ) {
			if doc.Properties[key] == nil && doc.Defs[name].Properties[key] == nil {
				t.Errorf("the schema lacks %s.%s", name, key)
			}
			if !regexp.MustCompile(`(?m)^\.(It (Xo )?)?Cm ([a-z_]+ , )*` + key + `( |$)`).Match(page) {
				t.Errorf("the page does not name %s.%s", name, key)
			}
		}
	}
	for _, words := range [][]string{strs(Accesses), strs(Severities)} {
		for _, w := range words {
			if !bytes.Contains(text, []byte(`"`+w+`"`)) {
				t.Errorf("the schema lacks the word %s", w)
			}
		}
	}
}

func strs[T ~string](v []T) (out []string) {
	for _, s := range v {
		out = append(out, string(s))
	}
	return out
}
