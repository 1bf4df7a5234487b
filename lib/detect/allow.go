package detect

import (
	"regexp"
	"strings"
	"sync"
)

// allowlist says what is no finding although an expression matches it, as gitleaks defines it.
type allowlist struct {
	all       bool // every criterion that is given must hold, not just one
	target    string
	regexes   []*regexp.Regexp
	paths     []*regexp.Regexp
	stopWords []string

	once  sync.Once
	stops *automaton
}

func newAllowlist(v vendorAllowlist) (*allowlist, error) {
	a := &allowlist{all: strings.EqualFold(v.Condition, "AND") || v.Condition == "&&", target: v.RegexTarget}
	for _, s := range v.Regexes {
		re, err := regexp.Compile(s)
		if err != nil {
			return nil, err
		}
		a.regexes = append(a.regexes, re)
	}
	for _, s := range v.Paths {
		re, err := regexp.Compile(s)
		if err != nil {
			return nil, err
		}
		a.paths = append(a.paths, re)
	}
	for _, s := range v.StopWords {
		a.stopWords = append(a.stopWords, strings.ToLower(s))
	}
	return a, nil
}

func (a *allowlist) merge(b *allowlist) {
	a.regexes = append(a.regexes, b.regexes...)
	a.paths = append(a.paths, b.paths...)
	a.stopWords = append(a.stopWords, b.stopWords...)
}

func (a *allowlist) stop(secret string) bool {
	if len(a.stopWords) == 0 {
		return false
	}
	a.once.Do(func() {
		words := map[string][]int{}
		for _, w := range a.stopWords {
			words[w] = []int{0}
		}
		a.stops = newAutomaton(words)
	})
	return a.stops.contains(secret)
}

func anyMatch(list []*regexp.Regexp, s string) bool {
	for _, re := range list {
		if re.MatchString(s) {
			return true
		}
	}
	return false
}

// allows tells whether the match is none.
func (a *allowlist) allows(path, secret, match, line string) bool {
	subject := secret
	switch a.target {
	case "match":
		subject = match
	case "line":
		subject = line
	}
	if !a.all {
		return a.stop(secret) || anyMatch(a.paths, path) || anyMatch(a.regexes, subject)
	}
	given := len(a.paths) + len(a.regexes) + len(a.stopWords)
	return given > 0 &&
		(len(a.paths) == 0 || anyMatch(a.paths, path)) &&
		(len(a.regexes) == 0 || anyMatch(a.regexes, subject)) &&
		(len(a.stopWords) == 0 || a.stop(secret))
}
