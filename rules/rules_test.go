package rules

import (
	"os"
	"strings"
	"testing"

	"sandtrace/lib/rule"
)

// catalogue lists every rule that users of the set rely on, with its severity.
var catalogue = map[string]string{
	"cred-access-aws": "high", "cred-access-ssh": "high", "cred-access-gpg": "medium", "cred-access-npm": "high",
	"cred-access-docker": "medium", "cred-access-kube": "high", "cred-access-gcloud": "high", "cred-access-azure": "high",
	"cred-access-pgpass": "high", "cred-access-volta": "medium", "cred-access-triton": "high", "cred-access-netrc": "high",
	"cred-access-env": "medium", "cred-access-git-credentials": "high", "cred-access-cpln": "high",
	"supply-chain-node-modules": "critical", "supply-chain-npmrc-write": "high", "supply-chain-pip-conf": "high",
	"supply-chain-cargo-registry": "critical", "supply-chain-composer": "high",
	"ai-toolchain-config-write-claude": "critical", "ai-toolchain-config-write-cursor": "critical",
	"ai-toolchain-config-write-continue": "critical", "ai-toolchain-config-write-windsurf": "critical",
	"chain-credentials-exfil": "critical", "chain-download-run": "high", "chain-secret-scanner": "critical", "chain-npm-worm": "critical",
	"chain-install-persistence": "critical", "chain-python-startup": "critical", "chain-test-data-run": "high", "chain-environ-exfil": "high",
	"chain-wallet-exfil": "critical", "chain-reverse-shell": "critical", "chain-download-pipe": "high", "chain-destruction": "critical",
	"chain-metadata-service": "critical",
	"exfil-curl-unknown":     "medium", "exfil-dns-unusual": "high", "exfil-base64-pipe": "high",
}

func TestRules(t *testing.T) {
	all, err := Parse()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range all.Rules {
		if seen[r.ID] {
			t.Errorf("%s: stands in two files", r.ID)
		}
		seen[r.ID] = true
		if want, ok := catalogue[r.ID]; ok && want != string(r.Severity) {
			t.Errorf("%s: severity %s, want %s", r.ID, r.Severity, want)
		}
		if len(r.Tests.Match) == 0 || len(r.Tests.NoMatch) == 0 {
			t.Errorf("%s: has no test of both kinds", r.ID)
		}
		if r.Name == r.ID || r.Description == "" || len(r.Tags) == 0 || r.Message.Text == "" || !r.Enabled {
			t.Errorf("%s: lacks a name, description, tags or message, or is not enabled", r.ID)
		}
	}
	checked, err := rule.Check(all, rule.Env{Homes: []string{"/home/u"}}, func(*rule.Rule) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range checked.Failures {
		t.Error(err)
	}
	for id := range catalogue {
		if !seen[id] {
			t.Errorf("%s: missing", id)
		}
	}
}

// TestManualExamples compiles what sandtrace-rules(5) shows.
func TestManualExamples(t *testing.T) {
	page, err := os.ReadFile("../man/sandtrace-rules.5")
	if err != nil {
		t.Fatal(err)
	}
	builtin, err := Parse()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, block := range strings.Split(string(page), ".Bd -literal -offset indent\n")[1:] {
		text, _, _ := strings.Cut(block, ".Ed\n")
		parsed, err := rule.Parse("sandtrace-rules.5", []byte(text))
		if err == nil {
			_, err = rule.Compile(rule.Merge(builtin, parsed, func(_, _ *rule.Rule) {}), rule.Env{Homes: []string{"/home/u"}})
		}
		if err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		if parsed != nil {
			n += len(parsed.Rules)
		}
	}
	if n < 3 {
		t.Errorf("%d rules found", n)
	}
}
