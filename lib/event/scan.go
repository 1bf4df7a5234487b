package event

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Scanner reads the facets of records. Lines in the form that Writer gives them are read in one
// pass that validates the JSON, decodes nothing and allocates nothing; any other line is decoded in
// full. Both give the same facets.
//
// Records of one process carry the same process block over and over, so blocks are remembered.
type Scanner struct {
	facets Facets
	blocks [512]block
	origin origin
}

// origin is the last src and run, which stay the same over a stream.
type origin struct {
	raw      []byte // `"st-trace","run":"01JD..."`
	src, run []byte // in raw
}

// block is a process block met before, at the slot of its hash.
type block struct {
	raw   []byte
	proc  ProcFacets // aliases raw
	valid bool
}

// Bounds of the fast pass; beyond them a line is decoded in full.
const (
	maxDepth = 32      // of nested values
	maxBlock = 8 << 10 // bytes of a process block that is remembered
)

// Scan reads the facets of one line. It fails with the error of encoding/json where the line is no
// JSON, or with a *FieldError.
func (s *Scanner) Scan(line []byte) (*Facets, error) {
	if s.fast(line) {
		return &s.facets, nil
	}
	if err := s.facets.decode(line); err != nil {
		return nil, err
	}
	return &s.facets, nil
}

// One bit a key that must not come twice.
const (
	seenType = 1 << iota
	seenSrc
	seenRun
	seenSyscall
	seenOp
	seenPath
	seenTo
	seenAccess
	seenAction
	seenAddr
	seenHost
	seenErrno
	seenSeq
	seenPort
	seenSuccess
	seenProc
	seenV
	seenTime
	seenArgs
)

// fast fills s.facets and reports true, or false where the line needs the full decoder, be it
// because it is no record at all.
func (s *Scanner) fast(l []byte) bool {
	f := &s.facets
	*f = Facets{}
	if len(l) < 2 || l[0] != '{' {
		return false
	}
	i := 1
	for {
		key, at := scanKey(l, i)
		if at < 0 {
			return false
		}
		switch string(key) {
		case "v":
			if !once(&f.seen, seenV) || l[at] != '1' {
				return false
			}
			i = at + 1
		case "type":
			f.Type, i = scanText(l, at, &f.seen, seenType)
		case "ts":
			f.Time, i = scanText(l, at, &f.seen, seenTime)
		case "src":
			i = s.scanOrigin(l, at)
		case "run":
			f.Run, i = scanText(l, at, &f.seen, seenRun)
		case "syscall":
			f.Syscall, i = scanText(l, at, &f.seen, seenSyscall)
		case "op":
			f.Op, i = scanText(l, at, &f.seen, seenOp)
		case "path":
			f.Path, i = scanText(l, at, &f.seen, seenPath)
		case "to":
			f.To, i = scanText(l, at, &f.seen, seenTo)
		case "access":
			f.Access, i = scanText(l, at, &f.seen, seenAccess)
		case "action":
			f.Action, i = scanText(l, at, &f.seen, seenAction)
		case "addr":
			f.Addr, i = scanText(l, at, &f.seen, seenAddr)
		case "host":
			f.Host, i = scanText(l, at, &f.seen, seenHost)
		case "errno":
			f.Errno, i = scanText(l, at, &f.seen, seenErrno)
		case "seq":
			var n int64
			if n, i = scanInt(l, at, &f.seen, seenSeq); n < 0 {
				return false
			}
			f.Seq = Some(uint64(n))
		case "port":
			var n int64
			if n, i = scanInt(l, at, &f.seen, seenPort); n < 0 || n > 65535 {
				return false
			}
			f.Port = Some(uint16(n))
		case "success":
			if !once(&f.seen, seenSuccess) || (l[at] != 't' && l[at] != 'f') {
				return false
			}
			f.Success = Some(l[at] == 't')
			i = skipWord(l, at)
		case "args":
			if i = skipValue(l, at, maxDepth); i < 0 || l[at] == 'n' || !once(&f.seen, seenArgs) {
				return false
			}
			f.Args = l[at:i]
		case "proc":
			if !once(&f.seen, seenProc) {
				return false
			}
			i = s.proc(l, at)
		default:
			if exactSibling(key) {
				return false
			}
			i = skipValue(l, at, maxDepth)
		}
		if i < 0 || i >= len(l) {
			return false
		}
		if l[i] == '}' {
			return i == len(l)-1
		}
		if l[i] != ',' {
			return false
		}
		i++
	}
}

