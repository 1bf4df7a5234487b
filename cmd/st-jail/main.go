// St-jail runs a command in a sandbox that the kernel enforces and a policy describes.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sandtrace/lib/cli"
	"sandtrace/lib/event"
	"sandtrace/lib/jail"
)

const name = "st-jail"

type flags struct {
	cli.Common
	Policy       string        `short:"p" help:"Read the policy from FILE; without it only the system's programs can be read." placeholder:"FILE"`
	AllowRead    []string      `help:"Let PATH be read." placeholder:"PATH" sep:"none"`
	AllowWrite   []string      `help:"Let PATH be read and written." placeholder:"PATH" sep:"none"`
	AllowExec    []string      `help:"Let PATH be read and executed." placeholder:"PATH" sep:"none"`
	AllowPath    []string      `help:"Let PATH be read, written and executed." placeholder:"PATH" sep:"none"`
	Deny         []string      `help:"Hide PATH, whatever else allows it." placeholder:"PATH" sep:"none"`
	AllowNet     bool          `help:"Let the command use the network."`
	AllowExecAny bool          `help:"Let every file be executed that can be read, files in memory too."`
	Timeout      time.Duration `help:"End the jail after DUR: SIGTERM, then SIGKILL; exit 124." placeholder:"DUR"`
	Env          []string      `help:"Keep the environment variable NAME; * at its end stands for any rest." placeholder:"NAME" sep:"none"`
	EnvAll       bool          `help:"Keep the whole environment."`
	Chdir        string        `help:"Run the command in DIR." placeholder:"DIR"`
	Hostname     string        `help:"Give the jail this host name." placeholder:"NAME"`
	Events       string        `help:"Write records to FILE, or to descriptor N with fd:N." placeholder:"FILE|fd:N"`
	Explain      bool          `help:"Print what the jail would be and end; nothing runs." group:"Questions"`
	Check        bool          `help:"Put the whole jail up, end without a command; exit 0, 78 or 69." group:"Questions"`
	ListLayers   bool          `help:"List the layers and end." group:"Questions"`
	BestEffort   bestEffort    `help:"Go on without layers that cannot be had; LAYER,... names them." placeholder:"LAYER,..."`
	Cmd          []string      `arg:"" optional:"" name:"command" help:"The command and its arguments." passthrough:"partial"`
}

func main() {
	if jail.IsInit() {
		os.Exit(jail.Init())
	}
	os.Exit(run(os.Args[1:], cli.OSStd()))
}

func run(args []string, std cli.Std) int {
	var f flags
	p := cli.Program{
		Name: name, UsageCode: cli.CodeToolFailed,
		Help: "Run a command in a sandbox that the kernel enforces.",
	}
	if code, done := p.Parse(&f, args, std); done {
		return code
	}
	code, err := jailCommand(&f, std)
	if err != nil {
		return cli.Report(std.Err, name, err)
	}
	return code
}

// jailCommand runs the command or answers a question; the error is that of the tool.
func jailCommand(f *flags, std cli.Std) (int, error) {
	if err := jail.CloseInherited(); err != nil {
		return 0, cli.Faultf(cli.CodeToolFailed, "%w", err)
	}
	if f.ListLayers {
		return 0, listLayers(std.Out)
	}
	argv, err := cli.Command(f.Cmd)
	if err != nil && !(f.Check || f.Explain) || len(f.Cmd) > 0 && err != nil {
		return 0, cli.Faultf(cli.CodeToolFailed, "%w", err).WithHint("see " + name + " --help")
	}
	o, err := options(f, std, argv)
	switch {
	case err != nil:
		return 0, err
	case f.Explain:
		return 0, explain(std.Out, o)
	case f.Check:
		return 0, check(o)
	}
	return runJail(f, std, o)
}

// options are the jail's, from the flags and the policy file.
func options(f *flags, std cli.Std, argv []string) (*jail.Options, error) {
	stdio, err := streams(std)
	if err != nil {
		return nil, cli.Faultf(cli.CodeToolFailed, "%w", err)
	}
	home := os.Getenv("HOME") // what the command takes for its home, whoever called sudo
	if !filepath.IsAbs(home) {
		home = "" // a policy that names ~ fails with its line
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, cli.Faultf(cli.CodeToolFailed, "working directory: %w", err)
	}
	dir, err := workingDir(f, here)
	if err != nil {
		return nil, err
	}
	pol, err := loadPolicy(f, here)
	if err != nil {
		return nil, err
	}
	return &jail.Options{
		Policy: pol, Home: home, Dir: dir, FromDir: f.Chdir != "", Argv: argv, Environ: os.Environ(), Stdio: stdio,
		Warn:   func(text string) { cli.Say(std.Err, name, text) },
		Accept: jail.Accept{Any: f.BestEffort.any, Layers: f.BestEffort.layers},
	}, nil
}

// runJail runs the command and passes its exit status on.
func runJail(f *flags, std cli.Std, o *jail.Options) (int, error) {
	out, err := openEvents(f, std, o)
	if err != nil {
		return 0, err
	}
	o.Emit, o.Tell = out.emit, out.tell
	began := time.Now()
	_ = out.emit(startRecord(o)) // the writer keeps its error for close
	res, err := jail.Run(*o)
	code := res.Status
	if res.TimedOut {
		code = cli.CodeTimeout
	}
	if err != nil {
		code = faultCode(err)
		_ = out.emit(&event.Error{Code: "not_run", Message: err.Error()})
	}
	_ = out.emit(&event.Summary{
		Counts: []event.Count{{Key: "denied", N: int64(res.Denied)}},
		Lost:   res.Lost, Duration: int64(time.Since(began)), Exit: event.Some(int64(code)),
	})
	if closing := out.close(); closing != nil {
		cli.Say(std.Err, name, fmt.Sprintf("records are lost: %v", closing))
	}
	if err != nil {
		return 0, fault(err, o)
	}
	return code, nil
}
