package main

import (
	"errors"

	"sandtrace/lib/cli"
	"sandtrace/lib/jail"
)

// fault gives an error of the jail its exit code and its remedy.
func fault(err error, o *jail.Options) error {
	f := cli.Faultf(faultCode(err), "%w", err)
	var layer *jail.LayerError
	var command *jail.CommandError
	switch {
	case errors.As(err, &layer):
		f.Hint = layer.Remedy
	case errors.As(err, &command):
		f.Hint = outside(o.Argv[0])
	}
	return f
}

// faultCode is the exit code for an error of the jail.
func faultCode(err error) int {
	var command *jail.CommandError
	switch {
	case errors.As(err, &command) && command.Missing:
		return cli.CodeNotFound
	case errors.As(err, &command):
		return cli.CodeCannotExecute
	}
	return cli.CodeToolFailed
}

// outside is the hint for a command that is there, but not in the jail.
func outside(command string) string {
	file, err := cli.FindCommand(command)
	if err != nil {
		return ""
	}
	return file + " is outside of what the policy lets be executed: --allow-exec, or allow_exec in the policy"
}
