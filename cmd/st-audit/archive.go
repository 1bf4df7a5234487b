package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"sandtrace/lib/detect"
)

// What an archive may cost: it can be made to unpack into more than any disk holds.
const (
	mostUnpacked = 256 << 20 // bytes of all members together, nested ones too
	mostMembers  = 20000
	mostNested   = 2        // archives in archives
	mostInMemory = 16 << 20 // a ZIP archive within another, which must be held to be read
)

var errBudget = errors.New("the archive unpacks into more than is looked at")

// forms are the endings of archives, the longer before the shorter.
var forms = []struct{ ending, form string }{
	{".tar.gz", "tgz"},
	{".tgz", "tgz"},
	{".crate", "tgz"},
	{".tar.bz2", "tbz"},
	{".tbz2", "tbz"},
	{".tar", "tar"},
	{".gem", "tar"},
	{".zip", "zip"},
	{".jar", "zip"},
	{".war", "zip"},
	{".whl", "zip"},
	{".egg", "zip"},
	{".nupkg", "zip"},
	{".vsix", "zip"},
	{".apk", "zip"},
	{".xpi", "zip"},
	{".gz", "gz"},
	{".bz2", "bz2"},
}

func archiveForm(name string) string {
	name = strings.ToLower(name)
	for _, f := range forms {
		if strings.HasSuffix(name, f.ending) {
			return f.form
		}
	}
	return ""
}

// unpacker goes through one archive and those in it.
type unpacker struct {
	a       *auditor
	s       *detect.Scanner
	bytes   int64
	members int
}

// archive scans the members of an archive; their paths are "archive!member".
func (a *auditor) archive(s *detect.Scanner, name, form string, in io.ReaderAt, size int64) {
	u := unpacker{a: a, s: s}
	if err := u.open(name, form, io.NewSectionReader(in, 0, size), 0); err != nil && !errors.Is(err, errStopped) {
		code := "bad_archive"
		if errors.Is(err, errBudget) {
			code = "too_large"
		}
		a.fault(name, code, err)
	}
}

// open goes through an archive; r is an *io.SectionReader where it can be read anywhere.
func (u *unpacker) open(name, form string, r io.Reader, depth int) error {
	switch form {
	case "tgz", "gz":
		z, err := gzip.NewReader(r)
		if err != nil {
			return err
		}
		r = z
	case "tbz", "bz2":
		r = bzip2.NewReader(r)
	case "zip":
		return u.zip(name, r, depth)
	}
	if form == "gz" || form == "bz2" {
		inner := path.Base(name)
		return u.member(name+"!"+strings.TrimSuffix(inner, path.Ext(inner)), r, depth)
	}
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := u.member(name+"!"+h.Name, t, depth); err != nil {
			return err
		}
	}
}

func (u *unpacker) zip(name string, r io.Reader, depth int) error {
	at, ok := r.(*io.SectionReader)
	if !ok {
		text, err := io.ReadAll(io.LimitReader(r, mostInMemory+1))
		if err != nil {
			return err
		}
		if len(text) > mostInMemory {
			return errBudget
		}
		at = io.NewSectionReader(bytes.NewReader(text), 0, int64(len(text)))
	}
	z, err := zip.NewReader(at, at.Size())
	if err != nil {
		return err
	}
	for _, f := range z.File {
		if !f.Mode().IsRegular() {
			continue
		}
		in, err := f.Open()
		if err != nil { // encrypted, or packed in another way
			u.a.fault(name+"!"+f.Name, "bad_archive", err)
			continue
		}
		err = u.member(name+"!"+f.Name, in, depth)
		in.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// member scans one file of an archive, or goes through it where it is an archive itself.
func (u *unpacker) member(name string, r io.Reader, depth int) error {
	if u.members++; u.members > mostMembers {
		return fmt.Errorf("%w: %d members", errBudget, mostMembers)
	}
	r = &metered{r, u}
	if form := archiveForm(name); form != "" {
		if depth+1 >= mostNested {
			u.a.fault(name, "not_checked", errors.New("an archive too deep in archives"))
			return nil
		}
		err := u.open(name, form, r, depth+1)
		if err != nil && !errors.Is(err, errBudget) && !errors.Is(err, errStopped) {
			u.a.fault(name, "bad_archive", err)
			return nil
		}
		return err
	}
	u.a.stream(u.s, name, r)
	if u.bytes > mostUnpacked {
		return errBudget
	}
	return nil
}

// metered counts what is unpacked, and ends where it is too much.
type metered struct {
	r io.Reader
	u *unpacker
}

func (m *metered) Read(b []byte) (int, error) {
	if m.u.bytes > mostUnpacked {
		return 0, errBudget
	}
	n, err := m.r.Read(b)
	m.u.bytes += int64(n)
	return n, err
}
