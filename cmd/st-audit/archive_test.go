package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"strings"
	"testing"

	"sandtrace/lib/cli"
)

// audited runs st-audit on the arguments and returns exit code and output.
func audited(t *testing.T, args ...string) (int, string) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	var out, errs bytes.Buffer
	code := run(args, cli.Std{In: strings.NewReader(""), Out: &out, Err: &errs})
	if errs.Len() > 0 {
		t.Log(errs.String())
	}
	return code, out.String()
}

const bad = "eval(atob(x))\n"

func zipped(t *testing.T, members map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range members {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarred(t *testing.T, members map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	for name, text := range members {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestArchives(t *testing.T) {
	t.Chdir(t.TempDir())
	inner := zipped(t, map[string]string{"deep/b.js": bad})
	for name, text := range map[string]string{
		"a.zip": zipped(t, map[string]string{"src/a.js": bad, "inner.zip": inner}),
		"a.tgz": tarred(t, map[string]string{"package/a.js": bad, "nested.jar": inner}),
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, out := audited(t, "--archives", ".")
	if code != cli.CodeHigh {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{`"a.zip!src/a.js"`, `"a.zip!inner.zip!deep/b.js"`, `"a.tgz!package/a.js"`, `"a.tgz!nested.jar!deep/b.js"`} {
		if !strings.Contains(out, want) {
			t.Errorf("%s: not in\n%s", want, out)
		}
	}
}

// TestNamedArchive: what is named is unpacked; what is met in a directory is not, unless asked for.
func TestNamedArchive(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.zip", []byte(zipped(t, map[string]string{"a.js": bad})), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out := audited(t, "./a.zip"); code != cli.CodeHigh {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, out := audited(t, "."); code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestBombs: what unpacks without end is cut, and said.
func TestBombs(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"bomb.zip":   zipped(t, map[string]string{"zeros.txt": strings.Repeat("x ", mostUnpacked/2+1<<20)}),
		"broken.zip": "PK\x03\x04 nothing",
		"cut.tgz":    tarred(t, map[string]string{"a.js": strings.Repeat(bad, 100)})[:60],
		"deep.zip":   zipped(t, map[string]string{"1.zip": zipped(t, map[string]string{"2.zip": zipped(t, map[string]string{"a.js": bad})})}),
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, out := audited(t, "--archives", ".")
	if code != 0 && code != cli.CodeHigh {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{`"code":"too_large","file":"bomb.zip`, `"code":"bad_archive","file":"broken.zip"`, `"file":"cut.tgz`, `"code":"not_checked","file":"deep.zip!1.zip!2.zip"`} {
		if !strings.Contains(out, want) {
			t.Errorf("%s: not in\n%.2000s", want, out)
		}
	}
}

// TestSARIF checks what a code host insists on.
func TestSARIF(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a b.js", []byte("\n"+bad), 0o644); err != nil {
		t.Fatal(err)
	}
	_, out := audited(t, "--format", "sarif", ".")
	for _, want := range []string{`"version": "2.1.0"`, `"uri": "a%20b.js"`, `"startLine": 2`, `"level": "error"`, `"security-severity": "8.0"`, `"sandtrace/v1": "sha256:`, `"ruleIndex": 0`} {
		if !strings.Contains(out, want) {
			t.Errorf("%s: not in\n%s", want, out)
		}
	}
}
