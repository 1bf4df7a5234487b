package syscalls

import (
	"fmt"
	"sort"
	"strings"
)

// Select answers a choice of calls: words are sets, "all", names, and names or sets with a leading
// "!" that are taken out again. Words are read in order; where the first takes something out, the
// default set is what it is taken from. The error names the word and the nearest known one.
func Select(words []string) ([]*Call, error) {
	chosen := map[*Call]bool{}
	for i, w := range words {
		name, out := strings.CutPrefix(w, "!")
		if out && i == 0 {
			mark(chosen, func(c *Call) bool { return c.Sets&Default != 0 }, true)
		}
		in, ok := member(name)
		if !ok {
			err := fmt.Errorf("unknown system call or set %q", name)
			if n := Nearest(name); n != "" {
				err = fmt.Errorf("%w; did you mean %q?", err, n)
			}
			return nil, err
		}
		mark(chosen, in, !out)
	}
	list := make([]*Call, 0, len(chosen))
	for c := range chosen {
		list = append(list, c)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list, nil
}

// member is the test for being named by one word.
func member(word string) (func(*Call) bool, bool) {
	if word == "all" {
		return func(*Call) bool { return true }, true
	}
	for _, s := range SetNames {
		if s.Name == word {
			return func(c *Call) bool { return c.Sets&s.Set != 0 }, true
		}
	}
	if byName[word] == nil {
		return nil, false
	}
	return func(c *Call) bool { return c.Name == word }, true
}

func mark(chosen map[*Call]bool, in func(*Call) bool, to bool) {
	for _, c := range all {
		if !in(c) {
			continue
		}
		if to {
			chosen[c] = true
		} else {
			delete(chosen, c)
		}
	}
}
