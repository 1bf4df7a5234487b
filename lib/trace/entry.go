package trace

import (
	"encoding/binary"
	"fmt"
	"path"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/proc"
	"sandtrace/lib/syscalls"
)

var nativeABI = syscalls.Native(runtime.GOARCH)

// entryStop serves the stop that the filter makes before a call.
func (tr *tracer) entryStop(t *task) {
	if !getCallInfo(t.tid, &tr.info) || tr.info.op != opSeccomp {
		tr.resume(t) // killed meanwhile
		return
	}
	tr.entry(t)
}

// entry serves the stop before a call that tr.info tells of.
func (tr *tracer) entry(t *task) {
	copy(t.args[:], tr.info.data[1:7])
	call, abi, known := lookupCall(&tr.info)
	if call != nil && call.Name == "socketcall" {
		call = tr.socketCall(t, call, abi)
	}
	if call == nil {
		call = unknownCall(tr.info.arch, tr.info.data[0], known)
	} else if !(tr.wanted[call] || tr.needed[call]) || !call.Wanted(&t.args) {
		// Another architecture's call, all of which stop; or the filter's condition was the wider one.
		tr.resume(t)
		return
	}
	if !tr.executed && call.Name != "execve" {
		tr.resume(t) // what comes before the command
		return
	}
	tr.place.note(t)
	t.call, t.abi, t.inCall = call, abi, true
	tr.decode(t)
	if call.Name == setAffinity {
		tr.affinityEntry(t)
	}
	if call.Event {
		tr.uncover(t)
	}
	switch call.Name {
	case ioUringSetup:
		tr.ioUring(t)
	case seccompCall:
		tr.ownListener(t)
	}
	t.entered = monotonic()
	tr.resume(t)
}

// lookupCall is the call that a task is about to make.
func lookupCall(info *callInfo) (*syscalls.Call, syscalls.ABI, bool) {
	return syscalls.Lookup(info.arch, info.data[0])
}

// socketCall is the call that i386's socketcall stands for, its arguments read from memory.
func (tr *tracer) socketCall(t *task, call *syscalls.Call, abi syscalls.ABI) *syscalls.Call {
	inner := syscalls.SocketCall(t.args[0])
	if inner == nil {
		return call
	}
	at := t.args[1]
	for i := range t.args {
		t.args[i], _ = tr.mem.word(t.tid, at+uint64(i*abi.Word()), abi.Word()) // not all six need be there
	}
	return inner
}

// unknownCall is the row of a number that no table has.
func unknownCall(audit uint32, nr uint64, known bool) *syscalls.Call {
	name := "syscall_" + strconv.FormatUint(nr, 10)
	if !known {
		name = fmt.Sprintf("arch_%x_%s", audit, name)
	}
	return &syscalls.Call{Name: name, Category: event.CategoryOther}
}