// scanOrigin reads the value of src and, where it follows, the key run with its value.
func (s *Scanner) scanOrigin(l []byte, at int) int {
	f, o := &s.facets, &s.origin
	if len(o.raw) > 0 && bytes.HasPrefix(l[at:], o.raw) && f.seen&(seenSrc|seenRun) == 0 {
		f.seen |= seenSrc | seenRun
		f.Src, f.Run = o.src, o.run
		return at + len(o.raw)
	}
	const key = `,"run":`
	var i int
	if f.Src, i = scanText(l, at, &f.seen, seenSrc); i < 0 || !bytes.HasPrefix(l[i:], []byte(key)) {
		return i
	}
	if f.Run, i = scanText(l, i+len(key), &f.seen, seenRun); i < 0 {
		return -1
	}
	o.raw = append(o.raw[:0], l[at:i]...)
	o.src = o.raw[1 : 1+len(f.Src)]
	o.run = o.raw[len(o.raw)-1-len(f.Run) : len(o.raw)-1]
	return i
}

// proc reads the block that starts at i and returns where it ends, or -1.
func (s *Scanner) proc(l []byte, i int) int {
	rest := l[i:]
	if len(rest) < 48 {
		end := s.facets.Proc.scan(l, i)
		s.facets.Proc.Fresh = true
		return end
	}
	b := &s.blocks[slotOf(rest)]
	if b.valid && bytes.HasPrefix(rest, b.raw) { // an object ends where it ends, whatever follows
		s.facets.Proc = b.proc
		return i + len(b.raw)
	}
	end := s.facets.Proc.scan(l, i)
	s.facets.Proc.Fresh = true
	if end < 0 || end-i > maxBlock {
		return end
	}
	b.raw = append(b.raw[:0], l[i:end]...)
	b.valid = b.proc.scan(b.raw, 0) == len(b.raw)
	return end
}

