package detect

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What invisible characters do.
const (
	visibleRune = iota
	direction   // changes the order in which text is shown
	zeroWidth   // shows nothing
	joiner      // shows nothing, but has its place in some scripts and in emoji
	tagRune     // an invisible copy of ASCII
	selector    // chooses a form of the character before it
	filler      // a letter to a compiler, a blank to the eye
)

func invisible(r rune) int {
	switch {
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return direction
	case r == 0x200b, r >= 0x2060 && r <= 0x2064, r == 0xfeff, r == 0x180e, r >= 0xfff9 && r <= 0xfffb, r == 0x1d159, r >= 0x1d173 && r <= 0x1d17a:
		return zeroWidth
	case r == 0x200c, r == 0x200d:
		return joiner
	case r >= 0xe0000 && r <= 0xe007f:
		return tagRune
	case r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef:
		return selector
	case r == 0x3164, r == 0xffa0, r == 0x115f, r == 0x1160:
		return filler
	}
	return visibleRune
}

// lookalikes are letters of other scripts that look like a Latin one (after Unicode's table of confusables).
var lookalikes = map[rune]byte{
	// Cyrillic
	'а': 'a', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'һ': 'h', 'і': 'i', 'ј': 'j', 'ӏ': 'l', 'о': 'o', 'р': 'p', 'ԛ': 'q', 'ѕ': 's', 'у': 'y', 'х': 'x', 'ԝ': 'w', 'ѵ': 'v', 'г': 'r', 'ь': 'b', 'п': 'n',
	'А': 'A', 'В': 'B', 'С': 'C', 'Е': 'E', 'Н': 'H', 'І': 'I', 'Ј': 'J', 'К': 'K', 'М': 'M', 'О': 'O', 'Р': 'P', 'Ѕ': 'S', 'Т': 'T', 'Х': 'X', 'У': 'Y', 'Ԍ': 'G', 'Ѵ': 'V', 'Ԝ': 'W',
	// Greek
	'ο': 'o', 'ν': 'v', 'ι': 'i', 'α': 'a', 'ρ': 'p', 'υ': 'u', 'γ': 'y', 'κ': 'k', 'σ': 'o', 'τ': 't', 'χ': 'x',
	'Α': 'A', 'Β': 'B', 'Ε': 'E', 'Ζ': 'Z', 'Η': 'H', 'Ι': 'I', 'Κ': 'K', 'Μ': 'M', 'Ν': 'N', 'Ο': 'O', 'Ρ': 'P', 'Τ': 'T', 'Υ': 'Y', 'Χ': 'X',
	// Armenian, and forms for phonetics
	'օ': 'o', 'ո': 'n', 'ս': 'u', 'հ': 'h', 'ց': 'g', 'ք': 'p', 'ℓ': 'l', 'ɑ': 'a', 'ɡ': 'g',
	// Cherokee
	'Ꭰ': 'D', 'Ꭱ': 'R', 'Ꭲ': 'T', 'Ꭺ': 'A', 'Ꭻ': 'J', 'Ꭼ': 'E', 'Ꮃ': 'W', 'Ꮇ': 'M', 'Ꮋ': 'H', 'Ꮐ': 'G', 'Ꮓ': 'Z', 'Ꮪ': 'S', 'Ꮮ': 'L', 'Ꮯ': 'C', 'Ꮲ': 'P',
}

// asLatin is the letter that r looks like, or 0. Full-width and mathematical letters count as well.
func asLatin(r rune) byte {
	switch {
	case r >= 0xff21 && r <= 0xff3a:
		return byte(r - 0xff21 + 'A')
	case r >= 0xff41 && r <= 0xff5a:
		return byte(r - 0xff41 + 'a')
	case r >= 0x1d400 && r <= 0x1d6a3: // thirteen alphabets of 52 letters
		k := (r - 0x1d400) % 52
		if k < 26 {
			return byte('A' + k)
		}
		return byte('a' + k - 26)
	}
	return lookalikes[r]
}

