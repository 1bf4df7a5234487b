package cli

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// FindCommand is the file that a command name means: itself where it holds a slash, else the first
// executable of that name on PATH, as a shell finds it. The Fault says whether nothing was found
// (127) or what was found cannot be executed (126).
func FindCommand(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, executable(name)
	}
	path, ok := os.LookupEnv("PATH")
	if !ok {
		path = "/usr/local/bin:/usr/bin:/bin"
	}
	var denied error
	for dir := range strings.SplitSeq(path, ":") {
		if dir == "" {
			dir = "."
		}
		file := dir + "/" + name
		err := executable(file)
		if err == nil {
			return file, nil
		}
		var f *Fault
		if errors.As(err, &f) && f.Code == CodeCannotExecute && denied == nil {
			denied = err
		}
	}
	if denied != nil {
		return "", denied
	}
	return "", Faultf(CodeNotFound, "%s: command not found", name)
}

// executable fails with the Fault for a file that cannot be executed.
func executable(file string) error {
	st, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Faultf(CodeNotFound, "%s: no such file", file)
	case err != nil:
		return Faultf(CodeCannotExecute, "cannot execute: %w", err)
	case st.IsDir():
		return Faultf(CodeCannotExecute, "%s: is a directory", file)
	}
	if err := unix.Faccessat(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS); err != nil {
		return Faultf(CodeCannotExecute, "cannot execute %s: %w", file, err)
	}
	return nil
}
