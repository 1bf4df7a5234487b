package detect

import "regexp"

// row is a detector as data: the rule, the words that must be there, and what must follow from the word on.
type row struct {
	id    string
	words []string
	kinds kind // of files; 0 is all
	not   kind
	tail  *regexp.Regexp
	try   func(s *Scanner, d *detector, start, end int)
}

func rx(s string) *regexp.Regexp { return regexp.MustCompile(`^(?i:` + s + `)`) }

// tailMost is how much text from the word on an expression of the table sees.
const tailMost = 400

// tryTail reports what the row's expression finds from the word on.
func tryTail(s *Scanner, d *detector, start, _ int) {
	m := d.tail.FindIndex(s.w.around(start, start+tailMost))
	if m == nil {
		return
	}
	s.done[d.index] = start + m[1]
	s.report(d.rule, start, start+m[1], "")
}

// Parts of expressions.
const (
	quote   = "[\"'`]"
	shells  = `(?:sudo\s+(?:-\S+\s+)*)?(?:/(?:usr/)?bin/)?(?:env\s+)?(?:(?:ba|z|k|da|a)?sh|python[0-9.]*|perl|ruby|node|php)\b`
	decodes = `(?:base64\.|b64decode|zlib\.|codecs\.|marshal\.|bytes\.fromhex|bytearray\.fromhex|binascii\.|__import__|requests\.|urllib|urlopen|lzma\.|gzip\.|bz2\.|rot13|["']{2}\.join|chr\s*\()`
	request = `\$_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES)\b`
	unpacks = `@?(?:base64_decode|gzinflate|gzuncompress|gzdecode|str_rot13|strrev|hex2bin|convert_uudecode)\s*\(`
	unwraps = `(?:(?:window|globalThis|self|global)\.)?(?-i:atob|unescape|decodeURIComponent|(?:new\s+)?Buffer(?:\.from)?\s*\([^()]{0,200}["']base64["'])`
)

