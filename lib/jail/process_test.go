package jail_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func deadline() time.Time { return time.Now().Add(100 * time.Millisecond) }

// TestProc: what /proc has of init and of the machine is closed or read-only.
func TestProc(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		var wants []want
		for _, f := range []string{"environ", "mem", "root/etc/passwd", "cwd", "fd/3", "maps", "exe"} {
			wants = append(wants, want{"read=/proc/1/" + f, "EACCES|EPERM|ENOENT"})
		}
		for _, f := range []string{
			"/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger", "/proc/self/oom_score_adj", "/proc/1/oom_score_adj",
		} {
			wants = append(wants, want{"write=" + f, "EACCES|EROFS|EPERM|ENOENT"})
		}
		for _, f := range []string{"/proc/kcore", "/proc/kmsg", "/proc/sysrq-trigger"} {
			wants = append(wants, want{"read=" + f, "EACCES|ENOENT|EPERM"})
		}
		j.check(t, nil, append(wants,
			want{"write=/proc/1/exe", "EACCES|EPERM"},
			want{"write=/proc/self/exe", "EACCES|EROFS|ETXTBSY"},
			want{"read=/proc/meminfo", "OK"},
			want{"read=/proc/self/status", "OK"},
			want{"kill_pid=" + strconv.Itoa(os.Getpid()), "ESRCH|EPERM"},
		))
		o := j.run(t, "--", "sh", "-c", "ls -d /proc/[0-9]* | wc -l")
		if n, _ := strconv.Atoi(strings.TrimSpace(o.stdout)); n < 2 || n > 5 {
			t.Errorf("%s processes are seen", o.stdout)
		}
	})
}

func TestExit(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		for _, tt := range []struct {
			args string
			exit int
			err  string
		}{
			{"-- true", 0, ""},
			{"-- sh -c exit\t7", 7, ""},
			{"-- sh -c kill\t-9\t$$", 137, ""},
			{"-- sh -c kill\t-TERM\t$$", 143, ""},
			{"-- no-such-command", 127, "no-such-command"},
			{"-- /no/such", 127, "/no/such"},
			{"-- /usr", 126, "is a directory"},
			{"-- " + tools + "/attack", 127, "outside of what the policy lets be executed"},
			{"", 125, "expected a command"},
			{"--porfile x true", 125, "porfile"},
			{"--timeout 200ms -- sleep 10", 124, ""},
			{"--timeout 200ms -- sh -c trap\t:\tTERM;while\t:;do\tsleep\t1;done", 124, ""},
			{"--timeout=-1s -- true", 125, "positive"},
			{"--chdir /var -- true", 125, "does not allow"},
			{"--chdir /no/such -- true", 125, "/no/such"},
			{"--deny . --allow-read . -- true", 125, "denies"},
			{"--allow-read /no/such -- true", 125, "no such file"},
			{"--best-effort=pdi -- true", 125, "expected pid"},
			{"-p /no/such -- true", 125, "no such file"},
			{"-p /dev/null -- true", 125, "is empty"},
			{"-p /usr -- true", 125, "is a directory"},
		} {
			var args []string
			for f := range strings.FieldsFuncSeq(tt.args, func(r rune) bool { return r == ' ' }) {
				args = append(args, strings.ReplaceAll(f, "\t", " "))
			}
			o := j.run(t, args...)
			if o.exit != tt.exit || !strings.Contains(o.stderr, tt.err) {
				t.Errorf("%s: exit %d, expected %d: %s", tt.args, o.exit, tt.exit, o.stderr)
			}
		}
	})
}

// TestLeftBehind: nothing outlives the command.
func TestLeftBehind(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		out := j.mkdir(t, "out")
		script := `(setsid sh -c 'echo $$ >daemon; sleep 1; echo alive >alive' &) ; while ! [ -s daemon ]; do sleep 0.01; done`
		began := time.Now()
		o := j.run(t, "--allow-write", out, "--chdir", out, "--", "sh", "-c", script)
		if o.exit != 0 || time.Since(began) > 900*time.Millisecond {
			t.Errorf("exit %d after %v: %s", o.exit, time.Since(began), o.stderr)
		}
		time.Sleep(1200 * time.Millisecond)
		if _, err := os.Stat(out + "/alive"); err == nil {
			t.Error("a daemon outlives the command")
		}
	})
}

