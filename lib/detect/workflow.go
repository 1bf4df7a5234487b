package detect

import (
	"bytes"
	"regexp"
	"strings"
)

// Text in a workflow that outsiders choose: what they call their issues, branches and commits.
var outsiders = regexp.MustCompile(`\$\{\{[^}\n]*\bgithub\.(?:event\.(?:issue\.(?:title|body)|pull_request\.(?:title|body|head\.(?:ref|label|repo\.default_branch))|comment\.body|review\.body|review_comment\.body|discussion\.(?:title|body)|head_commit\.(?:message|author\.(?:email|name))|commits\[?[^}\]]*\]?\.(?:message|author\.(?:email|name))|pages\[?[^}\]]*\]?\.page_name|workflow_run\.head_(?:branch|commit\.message))|head_ref)\b[^}\n]*\}\}`)

var (
	runKey      = regexp.MustCompile(`^(\s*(?:-\s+)?)(?:run|script):\s*(.*)$`)
	foreignHead = regexp.MustCompile(`ref:\s*['"]?\$\{\{\s*github\.(?:event\.pull_request\.head\.(?:sha|ref)|head_ref)`)
	targetEvent = regexp.MustCompile(`(?m)^\s*(?:-\s*)?["']?(?:on\s*:\s*\[?[^\n]*)?\b(?:pull_request_target|workflow_run)\b`)
)

// workflow finds expressions that outsiders fill, in text that is run, and foreign code checked out beside secrets.
func (s *Scanner) workflow() {
	r := ruleByID["supply-chain-workflow-injection"]
	b := s.w.b
	inside := -1 // the indentation of the key whose block is run, or -1
	for at := 0; at < len(b); {
		end := s.w.lineEnd(at)
		line := b[at:end]
		indent := len(line) - len(bytes.TrimLeft(line, " "))
		if inside >= 0 && len(bytes.TrimSpace(line)) > 0 && indent <= inside {
			inside = -1
		}
		run := inside >= 0
		if m := runKey.FindSubmatch(line); m != nil && inside < 0 {
			run = true
			if v := bytes.TrimSpace(m[2]); len(v) == 0 || v[0] == '|' || v[0] == '>' {
				inside = len(m[1])
			}
		}
		if run {
			if m := outsiders.FindIndex(line); m != nil {
				s.report(r, at+m[0], at+m[1], "a workflow runs text that outsiders write: "+cut(string(line[m[0]:m[1]])))
			}
		}
		at = end + 1
	}
	if m := foreignHead.FindIndex(b); m != nil && targetEvent.Match(b) {
		s.report(r, m[0], s.w.lineEnd(m[0]), "code of a pull request is checked out where the workflow has secrets")
	}
}

// looseSettings are lines by which packages come from elsewhere or unchecked.
var looseSettings = regexp.MustCompile(`(?mi)^[ \t]*(?:(?:@[\w.-]+:)?registry|npmRegistryServer|(?:--)?(?:index-url|extra-index-url|find-links)|index|url)[ \t:="]+http://[^\n]*|^[ \t]*(?:strict-ssl|enableStrictSsl)[ \t:="]+false|^[ \t]*(?:--)?trusted-host[ =:]+\S+|^[ \t]*(?:script-shell|node-options|ignore-scripts[ \t]*=[ \t]*false|unsafe-perm[ \t]*=[ \t]*true)[^\n]*|^[ \t]*yarnPath:[ \t]*["']?https?://[^\n]*`)

func (s *Scanner) registrySettings() {
	for _, m := range looseSettings.FindAllIndex(s.w.b, 20) {
		if bytes.Contains(s.w.b[m[0]:m[1]], []byte("http://localhost")) || bytes.Contains(s.w.b[m[0]:m[1]], []byte("http://127.0.0.1")) {
			continue
		}
		s.report(ruleByID["supply-chain-registry-override"], m[0], m[1], "")
	}
}

// onOpen is a task that an editor starts by itself.
var onOpen = regexp.MustCompile(`"runOn"\s*:\s*"folderOpen"`)

func (s *Scanner) editorTasks() {
	if m := onOpen.FindIndex(s.w.b); m != nil {
		f := s.report(ruleByID["supply-chain-editor-task"], m[0], m[1], "")
		if fetchRun.Match(s.w.b) || reaches.Match(s.w.b) {
			f.Severity = critical
		}
	}
}

// oddSource is where a lockfile takes a package from that no registry has.
var oddSource = regexp.MustCompile(`(?:"resolved"\s*:\s*"|\bresolved\s+"|\btarball:\s*['"]?|\burl\s*=\s*"|"url"\s*:\s*"|\bsource\s*=\s*")((?:http://|git\+|git://|git@|ssh://|https?://\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})[^"'\s]{1,200})`)

func (s *Scanner) lockfile() {
	for _, m := range oddSource.FindAllSubmatchIndex(s.w.b, 50) {
		source := string(s.w.b[m[2]:m[3]])
		what := "a lockfile takes a package from "
		if strings.HasPrefix(source, "http://localhost") || strings.HasPrefix(source, "http://127.0.0.1") {
			continue
		}
		f := s.report(ruleByID["supply-chain-lockfile"], m[2], m[3], what+mask(cut(source)))
		if strings.HasPrefix(source, "git") || strings.HasPrefix(source, "ssh") {
			f.Severity = low
		}
	}
}
