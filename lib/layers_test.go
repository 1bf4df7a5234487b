// Package lib_test holds the tree's layers as data: which package may import which, and why not the
// others. CONTRIBUTING.md draws the map.
package lib_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "sandtrace"

// Layers, from the inside out.
const (
	pure   = "pure"   // data and functions: no file, no network, no kernel
	files  = "files"  // reads and writes files
	sinks  = "sinks"  // files and the network
	edge   = "edge"   // a program's standard streams, flags, signals
	kernel = "kernel" // changes or follows processes
	helper = "helper" // imported by tests only
	wiring = "wiring" // programs
)

// layers places every package of the module; "*" stands for one path element.
var layers = []struct{ pattern, layer string }{
	{"lib/event", pure},
	{"lib/syscalls", pure},
	{"lib/policy", pure},
	{"lib/rule", pure},
	{"lib/spell", pure},
	{"lib/detect", pure},
	{"rules", pure},
	{"lib/config", files},
	{"lib/proc", files},
	{"lib/walk", files},
	{"lib/alert", sinks},
	{"lib/cli", edge},
	{"lib/seccomp", kernel},
	{"lib/jail", kernel},
	{"lib/trace", kernel},
	{"lib/watch", kernel},
	{"lib/kerntest", helper},
	{"lib", helper},
	{"cmd", helper},
	{"cmd/*", wiring},
	{"scripts/*", wiring},
	{"testdata/*", wiring},
}

// allowed says which of the module's own packages a layer may import; a trailing "/" is a layer.
var allowed = []struct {
	layer string
	own   []string
	why   string
}{
	{pure, []string{"pure/"}, "what is pure can be tested and fuzzed without a machine around it"},
	{files, []string{"pure/", "files/"}, "file readers serve every layer above and know none of them"},
	{sinks, []string{"pure/", "files/"}, "a sink gets matches handed to it, whoever made them"},
	{edge, []string{"pure/"}, "all six programs share the edge, so it may know nothing of any of them"},
	{kernel, []string{"pure/", "lib/proc", "lib/seccomp"}, "kernel packages meet in cmd, so that one can be replaced without the others"},
	{helper, []string{"pure/", "files/"}, "a test helper that leans on what it tests proves nothing"},
	{wiring, []string{"pure/", "files/", "sinks/", "edge/", "kernel/"}, "programs share code through lib"},
}

// banned are imports from outside the module; a trailing "/" takes in all below.
var banned = []struct {
	layer   string
	imports []string
	why     string
}{
	{pure, []string{"os", "os/", "syscall", "net", "net/", "golang.org/x/sys/", "io/ioutil", "log", "plugin", "unsafe"}, "a pure package decides; others look and act"},
	{files, []string{"net", "net/", "os/exec", "log"}, "reading a file starts nothing and calls nobody"},
	{sinks, []string{"log"}, "stderr belongs to lib/cli"},
	{edge, []string{"net", "net/", "os/exec", "log"}, "the edge is flags and streams"},
	{kernel, []string{"net", "net/", "log"}, "a process under watch must not make its watcher talk to the network"},
	{wiring, []string{"log", "unsafe"}, "errors go through cli.Report, with their exit code"},
}

// values are packages under a banned root that hold plain values and do nothing: every layer may.
var values = []string{"net/netip"}

// cgoPrograms are the only ones that C code reaches; the others are static binaries that run anywhere.
var cgoPrograms = []string{"cmd/st-trace", "cmd/st-jail"}

// vague are package names that say nothing of what is inside.
var vague = []string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "base", "types", "internal"}

// exits end the process without running what was deferred.
var exits = []string{"os.Exit", "syscall.Exit", "unix.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln", "log.Panic", "log.Panicf", "log.Panicln"}

type pkg struct {
	Dir, ImportPath, Name              string
	Standard                           bool
	GoFiles, CgoFiles                  []string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

// own is the path inside the module, or "".
func (p pkg) own() string { return inside(p.ImportPath) }

func inside(importPath string) string {
	if rest, ok := strings.CutPrefix(importPath, module+"/"); ok {
		return rest
	}
	return ""
}

func list(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=Dir,ImportPath,Name,Standard,GoFiles,CgoFiles,Imports,TestImports,XTestImports,Deps", "./...")
	cmd.Dir = ".."
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	all := map[string]pkg{}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p pkg
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
	return all
}

func layerOf(own string) string {
	for _, l := range layers {
		if ok, _ := path.Match(l.pattern, own); ok {
			return l.layer
		}
	}
	return ""
}

func matches(importPath string, list []string) bool {
	return slices.ContainsFunc(list, func(b string) bool {
		return importPath == b || strings.HasSuffix(b, "/") && strings.HasPrefix(importPath, b)
	})
}

func TestLayers(t *testing.T) {
	all := list(t)
	for _, p := range all {
		if p.own() == "" {
			continue
		}
		layer := layerOf(p.own())
		if layer == "" {
			t.Errorf("%s: stands in no layer: add it to the table, and to CONTRIBUTING.md", p.own())
			continue
		}
		if slices.Contains(vague, path.Base(p.own())) || slices.Contains(vague, p.Name) {
			t.Errorf("%s: the name says nothing of what is inside", p.own())
		}
		for _, imp := range p.Imports {
			if inside(imp) != "" {
				checkOwn(t, p.own(), layer, inside(imp))
				continue
			}
			for _, b := range banned {
				if b.layer == layer && matches(imp, b.imports) && !slices.Contains(values, imp) {
					t.Errorf("%s (%s) imports %s: %s", p.own(), layer, imp, b.why)
				}
			}
		}
		if layer == wiring {
			checkCgo(t, all, p)
		}
	}
}

func checkOwn(t *testing.T, from, layer, to string) {
	t.Helper()
	for _, a := range allowed {
		if a.layer == layer && !slices.Contains(a.own, to) && !slices.Contains(a.own, layerOf(to)+"/") {
			t.Errorf("%s (%s) imports %s (%s): %s", from, layer, to, layerOf(to), a.why)
		}
	}
}

func checkCgo(t *testing.T, all map[string]pkg, p pkg) {
	t.Helper()
	if slices.Contains(cgoPrograms, p.own()) {
		return
	}
	for _, d := range p.Deps {
		// the standard library's cgo files have pure twins
		if dep := all[d]; !dep.Standard && len(dep.CgoFiles) > 0 {
			t.Errorf("%s: C code reaches it through %s: only %v may be dynamic binaries", p.own(), d, cgoPrograms)
		}
	}
}

// TestDependencies: each module that is required directly has its line in CONTRIBUTING.md.
func TestDependencies(t *testing.T) {
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		if !r.Indirect && !bytes.Contains(text, []byte("| "+r.Path+" |")) {
			t.Errorf("%s: CONTRIBUTING.md does not say why it is needed", r.Path)
		}
	}
}

// TestExits: only a program's main ends the process, so that run() can be tested and defers run.
func TestExits(t *testing.T) {
	fset := token.NewFileSet()
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if ok && f.Name.Name == "main" && fn.Name.Name == "main" {
				continue
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(exits, x.Name+"."+sel.Sel.Name) {
					t.Errorf("%s: %s.%s: only func main of a program may end the process", fset.Position(sel.Pos()), x.Name, sel.Sel.Name)
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
