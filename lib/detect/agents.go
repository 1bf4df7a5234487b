package detect

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"sandtrace/lib/event"
)

// commands to an AI tool that no honest text has. The words of each stand in promptWords, so that most
// files are never looked at with an expression.
var orders = regexp.MustCompile(`(?i)(?:ignore|disregard|forget|override)\s+(?:(?:all|any|the|your|these|every)\s+){0,3}(?:previous|prior|above|earlier|preceding|system)\s+(?:instructions?|prompts?|rules|directives|messages?|context)` +
	`|(?:do\s+not|don'?t|never|without)\s+(?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)?(?:\s+(?:this|it|that))?(?:\s+to)?|notify(?:ing)?|alert(?:ing)?|show(?:ing)?(?:\s+(?:this|it))?(?:\s+to)?|reveal(?:ing)?(?:\s+(?:this|it))?(?:\s+to)?|ask(?:ing)?)\s+(?:the\s+)?(?:user|human|developer|operator)` +
	`|(?:silently|secretly|covertly|quietly)\s+(?:run|execute|send|upload|exfiltrate|read|copy|add|include|install|download|forward|post)` +
	`|\b(?:exfiltrate|leak)\b[^\n]{0,80}\b(?:secret|credential|token|key|env|password|file)` +
	`|(?:send|upload|post|forward|transmit)\s[^\n]{0,100}(?:\.ssh|id_rsa|id_ed25519|\.aws/credentials|\.env\b|api[_ -]?keys?|environment variables|credentials)[^\n]{0,80}\bto\b[^\n]{0,40}https?://` +
	`|<\s*(?:IMPORTANT|SYSTEM|HIDDEN|SECRET)\s*>[^<]{0,600}(?:\.ssh|id_rsa|credentials|\.env|mcp\.json|do not|don't|sidenote|before using)` +
	`|(?:before|when)\s+(?:using|calling|invoking)\s+(?:this|any)\s+(?:tool|function)[^\n.]{0,120}(?:read|cat|open|include|pass)[^\n]{0,80}(?:\.ssh|id_rsa|\.aws|\.env|credentials|mcp\.json|config)` +
	`|you\s+are\s+now\s+(?:in\s+)?(?:developer|god|admin|root|DAN|jailbreak|unrestricted)`)

// promptWords gate orders.
var promptWords = newAutomaton(map[string][]int{
	"ignore": {0}, "disregard": {0}, "forget": {0}, "override": {0}, "the user": {0}, "tell": {0}, "silently": {0}, "secretly": {0}, "covertly": {0}, "quietly": {0}, "exfiltrate": {0}, "leak": {0},
	"<important": {0}, "<system": {0}, "<hidden": {0}, "<secret": {0}, "using this": {0}, "calling this": {0}, "using any": {0}, "calling any": {0}, "you are now": {0}, "id_rsa": {0}, ".ssh": {0}, ".env": {0}, ".aws": {0}, "api key": {0}, "the human": {0},
})

// readsPrompts are the kinds that AI tools take as context.
const readsPrompts = agent | prose | manifest

// prompts looks for orders to an AI tool.
func (s *Scanner) prompts() {
	toolText := s.kind&(javascript|python|jsonData) != 0 && bytes.Contains(s.w.b, []byte("description")) && containsAny(s.w.b, []string{"mcp", "MCP", "inputSchema"})
	if s.kind&readsPrompts == 0 && !toolText || s.kind&lockfile != 0 {
		return
	}
	if !promptWords.contains(string(s.w.b)) {
		return
	}
	for _, m := range orders.FindAllIndex(s.w.b, 20) {
		r := ruleByID["ai-toolchain-prompt-injection"]
		if toolText && s.kind&prose == 0 || s.kind&agent != 0 && s.kind&jsonData != 0 {
			r = ruleByID["ai-toolchain-mcp-injection"]
		}
		if !s.e.wanted(r) {
			continue
		}
		f := s.finding(r, m[0], m[1])
		f.Preview = snippet(s.w.b[m[0]:m[1]])
		switch {
		case s.kind&agent != 0:
		case r.ID == "ai-toolchain-mcp-injection" && s.kind&trial == 0:
		case s.kind&trial != 0 && !hiddenBefore(s.w.around(m[0]-400, m[0])):
			f.Severity, f.Confidence = medium, doubtful
		default:
			f.Severity = high
		}
		s.emit(f)
	}
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
