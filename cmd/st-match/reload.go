package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sandtrace/lib/cli"
	"sandtrace/lib/event"
	"sandtrace/lib/rule"
)

// checkEvery is how often the rule files are looked at.
const checkEvery = time.Second

// reloader reads the rules again on SIGHUP, or when one of their files has changed. A set with a
// fault in it is refused, and the old one goes on.
type reloader struct {
	flags  *flags
	filter *rule.Filter
	out    *output
	stderr io.Writer
	quit   chan struct{}
	done   chan struct{}
}

func watchRules(f *flags, l *loaded, filter *rule.Filter, out *output, stderr io.Writer) *reloader {
	r := &reloader{f, filter, out, stderr, make(chan struct{}), make(chan struct{})}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	go func() {
		defer close(r.done)
		defer signal.Stop(hup)
		tick := time.NewTicker(checkEvery)
		defer tick.Stop()
		seen := stamp(l.sources)
		for {
			select {
			case <-r.quit:
				return
			case <-hup:
				seen = stamp(l.sources)
				r.reload()
			case <-tick.C:
				if now := stamp(l.sources); now != seen {
					seen = now
					r.reload()
				}
			}
		}
	}()
	return r
}

func (r *reloader) stop() {
	close(r.quit)
	<-r.done
}

func (r *reloader) reload() {
	l, err := load(r.flags, io.Discard)
	r.filter.Between(func() {
		if err != nil {
			_ = r.out.write(&event.Error{Code: "rules_refused", Message: err.Error() + "; the rules from before stay"})
			cli.Say(r.stderr, tool, "rules not loaded: "+err.Error())
		} else {
			r.filter.Replace(l.set)
			if r.flags.Verbose && !r.flags.Quiet {
				cli.Say(r.stderr, tool, fmt.Sprintf("%d rules loaded", len(l.set.Rules())))
			}
		}
		_ = r.out.flush() // a failure comes back with the next write
	})
}

// stamp changes when a rule file does, one is added or one is removed.
func stamp(sources []string) string {
	var b strings.Builder
	for _, s := range sources {
		names := []string{s}
		if more, err := filepath.Glob(filepath.Join(s, "*.y*ml")); err == nil {
			names = append(names, more...)
		}
		for _, n := range names {
			if i, err := os.Stat(n); err == nil {
				fmt.Fprintf(&b, "%s %d %d\n", n, i.Size(), i.ModTime().UnixNano())
			}
		}
	}
	return b.String()
}
