package jail

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"sandtrace/lib/seccomp"
)

// initName is the name under which this program, started again, is init.
const initName = "st-jail: init"

func init() {
	if IsInit() {
		// The thread that builds the view is the one that enters it and starts the command.
		runtime.LockOSThread()
	}
}

// IsInit reports whether this process was started by Run to be init.
func IsInit() bool { return len(os.Args) == 1 && os.Args[0] == initName }

// The descriptors that the supervisor hands to init.
const controlFD, planFD = 3, 4

// gate lets init go on: it has its cgroup, and the filter is ready.
type gate struct {
	Held    []int  // resources, setrlimit(2), whose limits the cgroup holds
	Program []byte // the filter
}

func readGate() (g gate, err error) {
	b := make([]byte, 64<<10)
	n, err := readRetry(controlFD, b)
	if err != nil {
		return g, err
	}
	return g, json.Unmarshal(b[:n], &g)
}

// report is what init tells the supervisor, one a message.
type report struct {
	Layer   string `json:",omitempty"` // put up, or with Fault not
	Got     string `json:",omitempty"`
	Fault   string `json:",omitempty"` // why the command does not run
	Errno   int    `json:",omitempty"`
	Missing bool   `json:",omitempty"` // the command was not found
	Unfit   bool   `json:",omitempty"` // the command cannot be executed
	Mute    bool   `json:",omitempty"` // another filter outside tells already: this one cannot
	Ended   bool   `json:",omitempty"`
	Status  int    `json:",omitempty"` // of the command, 128 + n where a signal ended it
	Signal  int    `json:",omitempty"` // the signal
}

// Init is init: it puts the layers up, starts the command and reaps until it has ended. The result is
// its exit code, which says nothing: reports do.
func Init() int {
	for _, fd := range []int{controlFD, planFD} {
		unix.CloseOnExec(fd)
	}
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE, syscall.SIGALRM)
	var p plan
	if err := json.NewDecoder(os.NewFile(planFD, "plan")).Decode(&p); err != nil {
		return 125
	}
	unix.Close(planFD)
	in := &inside{plan: &p}
	g, err := readGate()
	if err != nil {
		return 125 // the supervisor is gone
	}
	in.gate = g
	p.Limits = slices.DeleteFunc(p.Limits, func(l seccomp.Limit) bool { return slices.Contains(g.Held, l.Resource) })
	if err := in.run(); err != nil {
		in.send(faultOf(err))
		return 125
	}
	return 0
}

// inside is init's state.
type inside struct {
	plan *plan
	gate gate
}

// step is one layer that init puts up itself.
type step struct {
	layer string
	do    func(*inside) (got string, err error)
}

var steps = []step{
	{LayerMount, (*inside).buildView},
	{LayerNetwork, func(*inside) (string, error) { return "loopback only", raiseLoopback() }},
	{LayerUTS, func(in *inside) (string, error) {
		return "host name " + in.plan.Hostname, unix.Sethostname([]byte(in.plan.Hostname))
	}},
}

func (in *inside) run() error {
	// nobody inside may trace, or look into, the process that holds the privilege
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl PR_SET_DUMPABLE: %w", err)
	}
	if !in.plan.has(LayerPID) {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("prctl PR_SET_CHILD_SUBREAPER: %w", err)
		}
	}
	for _, s := range steps {
		if !in.plan.has(s.layer) {
			continue
		}
		got, err := s.do(in)
		if err != nil {
			return &LayerError{Layer: s.layer, Err: err}
		}
		in.send(report{Layer: s.layer, Got: got})
	}
	if err := unix.Chdir(string(in.plan.Dir)); err != nil {
		return fmt.Errorf("working directory %s: %w", in.plan.Dir, err)
	}
	return in.command()
}

func (in *inside) buildView() (string, error) {
	if err := build(in.plan); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d mounts, %d masks", len(in.plan.Mounts), len(in.plan.Masks)), nil
}

