package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// writeCompletion prints the shell's completion script, made from the flag model.
func writeCompletion(w io.Writer, app *kong.Application, shell string, usageCode int) error {
	shells := map[string]func(io.Writer, *kong.Application) error{
		"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion,
	}
	f := shells[shell]
	if f == nil {
		return Faultf(usageCode, "--completion: %q: expected bash, zsh or fish", shell)
	}
	return f(w, app)
}

// longFlags lists the flags that a user may type, the root's before those of verbs.
func longFlags(app *kong.Application) []*kong.Flag {
	var out []*kong.Flag
	seen := map[string]bool{}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			if !f.Hidden && !seen[f.Name] {
				seen[f.Name] = true
				out = append(out, f)
			}
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(app.Node)
	return out
}

func verbs(app *kong.Application) []string {
	var out []string
	for _, c := range app.Children {
		if !c.Hidden {
			out = append(out, c.Name)
		}
	}
	return out
}

func bashCompletion(w io.Writer, app *kong.Application) error {
	var words, cases strings.Builder
	for _, v := range verbs(app) {
		words.WriteString(v + " ")
	}
	for _, f := range longFlags(app) {
		words.WriteString("--" + f.Name + " ")
		if f.Enum != "" {
			fmt.Fprintf(&cases, "\t--%s) COMPREPLY=($(compgen -W %s -- \"$cur\")); return ;;\n",
				f.Name, shellQuote(strings.ReplaceAll(f.Enum, ",", " ")))
		}
	}
	fn := "_" + strings.ReplaceAll(app.Name, "-", "_")
	_, err := fmt.Fprintf(w, `%s() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	case $prev in
%s	esac
	case $cur in
	-*) COMPREPLY=($(compgen -W %s -- "$cur")) ;;
	*) COMPREPLY=($(compgen -f -- "$cur") $(compgen -c -- "$cur")) ;;
	esac
}
complete -F %s %s
`, fn, cases.String(), shellQuote(strings.TrimSpace(words.String())), fn, app.Name)
	return err
}

func zshCompletion(w io.Writer, app *kong.Application) error {
	fmt.Fprintf(w, "#compdef %s\n_arguments -s", app.Name)
	for _, f := range longFlags(app) {
		spec := "--" + f.Name + "[" + strings.NewReplacer("[", "(", "]", ")", ":", " ").Replace(f.Help) + "]"
		switch {
		case f.IsBool():
		case f.Enum != "":
			spec += ":" + f.Name + ":(" + strings.Trim(strings.ReplaceAll(f.Enum, ",", " "), " ") + ")"
		default:
			spec += ":" + f.Name + ":_files"
		}
		fmt.Fprintf(w, " \\\n\t%s", shellQuote(spec))
	}
	_, err := fmt.Fprintf(w, " \\\n\t'*::command:_normal'\n")
	return err
}

func fishCompletion(w io.Writer, app *kong.Application) error {
	for _, v := range verbs(app) {
		fmt.Fprintf(w, "complete -c %s -n __fish_use_subcommand -a %s\n", app.Name, shellQuote(v))
	}
	for _, f := range longFlags(app) {
		fmt.Fprintf(w, "complete -c %s -l %s -d %s", app.Name, f.Name, shellQuote(f.Help))
		if f.Short != 0 {
			fmt.Fprintf(w, " -s %c", f.Short)
		}
		switch {
		case f.IsBool():
		case f.Enum != "":
			fmt.Fprintf(w, " -x -a %s", shellQuote(strings.Trim(strings.ReplaceAll(f.Enum, ",", " "), " ")))
		default:
			fmt.Fprint(w, " -r")
		}
		fmt.Fprintln(w)
	}
	return nil
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
