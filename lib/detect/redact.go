package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// redact shows enough of a secret to find it again: the first four characters where they are a format's
// prefix, the last two where it is long, and its length.
func redact(secret string) string {
	const most = 24
	n := utf8.RuneCountInString(secret)
	if n < 12 {
		return strings.Repeat("*", min(n, most))
	}
	head, tail := secret[:4], secret[len(secret)-2:]
	if !plain(head) || !plain(tail) {
		return strings.Repeat("*", most)
	}
	return head + strings.Repeat("*", min(n-6, most-6)) + tail
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// snippetMost is how many bytes of a line a preview shows.
const snippetMost = 120

// snippet is text from a file for a preview: cut at a character's edge, with everything masked that may be
// a secret, for what stands beside a finding is shown as well.
func snippet(b []byte) string {
	cut := b
	if len(cut) > snippetMost {
		cut = cut[:snippetMost]
		for len(cut) > 0 && !utf8.RuneStart(b[len(cut)]) {
			cut = cut[:len(cut)-1]
		}
	}
	out := []byte(mask(string(cut)))
	if len(cut) < len(b) {
		out = append(out, "..."...)
	}
	return string(out)
}

// mask hides every run of token characters that is long and mixed as secrets are, and what is assigned to
// a name that speaks of a secret.
func mask(s string) string {
	var out strings.Builder
	named := false
	for i := 0; i < len(s); {
		if !token[s[i]] || s[i] == '=' || s[i] == ':' {
			out.WriteByte(s[i])
			i++
			continue
		}
		j := i
		for j < len(s) && token[s[j]] && s[j] != '=' && s[j] != ':' {
			j++
		}
		word := s[i:j]
		switch {
		case named && len(word) >= 4, len(word) >= 16 && mixed(word):
			out.WriteString(redact(word))
			named = false
		default:
			out.WriteString(word)
			named = secretName.contains(word)
		}
		i = j
	}
	return out.String()
}

// mixed is a word with letters and digits that does not repeat itself much.
func mixed(s string) bool {
	digits, letters := 0, 0
	for i := range len(s) {
		switch {
		case isDigit(s[i]):
			digits++
		case s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z':
			letters++
		}
	}
	return digits > 0 && letters > 0 && entropy(s) >= 3
}

var secretName = newAutomaton(map[string][]int{
	"passw": {0}, "passwd": {0}, "secret": {0}, "token": {0}, "apikey": {0}, "api_key": {0}, "api-key": {0}, "credential": {0}, "auth": {0}, "pwd": {0},
})

// stretch is how often a secret is hashed: a fingerprint is published, and must not let a short
// password be guessed by the billion.
const stretch = 2000

// Fingerprint names the finding without regard to its line: from rule, path and a hash of the content.
func (f *Finding) Fingerprint() string {
	salt := "sandtrace finding 1\x00" + f.Rule.ID + "\x00" + f.Path + "\x00"
	sum := sha256.Sum256([]byte(salt + f.content))
	if f.Secret != "" {
		sum = sha256.Sum256([]byte(salt + f.Secret))
		for range stretch {
			sum = sha256.Sum256(sum[:])
		}
	}
	return "sha256:" + hex.EncodeToString(sum[:])
}
