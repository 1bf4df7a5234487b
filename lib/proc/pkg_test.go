package proc

import (
	"strings"
	"testing"

	"sandtrace/lib/event"
)

// environ makes an environment of entries.
func environ(entries ...string) []byte {
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(e + "\x00")
	}
	return []byte(b.String())
}

// npmScript is the environment of a lifecycle script as npm 11 and pnpm 10 set it.
func npmScript(agent, dir, name, version, stage string) []byte {
	return environ("PATH=/usr/bin", "npm_config_user_agent="+agent, "npm_package_json="+dir+"/package.json",
		"npm_package_name="+name, "npm_package_version="+version, "npm_lifecycle_event="+stage, "INIT_CWD=/src/app")
}

// yarn1Script is that of yarn 1, which does not set npm_package_json; below npm run it inherits one.
func yarn1Script(name, version, stage string, more ...string) []byte {
	return environ(append(more, "npm_config_user_agent=yarn/1.22.22 npm/? node/v20.20.2 linux x64",
		"npm_package_name="+name, "npm_package_version="+version, "npm_lifecycle_event="+stage)...)
}

func cargoEnv(dir, name, version string) []byte {
	return environ("CARGO_PKG_NAME="+name, "CARGO_PKG_VERSION="+version, "CARGO_MANIFEST_DIR="+dir)
}

const (
	npmAgent = "npm/11.19.1 node/v20.20.2 linux x64 workspaces/false"
	runner   = "/usr/lib/python3/site-packages/pip/_vendor/pyproject_hooks/_in_process/_in_process.py"
	pipTmp   = "/tmp/pip-install-f6qwgh9p/evil_d0b2933f6b75437aa527a7c9c5b93da9"
)

