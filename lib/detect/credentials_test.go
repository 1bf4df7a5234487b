package detect

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"sandtrace/lib/event"
)

// random is n characters of an alphabet. Samples are made here, not kept: hosts of code refuse files that
// look like secrets.
func random(t testing.TB, alphabet string, n int) string {
	t.Helper()
	out := make([]byte, n)
	for i := range out {
		k, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			t.Fatal(err)
		}
		out[i] = alphabet[k.Int64()]
	}
	return string(out)
}

const (
	upper32   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	hexDigits = "0123456789abcdef"
)

func awsKey(t testing.TB) string { return "AKIA" + "R" + random(t, upper32, 15) }

func checksummed(t testing.TB, prefix string) string {
	body := random(t, base62, 30)
	return prefix + body + checksum62(body)
}

func privateKey(t testing.TB) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func jwt(t testing.TB) string {
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc.EncodeToString([]byte(`{"sub":"`+random(t, hexDigits, 12)+`","iat":1516239022}`)) + "." + random(t, base62, 43)
}

func TestCredentials(t *testing.T) {
	s := engine(t).NewScanner()
	for _, tt := range []struct {
		rule     string
		severity event.Severity
		path     string
		text     string // %s is the secret
		secret   string
	}{
		{"cred-aws-key", critical, "a.js", "const k = \"%s\";\n", awsKey(t)},
		{"cred-aws-key", critical, "test/fixtures/a.js", "const k = \"%s\";\n", awsKey(t)},
		{"cred-aws-key", critical, "a.md", "an example:\n%s\n", awsKey(t)},
		{"cred-github-token", critical, "a.py", "t = '%s'\n", checksummed(t, "ghp_")},
		{"cred-github-token", medium, "a.py", "t = '%s'\n", "ghp_" + random(t, base62, 36)},
		{"cred-npm-access-token", critical, ".npmrc", "//registry.npmjs.org/:_authToken=%s\n", checksummed(t, "npm_")},
		{"cred-slack-token", critical, "a.js", "x(\"%s\")\n", "xoxb-" + random(t, "123456789", 12) + "-" + random(t, "123456789", 12) + random(t, base62, 24)},
		{"cred-stripe-key", critical, "a.rb", "key = \"%s\"\n", "sk_live_" + random(t, base62, 24)},
		{"cred-openai-key", critical, "a.py", "k = \"%s\"\n", "sk-" + random(t, base62, 20) + "T3BlbkFJ" + random(t, base62, 20)},
		{"cred-anthropic-key", critical, "a.py", "k = \"%s\"\n", "sk-ant-api03-" + random(t, base62, 93) + "AA"},
		{"cred-jwt-token", high, "a.js", "auth('%s')\n", jwt(t)},
		{"cred-private-key", critical, "a.txt", "%s", privateKey(t)},
		{"cred-generic-secret", high, "a.js", "const api_secret = '%s';\n", random(t, hexDigits, 64)},
		{"cred-env-secret", high, ".env", "SESSION_SECRET=%s\n", random(t, hexDigits, 64)},
		{"cred-env-secret", high, ".env.production", "DB_PASSWORD=%s\n", "hK9!" + random(t, hexDigits, 9) + "z"},
		{"cred-generic-password", high, "a.js", "password: \"%s\",\n", "Tr0ub4dor&3" + random(t, hexDigits, 3)},
		{"cred-generic-password", high, "a.yml", "url: postgres://app:%s@db.internal/x\n", "hK9" + random(t, base62, 9) + "1"},
		{"cred-gitlab-pat", high, "a.py", "t = '%s'\n", "glpat-" + random(t, base62, 20)},
		{"cred-sendgrid-api-token", high, "a.py", "t = '%s'\n", "SG." + random(t, base62, 22) + "." + random(t, base62, 43)},
	} {
		found := find(t, s, tt.path, fmt.Sprintf(tt.text, tt.secret))
		f := has(found, tt.rule)
		if f == nil {
			t.Errorf("%s: %s: not found in %q, only %q", tt.rule, tt.path, tt.text, ids(found))
			continue
		}
		if f.Severity != tt.severity {
			t.Errorf("%s: %s: %s, expected %s (%s)", tt.rule, tt.path, f.Severity, tt.severity, f.Message)
		}
		if strings.Contains(f.Preview+f.Message, tt.secret) {
			t.Errorf("%s: the secret is in preview or message: %q", tt.rule, f.Preview)
		}
		if !strings.Contains(tt.secret, strings.TrimSpace(f.Secret)) {
			t.Errorf("%s: secret %q is none of %q", tt.rule, f.Secret, tt.secret)
		}
	}
}

