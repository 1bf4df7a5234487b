package detect

import (
	"bytes"
	"regexp"
	"strings"
)

// vendorFormat runs a format's expression on the window around a keyword, if the gates let it.
func (s *Scanner) vendorFormat(d *detector, start, end int) {
	p := d.pattern
	if p.path != nil && !p.path.MatchString(s.path) {
		return
	}
	re, err := p.lazy.compile(p.keywords)
	if err != nil {
		return
	}
	b := s.w.b
	if len(p.lazy.heads) > 0 && !p.lazy.begins(b, start) {
		return
	}
	from, to := start-128, end+max(400, p.lazy.reach+32)
	need := p.lazy.need
	if p.lazy.wide {
		if s.done[d.index] > 0 { // the window has been looked at
			return
		}
		s.done[d.index] = 1
		s.everywhere(d, re, max(need, 16))
		return
	} else if p.lazy.assign {
		v, ok := assigned(b, end)
		if !ok || need > 0 && !hasRun(b, v.from-2, v.from+need+24, need) {
			return
		}
		from = start - 64
	} else if need > 0 && !hasRun(b, start-need-40, end+min(p.lazy.reach, 512)+need, need) {
		return
	}
	from, to = max(from, 0), min(to, len(b))
	if len(p.hints) > 0 && !containsAny(b[start:to], p.hints) {
		return
	}
	s.matches(d, re, from, to)
}

// everywhere runs an expression around every run of n token characters in the window: its keyword may
// stand anywhere in the file.
func (s *Scanner) everywhere(d *detector, re *regexp.Regexp, n int) {
	b := s.w.b
	for i := n - 1; i < len(b); {
		k := i
		for k > i-n && token[b[k]] {
			k--
		}
		if k > i-n {
			i = k + n
			continue
		}
		to := i + 1
		for to < len(b) && to-i < 1024 && token[b[to]] {
			to++
		}
		if digits(b[i-n+1:to]) >= 3 { // long names have fewer
			s.matches(d, re, max(i-n-64, 0), min(to+64, len(b)))
		}
		i = to + n
	}
}

func digits(b []byte) int {
	n := 0
	for _, c := range b {
		if isDigit(c) {
			n++
		}
	}
	return n
}

// matches judges what an expression finds in [from, to).
func (s *Scanner) matches(d *detector, re *regexp.Regexp, from, to int) {
	p, b := d.pattern, s.w.b
	for _, m := range re.FindAllSubmatchIndex(b[from:to], 4) {
		at, stop := from+m[0], from+m[1]
		if at < s.done[d.index] || !s.w.owns(at) && (p.lazy.wide || at >= s.w.to) || at == from && from > 0 && isWord(b[from-1]) || stop == to && to < len(b) && token[b[to]] && token[b[to-1]] {
			continue
		}
		a, z := at, stop
		switch {
		case p.group > 0 && len(m) > 2*p.group+1:
			a, z = from+m[2*p.group], from+m[2*p.group+1]
		default:
			for g := 2; g+1 < len(m); g += 2 {
				if m[g] >= 0 && m[g+1] > m[g] {
					a, z = from+m[g], from+m[g+1]
					break
				}
			}
		}
		if a < from || z <= a {
			continue
		}
		s.done[d.index] = stop
		if inBlob(b, at, stop) {
			continue
		}
		s.credential(d, a, z, string(b[at:stop]))
	}
}

// inBlob tells whether a match is a piece of base64: its line has nothing else, or it goes on beyond the
// match on both sides.
func inBlob(b []byte, at, stop int) bool {
	from, to := at, stop
	for from > 0 && at-from < 100 && isBase64(b[from-1]) {
		from--
	}
	for to < len(b) && to-stop < 100 && isBase64(b[to]) {
		to++
	}
	whole := (from == 0 || b[from-1] == '\n') && (to == len(b) || b[to] == '\n' || b[to] == '\r') && to-from >= 56 && to-from > stop-at+8
	return whole || at-from >= 24 && to-from > stop-at+24
}

func isBase64(c byte) bool { return c != '_' && isWord(c) || c == '+' || c == '/' }

func containsAny(b []byte, words []string) bool {
	for _, w := range words {
		if bytes.Contains(b, []byte(w)) {
			return true
		}
	}
	return false
}

