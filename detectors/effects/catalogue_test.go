package effects

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCatalogueFaults(t *testing.T) {
	entry := func(body string) string { return "{\"server\":\"acme\",\n\"tools\":{\n\"zap\":" + body + "}}" }
	for _, c := range []struct {
		file, code string
		line       int
	}{
		{`{`, "invalid_json", 1},
		{`[]`, "not_a_catalogue", 1},
		{`{"server":"a","tools":{}} {}`, "invalid_json", 1},
		{"{\"server\":\"a\",\n\"tool\":{}}", "unknown_member", 2},
		{"{\"server\":\"a\",\"tools\":{\n\"x\":{},\n\"x\":{}}}", "duplicate_key", 3},
		{`{"tools":{"x":{"effects":["read"],"domains":["mail"]}}}`, "no_server", 1},
		{`{"server":"a"}`, "no_tools", 1},
		{entry(`null`), "no_domains", 3},
		{entry(`{"effects":["read"],"domains":["mail"],"exact":true}`), "unknown_member", 3},
		{entry(`{"effects":[],"domains":["mail"]}`), "no_effects", 3},
		{entry(`{"effects":[],"domains":["mail"],"roles":{"paths":["x"]}}`), "no_effects", 3},
		{entry(`{"effects":["zap"],"domains":["mail"]}`), "unknown_effect", 3},
		{entry(`{"effects":["read"],"domains":["space"]}`), "unknown_domain", 3},
		{entry(`{"effects":["read"],"domains":[]}`), "no_domains", 3},
		{entry(`{"effects":["read"],"domains":["mail"],"results":["nice"]}`), "unknown_result", 3},
		{entry("{\"effects\":[\"read\"],\"domains\":[\"mail\"],\n\"roles\":{\"target\":[\"to\"]}}"), "unknown_role", 4},
		{entry(`{"effects":["read"],"domains":["mail"],"roles":{"urls":[]}}`), "empty_role", 3},
		{entry(`{"effects":["read"],"domains":["mail"],"roles":{"urls":[""]}}`), "bad_argument", 3},
		{entry(`{"effects":["read"],"domains":["mail"],"roles":{"urls":["/a~2"]}}`), "bad_argument", 3},
		{entry(`{"schema":"ABC","effects":["read"],"domains":["mail"]}`), "bad_hash", 3},
		{entry(`{"effects":[],"domains":["mail"],"carries":{}}`), "bad_carries", 3},
		{entry(`{"effects":[],"domains":["mail"],"carries":{"tool":"a","code":"b"}}`), "bad_carries", 3},
		{entry(`{"effects":[],"domains":["mail"],"carries":{"code":"b","calls":"/x"}}`), "bad_carries", 3},
		{entry(`{"effects":[],"domains":["mail"],"carries":{"tool":"a","calls":"/x~"}}`), "bad_argument", 3},
	} {
		read, err := ReadCatalogue("acme.json", []byte(c.file))
		var faults Faults
		if read != nil || !errors.As(err, &faults) || faults[0].Code != c.code || faults[0].Line != c.line || faults[0].File != "acme.json" || faults[0].Fix == "" {
			t.Errorf("%s: %v, want %s in line %d", c.file, err, c.code, c.line)
		}
		if j, err := New([]byte(`{}`), File{Name: "acme.json", Data: []byte(c.file)}); j != nil || err == nil {
			t.Errorf("%s is taken", c.file)
		}
	}
	both := `{"server":"a","tools":{"x":{"effects":["zip","zap"],"domains":["space"]}}}`
	if _, err := ReadCatalogue("a", []byte(both)); err == nil || strings.Count(err.Error(), "\n") != 3 || !strings.Contains(err.Error(), "a:1: unknown_domain:") {
		t.Errorf("not all faults are told: %v", err)
	}
}

