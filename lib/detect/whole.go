package detect

import (
	"bytes"
	"encoding/json"
	"path"
	"regexp"
	"strings"
)

// wholeFile looks at files that have a form of their own, where all of one is in the window.
func (s *Scanner) wholeFile() {
	name := path.Base(s.path)
	switch {
	case s.kind&manifest != 0:
		s.packageJSON()
	case s.kind&agent != 0 && s.kind&jsonData != 0, strings.HasSuffix(name, "mcp.json"), name == "settings.json" && s.kind&agent != 0:
		s.mcpServers()
	case name == "composer.json":
		s.composer()
	case name == "pip.conf" || name == "uv.toml" || name == "pip.ini" || strings.HasPrefix(name, "requirements") && strings.HasSuffix(name, ".txt"):
		s.pipIndex()
	case strings.HasSuffix(name, ".pth"):
		s.pthFile()
	case name == "tasks.json" && strings.Contains(s.path, ".vscode/"), name == "tasks.json" && s.kind&agent != 0:
		s.editorTasks()
	case s.kind&yaml != 0 && strings.Contains(s.path, ".github/workflows/"), name == "action.yml", name == "action.yaml":
		s.workflow()
	case name == ".npmrc", name == ".yarnrc", name == ".yarnrc.yml", name == "bunfig.toml":
		s.registrySettings()
	case s.kind&lockfile != 0 && name != "go.sum":
		s.lockfile()
	case name == "setup.py" || name == "build.rs" || name == "extconf.rb":
		s.buildScript()
	}
	if s.kind&hook != 0 {
		s.hookFile()
	}
	if s.kind&php != 0 {
		s.backticks()
	}
}

// lifecycle are the scripts that an install runs by itself.
var lifecycle = map[string]bool{
	"preinstall": true, "install": true, "postinstall": true, "prepare": true, "prepublish": true, "preprepare": true, "postprepare": true, "dependencies": true,
	"pnpm:devPreinstall": true, "preuninstall": true, "postuninstall": true,
}

type packageFile struct {
	Name         string                     `json:"name"`
	Private      bool                       `json:"private"`
	Scripts      map[string]json.RawMessage `json:"scripts"`
	Dependencies map[string]json.RawMessage `json:"dependencies"`
	Dev          map[string]json.RawMessage `json:"devDependencies"`
	Optional     map[string]json.RawMessage `json:"optionalDependencies"`
	Peer         map[string]json.RawMessage `json:"peerDependencies"`
	Publish      struct {
		Registry string `json:"registry"`
	} `json:"publishConfig"`
}

func (s *Scanner) packageJSON() {
	var p packageFile
	if json.Unmarshal(bytes.TrimPrefix(s.w.b, []byte("\ufeff")), &p) != nil {
		return
	}
	for name, raw := range p.Scripts {
		var text string
		if json.Unmarshal(raw, &text) == nil && lifecycle[name] {
			s.installScript(name, text)
		}
	}
	for _, deps := range []map[string]json.RawMessage{p.Dependencies, p.Dev, p.Optional} {
		for name, raw := range deps {
			var version string
			_ = json.Unmarshal(raw, &version) // "" where it is no text
			s.dependency(name, version)
		}
	}
}

// ordinary are install scripts that many packages have: native builds and downloads by known helpers.
var ordinary = regexp.MustCompile(`^(?:node-gyp(?:-build)?(?:-\w+)?(?: \w+)?|husky(?: install)?|patch-package|prebuild-install.*|tsc.*|npm run [\w:-]+|yarn [\w:-]+|is-ci.*|opencollective.*|exit 0|true)$`)

// installScript judges a script that an install runs.
func (s *Scanner) installScript(name, text string) {
	if ordinary.MatchString(text) {
		return
	}
	at := s.keyAt(name)
	switch {
	case fetchRun.MatchString(text):
		s.report(ruleByID["obfuscation-install-script-chain"], at, s.w.lineEnd(at), name+" script fetches and runs: "+mask(cut(text)))
	case reaches.MatchString(text), hiddenTarget.MatchString(text):
		s.report(ruleByID["supply-chain-suspicious-script"], at, s.w.lineEnd(at), name+" script: "+mask(cut(text)))
	case fetches.MatchString(text):
		s.report(ruleByID["supply-chain-suspicious-script"], at, s.w.lineEnd(at), name+" script reaches the network: "+mask(cut(text)))
	}
}

var (
	fetches = regexp.MustCompile(`(?i)\b(?:curl|wget|nc|ncat|scp|ftp|tftp|invoke-webrequest|iwr)\s`)
	// hiddenTarget is a hidden file, a file of another type or one out of the package, run as a program
	hiddenTarget = regexp.MustCompile(`(?i)\b(?:node|python[0-9.]*|sh|bash|perl|ruby)\s+(?:\./)?(?:\.[\w-]+(?:/\S*)?\.(?:js|cjs|mjs|py|sh)\b|\S+\.(?:png|jpe?g|gif|txt|md|dat|bin|ico|woff2?)\b|/tmp/|\.\./\.\./)`)
)

