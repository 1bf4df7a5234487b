package proc

import (
	"path"
	"slices"
	"strings"

	"sandtrace/lib/event"
)

// crateSources are parts of the directories where cargo keeps the sources of others: from a registry,
// from a git repository, and what cargo vendor makes.
var crateSources = []string{"/registry/src/", "/git/checkouts/", "/vendor/"}

// cargo reads what cargo sets for build scripts and for the compiler, which runs procedural macros
// (the Cargo book, "Environment variables").
func cargo(img *Image) (Attribution, bool) {
	env := pick(img.Environ, "CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_MANIFEST_DIR")
	if env["CARGO_PKG_NAME"] == "" {
		return Attribution{}, false
	}
	stage := ""
	switch base := path.Base(img.Exe); {
	case strings.HasPrefix(base, "build-script-") || strings.HasPrefix(base, "build_script_"):
		stage = "build-script"
	case base == "rustc" || base == "clippy-driver":
		stage = "compile"
	default:
		return Attribution{}, false
	}
	dir := env["CARGO_MANIFEST_DIR"]
	return Attribution{
		Pkg: &event.Pkg{
			Manager: "cargo", Name: env["CARGO_PKG_NAME"], Version: env["CARGO_PKG_VERSION"], Stage: stage,
		},
		Dependency: slices.ContainsFunc(crateSources, func(part string) bool { return strings.Contains(dir, part) }),
	}, true
}