// attributions are processes as package managers make them, and whose they are.
var attributions = []struct {
	name string
	img  Image
	want string // manager name version stage, with - for what is unknown; "" for no attribution
	dep  bool
}{
	{
		"npm: a dependency",
		Image{Exe: "/bin/sh", CWD: "/src/app/node_modules/evil", Environ: npmScript(npmAgent, "/src/app/node_modules/evil", "evil", "1.3.0", "postinstall")},
		"npm evil 1.3.0 postinstall", true,
	},
	{
		"npm: a dependency with a scope",
		Image{Environ: npmScript(npmAgent, "/src/app/node_modules/@sc/dep", "@sc/dep", "1.2.3", "install")},
		"npm @sc/dep 1.2.3 install", true,
	},
	{
		"npm: a nested dependency",
		Image{Environ: npmScript(npmAgent, "/src/app/node_modules/a/node_modules/b", "b", "1.0.0", "install")},
		"npm b 1.0.0 install", true,
	},
	{
		"npm: a manifest with another's name",
		Image{Environ: npmScript(npmAgent, "/src/app/node_modules/evil", "react", "18.0.0", "postinstall")},
		"npm evil 18.0.0 postinstall", true,
	},
	{
		"npm: a manifest with a scoped name of another's",
		Image{Environ: npmScript(npmAgent, "/src/app/node_modules/@bad/evil", "@types/node", "1.0.0", "postinstall")},
		"npm @bad/evil 1.0.0 postinstall", true,
	},
	{
		"npm: the project",
		Image{CWD: "/src/app", Environ: npmScript(npmAgent, "/src/app", "app", "9.9.9", "build")},
		"npm app 9.9.9 build", false,
	},
	{
		"npm: the project works in node_modules",
		Image{CWD: "/src/app/node_modules/x", Environ: npmScript(npmAgent, "/src/app", "app", "9.9.9", "build")},
		"npm app 9.9.9 build", false,
	},
	{
		"npm: a project whose directory only sounds so",
		Image{Environ: npmScript(npmAgent, "/src/my_node_modules/app", "app", "1.0.0", "build")},
		"npm app 1.0.0 build", false,
	},
	{
		"npm: a workspace",
		Image{Environ: npmScript(npmAgent, "/src/app/packages/a", "a", "1.0.0", "prepare")},
		"npm a 1.0.0 prepare", false,
	},
	{
		"npm: a global package",
		Image{Environ: npmScript(npmAgent, "/usr/lib/node_modules/evil", "evil", "1.0.0", "postinstall")},
		"npm evil 1.0.0 postinstall", true,
	},
	{
		"npm: a git repository being prepared",
		Image{Environ: npmScript(npmAgent, "/home/u/.npm/_cacache/tmp/git-cloneV6Y5mW", "gitdep", "0.1.0", "prepare")},
		"npm gitdep 0.1.0 prepare", true,
	},
	{
		"npm: no manifest named",
		Image{CWD: "/src/app/node_modules/evil", Environ: environ("npm_lifecycle_event=postinstall")},
		"npm evil - postinstall", true,
	},
	{
		"npm: a command of no lifecycle",
		Image{Environ: environ("npm_package_name=app", "npm_package_json=/src/app/package.json")},
		"", false,
	},
	{
		"npm: a name with control characters",
		Image{Environ: npmScript(npmAgent, "/src/app/node_modules/a\x1b[2J\n", "a\x1b[2J\n", "1\r0", "post\tinstall")},
		"npm a\x1b[2J\n 1\r0 post\tinstall", true,
	},
	{
		"npm: a name that is not UTF-8",
		Image{Environ: npmScript(npmAgent, "/src/app/node_modules/\xff\xfe", "x", "1", "install")},
		"npm \xff\xfe 1 install", true,
	},
	{
		"npx: the shell",
		Image{Exe: "/bin/dash", Environ: npmScript(npmAgent, "/src/app", "app", "9.9.9", "npx")},
		"npm app 9.9.9 npx", false,
	},
	{
		"npx: the program of a package",
		Image{Exe: "/usr/bin/node", Script: "/home/u/.npm/_npx/1a2b/node_modules/@sc/dep/bin.js", Environ: npmScript(npmAgent, "/src/app", "app", "9.9.9", "npx")},
		"npm @sc/dep - npx", true,
	},
	{
		"npx: the program of a package, without an interpreter",
		Image{Exe: "/src/app/node_modules/esbuild/bin/esbuild", Environ: npmScript(npmAgent, "/src/app", "app", "9.9.9", "npx")},
		"npm esbuild - npx", true,
	},
	{
		"npx: a package manager",
		Image{Exe: "/usr/bin/node", Script: "/home/u/.npm/_npx/1a2b/node_modules/pnpm/bin/pnpm.cjs", Environ: npmScript(npmAgent, "/src/app", "app", "9.9.9", "npx")},
		"npm app 9.9.9 npx", false,
	},
	{
		"npx: a link to a program",
		Image{Exe: "/usr/bin/node", Script: "/src/app/node_modules/.bin/x", Environ: npmScript(npmAgent, "/src/app", "app", "9.9.9", "npx")},
		"npm app 9.9.9 npx", false,
	},

	{
		"pnpm: a dependency",
		Image{Environ: npmScript("pnpm/10.34.9 npm/? node/v20.20.2 linux x64", "/src/app/node_modules/.pnpm/@sc+dep@1.2.3/node_modules/@sc/dep", "@sc/dep", "1.2.3", "postinstall")},
		"pnpm @sc/dep 1.2.3 postinstall", true,
	},
	{
		"pnpm: the project",
		Image{Environ: npmScript("pnpm/10.34.9 npm/? node/v20.20.2 linux x64", "/src/app", "app", "9.9.9", "preinstall")},
		"pnpm app 9.9.9 preinstall", false,
	},
	{
		"yarn 1: a dependency",
		Image{CWD: "/src/app/node_modules/evil", Environ: yarn1Script("evil", "1.3.0", "postinstall")},
		"yarn evil 1.3.0 postinstall", true,
	},
	{
		"yarn 1: a dependency, below npm run",
		Image{CWD: "/src/app/node_modules/evil", Environ: yarn1Script("react", "18.0.0", "postinstall", "npm_package_json=/src/app/package.json")},
		"yarn evil 18.0.0 postinstall", true,
	},
	{
		"yarn 1: the project",
		Image{CWD: "/src/app", Environ: yarn1Script("app", "9.9.9", "build")},
		"yarn app 9.9.9 build", false,
	},
	{
		"yarn 4: a dependency",
		Image{Environ: npmScript("yarn/4.18.1 npm/? node/v20.20.2 linux x64", "/src/app/.yarn/unplugged/evil-npm-1.3.0-e708a945f6/node_modules/evil", "evil", "1.3.0", "postinstall")},
		"yarn evil 1.3.0 postinstall", true,
	},
	{
		"yarn 4: the project works in node_modules",
		Image{CWD: "/src/app/node_modules/x", Environ: npmScript("yarn/4.18.1 npm/? node/v20.20.2 linux x64", "/src/app", "app", "9.9.9", "build")},
		"yarn app 9.9.9 build", false,
	},
	{
		"bun: a dependency",
		Image{Environ: npmScript("bun/1.4.5 npm/? node/v26.3.0 linux x64", "/src/app/node_modules/innocent", "react", "18.0.0", "postinstall")},
		"bun innocent 18.0.0 postinstall", true,
	},
	{
		"an agent that no one knows",
		Image{Environ: npmScript("evil/1.0", "/src/app", "app", "1.0.0", "build")},
		"npm app 1.0.0 build", false,
	},

	{
		"cargo: a build script",
		Image{Exe: "/src/app/target/debug/build/evil-76f908cbd3a367b4/build-script-build", Environ: cargoEnv("/home/u/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/evil-1.0.1", "evil", "1.0.1")},
		"cargo evil 1.0.1 build-script", true,
	},
	{
		"cargo: a build script from git",
		Image{Exe: "/t/build_script_main-76f908cbd3a367b4", Environ: cargoEnv("/home/u/.cargo/git/checkouts/evil-1949/abc", "evil", "1.0.1")},
		"cargo evil 1.0.1 build-script", true,
	},
	{
		"cargo: a vendored build script",
		Image{Exe: "/t/build-script-build", Environ: cargoEnv("/src/app/vendor/evil", "evil", "1.0.1")},
		"cargo evil 1.0.1 build-script", true,
	},
	{
		"cargo: the project's build script",
		Image{Exe: "/src/app/target/debug/build/app-1/build-script-build", Environ: cargoEnv("/src/app", "app", "0.1.0")},
		"cargo app 0.1.0 build-script", false,
	},
	{
		"cargo: the compiler on a dependency",
		Image{Exe: "/home/u/.rustup/toolchains/stable/bin/rustc", Environ: cargoEnv("/home/u/.cargo/registry/src/x/evil-1.0.1", "evil", "1.0.1")},
		"cargo evil 1.0.1 compile", true,
	},
	{
		"cargo: the compiler asked for its version",
		Image{Exe: "/home/u/.rustup/toolchains/stable/bin/rustc", Environ: environ("CARGO=/x")},
		"", false,
	},
	{
		"cargo: the program that cargo run runs",
		Image{Exe: "/src/app/target/debug/app", Environ: cargoEnv("/src/app", "app", "0.1.0")},
		"", false,
	},

	{
		"pip: a build hook",
		Image{Exe: "/usr/bin/python3.11", Script: runner, Argv: []string{"python3", runner, "build_wheel", "/tmp/tmpx"}, CWD: pipTmp},
		"pip evil - build_wheel", true,
	},
	{
		"pip: a build hook under pip wheel",
		Image{Exe: "/usr/bin/python3.11", Script: runner, Argv: []string{"python3", runner, "get_requires_for_build_wheel", "/tmp/tmpx"}, CWD: "/tmp/pip-wheel-24tet4mb/e_vil.x-y_37bf85dd48b64fda8ca42f5b8ae5e838/sub"},
		"pip e_vil.x-y - get_requires_for_build_wheel", true,
	},
	{
		"pip: an archive by its file name",
		Image{Exe: "/usr/bin/python3.11", Script: runner, Argv: []string{"python3", runner, "build_wheel", "/tmp/tmpx"}, CWD: "/tmp/pip-req-build-8ghpjnlo"},
		"pip pip-req-build-8ghpjnlo - build_wheel", true,
	},
	{
		"pip: the project",
		Image{Exe: "/usr/bin/python3.11", Script: runner, Argv: []string{"python3", runner, "build_wheel", "/tmp/tmpx"}, CWD: "/src/lib"},
		"pip lib - build_wheel", false,
	},
	{
		"pip: the runner out of a zip file",
		Image{Exe: "/usr/bin/python3.11", Script: "/tmp/tmpab_in_process.py", Argv: []string{"python3", "/tmp/tmpab_in_process.py", "build_wheel", "/tmp/tmpx"}, CWD: pipTmp},
		"pip evil - build_wheel", true,
	},
	{
		"pip: the runner without a hook",
		Image{Exe: "/usr/bin/python3.11", Script: runner, Argv: []string{"python3", runner}, CWD: pipTmp},
		"", false,
	},
	{
		"pip: no Python",
		Image{Exe: "/usr/bin/cat", Script: runner, Argv: []string{"cat", runner, "build_wheel"}, CWD: pipTmp},
		"", false,
	},
	{
		"setup.py by name",
		Image{Exe: "/usr/bin/python3", Script: "/src/lib/setup.py", Argv: []string{"python3", "setup.py", "install"}, CWD: "/src/lib"},
		"pip lib - setup.py", false,
	},
	{
		"setup.py by pip",
		Image{Exe: "/usr/bin/python3", Argv: []string{"python3", "-u", "-c", "exec(compile('" + pipTmp + "/setup.py'))", "bdist_wheel"}, CWD: pipTmp},
		"pip evil - setup.py", true,
	},
	{
		"setup.py by pip, of an archive",
		Image{Exe: "/usr/bin/python3", Argv: []string{"python3", "-c", "exec('/tmp/pip-req-build-8g/setup.py')", "egg_info"}, CWD: "/tmp/pip-req-build-8g"},
		"pip pip-req-build-8g - setup.py", true,
	},
	{
		"a word of setup.py elsewhere",
		Image{Exe: "/usr/bin/python3", Argv: []string{"python3", "-c", "print('setup.py')"}, CWD: "/src/lib"},
		"", false,
	},

	{
		"gem: extconf.rb",
		Image{Exe: "/usr/bin/ruby3.1", Argv: []string{"/usr/bin/ruby3.1", "-I", "/usr/lib/ruby/vendor_ruby", "-r", "./siteconf1.rb", "extconf.rb"}, CWD: "/var/lib/gems/3.1.0/gems/evil-gem-1.16.0/ext/evil"},
		"gem evil-gem 1.16.0 extconf", true,
	},
	{
		"gem: make",
		Image{Exe: "/usr/bin/make", Argv: []string{"make", "DESTDIR="}, CWD: "/var/lib/gems/3.1.0/gems/evil-gem-1.16.0.rc1/ext"},
		"gem evil-gem 1.16.0.rc1 make", true,
	},
	{
		"gem: its own directory",
		Image{Exe: "/usr/bin/ruby3.1", Argv: []string{"ruby", "extconf.rb"}, CWD: "/var/lib/gems/3.1.0/gems/evil-gem-1.16.0"},
		"", false,
	},
	{"nothing", Image{Exe: "/bin/ls", Argv: []string{"ls"}, CWD: "/", Environ: environ("PATH=/bin")}, "", false},
	{"no image at all", Image{}, "", false},
}