// TestNoCredentials: what only looks like one.
func TestNoCredentials(t *testing.T) {
	s := engine(t).NewScanner()
	for _, text := range []string{
		"password: \"changeme\"\n", "password = os.environ['DB_PASSWORD1']\n", "password=\"<your password 1>\"\n", "token: ${GITHUB_TOKEN}\n",
		"const key = 'user.settings.theme.v2'\n", "integrity = 'sha512-x'\n", "AKIAIOSFODNN7EXAMPLE\n", "api_key = 'xxxxxxxxxxxxxxxx1'\n",
		"-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n", "url: http://user:password1@localhost/\n",
	} {
		for _, f := range find(t, s, "src/a.js", text) {
			t.Errorf("%q: %s %q", text, f.Rule.ID, f.Message)
		}
	}
}

// TestEncoded: secrets are found in encoded text, where that text stands.
func TestEncoded(t *testing.T) {
	s := engine(t).NewScanner()
	key := awsKey(t)
	plainText := "the key is " + key + " and that is all of it"
	escaped, spelled := "", ""
	for _, c := range []byte(plainText) {
		escaped += fmt.Sprintf(`\x%02x`, c)
		spelled += fmt.Sprintf(`\u%04x`, c)
	}
	b64 := base64.StdEncoding.EncodeToString([]byte(plainText))
	for name, text := range map[string]string{
		"base64": b64, "base64 twice": base64.StdEncoding.EncodeToString([]byte("padding padding padding " + b64)), "hex": hex.EncodeToString([]byte(plainText)),
		"percent": strings.ReplaceAll(url.QueryEscape(plainText+"%%%%"), "+", "%20"), "escapes": escaped, "unicode": spelled,
	} {
		found := find(t, s, "a.js", "\nx = \""+text+"\"\n")
		f := has(found, "cred-aws-key")
		if f == nil {
			t.Errorf("%s: not found, only %q", name, ids(found))
		} else if f.Line != 2 || f.Secret != key {
			t.Errorf("%s: line %d, secret %q", name, f.Line, f.Secret)
		}
	}
}

// TestWindows: a finding is reported once, at its place, wherever a window ends.
func TestWindows(t *testing.T) {
	s := engine(t).NewScanner()
	key := awsKey(t)
	for _, at := range []int{0, windowSize - ahead - 5, windowSize - ahead, windowSize - 10, windowSize, windowSize + 1, 2*windowSize - ahead - behind, 3 * windowSize} {
		text := strings.Repeat("x\n", at/2) + "\"" + key + "\"\n" + strings.Repeat("y", 100)
		found := find(t, s, "a.txt", text)
		if len(found) != 1 || found[0].Line != at/2+1 || found[0].Column != 2 {
			t.Errorf("at %d: %d findings: %+v", at, len(found), found)
		}
		line := strings.Repeat("é ", at/2) + "\"" + key + "\"" // one line
		found = find(t, s, "a.txt", line)
		if len(found) != 1 || found[0].Line != 1 || found[0].Column != at/2*2+2 {
			t.Errorf("one line, at %d: %d findings", at, len(found))
		}
	}
}

// TestUTF16 and bytes that are no UTF-8 do not hide what is around them.
func TestUTF16(t *testing.T) {
	s := engine(t).NewScanner()
	key := awsKey(t)
	text := "\nkey = \"" + key + "\"\n"
	for _, big := range []bool{false, true} {
		var b bytes.Buffer
		for _, c := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
			if big {
				b.Write([]byte{byte(c >> 8), byte(c)})
			} else {
				b.Write([]byte{byte(c), byte(c >> 8)})
			}
		}
		if f := has(find(t, s, "a.txt", b.String()), "cred-aws-key"); f == nil || f.Line != 2 {
			t.Errorf("big endian %v: %+v", big, f)
		}
	}
	if has(find(t, s, "a.txt", "\xff\xfe\xfd bad"+text), "cred-aws-key") == nil {
		t.Error("not found beside bytes that are no UTF-8")
	}
}

// TestNeighbours: what stands beside a finding does not leak through its preview.
func TestNeighbours(t *testing.T) {
	s := engine(t).NewScanner()
	key := awsKey(t)
	for _, f := range find(t, s, "a.js", "eval(atob(x)); const k = '"+key+"'; password = 'hunter2hunter2'"+strings.Repeat(" ", 60)+"\n") {
		if strings.Contains(f.Preview, key) || strings.Contains(f.Preview, "hunter2hunter2") {
			t.Errorf("%s: %q", f.Rule.ID, f.Preview)
		}
	}
}

