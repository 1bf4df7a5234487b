package rule

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"sandtrace/lib/spell"
)

// Strict reading of YAML nodes: an unknown key, a key given twice or a value of the wrong form is an
// error with its line.

// maxNodes bounds what aliases can blow a file up to.
const maxNodes = 1 << 20

// field is one key of a mapping and what reads its value.
type field struct {
	key  string
	read func(*yaml.Node) error
}

func (p *parser) errorf(n *yaml.Node, format string, a ...any) error {
	return &Error{p.file, max(n.Line, 1), fmt.Sprintf(format, a...)}
}

// enter counts a node and follows an alias.
func (p *parser) enter(n *yaml.Node) (*yaml.Node, error) {
	if p.nodes++; p.nodes > maxNodes {
		return nil, p.errorf(n, "more than %d values, aliases counted", maxNodes)
	}
	if n.Kind == yaml.AliasNode {
		return n.Alias, nil
	}
	return n, nil
}

func (p *parser) mapping(n *yaml.Node, what string, fields []field) error {
	n, err := p.enter(n)
	if err != nil {
		return err
	}
	if n.Kind != yaml.MappingNode {
		return p.errorf(n, "%s is %s: expected keys and values", what, form(n))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		f := find(fields, key.Value)
		if f == nil {
			keys := make([]string, len(fields))
			for i := range fields {
				keys[i] = fields[i].key
			}
			return p.errorf(key, "unknown key %q in %s: %s", key.Value, what, spell.Hint(key.Value, keys))
		}
		if seen[key.Value] {
			return p.errorf(key, "key %q comes twice in %s", key.Value, what)
		}
		seen[key.Value] = true
		if err := f.read(value); err != nil {
			return err
		}
	}
	return nil
}

func find(fields []field, key string) *field {
	for i := range fields {
		if fields[i].key == key {
			return &fields[i]
		}
	}
	return nil
}

func (p *parser) list(n *yaml.Node, what string, each func(*yaml.Node) error) error {
	n, err := p.enter(n)
	if err != nil {
		return err
	}
	if n.Kind != yaml.SequenceNode {
		return p.errorf(n, "%s is %s: expected a list", what, form(n))
	}
	for _, e := range n.Content {
		e, err := p.enter(e)
		if err != nil {
			return err
		}
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) word(n *yaml.Node, to *Word) error {
	n, err := p.enter(n)
	if err != nil {
		return err
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return p.errorf(n, "%s where a text is expected%s", form(n), quoteHint(n))
	}
	if strings.TrimSpace(n.Value) == "" {
		return p.errorf(n, "an empty text: expected at least one character")
	}
	*to = Word{n.Value, n.Line}
	return nil
}

func (p *parser) words(n *yaml.Node, to *[]Word) error {
	return p.list(n, "the value", func(n *yaml.Node) error {
		var w Word
		err := p.word(n, &w)
		*to = append(*to, w)
		return err
	})
}

func (p *parser) text(n *yaml.Node, to *string) error {
	var w Word
	err := p.word(n, &w)
	*to = w.Text
	return err
}

func (p *parser) texts(n *yaml.Node, to *[]string) error {
	return p.list(n, "the value", func(n *yaml.Node) error {
		var s string
		err := p.text(n, &s)
		*to = append(*to, s)
		return err
	})
}

func (p *parser) boolean(n *yaml.Node, to *bool) error {
	n, err := p.enter(n)
	if err != nil {
		return err
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		return p.errorf(n, "%s where true or false is expected", form(n))
	}
	*to = strings.EqualFold(n.Value, "true")
	return nil
}

// forms name what a node is.
var forms = map[string]string{
	"!!str": "a text", "!!int": "a number", "!!float": "a number", "!!bool": "true or false",
	"!!null": "nothing", "!!timestamp": "a date", "!!map": "a mapping", "!!seq": "a list",
}

func form(n *yaml.Node) string {
	if f := forms[n.ShortTag()]; f != "" {
		return f
	}
	return "a value of the type " + n.Tag
}

// quoteHint is the remedy for a scalar that YAML took for something else.
func quoteHint(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		return ""
	}
	return fmt.Sprintf(": write %q", n.Value)
}
