package detect

import (
	"bytes"
	"regexp"
)

// encodedShell reports text decoded into a shell; where a text only tells of it, it counts less.
func encodedShell(s *Scanner, d *detector, start, _ int) {
	m := d.tail.FindIndex(s.w.around(start, start+tailMost))
	if m == nil || !s.e.wanted(d.rule) {
		return
	}
	s.done[d.index] = start + m[1]
	f := s.finding(d.rule, start, start+m[1])
	f.Preview = snippet(s.w.around(start, start+m[1]))
	if s.kind&(prose|compiled) != 0 && s.kind&agent == 0 {
		f.Severity, f.Confidence = medium, doubtful
	}
	s.emit(f)
}

// fetchRun is a download that is run: through a pipe, or written, made executable and started.
var fetchRun = regexp.MustCompile(`(?i)\b(?:curl|wget|fetch)\b[^\n|;&]{0,300}(?:\|\s*` + shells + `|(?:;|&&|\n)\s*(?:[^\n]{0,120}(?:;|&&)\s*)?(?:chmod\s+(?:\+x|[0-7]*7[0-7]*)|` + shells + `\s+\S))|` + shells + `\s+(?:-c\s+)?["']?(?:<\(|\$\()\s*(?:curl|wget)\b|\biwr\b[^\n]{0,200}\|\s*iex\b|DownloadString\(`)

// reaches is what a script does that nobody would write there.
var reaches = regexp.MustCompile(`(?i)/dev/tcp/|\bnc\s+(?:-\w+\s+)*-e\b|\bncat\b[^\n]{0,60}-e\b|\bmkfifo\b[^\n]{0,80}\bnc\b|base(?:64|32)\s+(?:-[dD]\b|--decode)|\beval\s*["'$(` + "`" + `]|\bnode\s+(?:-e|--eval)\b|\bpython[0-9.]*\s+-c\b|\bperl\s+-e\b|\bruby\s+-e\b|\bphp\s+-r\b|powershell|\.ssh/id_|\.aws/credentials|\.npmrc\b[^\n]{0,60}(?:curl|wget|nc)\b|(?:curl|wget)\b[^\n]{0,120}(?:-d|--data\S*|-F|--post-data|-T)[ =]?[^\n]{0,40}\$\(|\\x[0-9a-f]{2}\\x[0-9a-f]{2}|169\.254\.169\.254|(?:curl|wget)\s[^\n]{0,100}https?://\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|>\s*/dev/null\s+2>&1\s*&\s*$`)

// hookWriter finds what writes a git hook; what also fetches or decodes is an alarm.
func hookWriter(s *Scanner, d *detector, start, end int) {
	line := s.w.around(max(s.w.lineStart(start), start-300), min(s.w.lineEnd(start), end+300))
	if !writesFile.Match(line) {
		return
	}
	near := s.w.around(start-600, end+600)
	f := s.finding(d.rule, start, end)
	f.Preview = snippet(line)
	if !fetchRun.Match(near) && !reaches.Match(near) {
		f.Severity, f.Confidence, f.Message = medium, doubtful, "a script that installs a git hook"
	}
	s.done[d.index] = s.w.lineEnd(end)
	if s.e.wanted(d.rule) {
		s.emit(f)
	}
}

var writesFile = regexp.MustCompile(`(?i)>>?\s*["']?[\w$./{}-]*\.git/hooks|\b(?:cp|mv|ln|install|tee|chmod)\b[^\n]{0,120}\.git/hooks|write(?:File|FileSync)?\s*\(|copyFile|symlink|createWriteStream|open\s*\([^)\n]{0,80}["']w|shutil\.copy`)

// gitSets is a setting of where git takes hooks or templates from, in a command or in a file, and its value.
var gitSets = regexp.MustCompile(`(?i)(--global\s+|--system\s+)?(?:init\.|core\.)?(templatedir|hookspath|git_template_dir)["']?\s*[=\s,]\s*["']?([^\s"';]+)`)

// shared are directories that every user may write.
var shared = regexp.MustCompile(`^(?:/tmp|/var/tmp|/dev/shm|/run/user|\$TMPDIR|\$\{TMPDIR)`)

// gitTemplate finds settings that make git run hooks from elsewhere.
func gitTemplate(s *Scanner, d *detector, start, end int) {
	from := max(s.w.lineStart(start), start-120)
	line := s.w.around(from, min(s.w.lineEnd(start), end+160))
	m := gitSets.FindSubmatchIndex(line)
	gitFile := s.kind&(compiled|prose|python|styles) == 0
	if m == nil || !gitFile {
		return
	}
	global := m[2] >= 0
	value := line[m[6]:m[7]]
	isConfig := bytes.HasSuffix([]byte(s.path), []byte("gitconfig")) || bytes.HasSuffix([]byte(s.path), []byte(".git/config")) || bytes.HasSuffix([]byte(s.path), []byte(".config/git/config"))
	variable := bytes.EqualFold(line[m[4]:m[5]], []byte("git_template_dir"))
	if !global && !isConfig && !variable && !bytes.Contains(line, []byte("git config")) {
		return
	}
	s.done[d.index] = s.w.lineEnd(start)
	if !s.e.wanted(d.rule) {
		return
	}
	f := s.finding(d.rule, start, end)
	f.Preview = snippet(line)
	switch {
	case shared.Match(value):
	case global || isConfig || variable:
		f.Severity = high
	default: // a project's own hooks, in its own tree
		return
	}
	s.emit(f)
}

// hookFile judges a git hook as a whole.
func (s *Scanner) hookFile() {
	b := s.w.b
	m := fetchRun.FindIndex(b)
	if m == nil {
		if m = reaches.FindIndex(b); m == nil {
			return
		}
	}
	r := ruleByID["obfuscation-git-hook-injection"]
	if bytes.Contains([]byte(s.path), []byte("templates/hooks/")) {
		r = ruleByID["ai-toolchain-git-template-poisoning"]
	}
	s.report(r, m[0], m[1], "")
}
