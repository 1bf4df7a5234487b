package detect

import (
	"bytes"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameRules look at the file's name and its first bytes.
func (s *Scanner) nameRules(head []byte) {
	name := path.Base(s.path)
	s.polyglot(name, head)
	s.dotfile(name, head)
	s.nameLetters(name)
	for _, p := range s.e.named {
		if p.path.MatchString(s.path) {
			f := &Finding{Rule: p.rule, Path: s.path, Severity: p.rule.Severity, Message: p.rule.Title, Confidence: likely, content: name}
			if s.kind&trial != 0 {
				f.Severity, f.Confidence = low, doubtful
			}
			s.spans = append(s.spans, [2]int{-1, -1})
			s.emit(f)
		}
	}
	for _, p := range s.e.files {
		s.customName(p, name)
	}
}

// magics are how formats begin that can be executed or unpacked.
var magics = []struct {
	bytes string
	name  string
}{
	{"\x7fELF", "an ELF program"},
	{"MZ\x90\x00", "a Windows program"},
	{"\xcf\xfa\xed\xfe", "a Mach-O program"},
	{"\xfe\xed\xfa\xcf", "a Mach-O program"},
	{"\xca\xfe\xba\xbe\x00\x00", "Java classes or a Mach-O program"},
	{"PK\x03\x04", "a ZIP archive"},
	{"\x1f\x8b\x08", "a gzip archive"},
	{"Rar!\x1a", "a RAR archive"},
	{"7z\xbc\xaf", "a 7z archive"},
	{"\x00asm", "WebAssembly"},
}

// imageStarts are how pictures begin.
var imageStarts = []string{"\x89PNG", "\xff\xd8", "GIF87a", "GIF89a", "BM", "RIFF", "\x00\x00\x01\x00", "\x00\x00\x02\x00", "II*\x00", "MM\x00*", "wOFF", "wOF2", "\x00\x01\x00\x00", "OTTO", "true", "ID3"}

// polyglot compares what the name says with what the first bytes are.
func (s *Scanner) polyglot(name string, head []byte) {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	textual := s.kind&(code|jsonData|config|yaml|markup|prose|styles) != 0 && s.kind&image == 0 && byExtension[ext] != 0 && ext != "s" && ext != "m" && ext != "phar"
	picture := byExtension[ext] == image
	if !textual && !picture || len(head) < 4 {
		return
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.bytes)) && !(picture && strings.HasPrefix(m.name, "a gzip")) {
			s.reportFile("obfuscation-polyglot", name+" is "+m.name, m.name)
			return
		}
	}
	if !picture {
		return
	}
	lead := bytes.ToLower(head)
	starts := false
	for _, p := range imageStarts {
		starts = starts || bytes.HasPrefix(head, []byte(p))
	}
	switch {
	case bytes.HasPrefix(head, []byte("#!")), bytes.HasPrefix(lead, []byte("<?php")), bytes.HasPrefix(lead, []byte("<script")):
		s.reportFile("obfuscation-polyglot", name+" is a script", "script")
	case bytes.Contains(lead, []byte("<?php")):
		s.reportFile("obfuscation-polyglot", name+" has PHP in it", "php")
	case bytes.Contains(lead, []byte("<script")) && bytes.Contains(lead, []byte("</script")):
		s.reportFile("obfuscation-polyglot", name+" has a script in it", "script")
	case bytes.HasPrefix(head, []byte("GIF89a=")), bytes.HasPrefix(head, []byte("GIF89a/*")), bytes.HasPrefix(head, []byte("GIF87a=")), bytes.HasPrefix(head, []byte("BM=")), bytes.HasPrefix(head, []byte("BM/*")):
		s.reportFile("obfuscation-polyglot", name+" is a picture and JavaScript at once", "javascript")
	case !starts && isText(head[:min(len(head), 512)]) && codeWords.contains(string(head)) && !bytes.Contains(lead, []byte("git-lfs")) && !bytes.Contains(lead, []byte("<svg")):
		s.reportFile("obfuscation-polyglot", name+" is text that reads like code", "code")
	}
}

// knownDotfiles are hidden files with a program's ending that everybody has.
var knownDotfiles = map[string]bool{".pnp.cjs": true, ".pnp.js": true, ".pnp.loader.mjs": true, ".bash_profile": true, ".bash_aliases": true, ".gvimrc": true, ".pythonstartup.py": true, ".php_cs.php": true, ".php-cs-fixer.php": true, ".php-cs-fixer.dist.php": true, ".phpstorm.meta.php": true, ".env.php": true, ".env.ts": true, ".env.js": true}