// TestKilledSupervisor: with the supervisor the whole tree dies.
func TestKilledSupervisor(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		out := j.mkdir(t, "out")
		cmd := j.cmd("--allow-write", out, "--chdir", out, "--", "sh", "-c", "while :; do date +%s%N >beat; sleep 0.02; done")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		beat := filepath.Join(out, "beat")
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if text, _ := os.ReadFile(beat); len(text) > 0 {
				break
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		time.Sleep(100 * time.Millisecond)
		before, err := os.ReadFile(beat)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		if after, _ := os.ReadFile(beat); !bytes.Equal(before, after) {
			t.Error("the command goes on without its supervisor")
		}
	})
}

// TestSignals: the supervisor's signals reach the command.
func TestSignals(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1} {
			cmd := j.cmd("--", "sh", "-c", "trap 'exit 33' TERM INT HUP USR1; echo ready; while :; do sleep 0.01; done")
			pipe, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := pipe.Read(make([]byte, 16)); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Process.Signal(sig)
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 33 {
				t.Errorf("%v: exit %d", sig, code)
			}
		}
	})
}

// TestStop: Ctrl-Z stops the command with the supervisor, and both go on.
func TestStop(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		out := j.mkdir(t, "out")
		cmd := j.cmd("--allow-write", out, "--chdir", out, "--timeout", "20s", "--", "sh", "-c", "echo ready; i=0; while [ $i -lt 60 ]; do echo >>beat; i=$((i+1)); sleep 0.01; done")
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := pipe.Read(make([]byte, 16)); err != nil {
			t.Fatal(err)
		}
		size := func() int64 {
			st, err := os.Stat(out + "/beat")
			if err != nil {
				return 0
			}
			return st.Size()
		}
		_ = cmd.Process.Signal(syscall.SIGTSTP)
		time.Sleep(100 * time.Millisecond)
		before := size()
		time.Sleep(150 * time.Millisecond)
		if size() != before {
			t.Error("the command goes on while the supervisor is stopped")
		}
		_ = cmd.Process.Signal(syscall.SIGCONT)
		if err := cmd.Wait(); err != nil || size() != 60 {
			t.Errorf("%v after %d of 60", err, size())
		}
	})
}

// TestZombies: init reaps what the command's children leave.
func TestZombies(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		rounds := "2500" // of four
		if j.user.id != 0 {
			rounds = "250" // the same init: the number is proven once
		}
		script := `i=0; while [ $i -lt ` + rounds + ` ]; do (: & : & : & : &) ; i=$((i+1)); done; sleep 0.2; ls -d /proc/[0-9]* | wc -l`
		o := j.run(t, "--", "sh", "-c", script)
		if n, _ := strconv.Atoi(strings.TrimSpace(o.stdout)); o.exit != 0 || n > 8 {
			t.Errorf("exit %d, %s processes are left: %s", o.exit, o.stdout, o.stderr)
		}
	})
}

func TestLimits(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		out := j.mkdir(t, "out")
		head := "[filesystem]\nallow_read=['/usr','/lib*','/bin']\nallow_write=['" + out + "']\n[limits]\n"
		with := func(limit, script string) (outcome, []map[string]any) {
			p := j.write(t, "p.toml", head+limit)
			return j.records(t, "-p", p, "--chdir", out, "--", "sh", "-c", script)
		}
		limit := func(records []map[string]any, name string) bool {
			for _, r := range records {
				if r["op"] == "limit" && r["message"] == name {
					return true
				}
			}
			return false
		}
		o, records := with("max_file_size='64KiB'\n", "exec head -c 200000 /dev/zero >f")
		if st, err := os.Stat(out + "/f"); o.exit != 128+int(syscall.SIGXFSZ) || err != nil || st.Size() != 64<<10 || !limit(records, "max_file_size") {
			t.Errorf("file size: exit %d, %v: %s", o.exit, err, o.stderr)
		}
		o, records = with("max_cpu_time='1s'\n", "while :; do :; done")
		if o.exit != 128+int(syscall.SIGXCPU) || !limit(records, "max_cpu_time") {
			t.Errorf("CPU time: exit %d: %s", o.exit, o.stderr)
		}
		o, _ = with("max_open_files=32\n", "ulimit -n")
		if o.stdout != "32\n" {
			t.Errorf("open files: %q %s", o.stdout, o.stderr)
		}
		o, records = with("timeout='200ms'\n", "sleep 10")
		if o.exit != 124 || !limit(records, "timeout") {
			t.Errorf("time: exit %d: %s", o.exit, o.stderr)
		}
		// a fork bomb of bounded size
		bomb := `i=0; while [ $i -lt 200 ]; do sleep 3 & i=$((i+1)); done; wait`
		o, _ = with("max_processes=20\ntimeout='1s'\n", bomb)
		if !strings.Contains(o.stderr, "fork") && !strings.Contains(o.stderr, "layer limits") {
			t.Errorf("processes: exit %d: %s", o.exit, o.stderr)
		}
		if j.user.id == 0 && os.Geteuid() == 0 {
			if left, _ := filepath.Glob("/sys/fs/cgroup/pids/st-jail-*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		}
	})
}

