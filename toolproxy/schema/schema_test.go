package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func mustCompile(t testing.TB, raw string) *Schema {
	t.Helper()
	s, err := Compile(json.RawMessage(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return s
}

const invoice = `{"type":"object","properties":{
	"to":{"type":"string","minLength":1,"pattern":"^[a-z]+@"},
	"amount":{"type":"number","exclusiveMinimum":0,"maximum":9007199254740992},
	"lines":{"type":"array","items":{"$ref":"#/$defs/line"},"maxItems":100},
	"when":{"anyOf":[{"type":"string"},{"type":"integer"}]}},
	"required":["to"],"additionalProperties":false,
	"$defs":{"line":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}}`

func TestValidate(t *testing.T) {
	s := mustCompile(t, invoice)
	cases := []struct{ name, arguments, want string }{
		{"fits", `{"to":"ann@example.com","amount":1.5,"lines":[{"n":1.0}]}`, "[]"},
		{"none", ``, "[{ required}]"},
		{"empty", `{}`, "[{ required}]"},
		{"type", `{"to":1}`, "[{/to type}]"},
		{"two faults in order", `{"to":"","lines":[{"n":1},{}]}`, "[{/lines/1 required} {/to minLength} {/to pattern}]"},
		{"unknown key", `{"to":"a@","Secret":1}`, "[{ additionalProperties}]"},
		{"alternatives", `{"to":"a@","when":true}`, "[{/when anyOf}]"},
		{"exact numbers", `{"to":"a@","amount":9007199254740993}`, "[{/amount maximum}]"},
		{"escaped key", `{"to":"a@","lines":[{"n":"x"}]}`, "[{/lines/0/n type}]"},
		{"not JSON", `{"to":`, "[{ json}]"},
		{"two values", `{} {}`, "[{ json}]"},
		{"trailing bracket", `{} ]`, "[{ json}]"},
		{"not an object", `[]`, "[{ type}]"},
		{"huge exponent", `{"to":"a@","amount":1e999999}`, "[{/amount number}]"},
		{"huge exponent, deep", `{"a/b":[0,{"~":1e-401}]}`, "[{/a~1b/1/~0 number}]"},
		{"many digits", `{"amount":` + strings.Repeat("9", 401) + `}`, "[{/amount number}]"},
		{"too deep", strings.Repeat(`[`, 65) + strings.Repeat(`]`, 65), "depth"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := fmt.Sprint(s.Validate(json.RawMessage(c.arguments)))
			if c.want == "depth" {
				if !strings.HasSuffix(got, " depth}]") {
					t.Errorf("got %s", got)
				}
				return
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestFaultsAreBoundedAndRepeatable(t *testing.T) {
	s := mustCompile(t, `{"additionalProperties":{"type":"string"}}`)
	keys := make([]string, 200)
	for i := range keys {
		keys[i] = fmt.Sprintf(`"k%03d":%d`, i, i)
	}
	arguments := json.RawMessage("{" + strings.Join(keys, ",") + "}")
	first := s.Validate(arguments)
	if len(first) != MaxFaults || first[0].Pointer != "/k000" {
		t.Fatalf("%d faults from %v", len(first), first[0])
	}
	for range 5 {
		if again := s.Validate(arguments); fmt.Sprint(again) != fmt.Sprint(first) {
			t.Fatalf("faults change: %v", again)
		}
	}
	long := s.Validate(json.RawMessage(`{"` + strings.Repeat("a", 1000) + `":1}`))
	if len(long) != 1 || long[0] != (Fault{"", "type"}) {
		t.Errorf("long key: %v", long)
	}
}

func TestCompileRefuses(t *testing.T) {
	deep := strings.Repeat(`{"not":`, 70) + "{}" + strings.Repeat("}", 70)
	cases := []struct{ name, raw string }{
		{"not JSON", `{`},
		{"no schema", `[1]`},
		{"bad keyword", `{"type":"strin"}`},
		{"remote reference", `{"$ref":"https://example.com/schema"}`},
		{"file reference", `{"$ref":"file:///etc/passwd"}`},
		{"relative reference", `{"$ref":"other.json"}`},
		{"remote metaschema", `{"$schema":"https://example.com/meta"}`},
		{"missing definition", `{"$ref":"#/$defs/none"}`},
		{"huge number", `{"maximum":1e999999}`},
		{"too deep", deep},
		{"too large", `{"description":"` + strings.Repeat("a", MaxBytes) + `"}`},
		{"too many values", `{"enum":[` + strings.Repeat("0,", MaxValues) + `0]}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Compile(json.RawMessage(c.raw)); err == nil {
				t.Error("compiled")
			}
		})
	}
}

func TestCompileAccepts(t *testing.T) {
	cases := []struct{ name, raw, fits, fails string }{
		{"nothing", ``, `{"a":1}`, ``},
		{"true", `true`, `{"a":1}`, ``},
		{"false", `false`, ``, `{"a":1}`},
		{"draft 7", `{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"s":{"type":"string"}},"properties":{"a":{"$ref":"#/definitions/s"}}}`, `{"a":"x"}`, `{"a":1}`},
		{"2020-12", `{"$schema":"https://json-schema.org/draft/2020-12/schema","properties":{"a":{"prefixItems":[{"type":"string"}]}}}`, `{"a":["x"]}`, `{"a":[1]}`},
		{"own id", `{"$id":"https://example.com/s","properties":{"a":{"$ref":"#/$defs/s"}},"$defs":{"s":{"type":"string"}}}`, `{"a":"x"}`, `{"a":1}`},
		{"a pattern that looks ahead", `{"properties":{"a":{"type":"string","pattern":"^(?!b)"}}}`, `{"a":"b"}`, `{"a":1}`},
		{"unknown keywords", `{"x-mcp-header":"Region","properties":{"a":{"type":"string","x-mcp-header":"A"}}}`, `{"a":"x"}`, `{"a":1}`},
		{"recursive", `{"properties":{"a":{"$ref":"#"}},"additionalProperties":false}`, `{"a":{"a":{}}}`, `{"a":{"a":{"b":1}}}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := mustCompile(t, c.raw)
			if faults := s.Validate(json.RawMessage(c.fits)); c.name != "false" && faults != nil {
				t.Errorf("%s does not fit: %v", c.fits, faults)
			}
			if c.fails != "" && s.Validate(json.RawMessage(c.fails)) == nil {
				t.Errorf("%s fits", c.fails)
			}
		})
	}
}

// TestWorkIsBounded holds schemas whose check doubles at each level.
func TestWorkIsBounded(t *testing.T) {
	var defs []string
	for i := range 40 {
		defs = append(defs, fmt.Sprintf(`"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i+1, i+1))
	}
	flat := mustCompile(t, `{"$ref":"#/$defs/d0","$defs":{`+strings.Join(defs, ",")+`,"d40":{"minProperties":0}}}`)
	if got := flat.Validate(nil); fmt.Sprint(got) != "[{ work}]" {
		t.Errorf("flat: %v", got)
	}
	deep := mustCompile(t, `{"allOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}`)
	nested := strings.Repeat(`{"a":`, 60) + "{}" + strings.Repeat("}", 60)
	if got := deep.Validate(json.RawMessage(nested)); fmt.Sprint(got) != "[{ work}]" {
		t.Errorf("deep: %v", got)
	}
	if got := deep.Validate(json.RawMessage(`{"a":{}}`)); got != nil {
		t.Errorf("after a check that ran out: %v", got)
	}
}

func TestHash(t *testing.T) {
	a, b := mustCompile(t, `{"type":"object","minProperties":1}`), mustCompile(t, `{ "minProperties":1.0, "type":"object" }`)
	if a.Hash() != b.Hash() || len(a.Hash()) != 64 {
		t.Errorf("%s and %s", a.Hash(), b.Hash())
	}
	if a.Hash() == mustCompile(t, `{"type":"object","minProperties":2}`).Hash() {
		t.Error("different schemas have one hash")
	}
}

func TestConcurrentUse(t *testing.T) {
	s := mustCompile(t, invoice)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if s.Validate(json.RawMessage(`{"to":"a@"}`)) != nil || len(s.Validate(nil)) != 1 {
					t.Error("wrong answer")
				}
			}
		})
	}
	wg.Wait()
}

// FuzzValidate checks that no schema and no arguments end the process, and
// that faults stay in bounds.
func FuzzValidate(f *testing.F) {
	f.Add([]byte(invoice), []byte(`{"to":1}`))
	f.Add([]byte(`{"$ref":"#"}`), []byte(`{}`))
	f.Add([]byte(`{"multipleOf":0.1,"uniqueItems":true,"patternProperties":{"a+":{"format":"uri"}}}`), []byte(`{"a":[1,1]}`))
	f.Add([]byte(`{"$dynamicRef":"#x","$defs":{"y":{"$dynamicAnchor":"x"}},"unevaluatedProperties":false}`), []byte(`{"a":{}}`))
	f.Fuzz(func(t *testing.T, raw, arguments []byte) {
		s, err := Compile(raw)
		if err != nil {
			return
		}
		for _, fault := range s.Validate(arguments) {
			if len(fault.Pointer) > maxPointer || fault.Keyword == "" {
				t.Errorf("fault %q", fault)
			}
		}
	})
}

func BenchmarkValidate2KB(b *testing.B) {
	s := mustCompile(b, invoice)
	line := strings.Repeat(`{"n":12345678},`, 99)
	arguments := json.RawMessage(`{"to":"ann@` + strings.Repeat("x", 400) + `","amount":12.5,"lines":[` + line + `{"n":1}]}`)
	wrong := json.RawMessage(strings.Replace(string(arguments), `12.5`, `-12.5`, 1))
	b.Run("fits", func(b *testing.B) {
		b.SetBytes(int64(len(arguments)))
		b.ReportAllocs()
		for b.Loop() {
			if s.Validate(arguments) != nil {
				b.Fatal("does not fit")
			}
		}
	})
	b.Run("fails", func(b *testing.B) {
		for b.Loop() {
			if len(s.Validate(wrong)) != 1 {
				b.Fatal("fits")
			}
		}
	})
	text := json.RawMessage(`{"to":"ann@` + strings.Repeat("x", 2000) + `"}`)
	b.Run("text", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if s.Validate(text) != nil {
				b.Fatal("does not fit")
			}
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := Compile(json.RawMessage(invoice)); err != nil {
			b.Fatal(err)
		}
	}
}
