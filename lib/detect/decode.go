package detect

import (
	"bytes"
	"encoding/base64"
	"slices"
	"unicode/utf8"
)

// Encoded text is decoded and searched as well, encoded text in it too, down to mostDepth.
const (
	leastEncoded = 48
	leastDecoded = 24
	mostDepth    = 3
	mostDecoded  = 256 << 10
)

var base64Bytes = func() (t [256]bool) {
	for c := range 256 {
		b := byte(c)
		t[c] = isWord(b) || b == '+' || b == '/' || b == '-'
	}
	return t
}()

// encoded looks for runs of base64, hex or percent escapes and searches what they decode to.
func (s *Scanner) encoded() {
	if s.kind&lockfile != 0 {
		return
	}
	b := s.w.b
	for i := s.w.from + leastEncoded - 1; i < s.w.to+leastEncoded && i < len(b); {
		k := i
		for k > i-leastEncoded && base64Bytes[b[k]] {
			k--
		}
		if k > i-leastEncoded {
			i = k + leastEncoded
			continue
		}
		from, to := i-leastEncoded+1, i+1
		for from > 0 && base64Bytes[b[from-1]] {
			from--
		}
		for to < len(b) && base64Bytes[b[to]] {
			to++
		}
		if s.w.owns(from) {
			s.decode(from, to)
		}
		i = to + leastEncoded
	}
	s.percent()
}

// decode searches what the run at [from, to) decodes to.
func (s *Scanner) decode(from, to int) {
	run := s.w.b[from:min(to, from+mostDecoded)]
	name, text := "hex", unhex(run)
	if text == nil {
		name, text = "base64", unbase64(run)
	}
	if len(text) < leastDecoded {
		return
	}
	readable := isText(text[:min(len(text), 512)])
	if s.depth == 0 && name == "base64" {
		s.base64Code(from, to, text, readable)
	}
	if readable {
		s.within(text, from, to, name)
	}
}

func unhex(run []byte) []byte {
	if len(run)&1 != 0 {
		return nil
	}
	for i := range min(len(run), 64) {
		if hexDigit(run[i]) < 0 {
			return nil
		}
	}
	out := make([]byte, 0, len(run)/2)
	for i := 0; i+1 < len(run); i += 2 {
		h, l := hexDigit(run[i]), hexDigit(run[i+1])
		if h < 0 || l < 0 {
			return nil
		}
		out = append(out, byte(h<<4|l))
	}
	return out
}

func unbase64(run []byte) []byte {
	enc := base64.RawStdEncoding
	if bytes.ContainsAny(run, "-_") {
		if bytes.ContainsAny(run, "+/") {
			return nil
		}
		enc = base64.RawURLEncoding
	}
	run = run[:len(run)/4*4+[4]int{0, 0, 2, 3}[len(run)%4]]
	// most runs are long names or binary: the first bytes tell
	var probe [48]byte
	n, err := enc.Decode(probe[:], run[:min(len(run), 64)/4*4])
	if err != nil || !isText(probe[:n]) && !isProgram(probe[:n]) {
		return nil
	}
	out := make([]byte, enc.DecodedLen(len(run)))
	n, err = enc.Decode(out, run)
	if err != nil && n < leastDecoded {
		return nil
	}
	return out[:n]
}

// isText tells text from binary data: valid UTF-8 but for the last character, almost no control characters.
func isText(b []byte) bool {
	odd, total := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 && len(b) > 3 || r < 0x20 && r != '\n' && r != '\r' && r != '\t' {
			odd++
		}
		total++
		b = b[n:]
	}
	return total > 0 && odd*20 <= total
}

func isProgram(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\x7fELF")) || bytes.HasPrefix(b, []byte("MZ")) && bytes.Contains(b, []byte{0, 0, 0}) || bytes.HasPrefix(b, []byte("\x1f\x8b\x08"))
}