// TestGoneReader: a jail whose records nobody reads is as tight, and its command as it was.
func TestGoneReader(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		defer w.Close()
		cmd := j.cmd("--events", "fd:3", "--allow-exec", tools, "--", tools+"/attack", "mount", "fork")
		cmd.ExtraFiles = []*os.File{w}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || string(out) != "mount EPERM\nfork OK\n" || !strings.Contains(stderr.String(), "records are lost") {
			t.Errorf("%v: %s%s", err, out, stderr.String())
		}
	})
}

// TestRecords: what a run says of itself.
func TestRecords(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		o, records := j.records(t, "--allow-exec", tools, "--", tools+"/attack", "mount", "bpf", "packet", "io_uring")
		if o.exit != 0 {
			t.Fatal(o.stderr)
		}
		applied, denied := map[string]bool{}, map[string]string{}
		for _, r := range records {
			switch r["op"] {
			case "layer":
				applied[r["layer"].(string)] = r["applied"].(bool)
			case "deny":
				denied[r["syscall"].(string)] = r["errno"].(string)
				if p, _ := r["proc"].(map[string]any); p == nil || p["name"] != "attack" || p["exe"] == "" {
					t.Errorf("who did it? %v", r)
				}
			}
		}
		for _, l := range strings.Fields("user mount pid network ipc uts cgroup capabilities limits no_new_privs landlock seccomp") {
			if !applied[l] {
				t.Errorf("the layer %s is not said to be applied", l)
			}
		}
		if len(denied) != 3 || denied["mount"] != "EPERM" || denied["socket"] != "EAFNOSUPPORT" || denied["bpf"] != "EPERM" {
			t.Errorf("denied: %v", denied)
		}
		last := records[len(records)-1]
		if records[0]["type"] != "start" || last["type"] != "summary" || last["exit"] != float64(0) || last["denied"] != float64(3) {
			t.Errorf("%v", last)
		}
	})
}

// TestDeletedDir: a working directory that is gone is an error.
func TestDeletedDir(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		cmd := exec.Command("sh", "-c", `mkdir gone && cd gone && rmdir ../gone && exec "$0" -- pwd`, tools+"/st-jail")
		like := j.cmd()
		cmd.Dir, cmd.Env, cmd.SysProcAttr = like.Dir, like.Env, like.SysProcAttr
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 125 || !strings.Contains(string(out), "working directory") {
			t.Errorf("exit %d: %s", cmd.ProcessState.ExitCode(), out)
		}
	})
}

// TestEnvironment: what could be a secret does not come in unless it is named.
func TestEnvironment(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		j.env = []string{"AWS_SECRET_ACCESS_KEY=x", "LC_ALL=C", "npm_token=y", "LD_PRELOAD=/tmp/evil.so"}
		o := j.run(t, "--", "env")
		if strings.Contains(o.stdout, "AWS") || strings.Contains(o.stdout, "npm_token") || strings.Contains(o.stdout, "LD_") || !strings.Contains(o.stdout, "LC_ALL=C\n") {
			t.Error(o.stdout)
		}
		if o := j.run(t, "--env", "npm_*", "--", "env"); !strings.Contains(o.stdout, "npm_token=y\n") {
			t.Error(o.stdout)
		}
	})
}

