package cli

import (
	"fmt"
	"io"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
)

// Version is set by the build (-ldflags -X); without it the module's own version serves.
var Version = ""

// ToolVersion is the version that records and --version give.
func ToolVersion() string {
	if Version != "" {
		return Version
	}
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		return strings.TrimPrefix(b.Main.Version, "v")
	}
	return "0.0.0-dev"
}

// Common holds the flags of every binary; a flags struct embeds it.
type Common struct {
	Config     string `help:"Read the configuration from FILE instead of the first one found." placeholder:"FILE" group:"Common"`
	Quiet      bool   `short:"q" help:"Write nothing but errors to stderr." group:"Common"`
	Verbose    bool   `short:"v" help:"Write more to stderr." group:"Common"`
	Color      string `help:"Colour the human form: auto, always or never." enum:"auto,always,never" default:"auto" placeholder:"WHEN" group:"Common"`
	Version    bool   `help:"Print the version and exit." group:"Common"`
	Completion string `help:"Print completions for SHELL (bash, zsh or fish) and exit." enum:",bash,zsh,fish" default:"" placeholder:"SHELL" group:"Common"`
}

func (c *Common) common() *Common { return c }

// Program is what Parse needs to know of a binary.
type Program struct {
	Name      string
	Help      string // one sentence
	UsageCode int    // CodeUsage for filters, CodeToolFailed for chain-loaders
}

// exited carries kong's exit code through its call stack: a help flag ends the program there.
type exited int

// Parse fills flags, a pointer to a kong struct that embeds Common, from args. Where done is true
// the program ends with code: help or version was asked for, or the usage is wrong.
func (p Program) Parse(flags any, args []string, std Std) (code int, done bool) {
	k, err := kong.New(flags,
		kong.Name(p.Name), kong.Description(p.Help),
		kong.Writers(std.Out, std.Err),
		kong.KindMapper(reflect.String, kong.MapperFunc(exactString)),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		return Report(std.Err, p.Name, fmt.Errorf("flags: %w", err)), true
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exited:
			code, done = int(r), true
		default:
			panic(r)
		}
	}()
	if answered, err := p.answer(k, args, std.Out); answered {
		return Report(std.Err, p.Name, err), true
	}
	ctx, err := k.Parse(args)
	if err == nil {
		err = rejectShortEquals(ctx)
	}
	if err != nil {
		f := Faultf(p.UsageCode, "%w", err)
		return Report(std.Err, p.Name, f.WithHint("see "+p.Name+" --help")), true
	}
	if c, ok := flags.(interface{ common() *Common }); ok && c.common().Version {
		_, err := fmt.Fprintln(std.Out, p.Name, ToolVersion())
		return Report(std.Err, p.Name, err), true
	}
	return 0, false
}

// exactString takes an argument byte by byte: kong's own mapper goes through JSON, and a file name that
// is not UTF-8 would come out as another one.
func exactString(ctx *kong.DecodeContext, target reflect.Value) error {
	t, err := ctx.Scan.PopValue("string")
	if err != nil {
		return err
	}
	s, ok := t.Value.(string)
	if !ok {
		s = fmt.Sprint(t.Value)
	}
	target.SetString(s)
	return nil
}

// answer serves --version and --completion, which need no other argument to be right.
func (p Program) answer(k *kong.Kong, args []string, out io.Writer) (bool, error) {
	for i, a := range args {
		switch {
		case a == "--version":
			_, err := fmt.Fprintln(out, p.Name, ToolVersion())
			return true, err
		case a == "--completion" && i+1 < len(args):
			return true, writeCompletion(out, k.Model, args[i+1], p.UsageCode)
		case strings.HasPrefix(a, "--completion="):
			return true, writeCompletion(out, k.Model, strings.TrimPrefix(a, "--completion="), p.UsageCode)
		case a == "--" || !strings.HasPrefix(a, "-"):
			return false, nil
		}
	}
	return false, nil
}

// rejectShortEquals refuses -p=x, which kong reads as the value "=x".
func rejectShortEquals(ctx *kong.Context) error {
	for _, e := range ctx.Path {
		if e.Flag == nil || e.Flag.Short == 0 {
			continue
		}
		v := reflect.ValueOf(ctx.FlagValue(e.Flag))
		values := []reflect.Value{v}
		if v.Kind() == reflect.Slice {
			values = values[:0]
			for i := range v.Len() {
				values = append(values, v.Index(i))
			}
		}
		for _, v := range values {
			if v.Kind() == reflect.String && strings.HasPrefix(v.String(), "=") {
				s := v.String()
				return fmt.Errorf("-%c%s: expected -%c %s or --%s%s", e.Flag.Short, s, e.Flag.Short, s[1:], e.Flag.Name, s)
			}
		}
	}
	return nil
}

// Command is the command of a chain-loader, from a kong argument with passthrough:"partial". It
// strips one leading "--" and refuses a first word that looks like a flag before it: that is a
// misspelled flag, and running the command without it would be running it with less care than asked.
func Command(words []string) ([]string, error) {
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	} else if len(words) > 0 && strings.HasPrefix(words[0], "-") {
		return nil, fmt.Errorf("unknown flag %s", words[0])
	}
	if len(words) == 0 || words[0] == "" {
		return nil, fmt.Errorf("expected a command")
	}
	return words, nil
}