// codeWords are what decoded text must hold to count as code.
var codeWords = newAutomaton(map[string][]int{
	"eval(": {0}, "require(": {0}, "function(": {0}, "function (": {0}, "=>": {0}, "import ": {0}, "child_process": {0}, "exec(": {0}, "#!/": {0}, "<?php": {0}, "powershell": {0}, "curl ": {0}, "wget ": {0}, "/bin/sh": {0},
	"/bin/bash": {0}, "subprocess": {0}, "console.log(": {0}, "process.env": {0}, "document.": {0}, "fetch(": {0}, "system(": {0}, "os.": {0}, "/dev/tcp": {0}, "<script": {0}, "atob(": {0}, "var ": {0}, "const ": {0},
})

// base64Code reports a text in code that decodes to code or to a program.
func (s *Scanner) base64Code(from, to int, text []byte, readable bool) {
	r := ruleByID["obfuscation-base64"]
	if s.kind&(code|manifest|hook|agent) == 0 || s.kind&(sourceMap|lockfile) != 0 || !s.e.wanted(r) {
		return
	}
	lead := s.w.around(from-48, from)
	if bytes.Contains(lead, []byte("data:")) && !bytes.Contains(lead, []byte("javascript")) || bytes.Contains(lead, []byte("sourceMappingURL")) {
		return
	}
	what := "code"
	switch {
	case isProgram(text):
		what = "a program or an archive"
	case !readable || !codeWords.contains(string(text[:min(len(text), 4096)])):
		return
	}
	f := s.finding(r, from, to)
	f.Message = "base64 text in code decodes to " + what
	f.Preview = snippet([]byte(redact(string(s.w.b[from:min(to, from+64)]))))
	if s.kind&trial != 0 {
		f.Severity, f.Confidence = low, doubtful
	}
	s.emit(f)
}

// within searches decoded text; what is found is reported at [from, to), where the encoded text stands.
func (s *Scanner) within(text []byte, from, to int, encoding string) {
	if s.depth >= mostDepth {
		return
	}
	outer, done, generic, kinds, found := s.w, slices.Clone(s.done), s.genericDone, s.kind, len(s.found)
	s.depth++
	clear(s.done)
	s.genericDone = 0
	s.kind &^= lockfile
	s.w = window{b: text, to: len(text), last: true, line: 1, seenLine: 1}
	s.e.words.scan(text, func(target, start, end int) {
		d := s.e.detectors[target]
		if d.pattern == nil && d.rule.Tags[0] != "credential" || start < s.done[target] {
			return
		}
		d.try(s, d, start, end)
	})
	s.encoded()
	s.depth--
	s.w, s.genericDone, s.kind = outer, generic, kinds
	copy(s.done, done)
	for i := found; i < len(s.found); i++ {
		f := s.found[i]
		f.Line, f.Column = s.w.place(from)
		f.EndLine, f.EndColumn = s.w.place(min(to, len(s.w.b)))
		f.Message += " (in " + encoding + ")"
		s.spans[i] = [2]int{from, to}
	}
}

// percent decodes rows of percent escapes.
func (s *Scanner) percent() {
	b := s.w.b
	for i := s.w.from; i < s.w.to; {
		n := bytes.IndexByte(b[i:s.w.to], '%')
		if n < 0 {
			return
		}
		i += n
		var text []byte
		escapes, j := 0, i
		for j < len(b) && j-i < 8<<10 {
			if b[j] == '%' {
				if j+2 >= len(b) || hexDigit(b[j+1]) < 0 || hexDigit(b[j+2]) < 0 {
					break
				}
				text = append(text, byte(hexDigit(b[j+1])<<4|hexDigit(b[j+2])))
				escapes++
				j += 3
				continue
			}
			if !token[b[j]] {
				break
			}
			text = append(text, b[j])
			j++
		}
		if escapes >= 3 && len(text) >= leastDecoded {
			s.within(text, i, j, "percent escapes")
		}
		i = max(j, i+1)
	}
}
