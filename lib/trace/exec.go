package trace

import (
	"bytes"
	"strings"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/proc"
)

// execed serves the event that a task has replaced its program. The kernel has ended every other
// thread of the process, and the task now has the process's id, whichever thread called.
func (tr *tracer) execed(t *task) {
	p := t.proc
	caller := t
	if id, ok := eventMessage(t.tid); ok && tr.tasks[id] != nil {
		caller = tr.tasks[id]
	}
	for tid, o := range tr.tasks {
		if o.proc == p && o != caller {
			tr.unfinished(o)
			tr.place.died(o)
			delete(tr.tasks, tid)
		}
	}
	p.threads = 0
	delete(tr.tasks, caller.tid)
	tr.place.moved(caller, p.pid)
	tr.place.note(caller)
	tr.tasks[p.pid] = caller
	t, tr.last = caller, caller

	tr.unfoldAll(p)
	inCall := t.inCall
	t.inCall = false
	tr.executed = true
	asked := ""
	if inCall && t.npaths > 0 {
		asked = t.paths[0].text
	}
	viaScript, env := p.readImage(asked, tr.opt.Env, tr.environ)
	p.jailing = tr.stillJail(p)
	tr.resume(t)

	head := tr.now()
	if inCall {
		t.rec.Path, t.rec.Unresolved = p.exe, false
		if viaScript {
			t.rec.Path = p.script
		}
		tr.keepArgument(t, 0, t.rec.Path)
		tr.finish(t, head, 0)
	}
	tr.count.exec(p)
	tr.emit(&event.Process{Head: head, Op: event.OpExec, Path: p.exe, Env: env, Truncated: p.argvCut, Proc: p.full()})
}

// readImage reads what a process has become from the kernel, right after execve(2), and reports
// whether the file that was asked for is a script that the executable interprets, and the
// variables of these names in its environment. The run began with the environment began.
func (p *process) readImage(asked string, names []string, began []byte) (viaScript bool, env event.Args) {
	var img proc.Image
	img.Exe, _ = proc.Exe(p.pid) // what cannot be read, because the process was just killed, stays absent
	img.CWD, _ = proc.CWD(p.pid)
	img.Argv, p.argvCut, _ = proc.Cmdline(p.pid)
	img.Environ, _ = proc.Environ(p.pid)
	img.Script = askedScript(p.pid, &img, asked)
	viaScript = img.Script != ""
	if !viaScript {
		img.Script = proc.Script(img.Exe, img.Argv, img.CWD)
	}
	p.exe, p.script, p.argv, p.cwd = img.Exe, img.Script, img.Argv, img.CWD
	p.who = p.who.Inherit(&img)
	p.injects = proc.Injected(img.Environ, began)
	if name, err := proc.Name(p.pid); err == nil {
		p.name = name
	}
	p.changed()
	return viaScript, img.Env(names)
}

// askedScript is the file that the kernel was asked to execute, where that is a script with a "#!"
// line. The kernel then starts the interpreter with the line's argument, if any, and the file name
// (execve(2), "Interpreter scripts"): only where the argument vector begins exactly so is the file
// what runs, whatever the program's memory said when the call was made.
func askedScript(pid int, img *proc.Image, asked string) string {
	at := -1
	for i := 1; i < len(img.Argv) && i <= 2; i++ {
		if asked != "" && img.Argv[i] == asked {
			at = i
			break
		}
	}
	if at < 0 {
		return ""
	}
	where := resolve(pid, pathArg{text: asked, dirfd: unix.AT_FDCWD, given: true})
	if !where.resolved {
		return ""
	}
	interpreter, arg := shebang(head(pid, where.path))
	if interpreter == "" || img.Argv[0] != interpreter || (at == 2) != (arg != "") || at == 2 && img.Argv[1] != arg {
		return ""
	}
	return where.path
}

// shebangMax is how much of a file the kernel reads for its "#!" line (BINPRM_BUF_SIZE).
const shebangMax = 256

// shebang parses a "#!" line into the interpreter and its one argument.
func shebang(head []byte) (interpreter, arg string) {
	line, ok := bytes.CutPrefix(head, []byte("#!"))
	if !ok {
		return "", ""
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	interpreter, arg, _ = strings.Cut(strings.Trim(string(line), " \t"), " ")
	if i, a, ok := strings.Cut(interpreter, "\t"); ok {
		interpreter, arg = i, a+" "+arg
	}
	return interpreter, strings.Trim(arg, " \t")
}

// head is the beginning of a regular file in the view of process pid.
func head(pid int, name string) []byte {
	fd := openIn(pid, name, unix.O_PATH)
	if fd < 0 {
		return nil
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil
	}
	file, err := unix.Open(selfFD(fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(file)
	b := make([]byte, shebangMax)
	n, err := unix.Pread(file, b, 0)
	if err != nil {
		return nil
	}
	return b[:n]
}
