package detect

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"

	"sandtrace/lib/event"
)

// Vendor formats come as a rule file in the form of gitleaks' configuration. What is read of it: id,
// description, regex, path, secretGroup, entropy, keywords, tags, allow-lists and disabledRules.
type vendorFile struct {
	Rules      []vendorRule      `toml:"rules"`
	Allowlist  *vendorAllowlist  `toml:"allowlist"`
	Allowlists []vendorAllowlist `toml:"allowlists"`
	Extend     struct {
		UseDefault    bool     `toml:"useDefault"`
		DisabledRules []string `toml:"disabledRules"`
	} `toml:"extend"`
}

type vendorRule struct {
	ID          string            `toml:"id"`
	Description string            `toml:"description"`
	Regex       string            `toml:"regex"`
	Path        string            `toml:"path"`
	SecretGroup int               `toml:"secretGroup"`
	Entropy     float64           `toml:"entropy"`
	Keywords    []string          `toml:"keywords"`
	Tags        []string          `toml:"tags"`
	Allowlist   *vendorAllowlist  `toml:"allowlist"`
	Allowlists  []vendorAllowlist `toml:"allowlists"`
}

type vendorAllowlist struct {
	Condition   string   `toml:"condition"`
	RegexTarget string   `toml:"regexTarget"`
	Regexes     []string `toml:"regexes"`
	Paths       []string `toml:"paths"`
	StopWords   []string `toml:"stopwords"`
	TargetRules []string `toml:"targetRules"`
}

// catalogue maps gitleaks' ids to this set's own, where several formats are one rule here.
var catalogue = map[string]string{
	"aws-access-token":        "cred-aws-key",
	"private-key":             "cred-private-key",
	"github-app-token":        "cred-github-token",
	"github-fine-grained-pat": "cred-github-token",
	"github-oauth":            "cred-github-token",
	"github-pat":              "cred-github-token",
	"github-refresh-token":    "cred-github-token",
	"slack-app-token":         "cred-slack-token",
	"slack-bot-token":         "cred-slack-token", "slack-config-access-token": "cred-slack-token",
	"slack-config-refresh-token": "cred-slack-token", "slack-legacy-bot-token": "cred-slack-token",
	"slack-legacy-token": "cred-slack-token", "slack-legacy-workspace-token": "cred-slack-token",
	"slack-user-token": "cred-slack-token", "slack-webhook-url": "cred-slack-token",
	"stripe-access-token":     "cred-stripe-key",
	"openai-api-key":          "cred-openai-key",
	"anthropic-api-key":       "cred-anthropic-key",
	"anthropic-admin-api-key": "cred-anthropic-key",
	"jwt":                     "cred-jwt-token",
	"jwt-base64":              "cred-jwt-token",
	"generic-api-key":         "cred-generic-secret",
}

// pattern is one expression that is run on a window around its keywords.
type pattern struct {
	rule     *Rule
	source   string
	lazy     lazyRegexp
	path     *regexp.Regexp
	group    int
	entropy  float64
	keywords []string
	allow    []*allowlist
	hints    []string // one of these stands near every match
	verify   func(secret string, f *Finding)
}

// hints are literal parts of expressions whose keyword alone is too common.
var hints = map[string][]string{
	"curl-auth-header":       {"-H", "--header"},
	"curl-auth-user":         {"-u", "--user"},
	"kubernetes-secret-yaml": {"data:"},
}

// parseVendor reads a rule file; name is for messages. Expressions are checked, and compiled when first used.
func parseVendor(name, text string, check bool) ([]*pattern, *allowlist, error) {
	var file vendorFile
	if _, err := toml.Decode(text, &file); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	global := &allowlist{}
	lists := file.Allowlists
	if file.Allowlist != nil {
		lists = append(lists, *file.Allowlist)
	}
	targeted := map[string][]*allowlist{}
	for _, l := range lists {
		a, err := newAllowlist(l)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: allowlist: %w", name, err)
		}
		if len(l.TargetRules) == 0 {
			global.merge(a)
		}
		for _, id := range l.TargetRules {
			targeted[id] = append(targeted[id], a)
		}
	}
	disabled := map[string]bool{}
	for _, id := range file.Extend.DisabledRules {
		disabled[id] = true
	}
	var out []*pattern
	for _, r := range file.Rules {
		if disabled[r.ID] {
			continue
		}
		p, err := newPattern(r, check)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: rule %s: %w", name, r.ID, err)
		}
		p.allow = append(p.allow, targeted[r.ID]...)
		out = append(out, p)
	}
	return out, global, nil
}

func newPattern(r vendorRule, check bool) (*pattern, error) {
	p := &pattern{rule: vendorRuleOf(r), source: r.Regex, group: r.SecretGroup, entropy: r.Entropy, hints: hints[r.ID]}
	p.verify = verifiers[r.ID]
	p.lazy.source = r.Regex
	for _, k := range r.Keywords {
		p.keywords = append(p.keywords, strings.ToLower(k))
	}
	if check && r.Regex != "" {
		if _, err := p.lazy.compile(p.keywords); err != nil {
			return nil, err
		}
	}
	if r.Path != "" {
		re, err := regexp.Compile(r.Path)
		if err != nil {
			return nil, err
		}
		p.path = re
	}
	if r.Regex == "" && r.Path == "" {
		return nil, fmt.Errorf("expected a regex or a path")
	}
	lists := r.Allowlists
	if r.Allowlist != nil {
		lists = append(lists, *r.Allowlist)
	}
	for _, l := range lists {
		a, err := newAllowlist(l)
		if err != nil {
			return nil, fmt.Errorf("allowlist: %w", err)
		}
		p.allow = append(p.allow, a)
	}
	return p, nil
}

func vendorRuleOf(r vendorRule) *Rule {
	id := catalogue[r.ID]
	if own := ruleByID[id]; own != nil {
		copied := *own
		copied.Vendor = r.ID
		copied.Tags = append(append([]string{}, own.Tags...), r.Tags...)
		return &copied
	}
	name := strings.ReplaceAll(r.ID, "-", " ")
	return &Rule{
		ID: "cred-" + r.ID, Vendor: r.ID, Severity: event.SeverityHigh,
		Title: name,
		Why:   "Whoever reads this file can act as its owner at the service that issued it.",
		Fix:   "revoke it at the service, issue a new one, and keep that one out of files that are shared",
		Tags:  append([]string{"credential"}, r.Tags...),
	}
}
