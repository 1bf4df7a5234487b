package rule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"sandtrace/lib/event"
)

// Sigma rules for Linux become rules with a condition. What our records do not have (the command line
// of the parent, hashes, user names) cannot be expressed and is named.

// sigmaCategory says how the records of a category are found, and what its fields are here.
type sigmaCategory struct {
	detection string
	fields    map[string]string // jq
}

const (
	sigmaExe  = `(.proc.exe // "")`
	sigmaArgv = `((.proc.argv // []) | join(" "))`
)

var sigmaCategories = map[string]sigmaCategory{
	"process_creation": {
		`      processes: {exes: ["/**"]}`,
		map[string]string{"Image": sigmaExe, "CommandLine": sigmaArgv, "CurrentDirectory": `(.proc.cwd // "")`, "ProcessId": `(.proc.pid | tostring)`, "ParentProcessId": `(.proc.ppid | tostring)`},
	},
	"file_event": {
		"      file_paths: [\"/**\"]\n      access_types: [create, write]",
		map[string]string{"Image": sigmaExe, "TargetFilename": `(.to // .path // "")`},
	},
	"network_connection": {
		`      network: {}`,
		map[string]string{
			"Image": sigmaExe, "DestinationHostname": `(.host // "")`, "DestinationIp": `(.addr // "")`,
			"DestinationPort": `(.port // "" | tostring)`, "Initiated": `"true"`,
		},
	},
}

// sigmaLevels are the severities of Sigma's levels.
var sigmaLevels = map[string]event.Severity{
	"informational": event.SeverityInfo, "low": event.SeverityLow, "medium": event.SeverityMedium,
	"high": event.SeverityHigh, "critical": event.SeverityCritical,
}

type sigmaRule struct {
	Title, ID, Description, Level string
	References, Tags              []string
	Logsource                     struct{ Category, Product, Service string }
	Detection                     yaml.Node
}

// sigma turns one rule; notes is what it could not express.
type sigma struct {
	category sigmaCategory
	names    []string
	nodes    map[string]*yaml.Node
	notes    []string
}

// ImportSigma turns the Sigma rules of a file into ours, as YAML. What cannot be expressed is named in
// notes, and the rules that need it are left out. It fails with an *Error where the file is no Sigma rule.
func ImportSigma(file string, text []byte) (out []byte, notes []string, err error) {
	var b strings.Builder
	ids := map[string]int{}
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	n := 0
	for {
		var r sigmaRule
		if err := d.Decode(&r); err != nil {
			if n > 0 && errors.Is(err, io.EOF) {
				if b.Len() == 0 {
					return []byte("rules: []\n"), notes, nil
				}
				return []byte("rules:\n" + b.String()), notes, nil
			}
			return nil, nil, yamlError(file, err)
		}
		n++
		rule, why := r.convert(ids)
		if why != nil {
			notes = append(notes, fmt.Sprintf("%s: %s: not imported: %s", file, orText(r.Title, "a rule without a title"), strings.Join(why, "; ")))
			continue
		}
		if _, err := Parse(file, []byte("rules:\n"+rule)); err != nil {
			return nil, nil, err
		}
		b.WriteString(rule)
	}
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

var notID = regexp.MustCompile(`[^a-z0-9]+`)

func (r *sigmaRule) convert(ids map[string]int) (string, []string) {
	cat, ok := sigmaCategories[r.Logsource.Category]
	switch {
	case !ok:
		return "", []string{fmt.Sprintf("category %q: expected process_creation, file_event or network_connection", r.Logsource.Category)}
	case r.Logsource.Product != "" && r.Logsource.Product != "linux":
		return "", []string{fmt.Sprintf("product %q: expected linux", r.Logsource.Product)}
	case r.Detection.Kind != yaml.MappingNode:
		return "", []string{"no detection"}
	}
	s := &sigma{category: cat, nodes: map[string]*yaml.Node{}}
	condition := ""
	for i := 0; i+1 < len(r.Detection.Content); i += 2 {
		key, value := r.Detection.Content[i].Value, r.Detection.Content[i+1]
		switch key {
		case "condition":
			condition = value.Value
		case "timeframe":
			s.note("timeframe")
		default:
			s.names = append(s.names, key)
			s.nodes[key] = value
		}
	}
	expr, err := s.condition(condition)
	if err != nil {
		s.note("condition %q: %v", condition, err)
	}
	if len(s.notes) > 0 {
		return "", s.notes
	}
	quote := func(v any) string { b, _ := json.Marshal(v); return string(b) } // JSON is YAML
	severity := sigmaLevels[r.Level]
	if severity == "" {
		severity = event.SeverityMedium
	}
	id := "sigma-" + strings.Trim(notID.ReplaceAllString(strings.ToLower(orText(r.Title, r.ID)), "-"), "-")
	id = strings.TrimSuffix(id[:min(len(id), 90)], "-")
	if ids[id]++; ids[id] > 1 {
		id = fmt.Sprintf("%s-%d", id, ids[id])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  - id: %s\n    name: %s\n    severity: %s\n", id, quote(orText(r.Title, id)), severity)
	if r.Description != "" {
		fmt.Fprintf(&b, "    description: %s\n", quote(r.Description))
	}
	if refs := r.References; len(refs) > 0 {
		fmt.Fprintf(&b, "    references: %s\n", quote(refs))
	}
	fmt.Fprintf(&b, "    tags: %s\n", quote(append([]string{"sigma"}, r.Tags...)))
	fmt.Fprintf(&b, "    detection:\n%s\n      condition: %s\n", cat.detection, quote(expr))
	return b.String(), nil
}

func (s *sigma) note(format string, a ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, a...))
}