// decode reads the call's arguments into the task's record. What is read of memory is the program's
// word, which another thread may change before the kernel reads it too.
func (tr *tracer) decode(t *task) {
	c := t.call
	t.npaths, t.names, t.cleared = 0, t.names[:0], false
	t.rec = event.Syscall{Name: c.Name, Access: c.Access, Category: c.Category, Args: t.rec.Args[:0], Action: event.ActionAllow}
	if t.abi != nativeABI {
		t.rec.Args = append(t.rec.Args, event.Arg{Key: "abi", Kind: event.ArgText, Str: t.abi.String()})
	}
	if tr.opt.Raw {
		t.rec.Args = append(t.rec.Args, event.Arg{Key: "raw", Kind: event.ArgList, List: hexWords(t.args[:])})
	}
	dirfd, hasDirfd, target := int32(0), false, ""
	for i := range c.Params {
		p, v := &c.Params[i], t.args[min(i, 5)]
		switch p.Role {
		case syscalls.RoleHidden, syscalls.RolePeer:
		case syscalls.RoleInt:
			t.arg(p.Name, int64(int32(v)))
		case syscalls.RoleLong:
			t.arg(p.Name, int64(v))
		case syscalls.RoleHex:
			t.rec.Args = append(t.rec.Args, event.Arg{Key: p.Name, Kind: event.ArgHex, Int: int64(v)})
		case syscalls.RoleMode:
			if !opens(c) || t.rec.Access == event.AccessCreate { // open(2) ignores it otherwise
				t.text(p.Name, octal(v&0o7777))
			}
		case syscalls.RoleFlags, syscalls.RoleSocketType:
			t.flags(p, v)
		case syscalls.RoleEnum:
			if p.Names == syscalls.Protocol && !isInternet(t.args[0]) {
				t.arg(p.Name, int64(int32(v))) // another family's protocols have other names
			} else {
				t.text(p.Name, p.Names.Enum(t.abi, v&0xffffffff))
			}
		case syscalls.RoleDirFD:
			dirfd, hasDirfd = int32(v), true
			if dirfd == atFDCWD {
				t.text(p.Name, "AT_FDCWD")
			} else {
				t.arg(p.Name, int64(dirfd))
			}
		case syscalls.RolePath, syscalls.RoleName:
			if !hasDirfd {
				dirfd = atFDCWD
			}
			tr.pathArg(t, v, dirfd, p.Role == syscalls.RolePath)
			hasDirfd = false
		case syscalls.RoleTarget:
			target, _, _ = tr.mem.text(t.tid, v, pathMax)
		case syscalls.RoleText:
			if s, cut, ok := tr.mem.text(t.tid, v, pathMax); ok && s != "" {
				t.text(p.Name, s)
				t.rec.Truncated = t.rec.Truncated || cut
			}
		case syscalls.RoleSignal:
			t.text(p.Name, syscalls.Signal(int(int32(v))))
		case syscalls.RolePID:
			t.arg(p.Name, int64(int32(v)))
			tr.markPID(t, int(int32(v)))
		case syscalls.RoleID:
			t.arg(p.Name, int64(int32(v)))
		default:
			tr.decodeStruct(t, p, i)
		}
	}
	tr.nameFiles(t)
	if c.Category == event.CategoryNetwork && len(c.Params) > 0 && c.Params[0].Role == syscalls.RoleFD {
		tr.nameSocket(t, int(int32(t.args[0])))
		tr.hostOf(&t.rec)
		tr.lookAtServer(t)
	}
	if target != "" {
		// What a new symbolic link will mean, by its text: nothing has to be there yet.
		t.rec.To = proc.Abs(target, path.Dir(t.rec.Path))
		if t.rec.To != target {
			t.text("target", target)
		}
	}
}

func isInternet(family uint64) bool {
	return uint32(family) == unix.AF_INET || uint32(family) == unix.AF_INET6
}

func (t *task) arg(name string, v int64) {
	t.rec.Args = append(t.rec.Args, event.Arg{Key: name, Kind: event.ArgInt, Int: v})
}

func (t *task) text(name, v string) {
	t.rec.Args = append(t.rec.Args, event.Arg{Key: name, Kind: event.ArgText, Str: v})
}

// flags decodes a set of bits; those of open(2) also say what kind of access it is.
func (t *task) flags(p *syscalls.Param, v uint64) {
	v &= 0xffffffff
	from := len(t.names)
	t.names = p.Names.Flags(t.names, t.abi, v)
	if list := t.names[from:]; len(list) > 0 {
		t.rec.Args = append(t.rec.Args, event.Arg{Key: p.Name, Kind: event.ArgList, List: list[:len(list):len(list)]})
	}
	switch p.Names {
	case syscalls.OpenFlags:
		if t.call.Access == "" {
			t.rec.Access, t.rec.Category = openAccess(v)
		}
	case syscalls.AtFlags, syscalls.AccessAtFlags:
		t.follow(v)
	}
}

// follow applies the flags that say whether the last part of a name is followed.
func (t *task) follow(v uint64) {
	const noFollow, follow = 0x100, 0x400 // AT_SYMLINK_NOFOLLOW, AT_SYMLINK_FOLLOW
	if t.npaths > 0 && v&noFollow != 0 {
		t.paths[0].follow = false
	}
	if t.npaths > 0 && v&follow != 0 {
		t.paths[0].follow = true
	}
}

// openAccess is what a call with these flags of open(2) does to the file. O_CREAT counts as create:
// whether the file was there before cannot be told without a race.
func openAccess(flags uint64) (event.Access, event.Category) {
	const (
		accessMode, writeOnly, create, truncate, pathOnly, tmpfile = 3, 1, 0x40, 0x200, 0x200000, 0x400000
	)
	switch {
	case flags&pathOnly != 0:
		return event.AccessStat, event.CategoryFileMetadata
	case flags&(create|tmpfile) != 0:
		return event.AccessCreate, event.CategoryFileWrite
	case flags&accessMode >= writeOnly, flags&truncate != 0:
		return event.AccessWrite, event.CategoryFileWrite
	}
	return event.AccessRead, event.CategoryFileRead
}

// pathArg reads a file name; the first becomes the record's path, the second its to.
func (tr *tracer) pathArg(t *task, addr uint64, dirfd int32, follow bool) {
	if t.npaths == len(t.paths) {
		return
	}
	s, cut, ok := tr.mem.text(t.tid, addr, pathMax)
	t.paths[t.npaths] = pathArg{text: s, dirfd: dirfd, follow: follow, given: ok}
	t.npaths++
	t.rec.Truncated = t.rec.Truncated || cut
	if !ok && addr != 0 {
		t.rec.Args = append(t.rec.Args, event.Arg{Key: argumentKey(t.npaths - 1), Kind: event.ArgHex, Int: int64(addr)})
	}
}

