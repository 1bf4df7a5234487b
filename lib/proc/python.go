package proc

import (
	"path"
	"regexp"
	"strings"

	"sandtrace/lib/event"
)

// pipSource is the directory where pip unpacks a source distribution: the project's name and a hash.
var pipSource = regexp.MustCompile(`/pip-(?:install|wheel|download|req)[^/]*/([A-Za-z0-9][A-Za-z0-9._-]*?)_[0-9a-f]{32}(?:/|$)`)

// pipAnonymous is where pip unpacks an archive or a repository before it knows the name in it.
var pipAnonymous = regexp.MustCompile(`/(pip-req-build-[^/]+)(?:/|$)`)

// pip recognises a build hook (PEP 517), by the name of the runner that pip and build use for it.
func pip(img *Image) (Attribution, bool) {
	if !isPython(img.Exe) || !isHookRunner(img.Script) {
		return Attribution{}, false
	}
	for i, a := range img.Argv {
		if isHookRunner(a) && i+1 < len(img.Argv) {
			return python(img, img.Argv[i+1])
		}
	}
	return Attribution{}, false
}

// isHookRunner reports whether a script is pyproject_hooks' runner, or the copy that importlib makes
// of it where pip itself is a zip file.
func isHookRunner(script string) bool { return strings.HasSuffix(path.Base(script), "_in_process.py") }

// setuptools recognises setup.py, run by name or through the -c wrapper of pip.
func setuptools(img *Image) (Attribution, bool) {
	if !isPython(img.Exe) {
		return Attribution{}, false
	}
	wrapped := len(img.Argv) > 2 && strings.Contains(strings.Join(img.Argv[1:min(len(img.Argv), 5)], " "), "setup.py")
	if path.Base(img.Script) != "setup.py" && (!wrapped || !pipSource.MatchString(img.CWD) && !pipAnonymous.MatchString(img.CWD)) {
		return Attribution{}, false
	}
	return python(img, "setup.py")
}

func isPython(exe string) bool {
	in := interpreterOf(exe)
	return in != nil && (in.name == "python" || in.name == "pypy")
}

// python names the package by the directory that pip made for it; elsewhere it is the user's own.
func python(img *Image, stage string) (Attribution, bool) {
	for _, source := range []*regexp.Regexp{pipSource, pipAnonymous} {
		if m := source.FindStringSubmatch(img.CWD); m != nil {
			return Attribution{Pkg: &event.Pkg{Manager: "pip", Name: m[1], Stage: stage}, Dependency: true}, true
		}
	}
	return Attribution{Pkg: &event.Pkg{Manager: "pip", Name: path.Base(img.CWD), Stage: stage}}, true
}