// TestNoNamespaces: where the kernel gives no user namespace, nothing runs, and the cause is named;
// --best-effort goes on aloud, but not without deny lines and the network's wall unless these are named.
func TestNoNamespaces(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		f := j.write(t, "f", "text")
		without := func(args ...string) outcome {
			like := j.cmd()
			cmd := exec.Command("unshare", append([]string{
				"-Ur", "sh", "-c", `echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"`, "sh", tools + "/st-jail",
			}, args...)...)
			cmd.Dir, cmd.Env, cmd.SysProcAttr = like.Dir, like.Env, like.SysProcAttr
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			_ = cmd.Run()
			return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
		}
		if o := without("--", "echo", "ran"); o.exit != 125 || o.stdout != "" || !strings.Contains(o.stderr, "layer user") || !strings.Contains(o.stderr, "max_user_namespaces") {
			t.Errorf("exit %d %q: %s", o.exit, o.stdout, o.stderr)
		}
		if o := without("--best-effort", "--", "echo", "ran"); o.exit != 125 || o.stdout != "" || !strings.Contains(o.stderr, "network.allow = false") {
			t.Errorf("exit %d %q: %s", o.exit, o.stdout, o.stderr)
		}
		if o := without("--best-effort", "--allow-net", "--allow-read", j.dir, "--deny", f, "--", "echo", "ran"); o.exit != 125 || o.stdout != "" || !strings.Contains(o.stderr, f) {
			t.Errorf("exit %d %q: %s", o.exit, o.stdout, o.stderr)
		}
		all := "--best-effort=user,mount,pid,network,ipc,uts,cgroup"
		o := without(all, "--allow-exec", tools, "--", tools+"/attack", "tcp4", "loopback", "read="+f, "readdir=/etc", "mount", "fork", "read=/usr/bin/env")
		want := "tcp4 EACCES\nloopback EACCES\nread=" + f + " EACCES\nreaddir=/etc EACCES\nmount EPERM\nfork OK\nread=/usr/bin/env OK\n"
		if o.exit != 0 || strings.ReplaceAll(o.stdout, "tcp4 EBADF\nloopback EBADF", "tcp4 EACCES\nloopback EACCES") != want || !strings.Contains(o.stderr, "going on without the layers") {
			t.Errorf("exit %d %q: %s", o.exit, o.stdout, o.stderr)
		}
	})
}

// TestLostLayers: as root of a place where no user namespace, or no fresh /proc, can be had, the
// other layers hold.
func TestLostLayers(t *testing.T) {
	asEach(t, func(t *testing.T, j *jailed) {
		for _, tt := range []struct{ name, before, layer string }{
			{"user", "echo 0 >/proc/sys/user/max_user_namespaces", "user"},
			{"proc", "mount -t tmpfs x /proc/sys", "mount"},
		} {
			outside := func(args ...string) outcome {
				like := j.cmd()
				cmd := exec.Command("unshare", append([]string{"-Urm", "sh", "-c", tt.before + `; exec "$@"`, "sh", tools + "/st-jail"}, args...)...)
				cmd.Dir, cmd.Env, cmd.SysProcAttr = like.Dir, like.Env, like.SysProcAttr
				var stdout, stderr bytes.Buffer
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				_ = cmd.Run()
				return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
			}
			if o := outside("--", "echo", "ran"); o.exit != 125 || o.stdout != "" || !strings.Contains(o.stderr, "layer "+tt.layer) {
				t.Errorf("%s: exit %d %q: %s", tt.name, o.exit, o.stdout, o.stderr)
			}
			o := outside("--best-effort="+tt.layer, "--allow-exec", tools, "--", tools+"/attack",
				"readdir=/var", "read=/etc/shadow", "mount", "unshare_user", "write=/proc/sysrq-trigger", "create=/usr", "read=/proc/1/environ", "tcp4")
			if o.exit != 0 || strings.Contains(o.stdout, "OK") || strings.Count(o.stdout, "\n") != 8 || !strings.Contains(o.stderr, "going on without") {
				t.Errorf("%s: exit %d %s%s", tt.name, o.exit, o.stdout, o.stderr)
			}
		}
	})
}
