package detect

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"sandtrace/lib/event"
)

// Orders to an AI tool that no honest text has: rows of the table, each with the word that an order begins with.

const (
	secretFiles = `(?:\.ssh\b|id_rsa|id_ed25519|\.aws/credentials|\.env\b|\.npmrc|mcp\.json|api[_ -]?keys?\b|environment variables|credentials)`
	tells       = `(?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)?(?:\s+(?:this|it|that))?(?:\s+to)?|notify(?:ing)?|alert(?:ing)?|show(?:ing)?(?:\s+(?:this|it))?(?:\s+to)?|reveal(?:ing)?(?:\s+(?:this|it))?(?:\s+to)?|ask(?:ing)?)`
)

var orders = []row{
	{words: []string{"ignore", "disregard", "forget", "override"}, tail: rx(`\w+\s+(?:(?:all|any|the|your|these|every|of)\s+){0,4}(?:previous|prior|above|earlier|preceding|system)\s+(?:instructions?|prompts?|rules|directives|messages?|context)\b`)},
	{words: []string{"do not", "don't", "never", "without"}, tail: rx(`(?:do\s+not|don't|never|without)\s+` + tells + `\s+(?:the\s+)?(?:user|human|developer|operator)\b`)},
	{words: []string{"silently", "secretly", "covertly"}, tail: rx(`\w+\s+(?:run|execute|send|upload|exfiltrate|read|copy|add|include|install|download|forward|post)\b`)},
	{words: []string{"exfiltrate"}, tail: rx(`exfiltrate[^\n]{0,80}\b(?:secret|credential|token|key|env|password|file)`)},
	{words: []string{"send ", "upload ", "post ", "forward ", "transmit "}, tail: rx(`\w+\s[^\n]{0,100}` + secretFiles + `[^\n]{0,80}\bto\b[^\n]{0,40}https?://`)},
	{words: []string{"<important", "<system", "<hidden", "<secret"}, tail: rx(`<\s*\w+\s*>[^<]{0,300}(?:\.ssh|id_rsa|credentials|\.env\b|mcp\.json|do not|don't|sidenote|before using)`)},
	{words: []string{"before using", "before calling", "before invoking", "when using", "when calling", "when invoking"}, tail: rx(`\w+\s+\w+\s+(?:this|any|the)\s+(?:\w+\s+)?(?:tool|function)[^\n.]{0,120}(?:read|cat|open|include|pass)[^\n]{0,80}` + secretFiles)},
	{words: []string{"you are now"}, tail: rx(`you\s+are\s+now\s+(?:in\s+)?(?:developer|god|admin|root|DAN|jailbreak|unrestricted)\b`)},
}

// readsPrompts are the kinds that AI tools take as context, and those in which tools are described to them.
const readsPrompts = agent | prose | manifest | javascript | python | jsonData | markup

// order judges an order to an AI tool by where it stands.
func order(s *Scanner, d *detector, start, _ int) {
	if s.kind&(lockfile|sourceMap) != 0 {
		return
	}
	m := d.tail.FindIndex(s.w.around(start, start+tailMost))
	if m == nil || start > 0 && isWord(s.w.b[start-1]) {
		return
	}
	r := ruleByID["ai-toolchain-prompt-injection"]
	told := s.kind&(agent|prose|manifest) != 0
	if s.kind&agent != 0 && s.kind&jsonData != 0 || !told {
		r = ruleByID["ai-toolchain-mcp-injection"]
	}
	near := s.w.around(start-2000, start+2000)
	describes := bytes.Contains(near, []byte("description")) || bytes.Contains(near, []byte("@mcp.tool")) || bytes.Contains(near, []byte(".tool("))
	if !told && !describes || !s.e.wanted(r) {
		return
	}
	s.done[d.index] = start + m[1]
	f := s.finding(r, start, start+m[1])
	f.Preview = snippet(s.w.b[start : start+m[1]])
	switch {
	case s.kind&agent != 0, !told && s.kind&trial == 0 && bytes.Contains(near, []byte("mcp")):
	case s.kind&trial != 0 && !hiddenBefore(s.w.around(start-400, start)):
		f.Severity, f.Confidence = medium, doubtful
	case !told:
		f.Severity, f.Confidence = medium, doubtful
	default:
		f.Severity = high
	}
	s.emit(f)
}

// hiddenBefore tells whether the text stands in a comment that a page does not show.
func hiddenBefore(b []byte) bool {
	open := bytes.LastIndex(b, []byte("<!--"))
	return open >= 0 && !bytes.Contains(b[open:], []byte("-->"))
}

// server is an entry of mcpServers.
type server struct {
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	URL     string            `json:"url"`
	Env     map[string]string `json:"env"`
}