func cut(s string) string {
	if len(s) > 160 {
		return strings.ToValidUTF8(s[:160], "") + "..."
	}
	return s
}

// keyAt is the place of a key in a JSON file, or of the file's start.
func (s *Scanner) keyAt(key string) int {
	for from := 0; ; {
		i := bytes.Index(s.w.b[from:], []byte(`"`+key+`"`))
		if i < 0 {
			return 0
		}
		i += from
		j := skipSpaces(s.w.b, i+len(key)+2)
		if j < len(s.w.b) && s.w.b[j] == ':' {
			return i
		}
		from = i + 1
	}
}

// publicRegistry are versions that say where a package comes from.
func sourced(version string) bool {
	return strings.Contains(version, ":") || strings.HasPrefix(version, ".") || strings.HasPrefix(version, "/")
}

// dependency judges the name of a dependency.
func (s *Scanner) dependency(name, version string) {
	at := -1
	internal := false
	for _, p := range s.e.limits.InternalPrefixes {
		internal = internal || strings.HasPrefix(name, p)
	}
	if internal && !strings.HasPrefix(name, "@") && !sourced(version) {
		at = s.keyAt(name)
		s.report(ruleByID["obfuscation-dependency-confusion"], at, s.w.lineEnd(at), "")
	}
	typo := ruleByID["obfuscation-typosquat"]
	if s.e.wanted(typo) && !sourced(version) {
		if near, how := nearPopular(name); near != "" {
			at = s.keyAt(name)
			f := s.finding(typo, at, s.w.lineEnd(at))
			f.Message = name + " reads like " + near + ": " + how
			f.Preview = snippet(s.w.b[at:s.w.lineEnd(at)])
			s.emit(f)
		}
	}
}

func (s *Scanner) composer() {
	var p struct {
		Scripts map[string]json.RawMessage `json:"scripts"`
	}
	if json.Unmarshal(s.w.b, &p) != nil {
		return
	}
	for name, raw := range p.Scripts {
		var one string
		var many []string
		if json.Unmarshal(raw, &one) == nil {
			many = []string{one}
		} else if json.Unmarshal(raw, &many) != nil {
			continue
		}
		if strings.HasPrefix(name, "pre-") || strings.HasPrefix(name, "post-") {
			for _, text := range many {
				s.installScript(name, text)
			}
		}
	}
}

// pipIndex finds a second index, which is how internal names are taken over.
var pipExtra = regexp.MustCompile(`(?mi)^\s*(?:--)?extra-index-url[ =:]+\S+`)

func (s *Scanner) pipIndex() {
	s.registrySettings()
	if m := pipExtra.FindIndex(s.w.b); m != nil {
		s.report(ruleByID["obfuscation-dependency-confusion"], m[0], m[1], "with a second index pip takes the highest version, wherever it stands")
	}
}

// pthFile: Python executes lines of a .pth file that begin with import.
func (s *Scanner) pthFile() {
	for _, m := range pthImport.FindAllIndex(s.w.b, 8) {
		line := s.w.around(m[0], s.w.lineEnd(m[0]))
		if pthCode.Match(line) {
			s.report(ruleByID["supply-chain-suspicious-script"], m[0], s.w.lineEnd(m[0]), "a .pth file runs code whenever Python starts")
		}
	}
}

var (
	pthImport = regexp.MustCompile(`(?m)^import[ \t]`)
	pthCode   = regexp.MustCompile(`(?i)exec\s*\(|eval\s*\(|base64|subprocess|urllib|requests|socket|os\.system|popen|marshal|zlib|\.decode\(`)
)

// buildScript looks at what runs when a package is built.
func (s *Scanner) buildScript() {
	r := ruleByID["supply-chain-suspicious-script"]
	if s.deps || s.kind&trial == 0 {
		if m := fetchRun.FindIndex(s.w.b); m != nil {
			s.report(r, m[0], m[1], "the build script downloads a program and runs it")
		} else if m := buildReach.FindIndex(s.w.b); m != nil {
			s.report(r, m[0], m[1], "the build script runs what it decodes or sends what it reads")
		}
	}
}

var buildReach = regexp.MustCompile(`(?is)(?:exec|eval)\s*\(\s*(?:compile\s*\()?\s*` + decodes + `|(?:requests\.(?:post|get)|urlopen)\s*\([^)]{0,200}(?:os\.environ|getlogin|gethostname|expanduser)|Command::new\(\s*"(?:curl|wget|powershell)"|/dev/tcp/|\.ssh/id_`)
