package detect

import (
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"strings"

	"sandtrace/lib/event"
)

// verifiers look at what a format says of itself, offline; by the id in the rule data.
var verifiers = map[string]func(secret string, f *Finding){
	"github-pat":           verifyCRC,
	"github-oauth":         verifyCRC,
	"github-app-token":     verifyCRC,
	"github-refresh-token": verifyCRC,
	"npm-access-token":     verifyCRC,
	"aws-access-token":     verifyAWS,
	"jwt":                  verifyJWT,
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// checksum62 is the CRC-32 of s in six digits to the base of 62: how GitHub and npm end their tokens.
func checksum62(s string) string {
	n := crc32.ChecksumIEEE([]byte(s))
	var out [6]byte
	for i := 5; i >= 0; i-- {
		out[i] = base62[n%62]
		n /= 62
	}
	return string(out[:])
}

func verifyCRC(secret string, f *Finding) {
	_, body, ok := strings.Cut(secret, "_")
	if !ok || len(body) != 36 {
		return
	}
	if checksum62(body[:30]) == body[30:] {
		f.Confidence = sure
		if f.Rule.ID == "cred-npm-access-token" {
			f.Severity = event.SeverityCritical
		}
		return
	}
	f.Severity, f.Confidence = event.SeverityMedium, doubtful
	f.Message += ", but its checksum does not match"
}

// verifyAWS names the account, which key ids carry since 2019.
func verifyAWS(secret string, f *Finding) {
	if len(secret) != 20 || secret[4] < 'Q' {
		return
	}
	raw, err := base32.StdEncoding.DecodeString(secret[4:])
	if err != nil {
		return
	}
	id := binary.BigEndian.Uint64(append([]byte{0, 0}, raw[:6]...)) & 0x7fffffffff80 >> 7
	if id < 1e12 {
		f.Message += fmt.Sprintf(" of account %012d", id)
		f.Confidence = sure
	}
}

func verifyJWT(secret string, f *Finding) {
	head, _, _ := strings.Cut(secret, ".")
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(head, "="))
	var header struct {
		Alg string `json:"alg"`
	}
	if err != nil || json.Unmarshal(raw, &header) != nil || header.Alg == "" {
		f.Severity, f.Confidence = event.SeverityLow, doubtful
		f.Message += ", but its header does not decode"
		return
	}
	f.Confidence = sure
}

// verifyKey parses a private key in PEM.
func verifyKey(text string, f *Finding) {
	f.Confidence = likely
	text = strings.NewReplacer(`\r`, "", `\n`, "\n", `\`, "", `"`, "", "'", "").Replace(text)
	block, _ := pem.Decode([]byte(trimLines(text)))
	if block == nil {
		f.Severity, f.Confidence = event.SeverityHigh, doubtful
		f.Message += ", but it does not decode"
		return
	}
	switch {
	case strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "":
		f.Severity = event.SeverityHigh
		f.Message = "private key, encrypted with a passphrase"
	case block.Type == "OPENSSH PRIVATE KEY":
		if strings.HasPrefix(string(block.Bytes), "openssh-key-v1\x00") {
			f.Confidence = sure
		}
	case parsesAsKey(block.Bytes):
		f.Confidence = sure
	}
}

func parsesAsKey(der []byte) bool {
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	_, err := x509.ParseECPrivateKey(der)
	return err == nil
}

// trimLines takes the indentation off, as of a key in a YAML file.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(strings.TrimLeft(lines[i], " \t|>,`"), " \t\r,;`")
	}
	return strings.Join(lines, "\n")
}
