package proc

import (
	"path"
	"strings"
)

// labels are the names under which the programs of package managers appear in a lineage, where
// the kernel only tells the interpreter's.
var labels = map[string]string{
	"npm-cli.js": "npm", "npx-cli.js": "npx", "npm": "npm", "npx": "npx",
	"pnpm.cjs": "pnpm", "pnpm.mjs": "pnpm", "pnpm": "pnpm", "pnpx.cjs": "pnpx", "pnpx.mjs": "pnpx",
	"yarn.js": "yarn", "yarn": "yarn", "yarnpkg": "yarn",
	"pip": "pip", "pip3": "pip", "poetry": "poetry", "composer": "composer", "composer.phar": "composer",
	"gem": "gem", "bundle": "bundle",
}

// Label is how a process is called in a lineage: the package manager that its script is, else its
// kernel name.
func Label(name, script string) string {
	base := path.Base(script)
	if l, ok := labels[base]; ok && script != "" {
		return l
	}
	if strings.HasPrefix(base, "yarn-") && strings.HasSuffix(base, ".cjs") {
		return "yarn" // a release that a project keeps in .yarn/releases
	}
	return name
}