func describe(a Attribution) string {
	if a.Pkg == nil {
		return ""
	}
	words := []string{a.Pkg.Manager, a.Pkg.Name, a.Pkg.Version, a.Pkg.Stage}
	for i := range words {
		if words[i] == "" {
			words[i] = "-"
		}
	}
	return strings.Join(words, " ")
}

func TestInherit(t *testing.T) {
	for _, tt := range attributions {
		got := Attribution{}.Inherit(&tt.img)
		if describe(got) != tt.want || got.Dependency != tt.dep {
			t.Errorf("%s: %q, dependency %v; expected %q, %v", tt.name, describe(got), got.Dependency, tt.want, tt.dep)
		}
	}
}

// TestInheritFromProject holds that what a project's script starts is told by its own environment, and
// stays the project's where that says nothing.
func TestInheritFromProject(t *testing.T) {
	project := Attribution{}.Inherit(&Image{CWD: "/src/app", Environ: npmScript(npmAgent, "/src/app", "app", "9.9.9", "setup")})
	for _, tt := range attributions {
		got := project.Inherit(&tt.img)
		want := tt.want
		if want == "" {
			want = "npm app 9.9.9 setup"
		}
		if describe(got) != want || got.Dependency != tt.dep {
			t.Errorf("%s: %q, dependency %v; expected %q, %v", tt.name, describe(got), got.Dependency, want, tt.dep)
		}
	}
}