// unicode looks at every character that is not ASCII.
func (s *Scanner) unicode() {
	b := s.w.b
	i := s.w.from
	quiet, quietWord := 0, 0 // up to there enough has been said
	for i < s.w.to {
		if i+8 <= s.w.to && binary.LittleEndian.Uint64(b[i:])&0x8080808080808080 == 0 {
			i += 8
			continue
		}
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if c := invisible(r); c != visibleRune {
			if i >= quiet && s.invisibleAt(i, n, r, c) {
				quiet = s.w.lineEnd(i)
			}
		} else if i >= quietWord && asLatin(r) != 0 {
			quietWord = s.mixedWord(i)
		}
		i += n
	}
}

// invisibleAt judges an invisible character at i; it tells whether it was reported.
func (s *Scanner) invisibleAt(i, n int, r rune, class int) bool {
	b := s.w.b
	before, _ := utf8.DecodeLastRune(b[:i])
	after, _ := utf8.DecodeRune(b[i+n:])
	rule := ruleByID["obfuscation-invisible-chars"]
	strict := s.kind&(code|agent|hook|makefile|config|envFile|yaml|manifest) != 0 && s.kind&prose == 0 || s.kind&agent != 0
	severity, what := critical, "invisible character"
	switch class {
	case direction:
		what = "direction-changing character"
		if rtlLine(s.w.around(s.w.lineStart(i), min(s.w.lineEnd(i), i+400))) && s.kind&(prose|markup|jsonData|yaml|config) != 0 && (r < 0x202d || r > 0x202e) {
			return false
		}
	case joiner:
		if joins(r, before, after) {
			return false
		}
	case selector:
		if !isSelector(before) && !isSelector(after) {
			return false
		}
		what = "row of invisible variation selectors"
	case tagRune:
		if before == 0x1f3f4 || before >= 0xe0020 && before <= 0xe007f && s.flagBefore(i) {
			return false
		}
		what = "invisible tag character"
	case filler:
		if unicode.Is(unicode.Hangul, before) || unicode.Is(unicode.Hangul, after) {
			return false
		}
	case zeroWidth:
		if r == 0xfeff && i == 0 && s.w.line == 1 && s.w.column == 0 {
			return false
		}
		if unicode.Is(unicode.Thai, before) || unicode.Is(unicode.Khmer, before) || unicode.Is(unicode.Myanmar, before) || unicode.Is(unicode.Lao, before) || unicode.Is(unicode.Tibetan, before) || unicode.Is(unicode.Mongolian, before) {
			return false
		}
	}
	if class == zeroWidth || class == joiner {
		within := isLetter(before) && isLetter(after)
		if !within || !strict || s.minified || s.kind&(jsonData|lockfile|sourceMap) != 0 {
			severity = medium
		}
	} else if !strict && s.kind&(jsonData|markup|prose|sourceMap) != 0 && class != tagRune && class != selector {
		severity = high
	}
	if s.kind&trial != 0 && s.kind&agent == 0 && severity != critical {
		severity = low
	}
	if !s.e.wanted(rule) {
		return true
	}
	f := s.finding(rule, i, i+n)
	f.Severity = severity
	f.Message = fmt.Sprintf("%s U+%04X", what, r)
	if hidden := tagged(b[i:min(len(b), i+1200)]); len(hidden) > 3 {
		f.Message += " spelling " + fmt.Sprintf("%q", mask(hidden))
	}
	f.Preview = snippet(s.w.around(max(s.w.lineStart(i), i-60), min(s.w.lineEnd(i), i+60)))
	s.emit(f)
	return true
}

func isLetter(r rune) bool {
	return r == '_' || r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func isSelector(r rune) bool { return invisible(r) == selector }

// tagged is the ASCII that a row of tag characters or selectors stands for.
func tagged(b []byte) string {
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r >= 0xe0020 && r <= 0xe007e:
			out.WriteByte(byte(r - 0xe0000))
		case r >= 0xe0100 && r <= 0xe01ef && r-0xe0100+16 >= 0x20 && r-0xe0100+16 < 0x7f:
			out.WriteByte(byte(r - 0xe0100 + 16))
		default:
			return out.String()
		}
		b = b[n:]
	}
	return out.String()
}

