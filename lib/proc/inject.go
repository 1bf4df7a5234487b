package proc

import "sort"

// injectors are the environment variables by which a program runs code that its own file does not
// hold: ld.so(8), node(1), python(1), perlrun(1), ruby(1), bash(1), git(1), java(1).
var injectors = []string{
	"LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH",
	"NODE_OPTIONS", "NODE_PATH",
	"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP",
	"PERL5OPT", "PERL5LIB", "PERL5DB",
	"RUBYOPT", "RUBYLIB",
	"BASH_ENV", "ENV",
	"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS",
	"GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "GIT_CONFIG_COUNT", "GIT_CONFIG_GLOBAL",
	"LUA_INIT", "PHPRC", "PHP_INI_SCAN_DIR",
}

// Injected names the injecting variables of an environment, sorted, that are not as they were in the
// one that the run began with: the user's own are the user's affair.
func Injected(environ, began []byte) []string {
	now := pick(environ, injectors...)
	if len(now) == 0 {
		return nil
	}
	before := pick(began, injectors...)
	var out []string
	for name, value := range now {
		if value != "" && before[name] != value {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}
