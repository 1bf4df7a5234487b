package jail

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"sandtrace/lib/event"
	"sandtrace/lib/policy"
)

// Options say what to run, in what jail.
type Options struct {
	Policy  *policy.Policy
	Home    string // what ~ stands for; "" where there is none
	Dir     string // the command's working directory, absolute
	FromDir bool   // Dir was asked for: that it is not in the view is an error
	Argv    []string
	Environ []string // what the policy's environment is taken from
	Stdio   [3]*os.File

	Emit func(event.Record) error // nil where nobody reads records
	Warn func(string)             // what a person should know
	Note func(string)             // what a person may want to know; nil drops it
	Tell bool                     // report denied calls, one by one
	Dry  bool                     // put everything up and end without a command

	Accept Accept
}

// Accept says which layers the user does without where they cannot be had.
type Accept struct {
	Any    bool     // all whose loss lets the policy's deny and network lines stand
	Layers []string // these, whatever it means
}

// Result is what came of a run.
type Result struct {
	Status   int // of the command, 128 + n where a signal ended it
	TimedOut bool
	Denied   uint64 // calls refused and seen by the supervisor
	Lost     uint64 // of them, those without a record
}

// CommandError says that the command could not be executed: it was not found in the jail, or it is
// nothing that can be executed there.
type CommandError struct {
	Missing bool
	Text    string
}

func (e *CommandError) Error() string { return e.Text }

func init() {
	// Init dies with the thread that started it (PR_SET_PDEATHSIG), so that thread must be the one
	// that lives as long as the process.
	runtime.LockOSThread()
}

// CloseInherited marks every descriptor but the standard streams to be closed by execve(2): the
// command gets none that this process inherited. It belongs to the first things a program does.
func CloseInherited() error {
	const first = 3
	return os.NewSyscallError("close_range", unix.CloseRange(first, ^uint(0), unix.CLOSE_RANGE_CLOEXEC))
}

// Run runs a command in a jail and returns when it and all that it started have ended. A *LayerError,
// a *CommandError and any other error mean that the command has not run.
func Run(o Options) (Result, error) {
	r, err := Resolve(&o)
	if err != nil {
		return Result{}, err
	}
	for _, w := range r.view.warnings {
		o.Warn(w)
	}
	for _, n := range r.view.notes {
		if o.Note != nil {
			o.Note(n)
		}
	}
	s := &supervisor{Options: o, resolved: r}
	return s.run()
}

// attempt is one set of namespaces to try, and what of the layers it gives up.
type attempt struct {
	lost []string
	root bool // only root can have it
}

// attempts are tried in turn, each only if the user accepts what it gives up.
var attempts = []attempt{
	{},
	{lost: []string{LayerCgroup}},
	{lost: []string{LayerUser}, root: true},
	{lost: []string{LayerUser, LayerCgroup}, root: true},
	{lost: []string{LayerUser, LayerMount, LayerPID, LayerNetwork, LayerIPC, LayerUTS, LayerCgroup}},
}

// refusal says why the loss of layers is not accepted, "" where it is.
func (o *Options) refusal(lost []string, v *view) string {
	for _, l := range lost {
		switch {
		case slices.Contains(o.Accept.Layers, l):
		case !o.Accept.Any && len(o.Accept.Layers) == 0:
			return "not accepted"
		case !o.Accept.Any:
			return l + " is not among the layers that --best-effort names"
		case l == LayerMount && len(v.masks) > 0:
			return "without the mount layer these deny lines would not hold: " + maskList(v) + "; --best-effort=" + l + " accepts that"
		case l == LayerNetwork && !o.Policy.Network.Allow:
			return "without the network layer network.allow = false would rest on the filter alone; --best-effort=" + l + " accepts that"
		}
	}
	if slices.Contains(lost, LayerMount) && slices.Contains(lost, LayerLandlock) && !slices.Contains(o.Accept.Layers, LayerMount) {
		return "without the mount layer and Landlock no line about files would hold; --best-effort=" + LayerMount + " accepts that"
	}
	return ""
}

func maskList(v *view) string {
	text := ""
	for i, m := range v.masks {
		if i == 20 {
			return text + " ..."
		}
		if i > 0 {
			text += " "
		}
		text += string(m)
	}
	return text
}

// termGrace is how long after SIGTERM, at the time limit, SIGKILL follows.
const termGrace = 2 * time.Second

// killGrace is how long after SIGKILL for all inside init itself is killed.
const killGrace = 500 * time.Millisecond

// isErrno reports whether err is one of these error numbers.
func isErrno(err error, list ...unix.Errno) bool {
	return slices.ContainsFunc(list, func(e unix.Errno) bool { return errors.Is(err, e) })
}