var table = []row{
	{
		id: "obfuscation-constructor-chain", words: []string{".constructor", `["constructor`, `['constructor`}, kinds: javascript | markup | jsonData, try: tryTail,
		tail: rx(`(?:\.\s*constructor|\[\s*` + quote + `constructor` + quote + `\s*\])(?:\s*(?:\.\s*constructor|\[\s*` + quote + `constructor` + quote + `\s*\])\s*\(|\s*\(\s*` + quote + `\s*(?:return\s+(?:process|this|require|eval|global)|eval|require|debugger|while\s*\(true))`),
	},
	{
		id: "obfuscation-atob-chain", words: []string{"eval(", "eval (", "function(", "settimeout(", "setinterval(", "execscript("}, kinds: javascript | markup, try: tryTail,
		tail: rx(`(?-i:eval|Function|setTimeout|setInterval|execScript)\s*\(\s*` + unwraps),
	},
	{
		id: "obfuscation-atob-chain", words: []string{"atob(", "atob ("}, kinds: javascript | markup, try: tryTail,
		tail: rx(`atob\s*\(\s*(?:(?:window|globalThis|self)\.)?atob\s*\(`),
	},
	{
		id: "obfuscation-json-eval", words: []string{"eval(", "eval ("}, kinds: javascript, try: tryTail,
		tail: rx(`eval\s*\(\s*(?:JSON\.parse\s*\(|require\s*\(\s*["'][^"'\n]{1,100}\.json["']|(?:fs\.)?readFileSync\s*\(\s*["'` + "`" + `][^"'\n]{1,100}\.json)`),
	},
	{id: "obfuscation-json-eval", words: []string{"eval(", "function(", "require('child_process", `require(\"child_process`}, kinds: jsonData, not: manifest | lockfile | sourceMap | trial | agent | python, try: jsonEval},
	{
		id: "obfuscation-bracket-notation", words: []string{`["eval"]`, `['eval']`, `["function"]`, `['function']`, `["execsync"]`, `['execsync']`, `["spawnsync"]`, `['spawnsync']`, `["atob"]`, `['atob']`, `["child_process"]`, `['child_process']`}, kinds: javascript | markup, try: bracket,
		tail: rx(`\[["'](?-i:eval|Function|execSync|spawnSync|atob|child_process)["']\]\s*[.(\[]`),
	},
	{
		id: "obfuscation-charcode", words: []string{"fromcharcode", "fromcodepoint"}, kinds: javascript | markup | jsonData, try: charCodes,
		tail: rx(`from(?:CharCode|CodePoint)(?:["'` + "`" + `]\s*\])?\s*(?:\.\s*apply\s*\(\s*[\w.]+\s*,\s*\[|\(\s*(?:\.\.\.\s*\[)?)((?:\s*(?:0x[0-9a-f]{2}|\d{2,3})\s*,){5,}\s*(?:0x[0-9a-f]{2}|\d{2,3}))`),
	},
	{
		id: "obfuscation-charcode", words: []string{"chr("}, kinds: php | python, try: tryTail,
		tail: rx(`(?:chr\s*\(\s*(?:0x[0-9a-f]{2}|\d{2,3})\s*\)\s*[.+]\s*){5,}`),
	},
	{id: "obfuscation-string-concat", words: []string{`"+"`, `'+'`, `" + "`, `' + '`, `"+'`, `'+"`}, kinds: javascript | python | markup, try: concat},
	{id: "obfuscation-string-concat", words: []string{`'.'`, `"."`, `' . '`, `" . "`}, kinds: php, try: concat},
	{id: "obfuscation-template-literal", words: []string{"${'", `${"`, "${`"}, kinds: javascript | markup, try: template},
	{
		id: "obfuscation-proxy-reflect", words: []string{"new proxy(", "new proxy ("}, kinds: javascript, try: tryTail,
		tail: rx(`new\s+Proxy\s*\(\s*(?-i:eval|Function|require|process|child_process|globalThis|global|window)\b`),
	},
	{
		id: "obfuscation-proxy-reflect", words: []string{"reflect."}, kinds: javascript, try: tryTail,
		tail: rx(`Reflect\.(?:apply|construct|get)\s*\(\s*(?-i:(?:(?:globalThis|global|window|self)\.)?(?:eval|Function|require|child_process|execSync)\b|(?:globalThis|global|window)\s*,\s*["'` + "`" + `](?:eval|Function|process|require))`),
	},
	{id: "obfuscation-rot13", words: []string{"rot13", "rot_13", "rot-13"}, kinds: scripts, try: rot13Call},
	{id: "obfuscation-rot13", words: []string{"n-za-m"}, kinds: scripts | makefile | hook, try: tryTail, tail: rx(`n-za-m`)},
	{id: "ai-toolchain-module-compile", words: []string{"_compile("}, kinds: javascript, try: moduleCompile},

	{id: "obfuscation-php-preg-replace-e", words: []string{"preg_replace"}, kinds: php, try: pregReplaceE},
	{id: "obfuscation-php-create-function", words: []string{"create_function"}, kinds: php, try: tryTail, tail: rx(`create_function\s*\(\s*(?:["'$])`)},
	{
		id: "obfuscation-php-variable-function", words: []string{"$_get", "$_post", "$_request", "$_cookie", "$_server"}, kinds: php, try: tryTail,
		tail: rx(`\$_(?:GET|POST|REQUEST|COOKIE|SERVER)\s*\[[^\]\n]{1,60}\]\s*\(`),
	},
	{
		id: "obfuscation-php-variable-function", words: []string{"eval(", "eval (", "assert(", "system(", "passthru(", "shell_exec(", "popen(", "exec(", "call_user_func", "include(", "require("}, kinds: php, try: tryTail,
		tail: rx(`(?:eval|assert|system|passthru|shell_exec|popen|exec|call_user_func(?:_array)?|include|require)\s*\(\s*["']?\s*(?:` + unpacks + `|` + request + `)`),
	},
	{id: "obfuscation-php-variable-function", words: []string{`"system"`, `'system'`, `"assert"`, `'assert'`, `"eval"`, `'eval'`, `"shell_exec"`, `'shell_exec'`, `"passthru"`, `'passthru'`, `"exec"`, `'exec'`, `"base64_decode"`, `'base64_decode'`, `"gzinflate"`, `'gzinflate'`}, kinds: php, try: namedFunction},

	{
		id: "obfuscation-python-dangerous", words: []string{"exec(", "eval(", "exec (", "eval ("}, kinds: python | shell | manifest, try: tryTail,
		tail: rx(`(?:exec|eval)\s*\(\s*(?:compile\s*\(\s*)?` + decodes),
	},
	{
		id: "obfuscation-python-dangerous", words: []string{"pickle.loads", "marshal.loads", "pickle.load("}, kinds: python, try: tryTail,
		tail: rx(`(?:pickle|marshal)\.loads?\s*\(\s*(?:base64|requests|urllib|urlopen|zlib|bytes\.fromhex|binascii|codecs|b["']|socket|sock\.)`),
	},
	{
		id: "obfuscation-python-dangerous", words: []string{"__import__("}, kinds: python, try: tryTail,
		tail: rx(`__import__\s*\(\s*["'](?:base64|os|subprocess|socket|marshal|zlib|ctypes|pty)["']\s*\)\s*\.\s*(?:b64decode|system|popen|Popen|call|run|check_output|loads|decompress|spawn|exec\w*|socket)`),
	},
	{
		id: "obfuscation-python-dangerous", words: []string{"os.system(", "subprocess."}, kinds: python, try: tryTail,
		tail: rx(`(?:os\.system|subprocess\.\w+)\s*\(\s*(?:f?["'][^"'\n]{0,100}(?:curl|wget)[^"'\n]{1,200}\|\s*` + shells + `|(?:base64|codecs|zlib|bytes\.fromhex))`),
	},

	{
		id: "obfuscation-encoded-shell", words: []string{"base64 -d", "base64 --d", "base64 -i", "openssl enc", "openssl base64", "xxd -r", "base32 -d", "base32 --d"}, try: encodedShell,
		tail: rx(`(?:base(?:64|32)\s+(?:-\w+\s+)*(?:-[dD]i?|--decode)|openssl\s+(?:enc|base64)\s[^\n|]{0,60}-d|xxd\s+-r)[^\n|;]{0,120}\|\s*(?:(?:gunzip|zcat|gzip\s+-d|tee|xz\s+-d|rev)[^\n|]{0,40}\|\s*)?` + shells),
	},
	{
		id: "obfuscation-encoded-shell", words: []string{"eval ", "bash -c", "sh -c", "python -c", "python3 -c", "node -e"}, not: compiled, try: encodedShell,
		tail: rx(`(?:eval|(?:ba|z|da)?sh\s+-c|python3?\s+-c|node\s+-e)\s+["']?\s*(?:\$\(|` + "`" + `)[^)\n]{0,200}(?:base(?:64|32)\s+(?:-[dD]|--decode)|xxd\s+-r|openssl\s+enc\s+-d|\\x[0-9a-f]{2}\\x)`),
	},
	{
		id: "obfuscation-encoded-shell", words: []string{"powershell", "pwsh"}, not: prose | compiled, try: encodedShell,
		tail: rx(`(?:powershell|pwsh)(?:\.exe)?\s[^\n]{0,120}-e(?:nc(?:odedcommand)?|c)?\s+["']?[A-Za-z0-9+/]{40,}`),
	},
	{
		id: "obfuscation-encoded-shell", words: []string{"printf ", "echo -e", "echo $'"}, kinds: shell | makefile | manifest | hook | yaml | config, try: encodedShell,
		tail: rx(`(?:printf|echo\s+-\w*e\w*|echo)\s+\$?["'](?:\\\\?x[0-9a-f]{2}|\\\\?[0-7]{3}){6,}[^\n|]{0,300}\|\s*` + shells),
	},

	{id: "obfuscation-git-hook-injection", words: []string{".git/hooks"}, kinds: scripts | manifest | makefile | yaml, try: hookWriter},
	{id: "ai-toolchain-git-template-poisoning", words: []string{"templatedir", "hookspath", "git_template_dir"}, try: gitTemplate},
}