// credential judges what an expression found at [a, z).
func (s *Scanner) credential(d *detector, a, z int, match string) {
	p := d.pattern
	secret := string(s.w.b[a:z])
	if p.entropy > 0 && entropy(secret) <= p.entropy || s.allowed(p, secret, match, a) {
		return
	}
	f := s.finding(p.rule, a, z)
	f.Secret, f.Preview, f.Confidence = secret, redact(secret), likely
	if p.lazy.wide { // only a word elsewhere in the file says what it is
		f.Severity, f.Confidence = medium, doubtful
	}
	if p.lazy.assign && s.kind&(trial|lockfile|sourceMap|styles) != 0 {
		f.Severity, f.Confidence = low, doubtful
	}
	if p.verify != nil {
		p.verify(secret, f)
	}
	s.emit(f)
}

func (s *Scanner) allowed(p *pattern, secret, match string, at int) bool {
	line := ""
	for _, a := range p.allow {
		if a.target == "line" && line == "" {
			line = string(s.w.around(max(s.w.lineStart(at), at-lineContext), min(s.w.lineEnd(at), at+lineContext)))
		}
		if a.allows(s.path, secret, match, line) {
			return true
		}
	}
	return s.vendorAllows(secret)
}

// vendorAllows is the global allow-list on the secret alone: which paths are looked at is the walk's affair.
func (s *Scanner) vendorAllows(secret string) bool {
	g := s.e.global
	for _, m := range s.e.limits.Markers {
		if strings.Contains(secret, m) {
			return true
		}
	}
	return g.stop(secret) || anyMatch(g.regexes, secret)
}

// privateKey looks for the two ends of a key in PEM; the word found is the end of the header.
func (s *Scanner) privateKey(d *detector, start, end int) {
	b := s.w.b
	head := bytes.LastIndex(s.w.around(start-120, start), []byte("-----BEGIN"))
	if head < 0 || bytes.IndexByte(s.w.around(max(start-120, 0)+head, start), '\n') >= 0 {
		return
	}
	from := max(start-120, 0) + head
	if bytes.Contains(b[from+10:start], []byte("---")) { // the word is that of another key's end
		return
	}
	rest := s.w.around(end, end+ahead-512)
	foot := bytes.Index(rest, []byte("-----END"))
	if foot < 64 {
		return
	}
	body := rest[:foot]
	to := end + foot
	if tail := bytes.Index(b[to:min(to+160, len(b))], []byte("KEY")); tail >= 0 {
		to += tail + 3
		for to < len(b) && (b[to] == '-' || b[to] == ' ' || b[to] >= 'A' && b[to] <= 'Z') && to-end-foot < 160 {
			to++
		}
	}
	runs := 0
	for _, line := range bytes.FieldsFunc(body, func(r rune) bool { return r >= 0x80 || !token[byte(r)] || r == '.' }) {
		if len(line) >= 16 {
			runs += len(line)
		}
	}
	if runs < 40 { // an ellipsis, a variable, a message
		return
	}
	secret := string(b[from:to])
	if s.allowed(d.pattern, secret, secret, from) {
		return
	}
	f := s.finding(d.rule, from, to)
	f.Secret = secret
	f.Preview = "-----BEGIN " + strings.TrimLeft(string(b[from+len("-----BEGIN"):end]), " ") + " ***"
	verifyKey(secret, f)
	if s.kind&trial != 0 && f.Severity == critical {
		f.Severity = high
	}
	s.done[d.index] = to
	s.emit(f)
}

// userinfo finds a password in a URL: scheme://user:password@host.
func (s *Scanner) userinfo(d *detector, start, end int) {
	b := s.w.b
	i := end
	colon := -1
	for limit := min(len(b), end+160); i < limit && b[i] > ' ' && b[i] < 0x7f && b[i] != '/' && b[i] != '@' && b[i] != '"' && b[i] != '\''; i++ {
		if b[i] == ':' && colon < 0 {
			colon = i
		}
	}
	if i == len(b) || i >= end+160 || b[i] != '@' || colon <= end || i-colon < 7 {
		return
	}
	secret := string(b[colon+1 : i])
	if placeholder(secret) || !strings.ContainsAny(secret, "0123456789") || classes(secret) < 2 || entropy(secret) < 2.5 || s.kind&(lockfile|sourceMap) != 0 || s.vendorAllows(secret) {
		return
	}
	host := string(s.w.around(i+1, i+40))
	for _, h := range []string{"example", "localhost", "127.0.0.1", "host", "test", "foo", "bar"} {
		if strings.HasPrefix(host, h) {
			return
		}
	}
	f := s.finding(d.rule, colon+1, i)
	f.Message, f.Secret, f.Confidence = "password in a URL", secret, likely
	f.Preview = "://" + string(b[end:colon]) + ":" + redact(secret) + "@"
	if s.kind&(trial|prose) != 0 {
		f.Severity, f.Confidence = low, doubtful
	}
	s.done[d.index] = i
	s.emit(f)
}
