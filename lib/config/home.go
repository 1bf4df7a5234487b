package config

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
)

// Home is the directory that ~ stands for: the one named (--home), or the home of the user who
// called sudo, or $HOME, or the home that the user database gives.
//
// Under sudo $HOME decides only where it was set to something else than the home of the user that
// sudo switched to, as sudo --preserve-env does.
func Home(named string) (string, error) {
	if named != "" {
		abs, err := filepath.Abs(named)
		if err != nil {
			return "", fmt.Errorf("home: %w", err)
		}
		return abs, nil
	}
	home := os.Getenv("HOME")
	own := ""
	if u, err := user.Current(); err == nil {
		own = u.HomeDir
	}
	if caller := os.Getenv("SUDO_USER"); caller != "" && os.Geteuid() == 0 && (home == "" || home == own || home == "/root") {
		u, err := user.Lookup(caller)
		if err != nil {
			return "", fmt.Errorf("home of SUDO_USER %q: %w", caller, err)
		}
		return u.HomeDir, nil
	}
	for _, h := range []string{home, own} {
		if filepath.IsAbs(h) {
			return filepath.Clean(h), nil
		}
	}
	return "", fmt.Errorf("home: $HOME is %q: expected an absolute path", home)
}

// Homes is home and, where links lead elsewhere, the name that the kernel has for it.
func Homes(home string) []string {
	if real := Resolve(home); real != "" && real != home {
		return []string{home, real}
	}
	return []string{home}
}

// Resolve is path with all links followed, or "" where that cannot be had.
func Resolve(path string) string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	return real
}
