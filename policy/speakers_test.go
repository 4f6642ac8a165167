package policy

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"callgate/rego"
)

// TestSpeakers holds the list of the rules that main asks to what was compiled.
func TestSpeakers(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.rego": `ask contains {"reason": "own"} if input.call.id == "ask"`,
		"b.rego": `transform contains {"reason": "own", "edits": []} if input.result`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("package callgate.rules.own\n\nimport rego.v2\n\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, faults := collect(Options{Shipped: rego.Files, Dirs: []string{dir}})
	if faults = append(faults, b.compile()...); len(faults) > 0 {
		t.Fatal(faults)
	}
	compiled := b.compiler.RuleTree.Find(ast.MustParseRef("data.callgate.rules"))
	speakers := b.speakers()
	spoken := 0
	for _, name := range compiled.Sorted {
		for _, verdict := range verdictNames {
			speaks := compiled.Child(name).Child(ast.String(verdict)) != nil
			asked := slices.ContainsFunc(speakers, func(s speaker) bool { return s.verdict == verdict && s.rule == string(name.(ast.String)) })
			if asked != speaks {
				t.Errorf("%s, %s: asked %v, speaks %v", name, verdict, asked, speaks)
			}
			if speaks {
				spoken++
			}
		}
	}
	if len(compiled.Sorted) != 16 || spoken != 29 {
		t.Errorf("%d rules speak %d times", len(compiled.Sorted), spoken)
	}
}
