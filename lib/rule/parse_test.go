package rule

import (
	"errors"
	"strings"
	"testing"
)

// ruleErrors pairs rule files with what is said of them.
var ruleErrors = []struct{ text, want string }{
	{"rules:\n  - id: x\n    nmae: y\n", `r.yml:3: unknown key "nmae" in a rule: expected name`},
	{"rulez: []\n", `r.yml:1: unknown key "rulez" in the file: expected rules`},
	{"just text\n", `r.yml:1: expected rules: and a list of rules`},
	{"rules: 7\n", `r.yml:1: rules is a number: expected a list`},
	{"rules:\n", `r.yml:1: rules is nothing: expected a list`},
	{"- id: x\n  severity: [\n", `r.yml:2: no YAML: did not find expected node content`},
	{"a: b: c\n", `r.yml:1: no YAML: mapping values are not allowed in this context`},
	{"\t- id\n", `r.yml:1: no YAML: found character that cannot start any token`},
	{"- severity: high\n", `r.yml:1: a rule has no id: expected id: some-name`},
	{"- id: a b\n", `r.yml:1: id "a b": expected up to 100 letters, digits, dots, dashes and underscores`},
	{"- id: 7\n", `r.yml:1: a number where a text is expected: write "7"`},
	{"- id: x\n  detection: {file_paths: [/a]}\n", `r.yml:1: rule x has no severity: expected info, low, medium, high or critical`},
	{"- id: x\n  severity: hihg\n", `r.yml:2: severity "hihg": expected high`},
	{"- id: x\n  severity: urgent\n", `r.yml:2: severity "urgent": expected info, low, medium, high or critical`},
	{"- id: x\n  severity: high\n", `r.yml:1: rule x has no detection: expected what it is to find`},
	{"- id: x\n  severity: high\n  detection: {}\n", `r.yml:3: rule x would match anything: expected file_paths, processes, network, syscalls or condition`},
	{"- id: x\n  severity: high\n  detection:\n    file_paths: /a\n", `r.yml:4: the value is a text: expected a list`},
	{"- id: x\n  severity: high\n  detection:\n    file_paths:\n      - /a\n      - 7\n", `r.yml:6: a number where a text is expected: write "7"`},
	{"- id: x\n  severity: high\n  detection:\n    file_paths: [/a]\n    access_types: [raed]\n", `r.yml:5: access type "raed": expected read`},
	{"- id: x\n  severity: high\n  detection:\n    file_paths: ['']\n", `r.yml:4: an empty text: expected at least one character`},
	{"- id: x\n  severity: high\n  detection:\n    file_path: [/a]\n", `r.yml:4: unknown key "file_path" in detection: expected file_paths`},
	{"- id: x\n  severity: high\n  detection:\n    file_paths:\n      - /ok\n      - '/a['\n", `r.yml:6: file path "/a[": [ is not known: expected {a,b}, or \[ for the character`},
	{"- id: x\n  severity: high\n  detection: {process_names: [/bin/x]}\n", `r.yml:3: process "/bin/x": expected the name of a program's file, without a slash`},
	{"- id: x\n  severity: high\n  detection:\n    condition: .a |\n", `r.yml:4: condition of x: no gojq expression: ".a |" ends too early`},
	{"- id: x\n  severity: high\n  detection:\n    condition: .a) and .b\n", `r.yml:4: condition of x: no gojq expression: unexpected ")" after ".a"`},
	{"- id: x\n  severity: high\n  detection:\n    condition: .a | lenght > 3\n", `r.yml:4: condition of x: function not defined: lenght/0: expected length`},
	{"- id: x\n  severity: high\n  detection:\n    condition: env.HOME == \"/\"\n", `r.yml:4: condition of x: env is not available: it reads the environment`},
	{"- id: x\n  severity: high\n  detection:\n    condition: '[.a | $ENV.HOME]'\n", `r.yml:4: condition of x: $ENV is not available: it reads the environment`},
	{"- id: x\n  severity: high\n  detection:\n    condition: 'def f: input; f'\n", `r.yml:4: condition of x: input is not available: it reads other records`},
	{"- id: x\n  severity: high\n  detection:\n    condition: 'import \"a\" as a; true'\n", `r.yml:4: condition of x: modules are not available`},
	{"- id: x\n  severity: high\n  detection: {file_paths: [/a]}\n  alert: {message: '{pth}'}\n", `r.yml:4: message of x: unknown placeholder {pth}: expected path, or a dotted path as in {proc.cwd}`},
	{"- id: x\n  severity: high\n  detection: {file_paths: [/a]}\n  alert: {message: '{prco.cwd}'}\n", `r.yml:4: message of x: unknown placeholder {prco.cwd}: expected proc before the dot`},
	{"- id: x\n  severity: high\n  detection: {file_paths: [/a]}\n  alert: {message: 'a {path'}\n", `r.yml:4: message of x: a placeholder is not closed: expected {path}, or {{ for the character`},
	{"- id: x\n  severity: high\n  detection: {file_paths: [/a]}\n  alert: {message: 'a } b'}\n", `r.yml:4: message of x: a closing brace without an opening one: expected }} for the character`},
	{"- id: x\n  severity: high\n  detection: {file_paths: [/a]}\n  alert: {channels: stdout}\n", `r.yml:4: the value is a text: expected a list`},
	{"- id: x\n  enabled: yes\n", `r.yml:2: a text where true or false is expected`},
	{"- id: x\n  id: y\n", `r.yml:2: key "id" comes twice in a rule`},
	{"- {id: x, enabled: false}\n- {id: x, enabled: false}\n", `r.yml:2: id x: used before, in line 1: expected one rule an id`},
	{"- {id: x, enabled: false}\n---\n- {id: x, enabled: false}\n", `r.yml:3: id x: used before, in line 1: expected one rule an id`},
	{"- id: x\n  severity: high\n  on: [sycall]\n", `r.yml:3: record type "sycall": expected syscall`},
	{"- id: x\n  tests: {match: [7]}\n", `r.yml:2: a test case is a number: expected a record or a list of records`},
	{"- id: x\n  tests: {matches: []}\n", `r.yml:2: unknown key "matches" in tests: expected match`},
	{"a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a]\n", `r.yml:1: unknown key "a" in the file: expected rules, lists or macros`},
}

