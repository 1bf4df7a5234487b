package detect

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
	"testing"

	gitleaks "github.com/zricethezav/gitleaks/v8/config"
)

// write appends a random text that the expression matches.
func write(out *strings.Builder, re *syntax.Regexp, r *rand.Rand) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			out.WriteRune(c)
		}
	case syntax.OpCharClass:
		var fit []rune
		for i := 0; i < len(re.Rune); i += 2 {
			for c := max(re.Rune[i], ' '); c <= min(re.Rune[i+1], '~'); c++ {
				fit = append(fit, c)
			}
		}
		if len(fit) > 0 {
			out.WriteRune(fit[r.IntN(len(fit))])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		out.WriteByte(byte('a' + r.IntN(26)))
	case syntax.OpCapture, syntax.OpConcat:
		for _, s := range re.Sub {
			write(out, s, r)
		}
	case syntax.OpAlternate:
		write(out, re.Sub[r.IntN(len(re.Sub))], r)
	case syntax.OpQuest:
		if r.IntN(2) == 0 {
			write(out, re.Sub[0], r)
		}
	case syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		least, most := re.Min, re.Max
		if re.Op != syntax.OpRepeat {
			least, most = 1, 20
		}
		if most < 0 {
			most = least + 8
		}
		for range least + r.IntN(most-least+1) {
			write(out, re.Sub[0], r)
		}
	}
}

// judgedOtherwise are formats whose expression is not what decides here.
var judgedOtherwise = map[string]string{
	"generic-api-key":        "values are judged by a parser of assignments",
	"private-key":            "keys are judged by their two ends and their body",
	"kubernetes-secret-yaml": "allow-lists reject most random documents",
	"curl-auth-header":       "no random command line is one",
	"curl-auth-user":         "no random command line is one",
}

// TestRecall makes texts from the expression of every vendor format and counts how many are found.
func TestRecall(t *testing.T) {
	patterns, _, err := parseVendor("gitleaks", gitleaks.DefaultConfig, true)
	if err != nil {
		t.Fatal(err)
	}
	s := engine(t).NewScanner()
	r := rand.New(rand.NewPCG(1, 2))
	const tries = 20
	formats, perfect := 0, 0
	for _, p := range patterns {
		if p.path != nil || len(p.keywords) == 0 || p.source == "" || judgedOtherwise[p.rule.Vendor] != "" {
			continue
		}
		tree, err := syntax.Parse(p.source, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		made, found := 0, 0
		for range 10 * tries {
			var text strings.Builder
			write(&text, tree, r)
			body := text.String() + "\n"
			if made == tries {
				break
			}
			m := p.lazy.re.FindStringSubmatch(body)
			if m == nil {
				continue
			}
			secret := m[0]
			for _, g := range m[1:] {
				if g != "" {
					secret = g
					break
				}
			}
			if p.group > 0 {
				secret = m[p.group]
			}
			s.begin("a.conf")
			s.w.b = []byte(body)
			if p.entropy > 0 && entropy(secret) <= p.entropy || s.allowed(p, secret, m[0], 0) {
				continue
			}
			if !newAutomaton(map[string][]int{p.keywords[0]: {0}, p.keywords[len(p.keywords)-1]: {0}, p.keywords[len(p.keywords)/2]: {0}}).contains(body) {
				if !p.lazy.wide { // an expression's dot became another character than the keyword has
					continue
				}
				body = p.keywords[0] + "\n" + body
			}
			made++
			for _, f := range find(t, s, "a.conf", "\n"+body) {
				if f.Secret != "" {
					found++
					break
				}
			}
		}
		formats++
		if found == made {
			perfect++
		}
		t.Logf("%-48s %d of %d", p.rule.Vendor, found, made)
		if found*10 < made*9 {
			t.Errorf("%s: %d of %d found", p.rule.Vendor, found, made)
		}
	}
	t.Logf("%d formats, %d without a miss", formats, perfect)
}
