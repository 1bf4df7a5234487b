package event

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll gives a line or an error for each call of Next until the end of the stream.
func readAll(r *Reader) (out []string, end error) {
	for {
		l, err := r.Next()
		var le *LineError
		switch {
		case errors.As(err, &le):
			out = append(out, "!"+le.Code)
		case err != nil:
			return out, err
		default:
			out = append(out, string(l))
		}
	}
}

// short stands for a long line in a table.
func short(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		if len(l) > 100 {
			l = l[:1] + "~"
		}
		out[i] = l
	}
	return out
}

func TestReader(t *testing.T) {
	long := func(c string, n int) string { return strings.Repeat(c, n) }
	jsonOf := func(n int) string { return `"` + strings.Repeat("j", n-2) + `"` }
	tests := []struct {
		name, in string
		want     []string
	}{
		{"empty", "", nil},
		{"lines", "a\nb\n", []string{"a", "b"}},
		{"empty lines", "\n\na\n\n\nb\n\n", []string{"a", "b"}},
		{"carriage returns", "a\r\n\r\nb\r\n", []string{"a", "b"}},
		{"a carriage return last", "a\n\r", []string{"a"}},
		{"a carriage return inside", "a\rb\n", []string{"a\rb"}},
		{"zero bytes", "\x00\n\x00\x00\n", []string{"\x00", "\x00\x00"}},
		{"whole last line", "a\n{}", []string{"a", "{}"}},
		{"truncated last line", "a\n{\"v\":1,", []string{"a", "!truncated_line"}},
		{"only a truncated line", "{", []string{"!truncated_line"}},
		{"longest line", long("x", MaxLine-1) + "\ny\n", []string{"x~", "y"}},
		{"one byte too long", long("x", MaxLine) + "\ny\n", []string{"!line_too_long", "y"}},
		{"much too long", long("x", 5*MaxLine+17) + "\ny\n", []string{"!line_too_long", "y"}},
		{"two too long", long("x", 2*MaxLine) + "\n" + long("z", MaxLine+1) + "\ny\n", []string{"!line_too_long", "!line_too_long", "y"}},
		{"longest last line", jsonOf(MaxLine - 1), []string{`"~`}},
		{"too long a last line", jsonOf(MaxLine), []string{"!line_too_long"}},
		{"much too long a last line", "a\n" + jsonOf(3*MaxLine), []string{"a", "!line_too_long"}},
		{"long lines in a row", long("a", MaxLine-1) + "\n" + long("b", MaxLine-1) + "\n", []string{"a~", "b~"}},
	}
	wraps := map[string]func(io.Reader) io.Reader{
		"at once":       func(r io.Reader) io.Reader { return r },
		"data with EOF": iotest.DataErrReader,
		"halves":        iotest.HalfReader,
		"one byte": func(r io.Reader) io.Reader {
			return iotest.OneByteReader(r)
		},
	}
	for _, tt := range tests {
		for how, wrap := range wraps {
			got, err := readAll(NewReader(wrap(strings.NewReader(tt.in))))
			if err != io.EOF {
				t.Errorf("%s, %s: %v", tt.name, how, err)
			}
			if a, b := short(got), tt.want; strings.Join(a, "|") != strings.Join(b, "|") {
				t.Errorf("%s, %s: %q, want %q", tt.name, how, a, b)
			}
		}
	}
}

func TestReaderLineNumbers(t *testing.T) {
	r := NewReader(strings.NewReader("a\n\n" + strings.Repeat("x", MaxLine) + "\nb\n{"))
	want := []int{1, 3, 4, 5}
	for i, n := range want {
		_, err := r.Next()
		var le *LineError
		if errors.As(err, &le) && le.Line != n {
			t.Errorf("call %d: error on line %d, want %d", i, le.Line, n)
		}
		if r.Line() != n {
			t.Errorf("call %d: line %d, want %d", i, r.Line(), n)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Error(err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Error("the end of the stream does not last: ", err)
	}
}

func TestReaderError(t *testing.T) {
	boom := errors.New("boom")
	tests := []struct {
		in   string
		want []string
	}{
		{"a\nb\n", []string{"a", "b"}},
		{"a\n{", []string{"a", "!truncated_line"}},
		{"a\n" + strings.Repeat("x", MaxLine+1), []string{"a"}},
	}
	for _, tt := range tests {
		got, err := readAll(NewReader(io.MultiReader(strings.NewReader(tt.in), iotest.ErrReader(boom))))
		if !errors.Is(err, boom) || strings.Join(short(got), "|") != strings.Join(tt.want, "|") {
			t.Errorf("%.10q: %q %v", tt.in, short(got), err)
		}
	}
	_, err := NewReader(stuck{}).Next()
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that never reads: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestReaderBuffered(t *testing.T) {
	in, out := io.Pipe()
	go func() {
		for _, s := range []string{"a\nb\nc", "\n"} {
			_, _ = io.WriteString(out, s)
		}
		_ = out.Close()
	}()
	r := NewReader(in)
	for _, want := range []struct {
		line     string
		buffered bool
	}{{"a", true}, {"b", false}, {"c", false}} {
		l, err := r.Next()
		if err != nil || string(l) != want.line || r.Buffered() != want.buffered {
			t.Errorf("%q %v: buffered %v, want %v", l, err, r.Buffered(), want.buffered)
		}
	}
	if _, err := r.Next(); err != io.EOF || !r.Buffered() {
		t.Errorf("at the end: %v, buffered %v", err, r.Buffered())
	}
}

// TestReaderKeepsLine checks that a line stays until the next call, whatever Buffered does.
func TestReaderKeepsLine(t *testing.T) {
	r := NewReader(iotest.OneByteReader(bytes.NewReader([]byte("first\nsecond\n"))))
	l, _ := r.Next()
	r.Buffered()
	if string(l) != "first" {
		t.Errorf("%q", l)
	}
}
