package jail

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/policy"
	"sandtrace/lib/seccomp"
)

// limitRow is one limit of a policy that setrlimit(2) puts on every process.
type limitRow struct {
	name     string
	resource int
	value    func(policy.Limits) uint64
	extra    uint64 // what the hard limit has above the soft one, which only warns
}

var limitRows = []limitRow{
	{"max_open_files", unix.RLIMIT_NOFILE, func(l policy.Limits) uint64 { return l.MaxOpenFiles }, 0},
	{"max_file_size", unix.RLIMIT_FSIZE, func(l policy.Limits) uint64 { return l.MaxFileSize }, 0},
	{"max_cpu_time", unix.RLIMIT_CPU, func(l policy.Limits) uint64 { return uint64(l.MaxCPUTime / time.Second) }, 1},
	{"max_processes", unix.RLIMIT_NPROC, func(l policy.Limits) uint64 { return l.MaxProcesses }, 0},
	{"max_memory", unix.RLIMIT_AS, func(l policy.Limits) uint64 { return l.MaxMemory }, 0},
}

// resourceLimits are the limits of each process. No core is dumped: it would land with the host.
func resourceLimits(l policy.Limits) ([]seccomp.Limit, error) {
	out := []seccomp.Limit{{Resource: unix.RLIMIT_CORE}}
	for _, row := range limitRows {
		n := row.value(l)
		if n == 0 {
			continue
		}
		var now unix.Rlimit
		if err := unix.Getrlimit(row.resource, &now); err != nil {
			return nil, fmt.Errorf("limits: %s: %w", row.name, os.NewSyscallError("getrlimit", err))
		}
		out = append(out, seccomp.Limit{Resource: row.resource, Soft: min(n, now.Max), Hard: min(n+row.extra, now.Max)})
	}
	return out, nil
}
