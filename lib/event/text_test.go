package event

import (
	"encoding/json"
	"sort"
	"testing"
	"time"
	"unicode/utf8"
)

func TestQuote(t *testing.T) {
	tests := []struct {
		in, want string
		exact    bool
	}{
		{"", `""`, true},
		{"/usr/bin/node", `"/usr/bin/node"`, true},
		{`a"b\c`, `"a\"b\\c"`, true},
		{"12345678\"", `"12345678\""`, true},
		{"\n\r\t\x00\x1f\x7f", `"\n\r\t\u0000\u001f\u007f"`, true},
		{"\u0080\u009b\u00a0", `"\u0080\u009b\u00a0"`, true},
		{"\u2028\u2029\u202e\u2066\u200b\ufeff", `"\u2028\u2029\u202e\u2066\u200b\ufeff"`, true},
		{"\U000e0041\U000e0100", `"\udb40\udc41\udb40\udd00"`, true},
		{"é 日本 😀 �", `"é 日本 😀 �"`, true},
		{"a\xffb", `"a�b"`, false},
		{"\xe2\x80", `"��"`, false},
		{"\xed\xa0\x80", `"���"`, false},
		{"</script>&", `"</script>&"`, true},
	}
	for _, tt := range tests {
		got, exact := quote(nil, tt.in)
		if string(got) != tt.want || exact != tt.exact {
			t.Errorf("%q: %s %v", tt.in, got, exact)
		}
		if exact != utf8.ValidString(tt.in) {
			t.Errorf("%q: exact %v", tt.in, exact)
		}
	}
	// Every byte at every place in a word of eight, and between plain ones.
	for c := range 256 {
		for at := range 20 {
			in := []byte("abcdefghijklmnopqrst")
			in[at] = byte(c)
			got, _ := quote(nil, string(in))
			var back string
			if err := json.Unmarshal(got, &back); err != nil {
				t.Fatalf("%q: %s: %v", in, got, err)
			}
			if back != shown(string(in)) {
				t.Fatalf("%q: %s", in, got)
			}
			for _, b := range got {
				if b < 0x20 || b == 0x7f {
					t.Fatalf("%q: %q", in, got)
				}
			}
		}
	}
}

func TestDisplay(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"/usr/bin/node", "/usr/bin/node"},
		{"é 日本 😀", "é 日本 😀"},
		{"a\x1b[2Jb", `a\x1b[2Jb`},
		{"a\rb\nc\td\be\x00", `a\rb\nc\td\be\x00`},
		{"\x7f", `\x7f`},
		{"\u0085\u009b31m", `\u0085\u009b31m`},
		{"a\u202egnp.exe", `a\u202egnp.exe`},
		{"\u2066\u2069\u061c\u200f", `\u2066\u2069\u061c\u200f`},
		{"a\u200b\u200d\ufeffb", `a\u200b\u200d\ufeffb`},
		{"\u2028\u2029\u00a0\u3000", `\u2028\u2029\u00a0\u3000`},
		{"\u3164\u115f\u034f\ufe0f\U000e0041", `\u3164\u115f\u034f\ufe0f\U000e0041`},
		{"a\xff\xc3", `a\xff\xc3`},
		{"e\u0301", "e\u0301"},
		{"e\u0301\u0301\u0301\u0301\u0301", "e\u0301\u0301\u0301\u0301\\u0301"},
	}
	for _, tt := range tests {
		if got := Display(tt.in); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestEmbed(t *testing.T) {
	in := " {\"a\":\"\u009b\u202e\u200b\U000e0041\x7f\xff\u00e9\",\t\"b\" : 1}\r"
	const want = `{"a":"\u009b\u202e\u200b\udb40\udc41\u007f�é", "b" : 1}`
	if got := Embed([]byte(in)); string(got) != want || !json.Valid(got) {
		t.Errorf("%s", got)
	}
	for _, records := range golden { // what Writer made stays as it is
		for _, l := range lines(encode(records...)) {
			if got := Embed(l); string(got) != string(l) {
				t.Errorf("%s\n%s", l, got)
			}
		}
	}
}

func TestRunSortsByTime(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 49, 0, 0, time.UTC)
	var ids []string
	seen := map[string]bool{}
	for i := range 100 {
		id := NewRun(at.Add(time.Duration(i) * time.Millisecond))
		ids = append(ids, id)
		seen[id] = true
	}
	if !sort.StringsAreSorted(ids) || len(seen) != len(ids) {
		t.Errorf("%q", ids[:3])
	}
	if one, other := NewRun(at), NewRun(at); one == other {
		t.Error("two runs of one millisecond share an id")
	}
}

func TestTime(t *testing.T) {
	tests := []struct {
		in   Time
		want string
	}{
		{0, "1970-01-01T00:00:00.000000000Z"},
		{1, "1970-01-01T00:00:00.000000001Z"},
		{-1, "1969-12-31T23:59:59.999999999Z"},
		{goldenTime, "2026-11-21T07:49:00.000000001Z"},
		{1 << 62, "2116-02-20T23:53:38.427387904Z"},
	}
	var c clock
	for _, tt := range tests {
		if got := string(c.append(nil, tt.in)); got != tt.want || tt.in.String() != tt.want {
			t.Errorf("%d: %s and %s, want %s", int64(tt.in), got, tt.in, tt.want)
		}
		var back Time
		if err := json.Unmarshal([]byte(`"`+tt.want+`"`), &back); err != nil || back != tt.in {
			t.Errorf("%s: %d %v", tt.want, int64(back), err)
		}
	}
}

func TestParseSeverity(t *testing.T) {
	const all = ": expected info, low, medium, high or critical"
	tests := []struct{ in, want, err string }{
		{"info", "info", ""},
		{"critical", "critical", ""},
		{"hihg", "", `"hihg"` + all + "; did you mean high"},
		{"High", "", `"High"` + all + "; did you mean high"},
		{"crit", "", `"crit"` + all},
		{"mediun", "", `"mediun"` + all + "; did you mean medium"},
		{"", "", `""` + all},
		{"everything", "", `"everything"` + all},
	}
	for _, tt := range tests {
		got, err := ParseSeverity(tt.in)
		if string(got) != tt.want || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%q: %q %v", tt.in, got, err)
		}
	}
}
