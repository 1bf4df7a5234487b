// Bench measures whole processes in pairs: a workload alone, under st-trace and under strace in its
// fastest mode, in st-jail and in its peers, in turn, several rounds. It prints medians and ratios;
// what is missing is said.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "work" {
		os.Exit(work(os.Args[2], os.Args[3]))
	}
	rounds := flag.Int("n", 3, "rounds of each workload")
	bin := flag.String("bin", "bin", "directory of the binaries")
	only := flag.String("only", ".", "measure only the workloads whose name matches this pattern")
	flag.Parse()
	if err := run(*bin, *only, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(bin, only string, rounds int) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	if rounds < 1 {
		return fmt.Errorf("-n %d: expected 1 or more", rounds)
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sandtrace-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	printMachine()
	modes := findModes(bin)
	fmt.Printf("%-8s %-10s %10s %21s %8s %10s %8s\n", "workload", "mode", "median", "spread", "ratio", "cpu", "ratio")
	for _, w := range workloads {
		if !pattern.MatchString(w.name) {
			continue
		}
		wdir := filepath.Join(dir, w.name)
		if err := os.Mkdir(wdir, 0o755); err != nil {
			return err
		}
		argv, err := w.prepare(wdir)
		if err != nil {
			fmt.Printf("%-8s not measured: %v\n", w.name, err)
			continue
		}
		if err := measure(w, wdir, argv, modes, rounds); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return nil
}

func printMachine() {
	var u unix.Utsname
	_ = unix.Uname(&u)
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindSubmatch(text); m != nil {
			model = string(m[1])
		}
	}
	fmt.Printf("%d x %s, Linux %s, %s\n", runtime.NumCPU(), model, unix.ByteSliceToString(u.Release[:]), runtime.Version())
}

// work is the inside of a workload that needs a program of its own: a number of calls of one kind.
func work(kind, count string) int {
	n, err := strconv.Atoi(count)
	if err != nil {
		return 1
	}
	zero, err := unix.Open("/dev/zero", unix.O_RDONLY, 0)
	if err != nil {
		return 1
	}
	b := make([]byte, 1)
	for range n {
		switch kind {
		case "open":
			fd, err := unix.Open("/etc/hostname", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return 1
			}
			_ = unix.Close(fd)
		case "read":
			if _, err := unix.Read(zero, b); err != nil {
				return 1
			}
		default:
			fmt.Fprintln(os.Stderr, "bench: no such work:", strings.ToValidUTF8(kind, "?"))
			return 1
		}
	}
	return 0
}
