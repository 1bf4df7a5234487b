package jail

import (
	"errors"
	"fmt"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"

	"sandtrace/lib/policy"
)

// landlockABI is what one version of the kernel's interface can handle, landlock(7).
type landlockABI struct{ fs, net, scoped uint64 }

// landlockABIs are indexed by version; the last serves every later one.
var landlockABIs = []landlockABI{
	{},
	{fs: ll.AccessFSRefer - 1},
	{fs: ll.AccessFSTruncate - 1},
	{fs: ll.AccessFSIoctlDev - 1},
	{fs: ll.AccessFSIoctlDev - 1, net: tcp},
	{fs: ll.AccessFSResolveUnix - 1, net: tcp},
	{fs: ll.AccessFSResolveUnix - 1, net: tcp, scoped: scopes},
	{fs: ll.AccessFSResolveUnix - 1, net: tcp, scoped: scopes},
	{fs: ll.AccessFSResolveUnix - 1, net: tcp, scoped: scopes},
	{fs: ll.AccessFSResolveUnix<<1 - 1, net: tcp, scoped: scopes},
	{fs: ll.AccessFSResolveUnix<<1 - 1, net: tcp | udp, scoped: scopes},
}

const (
	tcp    = ll.AccessNetBindTCP | ll.AccessNetConnectTCP
	udp    = ll.AccessNetBindUDP | ll.AccessNetConnectSendUDP
	scopes = ll.ScopeAbstractUnixSocket | ll.ScopeSignal
)

// Access rights as this package groups them.
const (
	llRead  = ll.AccessFSReadFile | ll.AccessFSReadDir
	llWrite = ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSRefer | ll.AccessFSRemoveDir | ll.AccessFSRemoveFile |
		ll.AccessFSMakeDir | ll.AccessFSMakeReg | ll.AccessFSMakeSock | ll.AccessFSMakeFifo | ll.AccessFSMakeSym
	llDevice = ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSIoctlDev
	// those that a rule on a file, not a directory, may have
	llFile = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSIoctlDev | ll.AccessFSResolveUnix
)

// minLandlock is the first version that tells truncation apart: an older one would leave a hole in
// what this package promises.
const minLandlock = 3

// landlockVersion is the kernel's version, or why there is none.
func landlockVersion() (int, error) {
	v, err := ll.LandlockGetABIVersion()
	switch {
	case errors.Is(err, unix.EOPNOTSUPP):
		return 0, errors.New("switched off at boot")
	case err != nil:
		return 0, fmt.Errorf("not in this kernel: %w", err)
	case v < minLandlock:
		return 0, fmt.Errorf("version %d: expected %d or later", v, minLandlock)
	}
	return v, nil
}

func rightsOf(r policy.Right) (access uint64) {
	if r&policy.Read != 0 {
		access |= llRead | ll.AccessFSResolveUnix
	}
	if r&policy.Write != 0 {
		access |= llWrite
	}
	if r&policy.Exec != 0 {
		access |= ll.AccessFSExecute
	}
	return access
}

// ruleset makes the Landlock ruleset of the view as it stands now: a descriptor, and the version.
// Without a network namespace noNetwork handles the ports, and allows none.
func ruleset(p *plan, noNetwork bool) (fd, version int, err error) {
	version, err = landlockVersion()
	if err != nil {
		return -1, 0, err
	}
	can := landlockABIs[min(version, len(landlockABIs)-1)]
	attr := ll.RulesetAttr{HandledAccessFS: can.fs, Scoped: can.scoped}
	if noNetwork {
		attr.HandledAccessNet = can.net
	}
	if fd, err = ll.LandlockCreateRuleset(&attr, 0); err != nil {
		return -1, 0, fmt.Errorf("landlock_create_ruleset: %w", err)
	}
	unix.CloseOnExec(fd)
	add := func(path string, access uint64) error {
		f, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		defer unix.Close(f)
		if err := addRule(fd, f, access&can.fs); err != nil {
			return fmt.Errorf("landlock_add_rule %s: %w", path, err)
		}
		return nil
	}
	for _, m := range p.Mounts {
		err = errors.Join(err, add(string(m.Path), rightsOf(m.Rights)))
	}
	err = errors.Join(err, add("/proc", llRead))
	for _, d := range devices {
		err = errors.Join(err, add("/dev/"+d.name, d.access))
	}
	if p.has(LayerMount) { // names of the view; without it they would be all names of the host
		err = errors.Join(err, add("/", ll.AccessFSReadDir), add("/dev/pts", llDevice|ll.AccessFSReadDir), add("/dev/shm", llRead|llWrite), add("/dev", ll.AccessFSReadDir))
	}
	for std := range 3 {
		err = errors.Join(err, addStream(fd, std, can.fs))
	}
	if err != nil {
		unix.Close(fd)
		return -1, 0, err
	}
	return fd, version, nil
}

func addRule(ruleset, f int, access uint64) error {
	var st unix.Stat_t
	if err := unix.Fstat(f, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= llFile
	}
	if access == 0 {
		return nil
	}
	return ll.LandlockAddPathBeneathRule(ruleset, &ll.PathBeneathAttr{ParentFd: f, AllowedAccess: access}, 0)
}

// addStream lets a standard stream be opened again through /dev/stdout, as it is open now.
func addStream(ruleset, fd int, can uint64) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_PATH != 0 {
		return nil // closed
	}
	access := uint64(ll.AccessFSIoctlDev)
	switch flags & unix.O_ACCMODE {
	case unix.O_RDONLY:
		access |= ll.AccessFSReadFile
	case unix.O_WRONLY:
		access |= ll.AccessFSWriteFile | ll.AccessFSTruncate
	default:
		access |= ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSTruncate
	}
	err = addRule(ruleset, fd, access&can)
	if errors.Is(err, unix.EBADFD) || errors.Is(err, unix.EBADF) {
		return nil // a pipe or a socket: no rule is needed
	}
	return err
}
