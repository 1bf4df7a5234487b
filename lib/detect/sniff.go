package detect

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Order is the byte order of text in UTF-16, or nil for all else: by its mark, or because every
// second byte of plain text is zero.
func utf16Order(head []byte) binary.ByteOrder {
	if len(head) < 4 {
		return nil
	}
	ascii := 0
	for _, c := range head {
		if c != 0 && c < 0x80 {
			ascii++
		}
	}
	if bytes.IndexByte(head, 0) < 0 && ascii*10 >= len(head)*7 { // the mark alone does not make it UTF-16
		return nil
	}
	switch {
	case head[0] == 0xff && head[1] == 0xfe && (head[2] != 0 || head[3] != 0):
		return binary.LittleEndian
	case head[0] == 0xfe && head[1] == 0xff:
		return binary.BigEndian
	}
	var zero [2]int
	n := min(len(head), 512) &^ 1
	for i := range n {
		if head[i] == 0 {
			zero[i&1]++
		}
	}
	switch {
	case zero[1]*10 >= n*4 && zero[0] == 0:
		return binary.LittleEndian
	case zero[0]*10 >= n*4 && zero[1] == 0:
		return binary.BigEndian
	}
	return nil
}

// utf16Reader gives UTF-16 as UTF-8.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	in    []byte
	out   []byte
	first uint16 // the first half of a surrogate pair
	err   error
}

func newUTF16(r io.Reader, order binary.ByteOrder) *utf16Reader {
	return &utf16Reader{r: r, order: order, in: make([]byte, 32<<10)}
}

func (u *utf16Reader) Read(b []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		var n int
		n, u.err = io.ReadFull(u.r, u.in)
		if u.err == io.ErrUnexpectedEOF {
			u.err = io.EOF
		}
		u.out = u.out[:0]
		for i := 0; i+1 < n; i += 2 {
			u.add(u.order.Uint16(u.in[i:]))
		}
	}
	n := copy(b, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) add(c uint16) {
	switch {
	case u.first != 0:
		u.out = utf8.AppendRune(u.out, utf16.DecodeRune(rune(u.first), rune(c)))
		u.first = 0
	case c >= 0xd800 && c < 0xdc00:
		u.first = c
	default:
		u.out = utf8.AppendRune(u.out, rune(c))
	}
}

// looksMinified tells code that was written by a program for programs: by its lines.
func looksMinified(b []byte) bool {
	lines := bytes.Count(b, newline) + 1
	return len(b) > 2000 && len(b)/lines > 300
}
