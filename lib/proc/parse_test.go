package proc

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// statTail are the fields of /proc/PID/stat behind the name, proc_pid_stat(5).
const statTail = " S 17 41 41 0 -1 4194560 120 0 0 0 1 2 3 4 20 0 1 0 7344213 2301952 89 18446744073709551615"

// hostileNames are what a process can call itself: comm holds any byte but NUL.
var hostileNames = []string{
	"sh", "", " ", ")", "(", "()", ")(", "a b", "a) S 1 1", ") S 1 1", ") R 0 0 (", "x\ny", "\n", "\n\n)",
	`back\slash`, `\`, `\n`, `\\n`, "tab\there", "\x1b[2J", "\xff\xfe", "é", "Uid:\t0", "a\nUid:\t0\n",
}

func TestParseStat(t *testing.T) {
	for _, name := range hostileNames {
		got, err := ParseStat([]byte("4711 (" + name + ")" + statTail + "\n"))
		if want := (Stat{Name: name, State: 'S', PPID: 17, Start: 7344213}); err != nil || got != want {
			t.Errorf("%q: %+v, %v; expected %+v", name, got, err, want)
		}
	}
}

func TestParseStatMalformed(t *testing.T) {
	for _, in := range []string{
		"", "1", "1 (", "1 (a", "1 )a(" + statTail, "1 a" + statTail, "1 (a)", "1 (a) S",
		"1 (a) SS" + strings.TrimPrefix(statTail, " S"),
		"1 (a) \xd2" + strings.TrimPrefix(statTail, " S"),
		"1 (a)" + strings.Replace(statTail, "17", "x", 1),
		"1 (a)" + strings.Replace(statTail, "7344213", "-1", 1),
		"1 (a)" + strings.Replace(statTail, "7344213", "18446744073709551616", 1),
	} {
		if got, err := ParseStat([]byte(in)); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
}

// TestParseStatTruncated cuts a line at every byte: what is parsed all the same is right.
func TestParseStatTruncated(t *testing.T) {
	whole := "4711 (a) b)" + statTail
	parsed := 0
	for n := range len(whole) {
		got, err := ParseStat([]byte(whole[:n]))
		if err == nil && (got.Start != 7344213 || got.PPID != 17 || got.Name != "a) b") {
			t.Errorf("%q: %+v", whole[:n], got)
		}
		if err == nil {
			parsed++
		}
	}
	if parsed == 0 {
		t.Error("a line whose last fields are cut is refused, though nothing is read there")
	}
}

// status is the beginning of a status file; name is escaped as the kernel does it.
func status(name string) string {
	name = strings.NewReplacer("\\", `\\`, "\n", `\n`).Replace(name)
	return "Name:\t" + name + "\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t41\nNgid:\t0\nPid:\t42\nPPid:\t17\n" +
		"TracerPid:\t0\nUid:\t1000\t1001\t1002\t1003\nGid:\t5\t5\t5\t5\nGroups:\t4 24 \n"
}

func TestParseStatus(t *testing.T) {
	for _, name := range hostileNames {
		got, err := ParseStatus([]byte(status(name)))
		if want := (Status{Name: name, TGID: 41, PPID: 17, UID: 1000}); err != nil || got != want {
			t.Errorf("%q: %+v, %v; expected %+v", name, got, err, want)
		}
	}
	max := strings.Replace(status("a"), "1000", "4294967295", 1)
	if got, err := ParseStatus([]byte(max)); err != nil || got.UID != 1<<32-1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseStatusMalformed(t *testing.T) {
	for _, key := range []string{"Name", "Tgid", "PPid", "Uid"} {
		in := strings.Replace(status("a"), key+":", key+";", 1)
		if got, err := ParseStatus([]byte(in)); !errors.Is(err, ErrFormat) {
			t.Errorf("without %s: %+v, %v", key, got, err)
		}
	}
	for old, bad := range map[string]string{"Uid:\t1000": "Uid:\t-1", "Uid:\t": "Uid:\tx", "Tgid:\t41": "Tgid:\t", "PPid:\t17": "PPid:\t1 7", "1000": "4294967296"} {
		in := strings.Replace(status("a"), old, bad, 1)
		if got, err := ParseStatus([]byte(in)); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %+v, %v", bad, got, err)
		}
	}
}

func TestParseStatusTruncated(t *testing.T) {
	whole := status("a b")
	want, err := ParseStatus([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if got, err := ParseStatus([]byte(whole[:n])); err == nil && got != want {
			t.Errorf("%q: %+v", whole[:n], got)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	for _, name := range hostileNames {
		f.Add([]byte("1 (" + name + ")" + statTail))
	}
	f.Add([]byte("1 ()))))"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseStat(b)
		if err != nil {
			if got != (Stat{}) {
				t.Errorf("%+v beside %v", got, err)
			}
			return
		}
		// what was parsed reads the same when it is written as the kernel writes it
		again := fmt.Sprintf("1 (%s) %c %d%s %d 0", got.Name, got.State, got.PPID, strings.Repeat(" 0", 17), got.Start)
		if back, err := ParseStat([]byte(again)); err != nil || back != got {
			t.Errorf("%q: %+v, again %+v, %v", b, got, back, err)
		}
	})
}

func FuzzParseStatus(f *testing.F) {
	for _, name := range hostileNames {
		f.Add([]byte(status(name)))
	}
	f.Add([]byte("Name:\t\n\nTgid:\t1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseStatus(b)
		if err != nil {
			if got != (Status{}) {
				t.Errorf("%+v beside %v", got, err)
			}
			return
		}
		name := strings.NewReplacer("\\", `\\`, "\n", `\n`).Replace(got.Name)
		again := fmt.Sprintf("Name:\t%s\nTgid:\t%d\nPPid:\t%d\nUid:\t%d\t0\n", name, got.TGID, got.PPID, got.UID)
		if back, err := ParseStatus([]byte(again)); err != nil || back != got {
			t.Errorf("%q: %+v, again %+v, %v", b, got, back, err)
		}
	})
}
