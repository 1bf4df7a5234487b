package rule

import "strings"

// What programs are, by the name of their file. Version suffixes (python3.12) and extensions
// (npm-cli.js) do not count: see nameIs and programName.

// kind says why a program's name proves nothing about what it does.
type kind uint8

const (
	ordinary    kind = iota
	interpreter      // runs the code that it is given
	manager          // runs the code of packages
	mover            // sends or fetches what its arguments name
)

// programs holds the known names of each kind. In an install stage the exemption of a program of
// any of these kinds is not believed: the package chose the code, or the arguments.
var programs = func() map[string]kind {
	m := map[string]kind{}
	for k, names := range map[kind]string{
		interpreter: `node nodejs deno python pypy ruby jruby php perl lua luajit tclsh guile Rscript java
			sh ash bash dash fish ksh mksh zsh busybox toybox awk gawk mawk env electron`,
		manager: `npm npx pnpm pnpx yarn yarnpkg bun bunx corepack volta pip pipx pipenv uv uvx poetry
			hatch conda mamba cargo rustup gem bundle bundler go composer mix rebar3 cabal stack opam nuget`,
		mover: `curl wget ftp lftp scp sftp rsync nc ncat netcat socat aria2c http`,
	} {
		for _, n := range strings.Fields(names) {
			m[n] = k
		}
	}
	return m
}()

// installStages are the values of proc.pkg.stage under which a package manager runs code that the
// package brought, unasked. Stages that a user starts by name (test, start, build) are not here.
var installStages = func() map[string]bool {
	m := map[string]bool{}
	for _, s := range strings.Fields(`
		preinstall install postinstall preuninstall uninstall postuninstall dependencies
		prepublish prepublishOnly preprepare prepare postprepare prepack pack postpack
		build-script compile
		setup.py build_wheel build_sdist build_editable get_requires_for_build_wheel
		get_requires_for_build_sdist prepare_metadata_for_build_wheel egg_info bdist_wheel
		extconf extconf.rb pre-install-cmd post-install-cmd pre-update-cmd post-update-cmd
		post-autoload-dump post-package-install post-package-update post-root-package-install`) {
		m[s] = true
	}
	return m
}()

// kindOf is the kind of a program's name, whatever its version.
func kindOf(name string) kind {
	if k, ok := programs[name]; ok {
		return k
	}
	return programs[strings.TrimRight(name, "0123456789.-")]
}

// scriptExtensions end the file of a program that is called without them.
var scriptExtensions = []string{".js", ".cjs", ".mjs", ".py", ".pyc", ".rb", ".pl", ".sh", ".php", ".phar"}

// programName is the name by which the program in a file is called.
func programName(base string) string {
	for _, ext := range scriptExtensions {
		if s, ok := strings.CutSuffix(base, ext); ok && s != "" {
			base = s
			break
		}
	}
	if s, ok := strings.CutSuffix(base, "-cli"); ok && kindOf(s) == manager { // npm-cli.js
		return s
	}
	return base
}

// nameIs reports whether base, the name of a file, is that of the program want: the same, or the
// same with a version behind it (python3.12 and python3-3.12 are python3).
func nameIs(base, want string) bool {
	rest, ok := strings.CutPrefix(base, want)
	return ok && want != "" && strings.Trim(rest, "0123456789.-") == "" && !strings.HasPrefix(rest, "--")
}

// baseName is what follows the last slash.
func baseName(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }
