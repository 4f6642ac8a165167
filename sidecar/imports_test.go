package sidecar

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// mayKnow is the room map: what each room may import of ours. A room below
// another has the rule of the nearest one named here.
var mayKnow = map[string][]string{
	"cmd/callgate":       {"cmd/callgate/demo", "sidecar", "policy", "detectors", "toolproxy", "rego"},
	"cmd/callgate/demo":  {},
	"sidecar":            {"sidecar", "policy", "detectors", "toolproxy", "rego"},
	"sidecar/approval":   {},
	"sidecar/audit":      {},
	"sidecar/config":     {},
	"sidecar/identity":   {},
	"sidecar/pin":        {},
	"sidecar/secret":     {},
	"sidecar/session":    {},
	"sidecar/spend":      {},
	"sidecar/watch":      {},
	"policy":             {},
	"detectors":          {"detectors"},
	"toolproxy":          {},
	"toolproxy/mcp":      {"toolproxy"},
	"toolproxy/httptool": {"toolproxy"},
	"toolproxy/schema":   {"toolproxy"},
	"rego":               {},
	"testdata":           {},
	"testdata/sqlfuzz":   {"detectors"},
}

// exactly lists rooms whose permission is for the one package, not for what
// lies below it.
var exactly = map[string]bool{"toolproxy": true}

// TestRooms walks the imports of every Go file, tests included, and fails when
// a room knows one that it may not.
func TestRooms(t *testing.T) {
	root := moduleRoot(t)
	files := 0
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && name != root) {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		files++
		checkImports(t, root, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("looked at %d files only", files)
	}
}

func checkImports(t *testing.T, root, name string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	relative, err := filepath.Rel(root, filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	room := filepath.ToSlash(relative)
	isTest := strings.HasSuffix(name, "_test.go")
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if ours, is := strings.CutPrefix(imported, "callgate/"); is && !allowed(room, ours, isTest) {
			t.Errorf("%s: %s may not import %s", filepath.Base(name), room, ours)
		}
	}
}

// allowed says whether a room may import a package of ours. A test may import
// its own room from outside, and the shipped policy and facts.
func allowed(room, imported string, isTest bool) bool {
	if isTest && (imported == room || imported == "rego") {
		return true
	}
	for _, known := range mayKnow[ruleOf(room)] {
		below := imported == known || strings.HasPrefix(imported, known+"/")
		if ruleOf(room) != "sidecar" && ruleOf(room) != "cmd/callgate" && exactly[known] {
			below = imported == known
		}
		if below {
			return true
		}
	}
	return false
}

// ruleOf finds the nearest room above that has a rule.
func ruleOf(room string) string {
	for at := room; at != "."; at = path.Dir(at) {
		if _, ok := mayKnow[at]; ok {
			return at
		}
	}
	return room
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}
