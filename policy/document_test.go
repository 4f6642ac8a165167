package policy_test

import (
	"path/filepath"
	"strings"
	"testing"

	"callgate/policy"
)

func TestData(t *testing.T) {
	rule := "package callgate.rules.own\n\ndeny contains {\"reason\": \"x\"} if \"eve\" in data.people.strangers\n\ndeny contains {\"reason\": \"y\"} if data.people.limits.day == 9007199254740993\n\ndeny contains {\"reason\": \"z\"} if data.top == \"z\"\n"
	for name, files := range map[string]map[string]string{
		"list of a folder": {"people/data.json": `{"strangers": ["eve"]}`, "data.json": `{"top": "a"}`},
		"YAML":             {"people/data.yaml": "strangers:\n- eve\n", "data.json": `{"top": "a"}`},
		"a large number":   {"people/limits/data.json": `{"day": 9007199254740993}`, "data.json": `{"top": "a"}`},
		"at the top":       {"people/data.json": `{"strangers": []}`, "data.yml": `top: z`},
	} {
		t.Run(name, func(t *testing.T) {
			files["own.rego"] = rule
			e := load(t, policy.Options{Dirs: []string{folder(t, files)}})
			if d, err := e.Decide(t.Context(), read()); err != nil || d.Verdict != policy.Deny || d.Rules()[0] != "own" {
				t.Errorf("%v, %v", d, err)
			}
		})
	}
	with := func(data string) []string {
		return []string{folder(t, map[string]string{"own.rego": "package callgate.rules.own\n", "a/data.json": data})}
	}
	plain := load(t, policy.Options{Dirs: with(`{"b": 1}`)}).Revision()
	if other := load(t, policy.Options{Dirs: with(`{"b": 2}`)}).Revision(); other == plain {
		t.Error("data has no part in the revision")
	}
}

func TestDataRefused(t *testing.T) {
	cases := []struct {
		name, file, text   string
		code, message, fix string
	}{
		{"ours", "settings/data.json", `{"mode": "observe"}`, "reserved_data", "data.settings belongs to Callgate", "a name of your own"},
		{"ours from the top", "data.json", `{"callgate": {}}`, "reserved_data", "data.callgate belongs to Callgate", "a name of your own"},
		{"the engine's", "data.yaml", `complete: true`, "reserved_data", "data.complete belongs to Callgate", "a name of your own"},
		{"the speakers", "speakers/data.json", `{"deny": []}`, "reserved_data", "data.speakers belongs to Callgate", "a name of your own"},
		{"a list", "x/data.json", `[1]`, "data", "no object", "one JSON or YAML object"},
		{"a key twice", "x/data.json", `{"a": 1, "a": 2}`, "data", "already defined", "one JSON or YAML object"},
		{"no JSON", "x/data.json", `{"a": `, "data", "", "one JSON or YAML object"},
		{"YAML in a .json", "x/data.json", "a: 1\n", "data", "", "one JSON or YAML object"},
		{"empty", "x/data.yaml", "", "data", "", "one JSON or YAML object"},
		{"twice", "x/data.yaml", "y: 1\n", "data_conflict", "data.x.y is given twice", "one place"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{c.file: c.text, "own.rego": "package callgate.rules.own\n"}
			if c.code == "data_conflict" {
				files["data.json"] = `{"x": {"y": 2}}`
			}
			dir := folder(t, files)
			list := faults(t, policy.Options{Dirs: []string{dir}})
			if len(list) != 1 || list[0].File != filepath.Join(dir, c.file) || list[0].Code != c.code ||
				!strings.Contains(list[0].Message, c.message) || !strings.Contains(list[0].Fix, c.fix) {
				t.Errorf("got %v, want %s %q", list, c.code, c.message)
			}
		})
	}
}
