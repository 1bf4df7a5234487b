package cli

import (
	"os/exec"
	"strings"
	"testing"
)

// TestCompletion has each shell that is here read its script, and bash complete with it.
func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		_, code, _, script, errs := parse(t, CodeUsage, "--completion", shell)
		if code != 0 || errs != "" {
			t.Fatalf("%s: %d %s", shell, code, errs)
		}
		for _, want := range []string{"output", "level", "completion", "st-test"} {
			if !strings.Contains(script, want) {
				t.Errorf("%s: nothing of %s in\n%s", shell, want, script)
			}
		}
		if _, err := exec.LookPath(shell); err != nil {
			t.Logf("%s: not here, its script is not read", shell)
			continue
		}
		cmd := exec.Command(shell, "-n")
		cmd.Stdin = strings.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s -n: %v %s\n%s", shell, err, out, script)
		}
		if shell == "bash" {
			bashCompletes(t, script)
		}
	}
}

func bashCompletes(t *testing.T, script string) {
	t.Helper()
	for _, tt := range []struct{ words, want string }{
		{"st-test --lev", "--level"},
		{"st-test --level ", "a b"},
		{"st-test --color n", "never"},
	} {
		cmd := exec.Command("bash", "-c", script+`
IFS=' ' read -ra COMP_WORDS <<<"$1"
[[ $1 == *' ' ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_st_test
echo "${COMPREPLY[@]}"`, "bash", tt.words)
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
			t.Errorf("%q completes to %q, %v: expected %q", tt.words, got, err, tt.want)
		}
	}
}
