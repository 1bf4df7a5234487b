package trace

import (
	"sandtrace/lib/event"
	"sandtrace/lib/proc"
	"sandtrace/lib/syscalls"
)

// task is one traced thread.
type task struct {
	tid  int
	proc *process

	// The call that it is in, between its entry stop and its exit stop.
	inCall  bool
	call    *syscalls.Call
	abi     syscalls.ABI
	args    [6]uint64
	entered int64 // nanoseconds, monotonic
	rec     event.Syscall
	paths   [2]pathArg
	npaths  int
	names   []string // backing of the lists in rec.Args
	cleared bool     // CLONE_UNTRACED was taken out of the call

	cpus  affinity
	carry transfer // the call it is in, while its process's look-ups are watched

	block event.Proc // the process block with this thread's id, where it is not the leader
	of    uint64     // the process's generation that block was made from
}

// pathArg is a file name as a call gave it, and what it is relative to.
type pathArg struct {
	text   string
	dirfd  int32
	follow bool // a symbolic link in the last part is followed
	given  bool // the memory could be read
}

// process is one traced process.
type process struct {
	pid, ppid int
	start     uint64
	name      string
	exe       string
	script    string
	uid       event.Opt[uint32]
	injects   []string
	argv      []string
	argvCut   bool
	cwd       string
	ancestors []string // labels, oldest first, without its own
	who       proc.Attribution
	threads   int // besides the leader

	dns       dnsWatch
	folds     folds
	jailing   bool // it is st-jail setting the jail up: its calls are not the program's
	executing bool // notify: it was let execute asked, and its next call will show what came of it
	asked     string

	block event.Proc // for syscall records: without argv and cwd
	gen   uint64     // counts changes of block
}

// lineageMax is how many names a lineage holds.
const lineageMax = 16

func (p *process) lineage() []string {
	l := append(p.ancestors[:len(p.ancestors):len(p.ancestors)], proc.Label(p.name, p.script))
	if len(l) > lineageMax {
		l = l[len(l)-lineageMax:]
	}
	return l
}

// changed makes the process block anew.
func (p *process) changed() {
	p.block = event.Proc{
		PID: p.pid, PPID: p.ppid, Start: p.start, Name: p.name, Exe: p.exe, Script: p.script,
		UID: p.uid, Injects: p.injects, Lineage: p.lineage(), Pkg: p.who.Pkg,
	}
	p.block.Freeze()
	p.gen++
}

// full is the process block for a process record.
func (p *process) full() *event.Proc {
	b := p.block
	b.Argv, b.CWD = p.argv, p.cwd
	b.Thaw()
	return &b
}

// procBlock is the block for a record of this task.
func (t *task) procBlock() *event.Proc {
	p := t.proc
	if t.tid == p.pid {
		return &p.block
	}
	if t.of != p.gen {
		t.block = p.block
		t.block.Thaw()
		t.block.TID = t.tid
		t.block.Freeze()
		t.of = p.gen
	}
	return &t.block
}

// child is a process that p made.
func (p *process) child(pid int) *process {
	c := &process{
		pid: pid, ppid: p.pid, name: p.name, exe: p.exe, script: p.script, uid: p.uid, injects: p.injects,
		argv: p.argv, argvCut: p.argvCut, cwd: p.cwd, who: p.who, ancestors: p.lineage(), jailing: p.jailing,
	}
	if st, err := proc.ReadStat(pid); err == nil {
		c.start, c.ppid, c.name = st.Start, st.PPID, st.Name
	}
	c.changed()
	return c
}