// TestTwoClaims has two files speak of one tool.
func TestTwoClaims(t *testing.T) {
	hash := SchemaHash([]byte(`{}`))
	tool := func(schema, body string) []byte {
		return []byte(fmt.Sprintf("{\"server\":\"s\",\"tools\":{\n\"sync\":{\"schema\":%q,%s}}}", schema, body))
	}
	const reads, deletes = `"effects":["read"],"domains":["files"]`, `"effects":["delete"],"domains":["files"]`
	for _, c := range []struct {
		one, two []byte
		ok       bool
	}{
		{tool(hash, reads), tool(hash, reads), true},
		{tool(hash, `"effects":["read","write"],"domains":["files"]`), tool(hash, `"effects":["write","read"],"domains":["files"]`), true},
		{tool(hash, reads), tool(hash, deletes), false},
		{tool(hash, reads), tool(hash, reads+`,"minor":true`), false},
		{tool(hash, reads), tool(hash, reads+`,"roles":{"paths":["p"]}`), false},
		{tool("", reads), tool("", deletes), false},
		{tool(hash, reads), tool("", deletes), true},
		{tool(hash, reads), tool(SchemaHash([]byte(`{"a":1}`)), deletes), true},
	} {
		_, err := New([]byte(`{}`), File{"shipped.json", c.one}, File{"own.json", c.two})
		if (err == nil) != c.ok {
			t.Errorf("%s and %s: %v", c.one, c.two, err)
		}
		var faults Faults
		if !c.ok && (!errors.As(err, &faults) || faults[0].Code != "two_claims" || faults[0].Line != 2 || faults[0].File != "own.json" || !strings.Contains(faults[0].Message, "shipped.json:2")) {
			t.Errorf("%s and %s: %v", c.one, c.two, err)
		}
	}
}

// TestSameName has two tools of one name.
func TestSameName(t *testing.T) {
	reader, cleaner := []byte(`{"type":"object"}`), []byte(`{"type":"object","properties":{"all":{}}}`)
	file := fmt.Sprintf(`{"server":"%%s","tools":{"sync":{"schema":"%%s","effects":["%%s"],"domains":["%%s"],"draft_twin":"%%s"}}}`)
	j, err := New([]byte(`{}`),
		File{"a", []byte(fmt.Sprintf(file, "a", SchemaHash(reader), "read", "files", "x"))},
		File{"b", []byte(fmt.Sprintf(file, "b", SchemaHash(cleaner), "delete", "mail", "y"))})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		schema           []byte
		effects, domains string
		twin             string
		alone            bool
	}{
		{reader, "read", "files", "x", true},
		{[]byte(` { "type" : "object" } `), "read", "files", "x", true},
		{cleaner, "delete", "mail", "y", true},
		{[]byte(`{"type":"object","title":"other"}`), "delete read unknown", "files mail", "", false},
		{nil, "delete read unknown", "files mail", "", false},
		{[]byte(`{`), "delete read unknown", "files mail", "", false},
	} {
		v := j.Of(WordsOf("s", "sync", "", c.schema, nil), nil)
		if !slices.Equal(v.Effects, strings.Fields(c.effects)) || !slices.Equal(v.Domains, strings.Fields(c.domains)) || v.DraftTwin != c.twin || v.Catalogued != c.alone {
			t.Errorf("%s: %+v", c.schema, v)
		}
	}
}

func TestSchemaHash(t *testing.T) {
	one := SchemaHash([]byte(`{"type":"object","properties":{"a":{},"b":{"minimum":1.0}}}`))
	if two := SchemaHash([]byte("{ \"properties\": {\"b\":{\"minimum\":1},\n\"\\u0061\":{}},\"type\":\"object\"}")); one != two || !hexHash.MatchString(one) {
		t.Errorf("%s and %s", one, two)
	}
	for _, other := range []string{`{"type":"object","properties":{"a":{},"b":{"minimum":2}}}`, `{}`, ``, `{`, `{"a":1,"a":1}`} {
		if SchemaHash([]byte(other)) == one {
			t.Errorf("%s has the same hash", other)
		}
	}
	if SchemaHash(nil) != "" || SchemaHash([]byte(`{"a":1,"a":1}`)) != "" {
		t.Error("what is no JSON has a hash")
	}
	raw := []byte(` {"b":1}`)
	if SchemaHash(raw); !bytes.Equal(raw, []byte(` {"b":1}`)) {
		t.Errorf("the schema is now %s", raw)
	}
}
