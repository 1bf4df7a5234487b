package rule

import (
	"bytes"
	"encoding/binary"
	"path"
	"strings"
)

// index finds the patterns that may fit a path without trying all. Each pattern stands under the
// hash of one thing that every path it fits has: the path itself, its last name, a directory it
// lies below, or some name in it. One walk over a path looks all of these up; a bit table in front
// answers nearly every look-up with no.
type index struct {
	union   accessSet // of all patterns
	filter  [1024]uint64
	table   map[uint64][]pattern
	keyless []pattern
}

// pattern is one glob of a rule.
type pattern struct {
	access accessSet
	probe  int
	exact  string // where not empty, the only path that fits
	glob   glob
}

// The kinds of key, mixed into its hash.
const (
	keyPath  = 0x517cc1b727220a95
	keyBase  = 0x2b7e151628aed2a7
	keyBelow = 0x9216d5d98979fb1b
	keyName  = 0xd1310ba698dfb5ac
	keyExt   = 0x98dfb5ac2ffd72db
)

func (x *index) add(p pattern) {
	x.union |= p.access
	key, ok := p.key()
	if !ok {
		x.keyless = append(x.keyless, p)
		return
	}
	if x.table == nil {
		x.table = map[uint64][]pattern{}
	}
	x.table[key] = append(x.table[key], p)
	x.filter[key>>6&1023] |= 1 << (key & 63)
}

// key is the rarest of the keys that a pattern offers.
func (p *pattern) key() (uint64, bool) {
	if p.exact != "" {
		return hashPath(p.exact) ^ keyPath, true
	}
	last := p.glob.parts[len(p.glob.parts)-1]
	if !last.double && len(last.pieces) == 0 {
		return hash([]byte(last.literal)) ^ keyBase, true
	}
	prefix, depth := p.glob.prefix()
	if depth >= 2 {
		return hashPath(prefix) ^ keyBelow, true
	}
	longest := ""
	for _, part := range p.glob.parts {
		if !part.double && len(part.pieces) == 0 && len(part.literal) > len(longest) {
			longest = part.literal
		}
	}
	if longest == "" && len(last.pieces) > 1 { // *.ext
		if end := last.pieces[len(last.pieces)-1]; end.kind == 0 {
			if i := strings.LastIndexByte(end.text, '.'); i >= 0 {
				return hash([]byte(end.text[i:])) ^ keyExt, true
			}
		}
	}
	return hash([]byte(longest)) ^ keyName, longest != ""
}

// find calls hit for every pattern that fits p among those that access concerns.
func (x *index) find(p []byte, access accessSet, hit func(*pattern, []byte)) {
	if x.union&access == 0 || len(p) == 0 {
		return
	}
	if odd(p) {
		p = clean(p)
	}
	for i := range x.keyless {
		x.keyless[i].try(p, access, hit)
	}
	sum := uint64(0)
	at := 0
	if p[0] == '/' {
		at = 1
	}
	for {
		end := nameEnd(p, at)
		h := hash(p[at:end])
		sum = mix(sum, h)
		x.look(h^keyName, p, access, hit)
		if end == len(p) {
			x.look(h^keyBase, p, access, hit)
			if dot := bytes.LastIndexByte(p[at:], '.'); dot >= 0 {
				x.look(hash(p[at+dot:])^keyExt, p, access, hit)
			}
			x.look(sum^keyPath, p, access, hit)
			return
		}
		x.look(sum^keyBelow, p, access, hit)
		at = end + 1
	}
}

func (x *index) look(key uint64, p []byte, access accessSet, hit func(*pattern, []byte)) {
	if x.filter[key>>6&1023]&(1<<(key&63)) == 0 {
		return
	}
	list := x.table[key]
	for i := range list {
		list[i].try(p, access, hit)
	}
}

func (p *pattern) try(name []byte, access accessSet, hit func(*pattern, []byte)) {
	if p.access&access == 0 {
		return
	}
	if p.exact != "" {
		if string(name) != p.exact {
			return
		}
	} else if !p.glob.match(name) {
		return
	}
	hit(p, name)
}

// hashPath is what the walk over a clean absolute path sums up to.
func hashPath(p string) uint64 {
	sum := uint64(0)
	for _, name := range bytes.Split([]byte(p)[1:], []byte("/")) {
		sum = mix(sum, hash(name))
	}
	return sum
}

func mix(sum, h uint64) uint64 {
	sum = (sum ^ h) * 0x9e3779b97f4a7c15
	return sum ^ sum>>32
}

// hash need not withstand an attacker: a path made to collide is compared in vain, no more.
func hash(b []byte) uint64 {
	h := uint64(len(b))
	for ; len(b) >= 8; b = b[8:] {
		h = mix(h, binary.LittleEndian.Uint64(b))
	}
	var tail uint64
	for i, c := range b {
		tail |= uint64(c) << (8 * i)
	}
	return mix(mix(h, tail), 0x2545f4914f6cdd1d)
}

// odd reports whether a path is written in another way than the kernel would: with empty, . or ..
// names, or through the root of a process.
func odd(p []byte) bool {
	if len(p) == 0 {
		return false
	}
	if !bytes.Contains(p, []byte("/.")) && !bytes.Contains(p, []byte("//")) && p[0] == '/' && p[len(p)-1] != '/' {
		return processRoot(p) > 0
	}
	for i := 0; ; {
		n := bytes.IndexByte(p[i:], '/')
		if n < 0 {
			break
		}
		i += n + 1
		if i == len(p) {
			return i > 1
		}
		switch p[i] {
		case '/':
			return true
		case '.':
			rest := p[i+1:]
			if len(rest) == 0 || rest[0] == '/' || (rest[0] == '.' && (len(rest) == 1 || rest[1] == '/')) {
				return true
			}
		}
	}
	return processRoot(p) > 0
}

// clean writes an odd path plainly. Links cannot be followed here: only the producer can do that.
func clean(p []byte) []byte {
	s := path.Clean(string(p))
	for n := processRoot([]byte(s)); n > 0; n = processRoot([]byte(s)) {
		s = s[n:]
	}
	return []byte(s)
}

// processRoot is the length of a leading /proc/PID/root that has a path behind it, or 0.
func processRoot(p []byte) int {
	rest, ok := bytes.CutPrefix(p, []byte("/proc/"))
	if !ok {
		return 0
	}
	who, rest, _ := bytes.Cut(rest, []byte("/"))
	if !bytes.HasPrefix(rest, []byte("root/")) {
		return 0
	}
	if string(who) != "self" && string(who) != "thread-self" {
		for _, c := range who {
			if c < '0' || c > '9' {
				return 0
			}
		}
	}
	return len("/proc/") + len(who) + len("/root")
}
