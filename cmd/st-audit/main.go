// Command st-audit looks through files for secrets, obfuscation, supply-chain traps and traps for AI tools.
package main

import (
	"os"
	"runtime/debug"

	"sandtrace/lib/cli"
)

const tool = "st-audit"

type flags struct {
	cli.Common
	FailOn         string   `help:"Exit 1 (critical: 2) if a finding reaches SEVERITY." default:"high" placeholder:"SEVERITY"`
	Severity       string   `help:"Write only findings of SEVERITY or above." default:"info" placeholder:"SEVERITY"`
	ExitZero       bool     `help:"Exit 0 whatever was found."`
	Format         string   `help:"Write jsonl, text, sarif, json, junit or csv; auto: text on a terminal, else jsonl." enum:"auto,jsonl,text,sarif,json,junit,csv" default:"auto" placeholder:"FORM"`
	Rule           []string `help:"Run only rules with this ID, glob or tag." placeholder:"ID" sep:"none"`
	NoRule         []string `help:"Leave out rules with this ID, glob or tag." placeholder:"ID" sep:"none"`
	List           bool     `help:"List the rules and exit."`
	MaxSize        string   `help:"Leave out files larger than SIZE, such as 500M; 0 is no bound." default:"1G" placeholder:"SIZE"`
	Hidden         bool     `help:"Look at hidden files too." default:"true" negatable:""`
	NoIgnore       bool     `help:"Do not honour .gitignore and .sandtraceignore."`
	Archives       bool     `help:"Unpack archives in directories too, not only those that are named."`
	Jobs           int      `help:"Read with N workers; 0 is one a processor, at most 8." default:"0" placeholder:"N"`
	Sort           bool     `help:"Write findings in the order of path and line, at the end."`
	ShowSecrets    bool     `help:"Write secrets in clear."`
	ShowSuppressed bool     `help:"Write findings that were suppressed, marked as such."`
	Baseline       string   `help:"Suppress the findings that FILE lists." placeholder:"FILE"`
	GitleaksConfig string   `help:"Add the rules and allow-lists of a gitleaks configuration." placeholder:"FILE"`
	Staged         bool     `help:"Look at what is staged in git."`
	Diff           string   `help:"Look at the lines that REV..REV adds." placeholder:"REV..REV"`
	History        bool     `help:"Look at every file version that git's refs lead to."`
	Blanks         int      `short:"n" help:"sweep: report runs of N blanks or more with suspicious text behind them." default:"50" placeholder:"N"`
	Args           []string `arg:"" optional:"" name:"path" help:"Look through PATH, - being standard input; or: explain ID, baseline PATH, sweep PATH."`
}

func main() { os.Exit(run(os.Args[1:], cli.OSStd())) }

func run(args []string, std cli.Std) int {
	var f flags
	p := cli.Program{Name: tool, Help: "Look for secrets, obfuscation and supply-chain traps in files.", UsageCode: cli.CodeUsage}
	if code, done := p.Parse(&f, args, std); done {
		return code
	}
	debug.SetGCPercent(40) // memory is to stay small, and little is allocated
	code, err := command(&f, std)
	if err != nil {
		return cli.Report(std.Err, tool, err)
	}
	return code
}

// command runs the verb that the first argument is, or scans.
func command(f *flags, std cli.Std) (int, error) {
	verb := ""
	if len(f.Args) > 0 {
		switch f.Args[0] {
		case "explain", "baseline", "sweep":
			verb, f.Args = f.Args[0], f.Args[1:]
		}
	}
	o, err := f.options(verb, std)
	if err != nil {
		return 0, err
	}
	if f.Verbose && !f.Quiet && o.config != "" {
		cli.Say(std.Err, tool, "configuration: "+o.config)
	}
	switch {
	case verb == "explain":
		return 0, explain(std.Out, o.engine, f.Args)
	case f.List:
		return 0, list(std.Out, o)
	}
	return audit(f, o, std)
}
