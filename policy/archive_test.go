package policy

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"callgate/rego"
)

const nightRule = `package callgate.rules.night

deny contains {"reason": "closed"} if {
	not input.call.listing
	input.call.tool in data.corp.closed
}
`

const nightTest = `package callgate.rules.night_test

import data.callgate.rules.night

test_closed if night.deny with input as {"call": {"tool": "a", "listing": false}} with data.corp.closed as ["a"]
`

func night(change func(a *Archive)) Archive {
	a := Archive{
		Name: "corp", Roots: []string{"callgate/rules/night", "corp"},
		Modules: map[string][]byte{"night/night.rego": []byte(nightRule), "night/night_test.rego": []byte(nightTest)},
		Data:    map[string]any{"corp": map[string]any{"closed": []any{"transfer"}}},
	}
	if change != nil {
		change(&a)
	}
	return a
}

// TestArchives: an archive is loaded with its data and its tests.
func TestArchives(t *testing.T) {
	e, err := Load(t.Context(), Options{Shipped: rego.Files, Archives: []Archive{night(nil)}, OwnTests: true})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Load(t.Context(), Options{Shipped: rego.Files})
	if err != nil {
		t.Fatal(err)
	}
	if e.Revision() == plain.Revision() || len(e.Rules()) != len(plain.Rules())+1 {
		t.Errorf("%d rules in revision %s", len(e.Rules()), e.Revision())
	}
	other, err := Load(t.Context(), Options{Shipped: rego.Files, Archives: []Archive{night(func(a *Archive) {
		a.Data = map[string]any{"corp": map[string]any{"closed": []any{"refund"}}}
	})}})
	if err != nil || other.Revision() == e.Revision() {
		t.Errorf("other data: %v, the same revision", err)
	}
}

// TestArchiveFaults: what belongs to somebody else is a fault.
func TestArchiveFaults(t *testing.T) {
	cases := []struct {
		name, code, file string
		archives         []Archive
		folder           map[string]string
	}{
		{"a package for which it does not speak", "outside_root", "bundle:corp/night/night.rego",
			[]Archive{night(func(a *Archive) { a.Roots = []string{"callgate/rules/day", "corp"} })}, nil},
		{"a foreign package", "foreign_package", "bundle:corp/x.rego",
			[]Archive{night(func(a *Archive) {
				a.Modules["x.rego"] = []byte("package corp.x\n")
				a.Roots = append(a.Roots, "corp/x")
			})}, nil},
		{"a shipped rule", "shipped_name", "bundle:corp/x.rego",
			[]Archive{night(func(a *Archive) {
				a.Modules["x.rego"] = []byte("package callgate.rules.secrets\n")
				a.Roots = append(a.Roots, "callgate/rules/secrets")
			})}, nil},
		{"one root of two", "root_overlap", "bundle:other/.manifest",
			[]Archive{night(nil), {Name: "other", Roots: []string{"corp"}}}, nil},
		{"a root within another", "root_overlap", "bundle:other/.manifest",
			[]Archive{night(nil), {Name: "other", Roots: []string{"corp/closed/deep"}}}, nil},
		{"a rule of a folder", "root_overlap", "own.rego", []Archive{night(nil)},
			map[string]string{"own.rego": "package callgate.rules.night\n"}},
		{"data of a folder", "root_overlap", "data.json", []Archive{night(nil)},
			map[string]string{"data.json": `{"corp": {"open": true}}`}},
		{"data of Callgate", "reserved_data", "bundle:corp/", []Archive{night(func(a *Archive) { a.Data["settings"] = map[string]any{} })}, nil},
		{"a test that fails", "test_failed", "bundle:corp/night/night_test.rego",
			[]Archive{night(func(a *Archive) {
				a.Modules["night/night_test.rego"] = []byte("package callgate.rules.night_test\n\ntest_no if 1 == 2\n")
			})}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := Options{Shipped: rego.Files, Archives: c.archives, OwnTests: true}
			if c.folder != nil {
				dir := t.TempDir()
				for name, text := range c.folder {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				o.Dirs = []string{dir}
			}
			_, err := Load(t.Context(), o)
			faults, ok := errors.AsType[Faults](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			for _, f := range faults {
				if f.Code == c.code && (f.File == c.file || filepath.Base(f.File) == c.file) {
					return
				}
			}
			t.Errorf("got %v\nwant %s in %s", faults, c.code, c.file)
		})
	}
}