// slotOf hashes the beginning of a block, which holds pid, tid, ppid, start and some of the name.
func slotOf(b []byte) uint16 {
	h := binary.LittleEndian.Uint64(b)
	for i := 8; i < 48; i += 8 {
		h = (h ^ binary.LittleEndian.Uint64(b[i:])) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return uint16(h >> 55)
}

// One bit a key of a process block.
const (
	seenPID = 1 << iota
	seenName
	seenExe
	seenScript
	seenArgv
	seenPkg
	seenManager
	seenPackage
	seenStage
	seenPPID
	seenStart
	seenLineage
	seenVersion
	seenCWD
	seenInjects
)

// scan reads the block that starts at i and returns where it ends, or -1.
func (p *ProcFacets) scan(l []byte, i int) int {
	*p = ProcFacets{}
	from := i
	end := scanObject(l, i, func(key []byte, at int) int {
		var end int
		switch string(key) {
		case "pid":
			var n int64
			n, end = scanInt(l, at, &p.seen, seenPID)
			p.PID = Some(n)
		case "ppid":
			var n int64
			n, end = scanInt(l, at, &p.seen, seenPPID)
			p.PPID = Some(n)
		case "start":
			var n int64
			n, end = scanInt(l, at, &p.seen, seenStart)
			p.Start = Some(uint64(n))
		case "cwd":
			p.CWD, end = scanText(l, at, &p.seen, seenCWD)
		case "lineage":
			if end = skipValue(l, at, maxDepth); end < 0 || !once(&p.seen, seenLineage) || l[at] != '[' {
				return -1
			}
			p.Lineage = l[at:end]
		case "injects":
			if end = skipValue(l, at, maxDepth); end < 0 || !once(&p.seen, seenInjects) || l[at] != '[' {
				return -1
			}
			p.Injects = l[at:end]
		case "name":
			p.Name, end = scanText(l, at, &p.seen, seenName)
		case "exe":
			p.Exe, end = scanText(l, at, &p.seen, seenExe)
		case "script":
			p.Script, end = scanText(l, at, &p.seen, seenScript)
		case "argv":
			end = p.scanArgv(l, at)
		case "pkg":
			if !once(&p.seen, seenPkg) {
				return -1
			}
			end = scanObject(l, at, func(key []byte, at int) int {
				var end int
				switch string(key) {
				case "manager":
					p.Manager, end = scanText(l, at, &p.seen, seenManager)
				case "name":
					p.Package, end = scanText(l, at, &p.seen, seenPackage)
				case "version":
					p.Version, end = scanText(l, at, &p.seen, seenVersion)
				case "stage":
					p.Stage, end = scanText(l, at, &p.seen, seenStage)
				default:
					return skipOther(l, key, at)
				}
				return end
			})
		default:
			return skipOther(l, key, at)
		}
		return end
	})
	if end > 0 {
		p.Raw = l[from:end]
	}
	return end
}

// scanArgv reads the first words of a list of texts and skips the others.
func (p *ProcFacets) scanArgv(l []byte, i int) int {
	if !once(&p.seen, seenArgv) || i >= len(l) || l[i] != '[' {
		return -1
	}
	for n := range p.Argv {
		i++
		if i < len(l) && l[i] == ']' && n == 0 {
			return i + 1
		}
		var seen uint32
		if p.Argv[n], i = scanText(l, i, &seen, 1); i < 0 || i >= len(l) {
			return -1
		}
		if l[i] == ']' {
			return i + 1
		}
		if l[i] != ',' {
			return -1
		}
	}
	for i++; ; i++ {
		if i >= len(l) || l[i] != '"' { // the other words must be texts as well
			return -1
		}
		if i = skipString(l, i+1); i < 0 || i >= len(l) {
			return -1
		}
		if l[i] == ']' {
			return i + 1
		}
		if l[i] != ',' {
			return -1
		}
	}
}

// skipOther skips the value of a key that is not needed.
func skipOther(l, key []byte, at int) int {
	if exactSibling(key) {
		return -1
	}
	return skipValue(l, at, maxDepth)
}

// exactSibling reports whether a key carries the exact bytes of another.
func exactSibling(key []byte) bool {
	return len(key) > 4 && key[len(key)-4] == '_' && string(key[len(key)-4:]) == b64Suffix
}

func once(seen *uint32, bit uint32) bool {
	if *seen&bit != 0 {
		return false
	}
	*seen |= bit
	return true
}

// scanText reads a string without escapes; the position after it is -1 for any other value.
func scanText(l []byte, i int, seen *uint32, bit uint32) ([]byte, int) {
	if !once(seen, bit) || i >= len(l) || l[i] != '"' {
		return nil, -1
	}
	i++
	end, wide := plainEnd(l, i)
	if end >= len(l) || l[end] != '"' || (wide && !utf8.Valid(l[i:end])) {
		return nil, -1
	}
	return l[i:end:end], end + 1
}

// scanInt reads a whole number of at most 18 digits.
func scanInt(l []byte, i int, seen *uint32, bit uint32) (int64, int) {
	if !once(seen, bit) {
		return 0, -1
	}
	from, n := i, int64(0)
	for i < len(l) && l[i]-'0' <= 9 {
		n = n*10 + int64(l[i]-'0')
		i++
	}
	if i == from || i-from > 18 || (l[from] == '0' && i-from > 1) {
		return 0, -1
	}
	return n, i
}
