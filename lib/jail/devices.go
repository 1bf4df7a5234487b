package jail

import (
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// device is one node of the jail's /dev, bound from the host's.
type device struct {
	name   string
	access uint64 // Landlock's
}

var devices = []device{
	{"null", ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSTruncate},
	{"zero", ll.AccessFSReadFile | ll.AccessFSWriteFile},
	{"full", ll.AccessFSReadFile | ll.AccessFSWriteFile},
	{"random", ll.AccessFSReadFile},
	{"urandom", ll.AccessFSReadFile},
	{"tty", llDevice},
}

// deviceLinks are the links of the jail's /dev.
var deviceLinks = []link{
	{"/dev/fd", "/proc/self/fd"},
	{"/dev/stdin", "/proc/self/fd/0"},
	{"/dev/stdout", "/proc/self/fd/1"},
	{"/dev/stderr", "/proc/self/fd/2"},
	{"/dev/ptmx", "pts/ptmx"},
}

// procMasks are files of /proc that tell of the machine rather than of the jail, or that command
// the kernel. All of /proc is read-only besides.
var procMasks = []string{
	"/proc/acpi", "/proc/asound", "/proc/bus", "/proc/config.gz", "/proc/fs", "/proc/interrupts", "/proc/iomem", "/proc/ioports",
	"/proc/irq", "/proc/kallsyms", "/proc/kcore", "/proc/key-users", "/proc/keys", "/proc/kmsg", "/proc/kpagecgroup",
	"/proc/kpagecount", "/proc/kpageflags", "/proc/latency_stats", "/proc/modules", "/proc/sched_debug", "/proc/scsi", "/proc/slabinfo",
	"/proc/sysrq-trigger", "/proc/sysvipc", "/proc/timer_list", "/proc/vmallocinfo",
}