// selection is one named part of a detection: a mapping whose keys must all hold, or a list of
// mappings of which one must.
func (s *sigma) selection(name string) string {
	n := s.nodes[name]
	switch n.Kind {
	case yaml.MappingNode:
		return s.fields(n)
	case yaml.SequenceNode:
		var any []string
		for _, e := range n.Content {
			if e.Kind != yaml.MappingNode {
				s.note("%s: keywords without a field", name)
				return "false"
			}
			any = append(any, s.fields(e))
		}
		if len(any) > 0 {
			return "(" + strings.Join(any, " or ") + ")"
		}
	}
	s.note("%s: neither fields nor a list of them", name)
	return "false"
}

func (s *sigma) fields(n *yaml.Node) string {
	var all []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		all = append(all, s.field(n.Content[i].Value, n.Content[i+1]))
	}
	if len(all) == 0 {
		return "true"
	}
	return "(" + strings.Join(all, " and ") + ")"
}

func (s *sigma) field(key string, n *yaml.Node) string {
	words := strings.Split(key, "|")
	value := s.category.fields[words[0]]
	if value == "" {
		s.note("field %s", words[0])
		return "false"
	}
	join, kind := " or ", ""
	for _, m := range words[1:] {
		switch m {
		case "all":
			join = " and "
		case "contains", "startswith", "endswith", "re":
			kind = m
		default:
			s.note("modifier %s", m)
			return "false"
		}
	}
	values := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		values = n.Content
	}
	var tests []string
	for _, v := range values {
		if v.Kind != yaml.ScalarNode {
			s.note("field %s: a value that is no text", words[0])
			return "false"
		}
		if v.Tag == "!!null" {
			tests = append(tests, value+` == ""`)
			continue
		}
		re := v.Value
		if kind != "re" {
			re = sigmaPattern(v.Value, kind)
		}
		if _, err := regexp.Compile(re); err != nil {
			s.note("field %s: expression %q", words[0], re)
			return "false"
		}
		quoted, _ := json.Marshal(re)
		tests = append(tests, fmt.Sprintf("(%s | test(%s))", value, quoted))
	}
	if len(tests) == 0 {
		s.note("field %s: no value", words[0])
	}
	return "(" + strings.Join(tests, join) + ")"
}

// sigmaPattern is a regular expression for a value with the wildcards * and ?; case does not matter.
func sigmaPattern(v, kind string) string {
	var b strings.Builder
	b.WriteString("(?is)")
	if kind == "" || kind == "startswith" {
		b.WriteByte('^')
	}
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '\\' && i+1 < len(v) && strings.IndexByte(`*?\`, v[i+1]) >= 0:
			i++
			b.WriteString(regexp.QuoteMeta(v[i : i+1]))
		case c == '*':
			b.WriteString(".*")
		case c == '?':
			b.WriteByte('.')
		default:
			b.WriteString(regexp.QuoteMeta(v[i : i+1]))
		}
	}
	if kind == "" || kind == "endswith" {
		b.WriteByte('$')
	}
	return b.String()
}

var sigmaToken = regexp.MustCompile(`\(|\)|[^\s()]+`)

// Bounds of what is imported.
const (
	maxSigmaDepth = 24       // of brackets and nots
	maxSigmaText  = 64 << 10 // bytes of the condition that is made
)

// condition turns "selection and not 1 of filter_*" into jq.
func (s *sigma) condition(text string) (string, error) {
	p := &sigmaParser{sigma: s, words: sigmaToken.FindAllString(text, -1)}
	out, err := p.or(0)
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("unexpected %q", p.words[0])
	}
	if err == nil && len(out) > maxSigmaText {
		err = fmt.Errorf("it becomes longer than %d bytes", maxSigmaText)
	}
	return out, err
}

type sigmaParser struct {
	*sigma
	words []string
}

func (p *sigmaParser) next(word string) bool {
	if len(p.words) > 0 && strings.EqualFold(p.words[0], word) {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *sigmaParser) or(depth int) (string, error) {
	return p.chain(depth, "or", func(d int) (string, error) { return p.chain(d, "and", p.not) })
}

func (p *sigmaParser) chain(depth int, word string, part func(int) (string, error)) (string, error) {
	all := []string{}
	for {
		e, err := part(depth + 1)
		if err != nil {
			return "", err
		}
		all = append(all, e)
		if !p.next(word) {
			return "(" + strings.Join(all, " "+word+" ") + ")", nil
		}
	}
}

func (p *sigmaParser) not(depth int) (string, error) {
	switch {
	case depth > maxSigmaDepth:
		return "", errors.New("nested too deeply")
	case p.next("not"):
		e, err := p.not(depth + 1)
		return "(" + e + " | not)", err
	case p.next("("):
		e, err := p.or(depth + 1)
		if err == nil && !p.next(")") {
			err = errors.New("a bracket is not closed")
		}
		return e, err
	case len(p.words) == 0:
		return "", errors.New("ends too early")
	}
	word := p.words[0]
	p.words = p.words[1:]
	if join, ok := map[string]string{"1": " or ", "any": " or ", "all": " and "}[strings.ToLower(word)]; ok && p.next("of") && len(p.words) > 0 {
		like := strings.TrimSuffix(p.words[0], "*")
		whole := like == p.words[0] && !strings.EqualFold(like, "them")
		p.words = p.words[1:]
		var parts []string
		for _, n := range p.names {
			if strings.EqualFold(like, "them") || (whole && n == like) || (!whole && strings.HasPrefix(n, like)) {
				parts = append(parts, p.selection(n))
			}
		}
		if len(parts) == 0 {
			return "", fmt.Errorf("no selection is named %s", like)
		}
		return "(" + strings.Join(parts, join) + ")", nil
	}
	if p.nodes[word] == nil {
		return "", fmt.Errorf("no selection is named %s", word)
	}
	return p.selection(word), nil
}
