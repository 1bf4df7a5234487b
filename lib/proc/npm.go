package proc

import (
	"path"
	"slices"
	"strings"

	"sandtrace/lib/event"
)

// npmFamily reads what npm, pnpm, yarn and bun set for lifecycle scripts (npm-run-script(1)).
//
// A package writes its own manifest, so the name that the manager reads there can be another's: a
// dependency is called what its directory in node_modules is called, which the manager made.
func npmFamily(img *Image) (Attribution, bool) {
	env := pick(img.Environ, "npm_package_name", "npm_package_version", "npm_lifecycle_event", "npm_package_json", "npm_config_user_agent")
	agent, stage := env["npm_config_user_agent"], env["npm_lifecycle_event"]
	if stage == "" {
		return Attribution{}, false
	}
	a := Attribution{Pkg: &event.Pkg{
		Manager: userAgentManager(agent), Name: env["npm_package_name"], Version: env["npm_package_version"], Stage: stage,
	}}
	if stage == "npx" {
		a.npx(img)
		return a, true
	}
	dir := path.Dir(env["npm_package_json"])
	if env["npm_package_json"] == "" || strings.HasPrefix(agent, "yarn/1.") {
		dir = img.CWD // yarn 1 leaves npm_package_json as it was: below npm run it is that of the project
	}
	if name := moduleName(dir); name != "" {
		a.Pkg.Name, a.Dependency = name, true
	}
	if strings.Contains(dir, "/_cacache/tmp/git-clone") {
		a.Dependency = true // where npm prepares a dependency that it has from a git repository
	}
	return a, true
}

// npx names the package whose program npm exec runs; the environment speaks of the project. A package
// manager that is run so is only the means, and speaks for its packages itself.
func (a *Attribution) npx(img *Image) {
	file := img.Script
	if file == "" {
		file = img.Exe
	}
	if name := moduleName(path.Dir(file)); name != "" && !slices.Contains(npmManagers, name) {
		a.Pkg.Name, a.Pkg.Version, a.Dependency = name, "", true
	}
}

// moduleName is the name, with its scope, of the package that a file in node_modules belongs to, or "".
func moduleName(file string) string {
	const root = "/node_modules/"
	i := strings.LastIndex(file, root)
	if i < 0 {
		return ""
	}
	name, rest, _ := strings.Cut(file[i+len(root):], "/")
	if strings.HasPrefix(name, "@") {
		second, _, _ := strings.Cut(rest, "/")
		name += "/" + second
	}
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "/") {
		return "" // a directory of the manager's own, such as .bin
	}
	return name
}

// userAgentManager is the manager that an agent string such as "pnpm/9.1.0 npm/? node/v20" names first.
func userAgentManager(agent string) string {
	name, _, _ := strings.Cut(agent, "/")
	if slices.Contains(npmManagers, name) {
		return name
	}
	return "npm"
}

var npmManagers = []string{"npm", "pnpm", "yarn", "bun"}
