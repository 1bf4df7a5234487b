package detect

import (
	"bytes"
	"strings"
)

// value is what stands behind a name and an operator.
type value struct {
	from  int
	quote byte // 0 where it stands bare
}

// assigned parses what follows a keyword that ends at e: the rest of the name, an operator, the value.
func assigned(b []byte, e int) (value, bool) {
	i := e
	for limit := min(len(b), e+50); i < limit && (isWord(b[i]) || b[i] == '.' || b[i] == '-' || isBlank(b[i])); {
		i++
	}
	for limit := min(len(b), i+3); i < limit && (b[i] == '\'' || b[i] == '"' || b[i] == ']' || b[i] == '\\' || isSpace(b[i])); {
		i++
	}
	from := i
	for i < len(b) && i < from+4 && (b[i] == '=' || b[i] == '>' || b[i] == ':' || b[i] == '|' || b[i] == '?' || b[i] == ',') {
		i++
	}
	if i == from {
		return value{}, false
	}
	v := value{}
	for limit := min(len(b), i+5); i < limit && (isSpace(b[i]) || b[i] == '=' || b[i] == '\\'); {
		i++
	}
	if i < len(b) && (b[i] == '"' || b[i] == '\'' || b[i] == '`') {
		v.quote = b[i]
		i++
	}
	v.from = i
	return v, i < len(b)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// genericWords are the names that assignments of secrets go by.
var genericWords = []string{"access", "api", "auth", "key", "credential", "creds", "passwd", "password", "secret", "token"}

// longValue bounds a value: keys in hex or base64 are long.
const longValue = 8 << 10

// generic looks at the value assigned to a name with one of genericWords in it: long, with a digit, of
// high entropy, and none of what the rule data allows.
func (s *Scanner) generic(_ *detector, start, end int) {
	b := s.w.b
	v, ok := assigned(b, end)
	if !ok || v.from < s.genericDone {
		return
	}
	i, digits := v.from, 0
	for limit := min(len(b), v.from+longValue); i < limit && (isWord(b[i]) || b[i] == '.' || b[i] == '=' || b[i] == '-' || b[i] == '+' || b[i] == '/'); i++ {
		if isDigit(b[i]) {
			digits++
		}
	}
	n := i - v.from
	if n < 10 || n > 150 && bytes.ContainsAny(b[v.from:i], "._-") || digits == 0 || (i < len(b) && !endsValue(b, i)) {
		return
	}
	if v.quote == 0 && s.kind&code != 0 { // a bare value in code is an expression
		return
	}
	secret := string(b[v.from:i])
	mixed := strings.ContainsAny(secret, "+/") && strings.ContainsAny(secret, "._-")
	if mixed || entropy(secret) <= 3.5 || !s.plausible(secret) {
		return
	}
	s.genericDone = i
	from := start
	for from > 0 && start-from < 50 && (isWord(b[from-1]) || b[from-1] == '.' || b[from-1] == '-') {
		from--
	}
	p := s.e.generic
	if name := bytes.ToLower(b[from:v.from]); bytes.Contains(name, []byte("public")) || bytes.Contains(name, []byte("vapid")) {
		return
	}
	if p == nil || s.allowed(p, secret, string(b[from:i]), start) {
		return
	}
	r := p.rule
	if s.kind&envFile != 0 {
		r = ruleByID["cred-env-secret"]
	}
	f := s.finding(r, v.from, i)
	f.Secret = secret
	f.Confidence = likely
	if s.kind&trial != 0 {
		f.Severity, f.Confidence = low, doubtful
	}
	name := string(b[from:end])
	f.Preview = name + " = " + redact(secret)
	s.emit(f)
}

func endsValue(b []byte, i int) bool {
	switch c := b[i]; c {
	case '`', '\'', '"', ';', ',', ')', '<', '&':
		return true
	case '\\':
		return i+1 < len(b) && (b[i+1] == 'n' || b[i+1] == 'r' || b[i+1] == '"')
	default:
		return isSpace(c)
	}
}

// plausible tells a random text from names, paths, versions, dates and the like.
func (s *Scanner) plausible(v string) bool {
	for _, row := range []string{"1234567890", "0123456789", "abcdef0123", "123456789a", "abcdefghij", "1234abcd"} {
		if strings.Contains(strings.ToLower(v), row) {
			return false
		}
	}
	if strings.Count(v, "/") > 2 || strings.HasPrefix(v, "/") || strings.HasPrefix(v, "./") {
		return false
	}
	// words joined by a mark, in most of which no digit stands, are a name
	parts := strings.FieldsFunc(v, func(r rune) bool { return r == '.' || r == '-' || r == '_' || r == '/' || r == '+' })
	words := 0
	for _, p := range parts {
		if len(p) < 16 && (!strings.ContainsAny(p, "0123456789") || len(p) < 4) {
			words++
		}
	}
	if len(parts) >= 3 && words*2 >= len(parts) {
		return false
	}
	// so is camel case: runs of letters as long as words, and few digits
	digits, switches, letters := 0, 0, 0
	for i := range len(v) {
		if isDigit(v[i]) {
			digits++
		} else {
			letters++
		}
		if i > 0 && (isDigit(v[i]) != isDigit(v[i-1])) {
			switches++
		}
	}
	return switches > 2 || digits*4 >= letters && switches > 1
}

// password looks at the value of a name like password: shorter and less random than other secrets.
func (s *Scanner) password(_ *detector, start, end int) {
	b := s.w.b
	v, ok := assigned(b, end)
	if !ok || v.from < s.genericDone || bytes.IndexByte(b[end:v.from], ',') >= 0 || bytes.IndexByte(b[end:v.from], '?') >= 0 {
		return
	}
	bare := s.kind&(envFile|config|yaml) != 0
	if v.quote == 0 && !bare {
		return
	}
	i := v.from
	for limit := min(len(b), v.from+80); i < limit && b[i] != v.quote && b[i] > ' ' && b[i] < 0x7f && (v.quote != 0 || b[i] != '#'); {
		i++
	}
	if v.quote != 0 && (i == len(b) || b[i] != v.quote) || i-v.from < 8 {
		return
	}
	secret := string(b[v.from:i])
	if placeholder(secret) || !strings.ContainsAny(secret, "0123456789") || classes(secret) < 2 || secret[0] == '/' || words(secret) {
		return
	}
	s.genericDone = i
	rule := ruleByID["cred-generic-password"]
	if s.kind&envFile != 0 {
		rule = ruleByID["cred-env-secret"]
	}
	f := s.finding(rule, v.from, i)
	f.Secret, f.Confidence = secret, likely
	f.Preview = string(b[start:end]) + " = " + redact(secret)
	if s.kind&(trial|prose|lockfile|sourceMap) != 0 {
		f.Severity, f.Confidence = low, doubtful
	}
	if !s.vendorAllows(secret) {
		s.emit(f)
	}
}

// words tells a name made of three words or more.
func words(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '-' || r == '_' || r == '/' || r == ':' })
	return len(parts) >= 3 && classes(s) < 4 && entropy(s) < 4
}

// classes counts lower-case letters, capitals, digits and marks.
func classes(s string) int {
	var seen [4]int
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			seen[0] = 1
		case c >= 'A' && c <= 'Z':
			seen[1] = 1
		case isDigit(c):
			seen[2] = 1
		default:
			seen[3] = 1
		}
	}
	return seen[0] + seen[1] + seen[2] + seen[3]
}

// placeholder tells a text that stands for a secret.
func placeholder(s string) bool {
	l := strings.ToLower(s)
	if strings.ContainsAny(s, "<>{}$ ()[]%\\") || strings.Trim(s, "*xX.#-_") == "" {
		return true
	}
	for _, w := range []string{"example", "changeme", "change_me", "change-me", "your_", "your-", "yourpass", "placeholder", "dummy", "sample", "redacted", "xxxx", "process.env", "os.environ", "getenv", "://", "****", "password", "passwd"} {
		if strings.Contains(l, w) && len(l)-len(w) <= 6 || strings.HasPrefix(l, w) && strings.HasSuffix(w, "_") {
			return w != "password" && w != "passwd" || len(l)-len(w) < 2
		}
	}
	return strings.Contains(l, "://")
}
