package detect

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// dangerous are names that nobody takes to pieces without a reason.
var dangerous = map[string]bool{
	"eval": true, "function": true, "child_process": true, "require": true, "execsync": true, "exec": true, "spawn": true, "spawnsync": true, "atob": true,
	"constructor": true, "fromcharcode": true, "document.write": true, "settimeout": true, "process": true, "globalthis": true, "importscripts": true,
	"system": true, "shell_exec": true, "passthru": true, "assert": true, "base64_decode": true, "gzinflate": true, "create_function": true, "preg_replace": true,
	"__import__": true, "subprocess": true, "os.system": true, "popen": true, "getattr": true, "marshal": true, "pickle": true, "powershell": true,
	"process.env": true, "child_process.exec": true, "str_rot13": true, "proc_open": true, "webassembly": true, "xmlhttprequest": true,
}

// joinMost bounds how far a joined text reaches.
const joinMost = 200

// concat joins the pieces of a text around an operator and looks whether they make a dangerous name.
func concat(s *Scanner, d *detector, start, end int) {
	b := s.w.b
	q := b[start]
	from := start
	for from > 0 && start-from < 24 && b[from-1] != q && isNameByte(b[from-1]) {
		from--
	}
	if from == start || from == 0 || b[from-1] != q {
		return
	}
	name := append([]byte(nil), b[from:start]...)
	pieces := 1
	i := end
	for {
		j := i
		for j < len(b) && j < end+joinMost && isNameByte(b[j]) {
			j++
		}
		if j >= len(b) || (b[j] != '"' && b[j] != '\'') || j == i {
			return
		}
		name = append(name, b[i:j]...)
		pieces++
		k := j + 1
		for k < len(b) && isBlank(b[k]) {
			k++
		}
		if k >= len(b) || (b[k] != '+' && b[k] != '.') {
			i = j + 1
			break
		}
		k++
		for k < len(b) && isBlank(b[k]) {
			k++
		}
		if k >= len(b) || (b[k] != '"' && b[k] != '\'') || k > end+joinMost {
			i = j + 1
			break
		}
		i = k + 1
	}
	if word := strings.ToLower(string(name)); dangerous[word] && pieces > 1 {
		s.done[d.index] = i
		s.report(d.rule, from-1, i, "the name "+word+" put together from pieces")
	}
}

func isNameByte(c byte) bool { return isWord(c) || c == '.' }

// templatePiece is a text in a template that is nothing but a text.
var templatePiece = regexp.MustCompile("\\$\\{\\s*[\"'`]([\\w.]{0,40})[\"'`]\\s*\\}")

// template does the same for pieces in a template literal.
func template(s *Scanner, d *detector, start, _ int) {
	b := s.w.b
	from := bytes.LastIndexByte(s.w.around(start-joinMost, start), '`')
	if from < 0 {
		return
	}
	from += max(start-joinMost, 0)
	text := s.w.around(from+1, from+1+2*joinMost)
	joined := templatePiece.ReplaceAll(text, []byte("$1"))
	name, _, ok := bytes.Cut(joined, []byte("`"))
	if !ok || bytes.IndexByte(name, '\n') >= 0 {
		return
	}
	if word := strings.ToLower(strings.TrimSpace(string(name))); dangerous[word] {
		to := start + 1
		if e := bytes.IndexByte(b[start:min(start+joinMost, len(b))], '}'); e >= 0 {
			to = start + e + 1
		}
		s.done[d.index] = to + joinMost
		s.report(d.rule, from, to, "the name "+word+" put together in a template")
	}
}

// bracket reports a dangerous function reached by a text, where it belongs to something.
func bracket(s *Scanner, d *detector, start, end int) {
	if start == 0 || !(isWord(s.w.b[start-1]) || s.w.b[start-1] == ')' || s.w.b[start-1] == ']') {
		return
	}
	tryTail(s, d, start, end)
}

