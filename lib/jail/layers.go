// Package jail runs a command in a sandbox that the kernel enforces, layer by layer.
//
// Run is the supervisor, outside of the jail: it resolves the policy against the disk, starts init
// (this program again, as process 1 of new namespaces), reports, keeps the time and passes signals on.
// Init builds the file view, lets the command confine itself (lib/seccomp's Spawn) and reaps.
package jail

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Layer is one wall of the jail.
type Layer struct {
	Name  string
	About string
	Flag  uintptr // its namespace, clone(2)
}

// The names of the layers.
const (
	LayerUser         = "user"
	LayerMount        = "mount"
	LayerPID          = "pid"
	LayerNetwork      = "network"
	LayerIPC          = "ipc"
	LayerUTS          = "uts"
	LayerCgroup       = "cgroup"
	LayerCapabilities = "capabilities"
	LayerLimits       = "limits"
	LayerPrivileges   = "no_new_privs"
	LayerLandlock     = "landlock"
	LayerSeccomp      = "seccomp"
)

// Layers are all of them, in the order in which they are put up.
var Layers = []Layer{
	{LayerUser, "user namespace: privilege over nothing but the jail", unix.CLONE_NEWUSER},
	{LayerMount, "mount namespace: what is not allowed does not exist", unix.CLONE_NEWNS},
	{LayerPID, "pid namespace: other processes are not seen, and none outlives the command", unix.CLONE_NEWPID},
	{LayerNetwork, "network namespace: a loopback of its own and nothing else", unix.CLONE_NEWNET},
	{LayerIPC, "ipc namespace: no shared memory or queues of others", unix.CLONE_NEWIPC},
	{LayerUTS, "uts namespace: a host name of its own", unix.CLONE_NEWUTS},
	{LayerCgroup, "cgroup namespace: the machine's groups are not seen", unix.CLONE_NEWCGROUP},
	{LayerCapabilities, "capabilities: none in any of the five sets", 0},
	{LayerLimits, "limits: resource limits, and a cgroup where one is needed", 0},
	{LayerPrivileges, "no_new_privs: set-user-id programs run without their privilege", 0},
	{LayerLandlock, "Landlock: the file policy again, abstract sockets and signals", 0},
	{LayerSeccomp, "seccomp: calls that a program has no business making", 0},
}

// LayerNames are the names of all layers.
func LayerNames() []string {
	var out []string
	for _, l := range Layers {
		out = append(out, l.Name)
	}
	return out
}

// namespaces are the layers that clone(2) makes, of those that are wanted.
func namespaces(want []string) (flags uintptr) {
	for _, l := range Layers {
		if slices.Contains(want, l.Name) {
			flags |= l.Flag
		}
	}
	return flags
}

// LayerError says which layer cannot be had: the command has not run.
type LayerError struct {
	Layer  string
	Err    error
	Remedy string // "" where none is known
}

func (e *LayerError) Error() string { return "layer " + e.Layer + ": " + e.Err.Error() }

// Unwrap is the cause.
func (e *LayerError) Unwrap() error { return e.Err }
