package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"sandtrace/lib/event"
)

// collect runs a filter over input and returns what it wrote, a word each.
func collect(t *testing.T, input string) (words []string, fl *Filter) {
	t.Helper()
	set := compileText(t, `- {id: r, severity: high, detection: {file_paths: [/c]}}`, testEnv)
	fl = NewFilter(set, 0, func(r event.Record) error {
		switch r := r.(type) {
		case *event.Match:
			words = append(words, "match")
		case *event.Error:
			words = append(words, fmt.Sprintf("%s:%d", r.Code, r.Line))
		case *event.Lost:
			words = append(words, fmt.Sprintf("lost:%d", r.Count.Val))
		}
		return nil
	}, func() error { return nil })
	if err := fl.Run(strings.NewReader(input), ""); err != nil {
		t.Fatal(err)
	}
	if err := fl.End(); err != nil {
		t.Fatal(err)
	}
	return words, fl
}

func TestFilterOrder(t *testing.T) {
	hit := `{"type":"file","path":"/c","access":"read"}` + "\n"
	words, fl := collect(t, hit+"nope\n"+hit+"[]\n\n"+strings.Repeat("a", event.MaxLine+5)+"\n"+hit+`{"v":7}`+"\n"+`{"type":"novel"}`+"\n"+`{"type":"fi`)
	if got, want := strings.Join(words, " "), "match bad_json:2 match bad_json:4 line_too_long:6 match bad_record:8 truncated_line:10"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if fl.Tally.Bad != 5 || fl.Tally.Records != 4 || fl.Tally.Matches != 3 || fl.Tally.Highest() != "high" ||
		!strings.HasPrefix(fl.Tally.FirstBad, "line 2: invalid character") {
		t.Errorf("%+v", fl.Tally)
	}
}

func TestGaps(t *testing.T) {
	for seqs, want := range map[string]string{
		"a0 a1 a2":               "",
		"a5 a6":                  "", // begins in the middle
		"a0 a2":                  "lost:1",
		"a0 a2 a1 a3":            "lost:1", // late
		"a3 a2 a1":               "",
		"a0 b0 a1 b1":            "",
		"a0 b0 a5 b1":            "lost:4",
		"a0 a2 a4 a6 a8 a10 a12": "lost:1 lost:1 lost:2 lost:2", // said when it doubles, the rest at the end
		"a0 x x a1":              "",
	} {
		var in strings.Builder
		for _, w := range strings.Fields(seqs) {
			if w == "x" {
				in.WriteString("{}\n")
				continue
			}
			fmt.Fprintf(&in, `{"type":"file","seq":%s,"src":"s","run":"%s"}`+"\n", w[1:], w[:1])
		}
		words, _ := collect(t, in.String())
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s: got %q, want %q", seqs, got, want)
		}
	}
	var many strings.Builder
	for i := range 3 * maxRuns {
		fmt.Fprintf(&many, `{"seq":0,"src":"s","run":"%d"}`+"\n"+`{"seq":2,"src":"s","run":"%d"}`+"\n", i, i)
	}
	if _, fl := collect(t, many.String()); fl.Tally.Lost != 3*maxRuns {
		t.Errorf("lost %d of %d", fl.Tally.Lost, 3*maxRuns)
	}
}

func TestFilterFailures(t *testing.T) {
	set := compileText(t, `- {id: r, severity: high, detection: {file_paths: [/c]}}`, testEnv)
	full := errors.New("disk full")
	fl := NewFilter(set, 0, func(event.Record) error { return full }, func() error { return nil })
	if err := fl.Run(strings.NewReader(`{"type":"file","path":"/c","access":"read"}`+"\n"), ""); err != full {
		t.Errorf("got %v", err)
	}
	broken := io.MultiReader(strings.NewReader("{}\n"), readerFunc(func([]byte) (int, error) { return 0, full }))
	err := fl.Run(broken, "f")
	var in *InputError
	if !errors.As(err, &in) || !errors.Is(err, full) || in.Name != "f" {
		t.Errorf("got %v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// TestFlushWhenIdle: what is known is said before the filter waits for more.
func TestFlushWhenIdle(t *testing.T) {
	set := compileText(t, `- {id: r, severity: high, detection: {file_paths: [/c]}}`, testEnv)
	var pending, flushed int
	fl := NewFilter(set, 0, func(event.Record) error { pending++; return nil }, func() error { flushed += pending; pending = 0; return nil })
	r, w := io.Pipe()
	go func() {
		for range 3 {
			_, _ = w.Write([]byte(`{"type":"file","path":"/c","access":"read"}` + "\n"))
		}
		_ = w.Close()
	}()
	seen := 0
	err := fl.Run(readerFunc(func(b []byte) (int, error) {
		if pending > 0 {
			t.Error("reads with a match unsaid")
		}
		seen++
		return r.Read(b)
	}), "")
	if err != nil || flushed != 3 || seen < 3 {
		t.Errorf("err %v, %d flushed, %d reads", err, flushed, seen)
	}
}

func TestSummaryRecord(t *testing.T) {
	_, fl := collect(t, `{"type":"file","path":"/c","access":"read"}`+"\nnope\n")
	var out bytes.Buffer
	w := event.NewWriter(&out, "st-match", "R", 0)
	if err := errors.Join(w.Write(fl.Tally.Summary()), w.Flush()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"records":1`, `"matches":1`, `"bad_lines":1`, `"severities":{"high":1}`, `"rules":{"r":1}`, `"lost":0`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s lacks %s", out.String(), want)
		}
	}
}

// TestRetold: what an upstream tool lost or could not do is said again, in its place.
func TestRetold(t *testing.T) {
	var got []string
	fl := NewFilter(compileText(t, "- {id: r, severity: high, detection: {file_paths: [/c]}}", testEnv), 0, func(r event.Record) error {
		switch r := r.(type) {
		case *event.Lost:
			got = append(got, fmt.Sprintf("lost %s %d", r.Why, r.Count.Val))
		case *event.Error:
			got = append(got, "error "+r.Code+" "+r.Message)
		case *event.Match:
			got = append(got, "match")
		}
		return nil
	}, func() error { return nil })
	in := `{"v":1,"type":"lost","ts":"2026-11-23T07:49:00.000000000Z","seq":0,"src":"st-watch","run":"A","why":"queue_overflow","count":3}
{"type":"file","path":"/c","access":"read","seq":1,"src":"st-watch","run":"A"}
{"v":1,"type":"error","ts":"2026-11-23T07:49:00.000000000Z","seq":2,"src":"st-watch","run":"A","code":"denied","message":"no"}
{"type":"lost","why":7}
`
	if err := fl.Run(strings.NewReader(in), ""); err != nil {
		t.Fatal(err)
	}
	want := "lost st-watch: queue_overflow 3\nmatch\nerror denied st-watch: no\nerror upstream_lost upstream: a lost record that cannot be read"
	if s := strings.Join(got, "\n"); s != want || fl.Tally.Lost != 3 {
		t.Errorf("%d lost\n%s", fl.Tally.Lost, s)
	}
}