func parseAndCompile(text string) (*Set, error) {
	rules, err := Parse("r.yml", []byte(text))
	if err != nil {
		return nil, err
	}
	return Compile(rules, testEnv)
}

func TestRuleErrors(t *testing.T) {
	for _, c := range ruleErrors {
		_, err := parseAndCompile(c.text)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: got %v, want an *Error: %s", c.text, err, c.want)
		} else if err.Error() != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, err, c.want)
		}
	}
}

func TestRuleFiles(t *testing.T) {
	for text, want := range map[string]int{
		"":            0,
		"# nothing\n": 0,
		"rules: []\n": 0,
		"[]\n":        0,
		"--- \n- {id: a, enabled: false}\n---\nrules: [{id: b, severity: low, detection: {condition: 'true'}}]\n":             1,
		"- {id: a, severity: low, detection: {file_paths: &p [/a]}}\n- {id: b, severity: low, detection: {file_paths: *p}}\n": 2,
	} {
		set, err := parseAndCompile(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if got := len(set.Rules()); got != want {
			t.Errorf("%q: %d rules, want %d", text, got, want)
		}
	}
}

// TestAliasBomb comes to an end.
func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("- {id: a0, severity: low, detection: {file_paths: &a0 [/x, /x, /x, /x, /x, /x, /x, /x, /x, /x]}}\n")
	for range 200 {
		b.WriteString("- &r {id: x, severity: low, detection: {file_paths: *a0}}\n")
	}
	b.WriteString("- *r\n")
	if _, err := parseAndCompile(b.String()); err == nil {
		t.Error("the same id 200 times, and no error")
	}
	nested := "a: &a0 [x]\n"
	for i := range 40 {
		n := string(rune('0'+i%10)) + string(rune('a'+i/10))
		nested += "b" + n + ": &b" + n + " [*a0, *a0]\n"
	}
	if _, err := parseAndCompile(nested); err == nil {
		t.Error("no rules at all, and no error")
	}
}

func FuzzRules(f *testing.F) {
	for _, c := range ruleErrors {
		f.Add(c.text)
	}
	f.Add("rules:\n  - id: x\n    severity: high\n    detection:\n      file_paths: ['~/{a,b}/**']\n      access_types: [read]\n    tests:\n      match: [{path: /a}, [{path: /b}, {path: /c}]]\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 {
			return
		}
		set, err := parseAndCompile(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Line < 1 || strings.Contains(e.Msg, "\n") {
				t.Fatalf("%q: %q is not one line with a place", text, err)
			}
			return
		}
		m := NewMatcher(set, 0)
		matchLine(t, m, `{"type":"process","op":"exec","path":"/a/b","access":"rename","to":"/home/u/.x","proc":{"pid":1,"exe":"/usr/bin/node","argv":["node"]}}`)
	})
}