func TestFingerprint(t *testing.T) {
	s := engine(t).NewScanner()
	line := "k = '" + awsKey(t) + "'\n"
	a := find(t, s, "a.js", line)[0].Fingerprint()
	b := find(t, s, "a.js", "\n\n\n"+line)[0].Fingerprint()
	c := find(t, s, "b.js", line)[0].Fingerprint()
	if a != b || a == c {
		t.Errorf("%s %s %s", a, b, c)
	}
}

func TestSuppress(t *testing.T) {
	s := engine(t).NewScanner()
	key := awsKey(t)
	for _, tt := range []struct {
		path, text string
		suppressed bool
	}{
		{"a.js", "k = '" + key + "' // sandtrace:ignore\n", true},
		{"a.js", "// sandtrace:ignore cred-aws-key\nk = '" + key + "'\n", true},
		{"a.js", "// sandtrace:ignore [cred-*]\nk = '" + key + "'\n", true},
		{"a.js", "k = '" + key + "' # @sandtrace-ignore\n", true},
		{"a.js", "k = '" + key + "' // gitleaks:allow\n", true},
		{"a.js", "k = '" + key + "' // sandtrace:ignore obfuscation-base64\n", false},
		{"a.js", "// sandtrace:ignore\n\nk = '" + key + "'\n", false},
		{"node_modules/x/a.js", "k = '" + key + "' // sandtrace:ignore\n", false},
	} {
		f := has(find(t, s, tt.path, tt.text), "cred-aws-key")
		if f == nil || (f.Suppressed != "") != tt.suppressed {
			t.Errorf("%q: %+v", tt.text, f)
		}
	}
}

func TestLink(t *testing.T) {
	e := engine(t)
	for _, tt := range []struct {
		target   string
		outside  bool
		severity event.Severity
	}{
		{"/etc/passwd", true, critical}, {"../../../.ssh/id_rsa", true, critical}, {"../../elsewhere", true, medium}, {"../b.js", false, ""},
	} {
		f := e.Link("a/link", tt.target, tt.outside)
		if f == nil != (tt.severity == "") || f != nil && f.Severity != tt.severity {
			t.Errorf("%s: %+v", tt.target, f)
		}
	}
}

func TestCustom(t *testing.T) {
	e, err := New(Options{Patterns: []Pattern{
		{ID: "corp-id", Severity: low, Type: PatternRegex, Text: `CORP-\d{4}`, Extensions: []string{"txt"}},
		{ID: "corp-host", Type: PatternLiteral, Text: "Build.Corp.Example"},
		{ID: "corp-file", Type: PatternName, Text: `\.kdbx$`},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := e.NewScanner()
	if got := ids(find(t, s, "a.txt", "CORP-1234 Build.Corp.Example build.corp.example\n")); got != "corp-id corp-host" {
		t.Error(got)
	}
	if got := ids(find(t, s, "a.md", "CORP-1234\n")); got != "" {
		t.Error(got)
	}
	if got := ids(find(t, s, "x/a.kdbx", "z")); got != "corp-file" {
		t.Error(got)
	}
	for _, p := range []Pattern{{ID: "a b", Text: "x"}, {ID: "a", Text: ""}, {ID: "a", Text: "("}, {ID: "a", Text: "x*"}, {ID: "a", Text: "x", Type: "odd"}, {ID: "a", Text: "x", Severity: "odd"}, {ID: "cred-aws-key", Text: "x"}} {
		if _, err := New(Options{Patterns: []Pattern{p}}); err == nil {
			t.Errorf("%+v is accepted", p)
		}
	}
}

// TestLiterals: of a long list each entry is found, wherever a window ends.
func TestLiterals(t *testing.T) {
	var texts []string
	for i := range 50000 {
		texts = append(texts, fmt.Sprintf("host-%05d.example", i), fmt.Sprintf("%06d", i*7))
	}
	e, err := New(Options{Literals: texts})
	if err != nil {
		t.Fatal(err)
	}
	s := e.NewScanner()
	for _, at := range []int{0, 10, windowSize - ahead - 3, windowSize - 2, 2 * windowSize} {
		if got := ids(find(t, s, "a.log", strings.Repeat("y", at)+"host-49999.example")); got != "custom-ioc" {
			t.Errorf("at %d: %q", at, got)
		}
	}
	if got := ids(find(t, s, "a.log", "host-50000.example host-1.example")); got != "" {
		t.Error(got)
	}
}
