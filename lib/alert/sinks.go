package alert

import (
	"fmt"
	"strings"
)

// Sink is a place where alerts can be delivered, by the name that --to gives it.
type Sink struct{ Name, Help string }

// Sinks holds one row a sink.
var Sinks = []Sink{
	{"console", "a block of lines an alert, on standard output"},
	{"stdout", "the same by another name"},
}

// CheckSink refuses a name that is no sink.
func CheckSink(name string) error {
	names := make([]string, len(Sinks))
	for i, s := range Sinks {
		if names[i] = s.Name; s.Name == name {
			return nil
		}
	}
	return fmt.Errorf("%q: no such sink; there are %s", name, strings.Join(names, " and "))
}