// command confines and starts the command, and waits for its end.
func (in *inside) command() error {
	p := in.plan
	spawn, err := in.confinement()
	if err != nil {
		return err
	}
	if p.Dry {
		in.send(report{Ended: true})
		return nil
	}
	if spawn.Path, err = findCommand(string(p.Argv[0]), string(p.SearchPath)); err != nil {
		return err
	}
	spawn.Argv, spawn.Env = texts(p.Argv), texts(p.Env)
	pid, err := spawn.Start()
	var se *seccomp.SpawnError
	if errors.As(err, &se) && se.Step == "seccomp" && se.Err == unix.EBUSY && spawn.Tell {
		// a filter outside, another jail's, has the only listener that may be
		reap(pid)
		in.send(report{Mute: true})
		spawn.Tell = false
		var mute gate
		if mute, err = readGate(); err != nil {
			return fmt.Errorf("the filter without a listener: %w", err)
		}
		spawn.Program = mute.Program
		pid, err = spawn.Start()
	}
	if err != nil {
		return err
	}
	if spawn.Landlock >= 0 {
		unix.Close(spawn.Landlock)
	}
	in.send(report{Layer: LayerLimits, Got: fmt.Sprintf("%d resource limits", len(spawn.Limits))})
	in.send(report{Layer: LayerCapabilities, Got: "none"})
	in.send(report{Layer: LayerPrivileges, Got: "set"})
	go in.listen(pid)
	status := reap(pid)
	r := report{Ended: true, Status: status.ExitStatus()}
	if status.Signaled() {
		r.Signal = int(status.Signal())
		r.Status = 128 + r.Signal
	}
	if !p.has(LayerPID) {
		endDescendants()
	}
	in.send(r)
	return nil
}

// confinement makes what the command will put on itself.
func (in *inside) confinement() (*seccomp.Spawn, error) {
	p := in.plan
	s := &seccomp.Spawn{OwnSession: p.OwnSession, Privileged: p.has(LayerUser), Landlock: -1, Socket: controlFD}
	if n := seccomp.OpenFiles(); n > 0 {
		var l unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err == nil {
			s.Limits = append(s.Limits, seccomp.Limit{Resource: unix.RLIMIT_NOFILE, Soft: min(n, l.Max), Hard: l.Max})
		}
	}
	for _, l := range p.Limits {
		if l.Resource == unix.RLIMIT_NPROC { // init's own threads are counted as well
			n := ownThreads()
			l.Soft, l.Hard = l.Soft+n, l.Hard+n
		}
		s.Limits = append(s.Limits, l)
	}
	if p.has(LayerLandlock) {
		fd, version, err := ruleset(p, !p.has(LayerNetwork) && p.NoNetwork)
		if err != nil {
			return nil, &LayerError{Layer: LayerLandlock, Err: err}
		}
		s.Landlock = fd
		in.send(report{Layer: LayerLandlock, Got: fmt.Sprintf("abi %d", version)})
	}
	if p.has(LayerSeccomp) {
		if len(in.gate.Program) == 0 {
			return nil, &LayerError{Layer: LayerSeccomp, Err: errors.New("no filter came")}
		}
		s.Program, s.Tell = in.gate.Program, p.Tell
		in.send(report{Layer: LayerSeccomp, Got: fmt.Sprintf("%d instructions", len(s.Program)/8)})
	}
	return s, nil
}

func (in *inside) send(r report) {
	b, err := json.Marshal(r)
	if err != nil {
		return // a report is of plain texts and numbers
	}
	// without a supervisor there is nobody to tell, and its end is this process's too
	_ = unix.Sendto(controlFD, b, unix.MSG_NOSIGNAL, nil)
}

// faultOf is an error as a report.
func faultOf(err error) report {
	r := report{Fault: err.Error()}
	var le *LayerError
	if errors.As(err, &le) {
		r.Layer, r.Fault = le.Layer, le.Err.Error()
	}
	var e syscall.Errno
	if errors.As(err, &e) {
		r.Errno = int(e)
	}
	var se *seccomp.SpawnError
	if errors.As(err, &se) {
		if se.Step == seccomp.StepExecute {
			r.Fault, r.Missing, r.Unfit = se.Err.Error(), se.Err == unix.ENOENT, se.Err != unix.ENOENT
		} else {
			r.Layer, r.Fault = layerOfStep(se.Step), se.Error()
		}
	}
	var ce *commandError
	if errors.As(err, &ce) {
		r.Missing, r.Unfit = ce.missing, !ce.missing
	}
	return r
}

// layerOfStep is the layer that a step of the spawn belongs to.
func layerOfStep(step string) string {
	for _, l := range Layers {
		if len(step) >= len(l.Name) && step[:len(l.Name)] == l.Name {
			return l.Name
		}
	}
	return LayerLimits // session, descriptors
}