// TestInheritFromDependency holds that nothing below a dependency's process can be made to look like
// another package, or like none.
func TestInheritFromDependency(t *testing.T) {
	evil := Attribution{Pkg: &event.Pkg{Manager: "npm", Name: "evil", Version: "1.3.0", Stage: "postinstall"}, Dependency: true}
	for _, tt := range attributions {
		if got := evil.Inherit(&tt.img); got != evil {
			t.Errorf("%s: %q, dependency %v", tt.name, describe(got), got.Dependency)
		}
	}
}

func FuzzInherit(f *testing.F) {
	for _, tt := range attributions {
		f.Add(tt.img.Exe, tt.img.Script, strings.Join(tt.img.Argv, "\x00"), tt.img.CWD, tt.img.Environ)
	}
	f.Fuzz(func(t *testing.T, exe, script, argv, cwd string, env []byte) {
		img := &Image{Exe: exe, Script: script, Argv: strings.Split(argv, "\x00"), CWD: cwd, Environ: env}
		got := Attribution{}.Inherit(img)
		switch {
		case got.Pkg == nil && got.Dependency:
			t.Error("a dependency without a package")
		case got.Pkg != nil && (got.Pkg.Manager == "" || got.Pkg.Stage == ""):
			t.Errorf("%+v: a package without a manager or a stage", got.Pkg)
		case got.Dependency && got.Inherit(&Image{}) != got:
			t.Error("a dependency does not stay one")
		}
	})
}
