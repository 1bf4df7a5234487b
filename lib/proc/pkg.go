package proc

import "sandtrace/lib/event"

// Image is what a process became by an execve(2), as the kernel has it right after the call.
type Image struct {
	Exe     string
	Script  string
	Argv    []string
	CWD     string
	Environ []byte // NAME=value, NUL-ended
}

// Attribution says for which package a package manager runs a process.
type Attribution struct {
	Pkg *event.Pkg

	// Dependency is true where the package is not the user's own project. What runs below such a
	// process is that package's doing whatever it says of itself, so the attribution stays.
	Dependency bool
}

// Inherit is the attribution of a process after an execve(2), from the one that it had (its own, or
// its parent's where it was just spawned). A dependency's process stays that dependency's: the
// environment below it is the package's to forge.
func (a Attribution) Inherit(img *Image) Attribution {
	if a.Dependency {
		return a
	}
	for _, m := range managers {
		if found, ok := m(img); ok {
			return found
		}
	}
	return a
}

// managers has one row a package manager, or a family that speaks alike.
var managers = []func(*Image) (Attribution, bool){npmFamily, cargo, pip, setuptools, gem}
