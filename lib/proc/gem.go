package proc

import (
	"path"
	"regexp"

	"sandtrace/lib/event"
)

// gemSource is a gem's directory with its native extension.
var gemSource = regexp.MustCompile(`/gems/([A-Za-z0-9_.-]+)-([0-9][A-Za-z0-9_.]*)/ext(?:/|$)`)

// gem recognises a native extension being built: extconf.rb, and what RubyGems runs after it in the
// same directory.
func gem(img *Image) (Attribution, bool) {
	m := gemSource.FindStringSubmatch(img.CWD)
	if m == nil {
		return Attribution{}, false
	}
	stage := path.Base(img.Exe)
	for _, a := range img.Argv {
		if path.Base(a) == "extconf.rb" {
			stage = "extconf" // options such as -I and -r stand before it
		}
	}
	return Attribution{
		Pkg: &event.Pkg{Manager: "gem", Name: m[1], Version: m[2], Stage: stage}, Dependency: true,
	}, true
}
