package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"sandtrace/lib/cli"
	"sandtrace/lib/event"
	"sandtrace/lib/jail"
)

// listLayers prints the layers in their order.
func listLayers(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, l := range jail.Layers {
		fmt.Fprintf(b, "%-13s %s\n", l.Name, l.About)
	}
	return b.Flush()
}

// explain prints what the jail would be.
func explain(w io.Writer, o *jail.Options) error {
	r, err := jail.Resolve(o)
	if err != nil {
		return cli.Faultf(cli.CodeToolFailed, "%w", err)
	}
	b := bufio.NewWriter(w)
	for _, line := range r.Explain(o) {
		fmt.Fprintln(b, event.Display(line))
	}
	return b.Flush()
}

// check puts the whole jail up without a command.
func check(o *jail.Options) error {
	if _, err := jail.Resolve(o); err != nil {
		return cli.Faultf(cli.CodeConfig, "%w", err)
	}
	o.Dry = true
	if _, err := jail.Run(*o); err != nil {
		f := cli.Faultf(cli.CodeUnavailable, "%w", err)
		var layer *jail.LayerError
		if errors.As(err, &layer) {
			f.Hint = layer.Remedy
		}
		return f
	}
	return nil
}
