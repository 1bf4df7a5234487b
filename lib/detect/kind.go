package detect

import (
	"bytes"
	"strings"
)

// kind is a set of languages and roles; a detector runs on some of them.
type kind uint32

const (
	javascript kind = 1 << iota
	php
	python
	ruby
	shell
	compiled // Go, C, Java, Rust and other languages whose text does not run itself
	jsonData
	config // TOML, INI, properties
	yaml
	markup // HTML, XML, SVG
	prose  // Markdown, plain text
	envFile
	styles
	makefile
	hook     // a git hook
	manifest // package.json
	agent    // instructions or configuration of an AI tool
	lockfile
	image
	sourceMap
	trial // the path says that the file belongs to tests, examples or documentation
)

const (
	code    = javascript | php | python | ruby | shell | compiled
	scripts = javascript | php | python | ruby | shell
)

// byExtension is the kind that an ending means.
var byExtension = map[string]kind{
	"js": javascript, "mjs": javascript, "cjs": javascript, "jsx": javascript, "ts": javascript, "mts": javascript, "cts": javascript, "tsx": javascript,
	"vue": javascript | markup, "svelte": javascript | markup, "coffee": javascript,
	"php": php, "phtml": php, "php3": php, "php4": php, "php5": php, "phar": php, "inc": php,
	"py": python, "pyw": python, "pyi": python, "pth": python, "ipynb": python | jsonData,
	"rb": ruby, "rake": ruby, "gemspec": ruby, "pl": ruby, "pm": ruby,
	"sh": shell, "bash": shell, "zsh": shell, "ksh": shell, "fish": shell, "ps1": shell, "bat": shell, "cmd": shell,
	"go": compiled, "c": compiled, "h": compiled, "cc": compiled, "cpp": compiled, "hpp": compiled, "cxx": compiled, "java": compiled, "kt": compiled,
	"rs": compiled, "swift": compiled, "cs": compiled, "scala": compiled, "m": compiled, "s": compiled, "lua": compiled, "dart": compiled, "ex": compiled, "exs": compiled,
	"json": jsonData, "jsonc": jsonData, "json5": jsonData, "jsonl": jsonData, "tfstate": jsonData, "webmanifest": jsonData,
	"toml": config, "ini": config, "cfg": config, "conf": config, "properties": config, "tf": config, "tfvars": config, "hcl": config,
	"yml": yaml, "yaml": yaml,
	"html": markup, "htm": markup, "xhtml": markup, "xml": markup, "svg": markup | image,
	"md": prose, "markdown": prose, "mdx": prose, "mdc": prose, "rst": prose, "txt": prose, "adoc": prose, "tex": prose, "log": prose,
	"css": styles, "scss": styles, "less": styles, "sass": styles,
	"mk": makefile, "map": sourceMap | jsonData, "lock": lockfile,
	"png": image, "jpg": image, "jpeg": image, "gif": image, "bmp": image, "ico": image, "webp": image, "tif": image, "tiff": image,
	"woff": image, "woff2": image, "ttf": image, "otf": image, "eot": image, "mp3": image, "mp4": image, "wav": image,
}

// byName is the kind that a whole name means.
var byName = map[string]kind{
	"package.json": manifest | jsonData, "makefile": makefile, "gnumakefile": makefile, "dockerfile": shell, "containerfile": shell, "rakefile": ruby, "gemfile": ruby,
	"package-lock.json": lockfile | jsonData, "npm-shrinkwrap.json": lockfile | jsonData, "yarn.lock": lockfile, "pnpm-lock.yaml": lockfile | yaml, "go.sum": lockfile, "composer.lock": lockfile | jsonData,
	"bun.lock": lockfile | jsonData, "deno.lock": lockfile | jsonData, "cargo.lock": lockfile, "poetry.lock": lockfile, "uv.lock": lockfile, "pipfile.lock": lockfile | jsonData, "gemfile.lock": lockfile,
	".npmrc": config, ".pypirc": config, ".netrc": config, ".gitconfig": config, ".bashrc": shell, ".zshrc": shell, ".profile": shell, ".bash_profile": shell,
	".mcp.json": agent | jsonData, "mcp.json": agent | jsonData, "claude_desktop_config.json": agent | jsonData, "mcp_config.json": agent | jsonData,
	"agents.md": agent | prose, "claude.md": agent | prose, "gemini.md": agent | prose, "copilot-instructions.md": agent | prose, "skill.md": agent | prose,
	".cursorrules": agent | prose, ".windsurfrules": agent | prose, ".clinerules": agent | prose, ".goosehints": agent | prose, "llms.txt": agent | prose,
}

// agentDirs are directories whose files instruct an AI tool.
var agentDirs = []string{".claude/", ".cursor/", ".continue/", ".windsurf/", ".codeium/", ".github/instructions/", ".github/prompts/", ".gemini/", ".codex/", ".aider", ".roo/", ".kiro/", ".amazonq/"}

// trialDirs are directories of tests, examples and documentation.
var trialDirs = map[string]bool{
	"test": true, "tests": true, "testdata": true, "__tests__": true, "spec": true, "specs": true, "fixtures": true, "fixture": true, "__fixtures__": true,
	"examples": true, "example": true, "docs": true, "doc": true, "mock": true, "mocks": true, "__mocks__": true, "samples": true, "e2e": true,
}

// kindOf tells the kinds of a file from its path and its first bytes.
func kindOf(path string, head []byte) kind {
	if path == "-" { // standard input may be anything
		return scripts | config
	}
	slash := strings.LastIndexByte(path, '/')
	dir, name := path[:slash+1], strings.ToLower(path[slash+1:])
	ext := ""
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		ext = name[dot+1:]
	}
	k := byName[name]
	if k == 0 {
		k = byExtension[ext]
	}
	if name == ".env" || strings.HasPrefix(name, ".env.") || ext == "env" || name == ".envrc" {
		k = envFile
	}
	if strings.HasPrefix(name, "dockerfile.") {
		k = shell
	}
	if strings.Contains(dir, ".git/hooks/") || strings.Contains(dir, ".husky/") || strings.Contains(dir, ".githooks/") || strings.Contains(dir, "templates/hooks/") {
		k |= hook | shell
	}
	for _, d := range agentDirs {
		if strings.HasPrefix(dir, d) || strings.Contains(dir, "/"+d) {
			k |= agent
		}
	}
	if bytes.HasPrefix(head, []byte("#!")) {
		k |= shebang(head)
	}
	for d := range strings.SplitSeq(strings.ToLower(dir), "/") {
		if trialDirs[d] {
			k |= trial
		}
	}
	if strings.HasSuffix(name, "_test.go") || strings.Contains(name, ".test.") || strings.Contains(name, ".spec.") || strings.HasPrefix(name, "test_") || strings.Contains(name, "example") || strings.HasPrefix(name, "readme") {
		k |= trial
	}
	return k
}

func shebang(head []byte) kind {
	line, _, _ := bytes.Cut(head[:min(len(head), 128)], newline)
	for _, s := range []struct {
		word string
		kind kind
	}{{"node", javascript}, {"deno", javascript}, {"bun", javascript}, {"php", php}, {"python", python}, {"ruby", ruby}, {"perl", ruby}, {"sh", shell}} {
		if bytes.Contains(line, []byte(s.word)) {
			return s.kind
		}
	}
	return 0
}