// flagBefore tells whether the tag characters before i belong to a flag.
func (s *Scanner) flagBefore(i int) bool {
	for n := 0; n < 8 && i > 0; n++ {
		r, size := utf8.DecodeLastRune(s.w.b[:i])
		if r == 0x1f3f4 {
			return true
		}
		if r < 0xe0020 || r > 0xe007f {
			return false
		}
		i -= size
	}
	return false
}

// joinScripts are written with joiners.
var joinScripts = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya,
	unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar, unicode.Thaana, unicode.Nko, unicode.Inherited,
}

// joins tells whether a joiner has its place between two characters.
func joins(r, before, after rune) bool {
	if unicode.In(before, joinScripts...) || unicode.In(after, joinScripts...) {
		return true
	}
	return r == 0x200d && pictorial(before) && pictorial(after)
}

// pictorial tells characters that emoji are made of.
func pictorial(r rune) bool {
	return r >= 0x1f000 && r <= 0x1faff || r >= 0x2190 && r <= 0x2bff || r == 0xfe0f || r == 0x20e3 || r >= 0x3030 && r <= 0x303d
}

func rtlLine(line []byte) bool {
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		if unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana) {
			return true
		}
		line = line[n:]
	}
	return false
}

// loose tells letters that mathematics, phonetics and fonts use beside Latin ones, or that look like a Latin
// one from afar only.
func loose(r rune) bool {
	return r >= 'α' && r <= 'ω' && r != 'ο' || r >= 0xff21 && r <= 0xff5a || r >= 0x1d400 && r <= 0x1d7ff || r == 'ℓ' || r == 'ɑ' || r == 'ɡ' || r == 'ӏ'
}

// mixedWord judges the word around i, which holds a letter that looks like a Latin one; it returns the word's end.
func (s *Scanner) mixedWord(i int) int {
	b := s.w.b
	from, to := i, i
	for from > 0 && i-from < 64 {
		r, n := utf8.DecodeLastRune(b[:from])
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		from -= n
	}
	latin, alike, other, weak := 0, 0, 0, 0
	var reads strings.Builder
	for to = from; to < len(b) && to-from < 128; {
		r, n := utf8.DecodeRune(b[to:])
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		switch c := asLatin(r); {
		case r < 0x80:
			if unicode.IsLetter(r) {
				latin++
			}
			reads.WriteRune(r)
		case c != 0:
			alike++
			if loose(r) {
				weak++
			}
			reads.WriteByte(c)
		default:
			other++
		}
		to += n
	}
	word := reads.String()
	spells := dangerous[strings.ToLower(word)]
	r := ruleByID["obfuscation-homoglyph"]
	if from > 0 && b[from-1] == '\\' || weak > 0 && !spells && (len(word) < 5 || !bytes.Contains(b, []byte(word))) {
		return max(to, i+1)
	}
	if alike == 0 || other > 0 || (latin < 2 && !(spells && latin+alike >= 4)) || len(word) < 3 || !s.e.wanted(r) || s.kind&lockfile != 0 {
		return max(to, i+1)
	}
	f := s.finding(r, from, to)
	f.Message = fmt.Sprintf("a word that reads %q has letters of another script in it", mask(word))
	f.Preview = snippet(b[from:to])
	switch {
	case s.kind&(code|agent|manifest|config|yaml|makefile) == 0 || s.kind&prose != 0 && s.kind&agent == 0:
		f.Severity, f.Confidence = medium, doubtful
	case alike > latin || s.minified || s.kind&jsonData != 0 && s.kind&(agent|manifest) == 0:
		f.Severity, f.Confidence = medium, doubtful
	}
	if spells {
		f.Severity, f.Confidence = high, sure
	}
	s.emit(f)
	return max(to, i+1)
}
