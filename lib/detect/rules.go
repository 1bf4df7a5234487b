package detect

import "sandtrace/lib/event"

const (
	critical = event.SeverityCritical
	high     = event.SeverityHigh
	medium   = event.SeverityMedium
	low      = event.SeverityLow
)

// What several rules say.
const (
	leaked   = "Whoever reads this file can act as its owner at the service that issued it."
	revoke   = "revoke it at the service, issue a new one, and keep that one out of files that are shared"
	hides    = "What a reviewer sees is not what runs."
	dynamic  = "Code that is put together at run time cannot be reviewed, and is how droppers hide theirs."
	installs = "It runs with the user's rights as soon as the package is installed, before anyone has read it."
	readOut  = "take the code out, or write it in clear; if it came with a dependency, pin an older version and report it"
	agents   = "Tools that act for their user read such files as instructions, and run what they name."
)

// rules is the catalogue: one row a rule, its id for good. A vendor format of the rule data that has no row
// here becomes a rule cred-<its id>.
var rules = []Rule{
	{ID: "cred-aws-key", Severity: critical, Title: "AWS access key id", Why: leaked, Fix: "deactivate the key in IAM, look through CloudTrail for its use, issue a new one", Tags: []string{"credential", "aws"}},
	{ID: "cred-private-key", Severity: critical, Title: "private key", Why: "Whoever has it can log in, sign or decrypt as its owner.", Fix: "replace the key pair everywhere its public half is trusted", Tags: []string{"credential", "key"}},
	{ID: "cred-github-token", Severity: critical, Title: "GitHub token", Why: leaked, Fix: revoke, Tags: []string{"credential", "github"}},
	{ID: "cred-slack-token", Severity: critical, Title: "Slack token", Why: leaked, Fix: revoke, Tags: []string{"credential", "slack"}},
	{ID: "cred-stripe-key", Severity: critical, Title: "Stripe key", Why: leaked, Fix: revoke, Tags: []string{"credential", "stripe"}},
	{ID: "cred-openai-key", Severity: critical, Title: "OpenAI API key", Why: leaked, Fix: revoke, Tags: []string{"credential", "openai"}},
	{ID: "cred-anthropic-key", Severity: critical, Title: "Anthropic API key", Why: leaked, Fix: revoke, Tags: []string{"credential", "anthropic"}},
	{ID: "cred-jwt-token", Severity: high, Title: "JSON web token", Why: "Until it expires it is as good as its owner's log-in.", Fix: "end the session that it belongs to, and keep tokens out of files", Tags: []string{"credential", "jwt"}},
	{ID: "cred-generic-password", Severity: high, Title: "password in clear", Why: leaked, Fix: "change it, and read it from the environment or a secret store", Tags: []string{"credential", "generic"}},
	{ID: "cred-generic-secret", Severity: high, Title: "secret assigned to a name", Why: leaked, Fix: "change it, and read it from the environment or a secret store", Tags: []string{"credential", "generic"}},
	{ID: "cred-env-secret", Severity: high, Title: "secret in an environment file", Why: leaked, Fix: "keep the file out of what is shared (.gitignore), and change what has been shared", Tags: []string{"credential", "env"}},

	{ID: "supply-chain-suspicious-script", Severity: critical, Title: "install script that downloads, decodes or runs what cannot be seen", Why: installs, Fix: "install with --ignore-scripts, read the script, pin a version without it", Tags: []string{"supply-chain", "install"}},

	{ID: "supply-chain-workflow-injection", Severity: high, Title: "a workflow runs what outsiders write", Why: "Whoever opens an issue or a pull request runs commands with the workflow's token and secrets.", Fix: "hand the value over in an environment variable, and check out foreign code without secrets", Tags: []string{"supply-chain", "ci"}},
	{ID: "supply-chain-registry-override", Severity: medium, Title: "packages come from another registry, or without checks", Why: "Whoever runs that registry, or the network before it, decides what is installed.", Fix: "name the registry with https, and keep certificate checks on", Tags: []string{"supply-chain", "registry"}},
	{ID: "supply-chain-editor-task", Severity: high, Title: "opening the folder in an editor runs a command", Why: "It runs before anyone has read the code.", Fix: "remove runOn: folderOpen, and do not trust the folder", Tags: []string{"supply-chain", "editor"}},
	{ID: "supply-chain-lockfile", Severity: medium, Title: "a lockfile takes a package from an odd place, or without a checksum", Why: "What is installed is not what the registry has under that name.", Fix: "make the lockfile anew from the manifest, and compare", Tags: []string{"supply-chain", "lockfile"}},

	{ID: "obfuscation-hidden-content", Severity: critical, Title: "code behind a long run of blanks, past the edge of the screen", Why: hides, Fix: readOut, Tags: []string{"obfuscation", "whitespace"}},
	{ID: "obfuscation-invisible-chars", Severity: critical, Title: "invisible or direction-changing characters", Why: hides, Fix: "remove the characters; where they are data, write them as escapes", Tags: []string{"obfuscation", "unicode"}},
	{ID: "obfuscation-constructor-chain", Severity: critical, Title: "code made through the constructor of a constructor", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation", "javascript"}},
	{ID: "obfuscation-git-hook-injection", Severity: critical, Title: "a git hook that downloads or runs hidden code, or a script that installs one", Why: "Hooks run on every commit, with the user's rights and keys.", Fix: "read .git/hooks, remove what nobody put there, look for what wrote it", Tags: []string{"obfuscation", "git", "persistence"}},
	{ID: "obfuscation-polyglot", Severity: critical, Title: "the content is another format than the name says", Why: "What one program shows as a picture or text another one executes.", Fix: "remove the file, and look for what executes it", Tags: []string{"obfuscation", "polyglot"}},
	{ID: "obfuscation-symlink-attack", Severity: critical, Title: "symbolic link that leads out of the tree", Why: "Whoever copies, packs or writes through it reads or changes files that are not of the project.", Fix: "replace the link by what it is meant to hold", Tags: []string{"obfuscation", "symlink"}},
	{ID: "obfuscation-php-backtick", Severity: critical, Title: "PHP backticks run a shell command on variable input", Why: dynamic, Fix: "call the program without a shell (proc_open with an array)", Tags: []string{"obfuscation", "php"}},
	{ID: "obfuscation-php-preg-replace-e", Severity: critical, Title: "preg_replace with /e evaluates what it replaces", Why: dynamic, Fix: "use preg_replace_callback", Tags: []string{"obfuscation", "php"}},
	{ID: "obfuscation-install-script-chain", Severity: critical, Title: "install script that fetches and runs in one breath", Why: installs, Fix: "install with --ignore-scripts, read the script, pin a version without it", Tags: []string{"obfuscation", "install", "supply-chain"}},
	{ID: "obfuscation-json-eval", Severity: critical, Title: "code in a data file that something is to evaluate", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation", "json"}},
	{ID: "obfuscation-encoded-shell", Severity: critical, Title: "encoded text that is decoded into a shell or an interpreter", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation", "shell"}},
	{ID: "obfuscation-trailing-whitespace", Severity: high, Title: "long run of blanks at the end of a line", Why: "Blanks and tabs at line ends carry hidden data (whitespace steganography), or push text off the screen.", Fix: "strip the line ends", Tags: []string{"obfuscation", "whitespace"}},
	{ID: "obfuscation-homoglyph", Severity: high, Title: "an identifier mixes scripts whose letters look alike", Why: hides, Fix: "write the identifier in one script", Tags: []string{"obfuscation", "unicode"}},
	{ID: "obfuscation-string-concat", Severity: high, Title: "a dangerous name put together from pieces", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation", "javascript"}},
	{ID: "obfuscation-charcode", Severity: high, Title: "text made from a list of character codes", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation", "javascript"}},
	{ID: "obfuscation-bracket-notation", Severity: high, Title: "a dangerous function reached through a property's name as text", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation", "javascript"}},
	{ID: "obfuscation-php-variable-function", Severity: high, Title: "PHP calls a function whose name comes from a request or a decoder", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation", "php"}},
	{ID: "obfuscation-atob-chain", Severity: high, Title: "decoded text is evaluated, or decoded twice", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation", "javascript"}},
	{ID: "obfuscation-filename-homoglyph", Severity: high, Title: "a file name that mixes scripts, or hides characters", Why: hides, Fix: "rename the file", Tags: []string{"obfuscation", "unicode"}},
	{ID: "obfuscation-rot13", Severity: medium, Title: "ROT13 in code", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation"}},
	{ID: "obfuscation-template-literal", Severity: high, Title: "a dangerous name put together in a template", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation", "javascript"}},
	{ID: "obfuscation-php-create-function", Severity: high, Title: "create_function makes code from text", Why: dynamic, Fix: "write a closure", Tags: []string{"obfuscation", "php"}},
	{ID: "obfuscation-python-dangerous", Severity: high, Title: "Python executes what it decodes or downloads", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation", "python"}},
	{ID: "obfuscation-typosquat", Severity: high, Title: "a dependency's name is one slip away from a popular one", Why: "Such names are registered to be installed by mistake.", Fix: "check that the name is the one that was meant", Tags: []string{"obfuscation", "supply-chain"}, OptIn: true},
	{ID: "obfuscation-dependency-confusion", Severity: high, Title: "an internal package that the public registry may answer for", Why: "A higher version under the same name on the public registry is installed instead of the internal one.", Fix: "bind the scope or index to the internal registry, and pin with hashes", Tags: []string{"obfuscation", "supply-chain"}},
	{ID: "obfuscation-base64", Severity: medium, Title: "long base64 text in code that decodes to code or a program", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation"}},
	{ID: "obfuscation-hex-escape", Severity: medium, Title: "text written in hex escapes although its characters are plain", Why: hides, Fix: readOut, Tags: []string{"obfuscation"}},
	{ID: "obfuscation-unicode-escape", Severity: medium, Title: "text written in Unicode escapes although its characters are plain", Why: hides, Fix: readOut, Tags: []string{"obfuscation"}},
	{ID: "obfuscation-suspicious-dotfile", Severity: medium, Title: "hidden file with a program's ending or content", Why: "It is skipped by listings and by most searches.", Fix: "look at what made it and what runs it", Tags: []string{"obfuscation"}},
	{ID: "obfuscation-proxy-reflect", Severity: medium, Title: "calls that are rerouted through Proxy and Reflect to a dangerous function", Why: dynamic, Fix: readOut, Tags: []string{"obfuscation", "javascript"}},

	{ID: "ai-toolchain-prompt-injection", Severity: critical, Title: "instructions to an AI tool to act behind its user's back", Why: agents, Fix: "remove the text, and look through what the tool did since it came in", Tags: []string{"ai-toolchain", "prompt"}},
	{ID: "ai-toolchain-mcp-injection", Severity: critical, Title: "instructions hidden in the description of a tool", Why: agents, Fix: "remove the server from the configuration", Tags: []string{"ai-toolchain", "mcp"}},
	{ID: "ai-toolchain-rogue-mcp-server", Severity: critical, Title: "an MCP server that runs a shell, fetches code or sits at a bare address", Why: agents, Fix: "name a pinned program, without a shell", Tags: []string{"ai-toolchain", "mcp"}},
	{ID: "ai-toolchain-git-template-poisoning", Severity: critical, Title: "git is told to take hooks or templates from a place that others can write", Why: "Every later clone and init runs those hooks.", Fix: "unset init.templateDir and core.hooksPath, remove the template", Tags: []string{"ai-toolchain", "git"}},
	{ID: "ai-toolchain-module-compile", Severity: high, Title: "a module compiled from text at run time", Why: dynamic, Fix: readOut, Tags: []string{"ai-toolchain", "javascript"}},
}

var ruleByID = func() map[string]*Rule {
	m := map[string]*Rule{}
	for i := range rules {
		m[rules[i].ID] = &rules[i]
	}
	return m
}()
