package jail

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// commandError says that there is no such command in the view, or that it cannot be executed there.
type commandError struct {
	missing bool
	text    string
}

func (e *commandError) Error() string { return e.text }

// findCommand is the file in the view that a command name means: itself where it holds a slash, else
// the first executable of that name on the search path. A file on a mount without programs is none.
func findCommand(name, search string) (string, error) {
	if strings.Contains(name, "/") {
		return name, executable(name)
	}
	var unfit error
	for dir := range strings.SplitSeq(search, ":") {
		if dir == "" {
			dir = "."
		}
		file := dir + "/" + name
		err := executable(file)
		if err == nil {
			return file, nil
		}
		var ce *commandError
		if errors.As(err, &ce) && !ce.missing && unfit == nil {
			unfit = err
		}
	}
	if unfit != nil {
		return "", unfit
	}
	return "", &commandError{true, name + ": command not found in the jail"}
}

func executable(file string) error {
	var st unix.Stat_t
	err := unix.Stat(file, &st)
	switch {
	case errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR):
		return &commandError{true, file + ": no such file in the jail"}
	case err != nil:
		return &commandError{false, fmt.Sprintf("cannot execute %s: %v", file, err)}
	case st.Mode&unix.S_IFMT == unix.S_IFDIR:
		return &commandError{false, file + ": is a directory"}
	}
	if err := unix.Faccessat(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS); err != nil {
		return &commandError{false, fmt.Sprintf("cannot execute %s: %v", file, err)}
	}
	return nil
}
