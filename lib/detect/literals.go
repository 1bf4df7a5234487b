package detect

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
)

// LeastLiteral is the shortest text of a list in bytes: shorter ones stand everywhere.
const LeastLiteral = 6

// literals finds any of very many texts. A bitmap over the first four bytes of each lets almost every
// position pass with one look; the others ask a table of the first six.
type literals struct {
	texts []string
	bits  []uint64
	shift uint
	seed  maphash.Seed
	slots []uint32 // indexes into texts, plus one; open addressing
	next  []uint32 // of texts: the next text with the same first six bytes, plus one
	rule  *Rule
}

func newLiterals(texts []string, rule *Rule) *literals {
	l := &literals{texts: texts, rule: rule, seed: maphash.MakeSeed(), shift: 32 - 16}
	for n := len(texts); n > 4096 && l.shift > 32-22; n /= 2 {
		l.shift--
	}
	l.bits = make([]uint64, 1<<(32-l.shift)/64)
	size := 16
	for size < 2*len(texts) {
		size *= 2
	}
	l.slots, l.next = make([]uint32, size), make([]uint32, len(texts))
	for i, t := range texts {
		h := l.hash4(binary.LittleEndian.Uint32([]byte(t[:4])))
		l.bits[h/64] |= 1 << (h % 64)
		k := l.slot(t[:LeastLiteral])
		l.next[i] = l.slots[k]
		l.slots[k] = uint32(i) + 1
	}
	return l
}

func (l *literals) hash4(x uint32) uint32 { return x * 0x9e3779b1 >> l.shift }

// slot is the place in slots of the texts that begin with the six bytes.
func (l *literals) slot(six string) int {
	mask := len(l.slots) - 1
	for k := int(maphash.String(l.seed, six)) & mask; ; k = (k + 1) & mask {
		if l.slots[k] == 0 || l.texts[l.slots[k]-1][:LeastLiteral] == six {
			return k
		}
	}
}

// scan reports the texts of the list in the window.
func (l *literals) scan(s *Scanner) {
	b, bits, shift := s.w.b, l.bits, l.shift
	for i, end := s.w.from, min(s.w.to, len(b)-LeastLiteral+1); i < end; i++ {
		h := binary.LittleEndian.Uint32(b[i:]) * 0x9e3779b1 >> shift
		if bits[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		rest := string(b[i:min(len(b), i+LeastLiteral)])
		for k := l.slots[l.slot(rest)]; k != 0; k = l.next[k-1] {
			if t := l.texts[k-1]; len(b)-i >= len(t) && string(b[i:i+len(t)]) == t {
				s.report(l.rule, i, i+len(t), l.rule.Title+": "+mask(cut(t)))
				i += len(t) - 1
				break
			}
		}
	}
}

// listRule is the rule of the user's lists.
func listRule() *Rule {
	return &Rule{
		ID: "custom-ioc", Severity: high, Title: "an entry of a list", Why: "A list of the configuration names it.",
		Fix: "see where the list comes from", Tags: []string{"custom", "ioc"},
	}
}

// addLiterals takes the texts of the user's lists; those that are too short are left out.
func (e *Engine) addLiterals(texts []string) {
	var fit []string
	for _, t := range texts {
		if len(t) >= LeastLiteral {
			fit = append(fit, strings.Clone(t))
		}
	}
	if len(fit) == 0 {
		return
	}
	r := listRule()
	e.rules = append(e.rules, r)
	if e.wanted(r) {
		e.lists = newLiterals(fit, r)
	}
}
