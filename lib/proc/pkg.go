package proc

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"sandtrace/lib/event"
)

// Image is what a process became by an execve(2), as the kernel has it right after the call.
type Image struct {
	Exe     string
	Script  string
	Argv    []string
	CWD     string
	Environ []byte // NAME=value, NUL-ended
}

// Attribution says for which package a package manager runs a process.
type Attribution struct {
	Pkg *event.Pkg

	// Dependency is true where the package is not the user's own project. What runs below such a
	// process is that package's doing whatever it says of itself, so the attribution stays.
	Dependency bool
}

// Inherit is the attribution of a process after an execve(2), from the one that it had (its own, or
// its parent's where it was just spawned). A dependency's process stays that dependency's: the
// environment below it is the package's to forge.
func (a Attribution) Inherit(img *Image) Attribution {
	if a.Dependency {
		return a
	}
	for _, m := range managers {
		if found, ok := m(img); ok {
			return found
		}
	}
	return a
}

// managers has one row a package manager, or a family that speaks alike.
var managers = []func(*Image) (Attribution, bool){npmFamily, cargo, pip, setuptools, gem}

// npmFamily reads what npm, pnpm, yarn and bun set for lifecycle scripts (npm-run-script(1)).
func npmFamily(img *Image) (Attribution, bool) {
	env := pick(img.Environ, "npm_package_name", "npm_package_version", "npm_lifecycle_event", "npm_package_json", "npm_config_user_agent", "PNPM_SCRIPT_SRC_DIR", "INIT_CWD")
	if env["npm_lifecycle_event"] == "" {
		return Attribution{}, false
	}
	dir := path.Dir(env["npm_package_json"])
	if env["npm_package_json"] == "" {
		dir = env["PNPM_SCRIPT_SRC_DIR"]
	}
	if dir == "" {
		dir = img.CWD
	}
	return Attribution{
		Pkg: &event.Pkg{
			Manager: userAgentManager(env["npm_config_user_agent"]),
			Name:    env["npm_package_name"],
			Version: env["npm_package_version"],
			Stage:   env["npm_lifecycle_event"],
		},
		Dependency: hasComponent(dir, "node_modules"),
	}, true
}

// userAgentManager is the manager that an agent string such as "pnpm/9.1.0 npm/? node/v20" names first.
func userAgentManager(agent string) string {
	name, _, _ := strings.Cut(agent, "/")
	for _, known := range []string{"npm", "pnpm", "yarn", "bun"} {
		if name == known {
			return known
		}
	}
	return "npm"
}

// cargo reads what cargo sets for build scripts and for the compiler, which runs procedural macros
// (the Cargo book, "Environment variables").
func cargo(img *Image) (Attribution, bool) {
	env := pick(img.Environ, "CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_MANIFEST_DIR", "CARGO_PRIMARY_PACKAGE", "OUT_DIR")
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
		Dependency: strings.Contains(dir, "/registry/src/") || strings.Contains(dir, "/git/checkouts/"),
	}, true
}

// pipSource is the directory where pip unpacks a source distribution: the project's name and a hash.
var pipSource = regexp.MustCompile(`/pip-(?:install|wheel|download|req)[^/]*/([A-Za-z0-9][A-Za-z0-9._-]*?)_[0-9a-f]{32}(?:/|$)`)

// pip recognises a build hook (PEP 517), by the name of the runner that pip and build use for it.
func pip(img *Image) (Attribution, bool) {
	if path.Base(img.Script) != "_in_process.py" || len(img.Argv) < 3 {
		return Attribution{}, false
	}
	for i, a := range img.Argv {
		if path.Base(a) == "_in_process.py" && i+1 < len(img.Argv) {
			return python(img, img.Argv[i+1])
		}
	}
	return Attribution{}, false
}

// setuptools recognises setup.py, run by name or through the -c wrapper of pip.
func setuptools(img *Image) (Attribution, bool) {
	if in := interpreterOf(img.Exe); in == nil || in.name != "python" && in.name != "pypy" {
		return Attribution{}, false
	}
	wrapped := len(img.Argv) > 2 && strings.Contains(strings.Join(img.Argv[1:min(len(img.Argv), 5)], " "), "setup.py")
	if path.Base(img.Script) != "setup.py" && (!wrapped || !pipSource.MatchString(img.CWD+"/")) {
		return Attribution{}, false
	}
	return python(img, "setup.py")
}

// python names the package by the directory that pip made for it; elsewhere it is the user's own.
func python(img *Image, stage string) (Attribution, bool) {
	if m := pipSource.FindStringSubmatch(img.CWD + "/"); m != nil {
		return Attribution{Pkg: &event.Pkg{Manager: "pip", Name: m[1], Stage: stage}, Dependency: true}, true
	}
	return Attribution{Pkg: &event.Pkg{Manager: "pip", Name: path.Base(img.CWD), Stage: stage}}, true
}

// gemSource is a gem's directory with its native extension.
var gemSource = regexp.MustCompile(`/gems/([A-Za-z0-9_.-]+)-([0-9][A-Za-z0-9_.]*)/ext(?:/|$)`)

// gem recognises a native extension being built.
func gem(img *Image) (Attribution, bool) {
	m := gemSource.FindStringSubmatch(img.CWD + "/")
	if m == nil || path.Base(img.Script) != "extconf.rb" {
		return Attribution{}, false
	}
	return Attribution{
		Pkg: &event.Pkg{Manager: "gem", Name: m[1], Version: m[2], Stage: "extconf"}, Dependency: true,
	}, true
}

// pick is the value of each named variable that the environment has; the first of two counts, as
// it does for getenv(3).
func pick(environ []byte, names ...string) map[string]string {
	out := map[string]string{}
	for len(environ) > 0 {
		var entry []byte
		entry, environ, _ = bytes.Cut(environ, []byte{0})
		for _, n := range names {
			if len(entry) > len(n) && entry[len(n)] == '=' && string(entry[:len(n)]) == n {
				if _, ok := out[n]; !ok {
					out[n] = string(entry[len(n)+1:])
				}
			}
		}
	}
	return out
}

func hasComponent(dir, name string) bool {
	return strings.Contains(dir+"/", "/"+name+"/")
}

// labels are the names under which the programs of package managers appear in a lineage, where
// the kernel only tells the interpreter's.
var labels = map[string]string{
	"npm-cli.js": "npm", "npx-cli.js": "npx", "npm": "npm", "npx": "npx",
	"pnpm.cjs": "pnpm", "pnpm": "pnpm", "pnpx.cjs": "pnpx",
	"yarn.js": "yarn", "yarn": "yarn", "yarnpkg": "yarn",
	"pip": "pip", "pip3": "pip", "poetry": "poetry", "composer": "composer", "composer.phar": "composer",
	"gem": "gem", "bundle": "bundle",
}

// Label is how a process is called in a lineage: the package manager that its script is, else its
// kernel name.
func Label(name, script string) string {
	if l, ok := labels[path.Base(script)]; ok && script != "" {
		return l
	}
	return name
}