// argumentKey is the key in args under which a file name stands as it was given.
func argumentKey(i int) string {
	if i == 0 {
		return "path"
	}
	return "to"
}

// nameFiles resolves the names of a call that leaves no descriptor behind: before it is made, while
// what it removes or renames is still there. An open is named by its descriptor afterwards.
func (tr *tracer) nameFiles(t *task) {
	if opens(t.call) || t.call.Access == event.AccessExec {
		return
	}
	for i := range t.npaths {
		tr.nameFile(t, i)
	}
}

// nameFile resolves one name of the call into the record.
func (tr *tracer) nameFile(t *task, i int) {
	r := resolve(t.tid, t.paths[i])
	if i == 0 {
		t.rec.Path = r.path
	} else {
		t.rec.To = r.path
	}
	t.rec.Unresolved = t.rec.Unresolved || !r.resolved && r.path != ""
	tr.keepArgument(t, i, r.path)
}

// keepArgument keeps a name as it was given where it is not what the record's path says.
func (tr *tracer) keepArgument(t *task, i int, path string) {
	if a := t.paths[i]; a.given && a.text != path && a.text != "" {
		t.text(argumentKey(i), a.text)
	}
}

// opens reports whether a call's result is a descriptor of the file that it names.
func opens(c *syscalls.Call) bool {
	return c.Category == event.CategoryFileRead && c.Access == "" || c.Name == "creat"
}

// ioUringSetup is the call that opens a way to make others which no tracer sees: the kernel makes
// them itself, from a ring in memory (io_uring(7)).
const ioUringSetup = "io_uring_setup"

// ioUring refuses io_uring, as a kernel without it would, or says aloud what is not seen.
func (tr *tracer) ioUring(t *task) {
	if tr.opt.AllowIOUring {
		tr.count.lost++
		tr.emit(&event.Lost{Head: tr.now(), Why: "io_uring_allowed"})
		return
	}
	if !skipCall(t.tid, unix.ENOSYS) {
		_ = unix.Kill(t.proc.pid, unix.SIGKILL) // it may be gone already; it may not go on unseen
	}
	t.rec.Action = event.ActionDeny
}

// seccompCall installs filters.
const seccompCall = "seccomp"

// ownListener refuses a filter by which a program would let calls pass that the tracer's own filter
// stops: SECCOMP_RET_USER_NOTIF outranks SECCOMP_RET_TRACE, and who holds the listener may answer
// "go on" (seccomp(2)). It fails as on a kernel before 5.0. A jail that reports into this stream may.
func (tr *tracer) ownListener(t *task) {
	const setFilter, newListener = 1, 8 // SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER
	if uint32(t.args[0]) != setFilter || t.args[1]&newListener == 0 || t.proc.jailing {
		return
	}
	if !skipCall(t.tid, unix.EINVAL) {
		_ = unix.Kill(t.proc.pid, unix.SIGKILL) // it may be gone already; it may not go on unseen
	}
	t.rec.Action, t.rec.Tamper = event.ActionDeny, true
}

// uncover takes CLONE_UNTRACED out of a call that makes a task.
func (tr *tracer) uncover(t *task) {
	switch t.call.Name {
	case "clone":
		if t.args[0]&syscalls.CloneUntraced != 0 {
			t.cleared = setFirstArgument(t.tid, t.abi == syscalls.I386, t.args[0]&^syscalls.CloneUntraced)
		}
	case "clone3":
		flags := tr.cloneFlags(t)
		if flags&syscalls.CloneUntraced != 0 {
			var b [8]byte
			binary.NativeEndian.PutUint64(b[:], flags&^syscalls.CloneUntraced)
			t.cleared = write(t.tid, t.args[0], b[:])
		}
	}
}

// cloneFlags are the flags of a clone, or of a clone3, which has them in memory; fork and vfork have
// none.
func (tr *tracer) cloneFlags(t *task) uint64 {
	switch t.call.Name {
	case "clone":
		return t.args[0]
	case "clone3":
		flags, _ := tr.mem.word(t.tid, t.args[0], 8)
		return flags
	}
	return 0
}

func hexWords(words []uint64) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = "0x" + strconv.FormatUint(w, 16)
	}
	return out
}

func octal(v uint64) string {
	s := strconv.FormatUint(v, 8)
	for len(s) < 4 {
		s = "0" + s
	}
	return s
}
