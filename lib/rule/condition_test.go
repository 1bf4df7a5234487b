package rule

import (
	"strings"
	"testing"
	"time"

	"sandtrace/lib/event"
)

func TestCondition(t *testing.T) {
	const record = `{"type":"file","path":"/c","access":"read","n":9007199254740993,"proc":{"pid":41,"argv":["a","b"],"pkg":{"stage":"install"}}}`
	for expr, want := range map[string]string{
		`.proc.pid == 41`:                  "r",
		`.proc.pid`:                        "", // a number is not true
		`.missing`:                         "",
		`empty`:                            "",
		`.proc.argv[] == "b"`:              "r", // any output, as select would
		`.n == 9007199254740993`:           "r",
		`.n == 9007199254740992`:           "",
		`install_stage`:                    "r",
		`.proc.pkg | install_stage`:        "",
		`"x" | install_stage`:              "",
		`.path | test("^/c$")`:             "r",
		`.path | error`:                    "!condition_failed",
		`.path + 1`:                        "!condition_failed",
		`.path as [$a] | $a`:               "!condition_failed",
		`true, error("late")`:              "r",
		`[limit(3; repeat(1))] == [1,1,1]`: "r",
	} {
		m := one(t, `file_paths: [/c], condition: '`+expr+`'`)
		if got := idsOf(matchLine(t, m, record)); got != want {
			t.Errorf("%s: got %q, want %q", expr, got, want)
		}
	}
}

// TestConditionEnds holds expressions that run for ever within their steps, and says so once.
func TestConditionEnds(t *testing.T) {
	for _, expr := range []string{`repeat(.) | false`, `[range(1e12)] == []`, `def f: f; f`, `until(false; .)`, `last(range(1e15))`, `reduce range(1e12) as $i (0; .+1)`} {
		began := time.Now()
		m := one(t, `file_paths: [/c], condition: '`+expr+`'`)
		line := `{"type":"file","path":"/c","access":"read"}`
		out := matchLine(t, m, line)
		if idsOf(out) != "!condition_failed" {
			t.Errorf("%s: got %q", expr, idsOf(out))
			continue
		}
		e := out[0].(*event.Error)
		if e.File != "r.yml" || e.Line != 1 || !strings.Contains(e.Message, "gave up after") {
			t.Errorf("%s: %+v", expr, e)
		}
		if again := matchLine(t, m, line); len(again) != 0 || m.ConditionFailures() != 2 {
			t.Errorf("%s: said again: %q, %d failures", expr, idsOf(again), m.ConditionFailures())
		}
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("%s: took %v", expr, d)
		}
	}
}

func TestConditionIsLast(t *testing.T) {
	m := one(t, `file_paths: [/c], access_types: [write], excluded_processes: [cat], condition: 'error("asked")'`)
	for _, line := range []string{
		`{"type":"file","path":"/x","access":"write"}`,
		`{"type":"file","path":"/c","access":"read"}`,
		`{"type":"file","path":"/c","access":"write",` + byCat + `}`,
	} {
		if got := idsOf(matchLine(t, m, line)); got != "" {
			t.Errorf("%s: got %q", line, got)
		}
	}
}
