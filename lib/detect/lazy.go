package detect

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// lazyRegexp compiles when it is first used: of the hundreds of formats a tree meets a few.
type lazyRegexp struct {
	source string
	once   sync.Once
	re     *regexp.Regexp
	err    error
	need   int  // needs() of it
	assign bool // it begins with a name and an operator, as `name = "value"`
	heads  []head
	wide   bool // a keyword need not stand in the match, only in the file
	edge   bool // a match begins at a word's edge
	reach  int  // how far behind the keyword a match may end
}

// assignment is how expressions begin that look for a value assigned to a name.
const assignment = `(?i)[\w.-]{0,50}?(?:`

func (l *lazyRegexp) compile(keywords []string) (*regexp.Regexp, error) {
	l.once.Do(func() {
		if l.re, l.err = regexp.Compile(l.source); l.err != nil {
			return
		}
		if tree, err := syntax.Parse(l.source, syntax.Perl); err == nil {
			l.need = min(needs(tree), 400)
			l.reach = longest(tree)
			l.heads, l.edge = heads(tree, keywords)
		}
		name, _, ok := strings.Cut(l.source, `(?:=|>|:{1,3}=|`)
		l.assign = ok && strings.HasPrefix(l.source, assignment) && hasAll(name, keywords)
		for _, k := range keywords {
			l.wide = l.wide || strings.Trim(k, "abcdefghijklmnopqrstuvwxyz") == "" && len(k) > 4 && !hasAll(l.source, []string{k})
		}
	})
	return l.re, l.err
}

// hasAll tells whether every keyword stands in a piece of an expression.
func hasAll(source string, keywords []string) bool {
	source = strings.ToLower(strings.NewReplacer(`\`, "", "[_.-]", "_", "[_-]?", "").Replace(source))
	for _, k := range keywords {
		if !strings.Contains(source, k) {
			return false
		}
	}
	return true
}

// reachMost bounds the window of an expression without a bound of its own.
const reachMost = 8 << 10

// longest is the length in bytes of the longest match of the expression, at most reachMost; what
// repeats without bound counts a line's worth.
func longest(re *syntax.Regexp) int {
	n := 0
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		n = 1
	case syntax.OpConcat, syntax.OpCapture, syntax.OpQuest:
		for _, s := range re.Sub {
			n += longest(s)
		}
	case syntax.OpAlternate:
		for _, s := range re.Sub {
			n = max(n, longest(s))
		}
	case syntax.OpStar, syntax.OpPlus:
		n = 256 * longest(re.Sub[0])
	case syntax.OpRepeat:
		times := re.Max
		if times < 0 {
			times = re.Min + 256
		}
		n = times * longest(re.Sub[0])
	}
	return min(n, reachMost)
}