// dotfile reports hidden files that run.
func (s *Scanner) dotfile(name string, head []byte) {
	if len(name) < 2 || name[0] != '.' || name == ".." {
		return
	}
	for _, m := range magics[:5] {
		if bytes.HasPrefix(head, []byte(m.bytes)) {
			s.reportFile("obfuscation-suspicious-dotfile", "a hidden file is "+m.name, name)
			return
		}
	}
	ext := path.Ext(name)
	stem := strings.ToLower(strings.TrimSuffix(name, ext))
	if knownDotfiles[name] || stem == "" {
		return
	}
	switch strings.ToLower(ext) {
	case ".exe", ".dll", ".so", ".scr", ".vbs", ".jar":
	case ".js", ".mjs", ".cjs", ".ts", ".py", ".php", ".rb", ".pl", ".sh", ".ps1", ".bat", ".cmd":
		// settings of tools are named so
		for _, w := range []string{"rc", "config", "hooks", "ignore", "lint", "setup", "release", "size-limit", "dependency-cruiser", "editorconfig", "versionrc", "commitlint", "nycrc", "taprc", "verb", "test", "ncurc", "profile", "aliases", "functions", "exports"} {
			if strings.Contains(stem, w) {
				return
			}
		}
	default:
		return
	}
	s.reportFile("obfuscation-suspicious-dotfile", "", name)
}

// nameLetters reports names with letters of mixed scripts, or with characters that cannot be seen.
func (s *Scanner) nameLetters(name string) {
	if ascii(name) || !utf8.ValidString(name) {
		return
	}
	latin, alike := 0, 0
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && invisible(r) == visibleRune }) {
		l, a, other := 0, 0, 0
		for _, r := range word {
			if c := invisible(r); c == direction || c == zeroWidth || c == tagRune {
				s.reportFile("obfuscation-filename-homoglyph", "a file name with characters that cannot be seen", name)
				return
			}
			switch {
			case r < 0x80:
				l++
			case asLatin(r) != 0:
				a++
			default:
				other++
			}
		}
		if other == 0 && a > 0 {
			latin, alike = latin+l, alike+a
		}
	}
	stem := strings.TrimSuffix(name, path.Ext(name))
	if alike > 0 && (latin > 0 || dangerous[strings.ToLower(latinized(stem))] || wellKnown[strings.ToLower(latinized(name))]) {
		s.reportFile("obfuscation-filename-homoglyph", "a file name that reads "+latinized(name)+" but is not", name)
	}
}

// wellKnown are names that a whole look-alike would pass for.
var wellKnown = map[string]bool{"index.js": true, "package.json": true, "readme.md": true, "makefile": true, "main.py": true, "setup.py": true, "main.go": true}

func latinized(s string) string {
	return strings.Map(func(r rune) rune {
		if c := asLatin(r); c != 0 {
			return rune(c)
		}
		return r
	}, s)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Link judges a symbolic link: path and target as they stand, outside where the target lies out of the
// tree that is scanned. It returns nil where nothing is to be said.
func (e *Engine) Link(file, target string, outside bool) *Finding {
	r := ruleByID["obfuscation-symlink-attack"]
	if !outside || !e.wanted(r) {
		return nil
	}
	f := &Finding{Rule: r, Path: file, Severity: medium, Message: r.Title, Preview: snippet([]byte(target)), Confidence: likely, content: target}
	for _, p := range sensitive {
		if strings.HasPrefix(target, p) || strings.Contains(target, "/"+strings.TrimPrefix(p, "/")) {
			f.Severity, f.Message, f.Confidence = critical, "symbolic link to "+target, sure
		}
	}
	if strings.HasPrefix(target, "/") && f.Severity == medium && inDependency(file) {
		f.Severity = high
	}
	return f
}

// sensitive are places that a link of a project has no business with.
var sensitive = []string{"/etc/passwd", "/etc/shadow", "/etc/ssh", "/etc/sudoers", "/etc/cron", "/root/", "/proc/", "/dev/mem", "/dev/sd", "/var/run/docker.sock", "/run/docker.sock", ".ssh/", ".ssh", ".aws", ".gnupg", ".kube", ".npmrc", ".netrc", ".git-credentials", ".docker/config.json", ".bashrc", ".zshrc", ".profile", ".config/gcloud", ".azure"}
