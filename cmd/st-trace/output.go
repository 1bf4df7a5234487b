package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"sandtrace/lib/cli"
	"sandtrace/lib/event"
	"sandtrace/lib/trace"
)

// output is where records go.
type output struct {
	emit  func(event.Record) error
	close func() error
}

// finish writes the last record and closes the stream.
func (o output) finish(s *event.Summary) error {
	return errors.Join(o.emit(s), o.close())
}

// idleFlush is how long a record may wait for company.
const idleFlush = 5 * time.Millisecond

// streams decides where the records and the command's standard streams go.
func streams(f *flags, std cli.Std) (out output, stdio [3]*os.File, err error) {
	in, okIn := std.In.(*os.File)
	stdout, okOut := std.Out.(*os.File)
	stderr, okErr := std.Err.(*os.File)
	if !okIn || !okOut || !okErr {
		return out, stdio, errors.New("the standard streams are no files")
	}
	stdio = [3]*os.File{in, stderr, stderr}
	to := stdout
	if f.Output != "" && f.Output != "-" {
		if to, err = os.OpenFile(f.Output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return out, stdio, cli.Faultf(cli.CodeToolFailed, "-o: %w", err)
		}
		stdio[1] = stdout
	}
	switch f.Stdout {
	case "":
	case "stderr":
		stdio[1] = stderr
	case "inherit":
		stdio[1] = stdout
	default:
		if stdio[1], err = os.OpenFile(f.Stdout, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644); err != nil {
			return out, stdio, cli.Faultf(cli.CodeToolFailed, "--stdout: %w", err)
		}
	}
	if err := apart(to, stdio); err != nil {
		return out, stdio, err
	}
	if f.SummaryOnly {
		return output{trace.NewTable(to).Write, func() error { return closeOnce(to) }}, stdio, nil
	}
	if f.Format == "text" || f.Format == "auto" && cli.IsTerminal(to) {
		t := trace.NewText(to, cli.UseColor(f.Color, to))
		return output{t.Write, func() error { return closeOnce(to) }}, stdio, nil
	}
	w := event.NewWriter(to, name, event.NewRun(time.Now()), idleFlush)
	return output{w.Write, func() error { return errors.Join(w.Close(), closeOnce(to)) }}, stdio, nil
}

// apart refuses to let the command write where the records go: it could forge some. A terminal, and
// what holds nothing, is no stream of records.
func apart(records *os.File, stdio [3]*os.File) error {
	for _, f := range stdio[1:] {
		r, err1 := records.Stat()
		s, err2 := f.Stat()
		if err1 != nil || err2 != nil || r.Mode()&os.ModeCharDevice != 0 || !os.SameFile(r, s) {
			continue
		}
		return cli.Faultf(cli.CodeToolFailed, "the command would write into the stream of the records").
			WithHint("it could forge records: send its output elsewhere (2>FILE, --stdout FILE), or the records (-o FILE)")
	}
	return nil
}

// closeOnce closes a file that may be closed already.
func closeOnce(c io.Closer) error {
	if err := c.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close: %s", strings.TrimPrefix(err.Error(), "close "))
	}
	return nil
}