// hookEntry is a command that an AI tool runs on an event.
type hookEntry struct {
	Hooks []struct {
		Command string `json:"command"`
	} `json:"hooks"`
}

// mcpServers judges what an AI tool is told to start.
func (s *Scanner) mcpServers() {
	var p struct {
		MCP     map[string]json.RawMessage `json:"mcpServers"`
		Servers map[string]json.RawMessage `json:"servers"`
		Hooks   map[string][]hookEntry     `json:"hooks"`
	}
	_ = json.Unmarshal(s.w.b, &p) // parts of it may be of another form, and the rest counts
	for _, group := range []map[string]json.RawMessage{p.MCP, p.Servers} {
		for name, raw := range group {
			var one server
			_ = json.Unmarshal(raw, &one)
			s.mcpServer(name, one)
		}
	}
	for _, entries := range p.Hooks {
		for _, e := range entries {
			for _, h := range e.Hooks {
				if fetchRun.MatchString(h.Command) || reaches.MatchString(h.Command) {
					s.server("hooks", critical, "a hook of an AI tool runs "+mask(cut(h.Command)))
				}
			}
		}
	}
}

var (
	bareAddress = regexp.MustCompile(`^(?:https?|wss?)://(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\])`)
	localURL    = regexp.MustCompile(`^(?:https?|wss?)://(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|host\.docker\.internal|0\.0\.0\.0)(?:[:/]|$)`)
	paste       = regexp.MustCompile(`(?i)pastebin\.com|ngrok|requestbin|webhook\.site|transfer\.sh|trycloudflare\.com|raw\.githubusercontent\.com|burpcollaborator|interact\.sh|pipedream\.net`)
	loader      = regexp.MustCompile(`^(?:LD_PRELOAD|LD_LIBRARY_PATH|NODE_OPTIONS|PYTHONSTARTUP|PYTHONPATH|BASH_ENV|DYLD_INSERT_LIBRARIES|GIT_SSH_COMMAND)$`)
	pinned      = regexp.MustCompile(`[^/]@v?\d`)
)

func (s *Scanner) mcpServer(name string, m server) {
	words := strings.Fields(m.Command)
	program := ""
	if len(words) > 0 {
		program = strings.ToLower(strings.TrimSuffix(words[0][strings.LastIndexAny(words[0], `/\`)+1:], ".exe"))
	}
	line := strings.TrimSpace(m.Command + " " + strings.Join(m.Args, " "))
	inline := strings.Contains(" "+line+" ", " -c ") || strings.Contains(" "+line+" ", " -e ") || strings.Contains(" "+line+" ", " /c ")
	switch {
	case fetchRun.MatchString(line), reaches.MatchString(line), paste.MatchString(line):
		s.server(name, critical, "MCP server "+name+" runs "+mask(cut(line)))
	case inline && strings.Contains(" sh bash zsh dash cmd powershell pwsh python python3 node perl ruby ", " "+program+" "):
		s.server(name, critical, "MCP server "+name+" runs an interpreter on inline code")
	case strings.HasPrefix(m.Command, "/tmp/"), strings.HasPrefix(m.Command, "/var/tmp/"), strings.HasPrefix(m.Command, "/dev/shm/"):
		s.server(name, critical, "MCP server "+name+" is a program that every user can replace")
	case program == "curl" || program == "wget" || program == "nc":
		s.server(name, critical, "MCP server "+name+" runs "+program)
	case paste.MatchString(m.URL), bareAddress.MatchString(m.URL) && !localURL.MatchString(m.URL):
		s.server(name, critical, "MCP server "+name+" is at "+mask(cut(m.URL)))
	case strings.HasPrefix(m.URL, "http://") && !localURL.MatchString(m.URL):
		s.server(name, high, "MCP server "+name+" is reached without encryption")
	case (program == "npx" || program == "bunx" || program == "uvx" || program == "pnpm") && !pinned.MatchString(line):
		s.server(name, low, "MCP server "+name+" is whatever version the registry has today")
	}
	for k := range m.Env {
		if loader.MatchString(k) {
			s.server(name, critical, "MCP server "+name+" is started with "+k)
		}
	}
}

func (s *Scanner) server(name string, severity event.Severity, message string) {
	r := ruleByID["ai-toolchain-rogue-mcp-server"]
	if !s.e.wanted(r) {
		return
	}
	at := s.keyAt(name)
	f := s.finding(r, at, s.w.lineEnd(at))
	f.Severity, f.Message = severity, message
	f.content = message
	f.Preview = snippet(s.w.b[at:s.w.lineEnd(at)])
	s.emit(f)
}
