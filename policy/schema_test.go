package policy_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"callgate/policy"
	"callgate/rego"
)

// inputSchema is the published schema, which needs nothing else.
func inputSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := fs.ReadFile(rego.Files, "schemas/input.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("input.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("input.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, text []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

// TestSchemaExamples: the published examples fit the schema and are decided.
func TestSchemaExamples(t *testing.T) {
	s := inputSchema(t)
	e := load(t, policy.Options{})
	verdicts := map[string]string{"mcp": "transform", "model": "deny", "tool": "deny", "hook": "allow"}
	files, err := fs.Glob(rego.Files, "schemas/examples/*.json")
	if err != nil || len(files) != len(verdicts) {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(rego.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		surface := strings.TrimSuffix(path.Base(file), ".json")
		if err := validate(s, text); err != nil {
			t.Errorf("%s: %v", surface, err)
		}
		in, err := policy.ReadInput(text)
		if err != nil {
			t.Fatalf("%s: %v", surface, err)
		}
		if d, err := e.Decide(t.Context(), in); err != nil || d.Verdict.String() != verdicts[surface] || in.Call.Surface != surface {
			t.Errorf("%s: %v, %v; want %s", surface, d, err, verdicts[surface])
		}
	}
}

// TestSchemaReads: what the schema refuses, ReadInput refuses, for each member
// of an input that is taken out, renamed or made another type.
func TestSchemaReads(t *testing.T) {
	s := inputSchema(t)
	whole, err := fs.ReadFile(rego.Files, "schemas/examples/tool.json")
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	rapid.Check(t, func(t *rapid.T) {
		var doc map[string]any
		if err := json.Unmarshal(whole, &doc); err != nil {
			t.Fatal(err)
		}
		at := doc
		for {
			names := []string{}
			for name := range at {
				names = append(names, name)
			}
			slices.Sort(names)
			name := rapid.SampledFrom(names).Draw(t, "member")
			if below, ok := at[name].(map[string]any); ok && len(below) > 0 && rapid.Bool().Draw(t, "below") {
				at = below
				continue
			}
			value := at[name]
			delete(at, name)
			switch rapid.IntRange(0, 2).Draw(t, "change") {
			case 1:
				at[name+"s"] = value
			case 2:
				at[name] = []any{true}
			}
			break
		}
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if validate(s, text) != nil {
			refused++
			if _, err := policy.ReadInput(text); err == nil {
				t.Fatalf("the schema refuses what ReadInput takes: %s", text)
			}
		}
	})
	if refused < 20 {
		t.Errorf("%d refused", refused)
	}
}