// charCodes reports a list of character codes that makes plain text, and shows it.
func charCodes(s *Scanner, d *detector, start, _ int) {
	m := d.tail.FindSubmatchIndex(s.w.around(start, start+4*tailMost))
	if m == nil {
		return
	}
	var text []byte
	for n := range strings.SplitSeq(string(s.w.b[start+m[2]:start+m[3]]), ",") {
		v, err := strconv.ParseInt(strings.TrimSpace(n), 0, 32)
		if err != nil || v < 9 || v > 126 {
			return
		}
		text = append(text, byte(v))
	}
	s.done[d.index] = start + m[1]
	s.report(d.rule, start, start+m[1], "character codes that spell "+strconv.Quote(mask(string(text[:min(len(text), 60)]))))
}

// jsonCode is code inside a JSON text.
var jsonCode = regexp.MustCompile(`(?i)^(?:eval\s*\(\s*(?:atob|Buffer|unescape|String\.|function|require|process|JSON|this|\\?["'])|Function\s*\(\s*(?:\\?["']return|atob)|require\(\\?["']child_process\\?["']\)\s*\.)`)

func jsonEval(s *Scanner, d *detector, start, _ int) {
	if m := jsonCode.FindIndex(s.w.around(start, start+tailMost)); m != nil {
		s.done[d.index] = start + m[1]
		s.report(d.rule, start, start+m[1]+40, "")
	}
}

// decodedArgument is what is no file's own text.
var decodedArgument = regexp.MustCompile(`(?i)^_compile\(\s*(?:atob|Buffer|unescape|decode|decrypt|zlib|(?:await\s+)?(?:fetch|axios|got|http|request)\b|res(?:ponse)?\.|body\b)`)

// moduleCompile: loaders compile the text of files, which is worth a note; what was decoded or fetched is an alarm.
func moduleCompile(s *Scanner, d *detector, start, end int) {
	if start == 0 || s.w.b[start-1] != '.' {
		return
	}
	s.done[d.index] = end
	if decodedArgument.Match(s.w.around(start, start+tailMost)) {
		s.report(d.rule, start, end+60, "")
		return
	}
	if !s.e.wanted(d.rule) {
		return
	}
	f := s.finding(d.rule, start, end)
	f.Severity, f.Confidence = low, doubtful
	f.Preview = snippet(s.w.around(start, min(start+60, s.w.lineEnd(start))))
	s.emit(f)
}

// rot13Call reports a call; where its argument decodes to something dangerous it is worse.
func rot13Call(s *Scanner, d *detector, start, end int) {
	line := s.w.around(max(s.w.lineStart(start), start-80), min(s.w.lineEnd(start), end+300))
	if bytes.IndexByte(line, '(') < 0 {
		return
	}
	s.done[d.index] = s.w.lineEnd(start)
	f := s.finding(d.rule, start, end)
	f.Preview = snippet(line)
	for _, q := range quoted(line) {
		plainText := strings.ToLower(rot13(q))
		for word := range dangerous {
			if len(word) >= 4 && strings.Contains(plainText, word) && !strings.Contains(strings.ToLower(q), "rot") {
				f.Severity, f.Message = high, "ROT13 that decodes to "+word
			}
		}
	}
	if s.e.wanted(d.rule) {
		s.emit(f)
	}
}

// quoted lists the texts in quotes of a line.
func quoted(line []byte) []string {
	var out []string
	for i := 0; i < len(line); i++ {
		if q := line[i]; q == '"' || q == '\'' || q == '`' {
			n := bytes.IndexByte(line[i+1:], q)
			if n < 0 {
				break
			}
			out = append(out, string(line[i+1:i+1+n]))
			i += n + 1
		}
	}
	return out
}

func rot13(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return 'a' + (r-'a'+13)%26
		case r >= 'A' && r <= 'Z':
			return 'A' + (r-'A'+13)%26
		}
		return r
	}, s)
}
