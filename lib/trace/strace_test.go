package trace_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"sandtrace/lib/kerntest"
)

// compared are the calls that both tracers are told to report: those whose arguments and results do
// not depend on process ids, time or chance.
const compared = "execve,open,openat,creat,rename,renameat,renameat2,link,linkat,symlink,symlinkat," +
	"unlink,unlinkat,mkdir,mkdirat,rmdir,chmod,fchmodat,chdir,truncate,chown,fchownat"

// programs are deterministic: two runs make the same calls.
var programs = []struct{ name, script string }{
	{"files", `mkdir d; for i in 1 2 3 4 5; do echo $i >d/$i; mv d/$i d/r$i; chmod 600 d/r$i; ln -s r$i d/s$i; ln d/r$i d/h$i; done
		cd d && cat s1 missing /nonexistent/x; cd ..; rm -r d`},
	{"pipes", `(cat /etc/hostname | grep . | tr a b | wc -l); (echo a; /bin/echo b) | cat; cat </dev/null | cat | cat`},
	{"tar", `mkdir t; echo x >t/a; ln -s a t/b; tar cf t.tar t; mkdir u; tar xf t.tar -C u; rm -r t u t.tar`},
	{"failures", `/nonexistent/program; ./; : >f; ./f; chmod 700 f; ./f; mkdir f; rmdir f; cat f/x; ln -s loop loop; cat loop; rm f loop`},
	{"git", `git init -q g && cd g && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x && git log -1 --format=%s; cd .. && rm -rf g`},
	{"subshells", `i=0; while [ $i -lt 60 ]; do (exec /bin/true); i=$((i+1)); done; sh -c 'sh -c "sh -c true"'`},
}

// TestLikeStrace runs the same programs under strace -f and under st-trace: the calls that succeed or
// fail, with the file name as it was given and the result, must be the same, each as often.
func TestLikeStrace(t *testing.T) {
	kerntest.Need(t, "ptrace", "seccomp", "strace")
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			if p.name == "git" {
				kerntest.Need(t, "git")
			}
			theirs := straced(t, p.script)
			r := traced(t, user{}, []string{"--trace", compared}, "/bin/sh", "-c", p.script)
			ours := map[string]int{}
			for _, m := range r.records {
				if m["type"] == "syscall" {
					ours[callLine(m)]++
				}
			}
			if len(theirs) == 0 {
				t.Fatal("strace reported nothing")
			}
			t.Logf("%d different calls", len(theirs))
			for _, d := range differences(theirs, ours) {
				t.Error(d)
			}
		})
	}
}

// callLine is one call as both sides can say it: name, first file name, result. Names that the run
// itself makes up (git's temporary objects, a path below the test's directory) are made alike.
func callLine(m map[string]any) string {
	path, _ := m["path"].(string)
	if a, ok := m["args"].(object); ok {
		if given, ok := a["path"].(string); ok {
			path = given
		}
		if m["syscall"] == "symlink" || m["syscall"] == "symlinkat" { // strace's first name is the contents
			if target, ok := a["target"].(string); ok {
				path = target
			} else {
				path, _ = m["to"].(string)
			}
		}
	}
	result := fmt.Sprint(m["ret"])
	if e, ok := m["errno"].(string); ok {
		result = e
	}
	return alike(fmt.Sprintf("%v %q %s", m["syscall"], path, result))
}

var madeUp = []struct {
	re *regexp.Regexp
	as string
}{
	{regexp.MustCompile(`tmp_obj_\w+`), "tmp_obj"},
	{regexp.MustCompile(`objects/[0-9a-f]{2}(/[0-9a-f]{38})?`), "objects/x"},
	{regexp.MustCompile(`(\.git/)?t\w{6}\b`), "tXXXXXX"},
	{regexp.MustCompile(`/tmp/kerntest-\d+`), "DIR"},
	{regexp.MustCompile(`/proc/\d+/`), "/proc/N/"},
	{regexp.MustCompile(`^(openat ".*") \d+$`), "$1 fd"},
}

func alike(s string) string {
	for _, m := range madeUp {
		s = m.re.ReplaceAllString(s, m.as)
	}
	return s
}

var (
	straceLine = regexp.MustCompile(`^(\d+) +(.*)$`)
	straceCall = regexp.MustCompile(`^(\w+)\((.*)\) += (-?\d+|\?)(?: (E\w+))?`)
	firstName  = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
)

// straced counts the calls that strace reports, its interrupted lines put together again.
func straced(t *testing.T, script string) map[string]int {
	t.Helper()
	dir := kerntest.TempDir(t, 0)
	out := filepath.Join(dir, "strace.out")
	cmd := exec.Command("strace", "-f", "-qq", "-s", "4096", "-e", "signal=none", "-e", "trace="+compared, "-o", out, "/bin/sh", "-c", script)
	cmd.Dir = dir
	_ = cmd.Run() // the script's own status is no matter here
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	counts, open := map[string]int{}, map[string]string{}
	for line := range bytes.Lines(text) {
		m := straceLine.FindStringSubmatch(strings.TrimSpace(string(line)))
		if m == nil {
			continue
		}
		pid, rest := m[1], m[2]
		if begun, ok := strings.CutSuffix(rest, " <unfinished ...>"); ok {
			open[pid] = begun
			continue
		}
		if i := strings.Index(rest, " resumed>"); i >= 0 && strings.HasPrefix(rest, "<... ") {
			rest = open[pid] + rest[i+len(" resumed>"):]
		}
		c := straceCall.FindStringSubmatch(rest)
		if c == nil {
			continue
		}
		name := ""
		if n := firstName.FindStringSubmatch(c[2]); n != nil {
			name = n[1]
		}
		result := c[3]
		if c[4] != "" {
			result = c[4]
		}
		counts[alike(fmt.Sprintf("%s %q %s", c[1], name, result))]++
	}
	return counts
}

func differences(theirs, ours map[string]int) []string {
	var out []string
	for k := range theirs {
		if theirs[k] != ours[k] {
			out = append(out, fmt.Sprintf("%s: strace %d, st-trace %d", k, theirs[k], ours[k]))
		}
	}
	for k := range ours {
		if theirs[k] == 0 {
			out = append(out, fmt.Sprintf("%s: strace 0, st-trace %d", k, ours[k]))
		}
	}
	sort.Strings(out)
	return out
}
