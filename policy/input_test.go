package policy

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"callgate/rego"
)

// anyText draws strings that are no valid UTF-8 too.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
}

// anyJSON draws the text of a JSON value, numbers of any size included.
func anyJSON(depth int) *rapid.Generator[string] {
	numbers := []string{"0", "-0", "1.0", "1e3", "-12.5E-2", "9007199254740993", "18446744073709551617", "123456789012345678901234567890", "0.1000000000000000055511151231257827", "1e400"}
	scalars := []*rapid.Generator[string]{
		rapid.SampledFrom(numbers),
		rapid.Map(rapid.Int64(), func(n int64) string { return strconv.FormatInt(n, 10) }),
		rapid.Map(rapid.String(), quote),
		rapid.SampledFrom([]string{"true", "false", "null", `"\ud83d\ude00"`, `"\u0000"`, `"<a>&\u2028"`}),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	list := rapid.Map(rapid.SliceOfN(anyJSON(depth-1), 0, 3), func(items []string) string { return "[" + strings.Join(items, ", ") + "]" })
	return rapid.OneOf(append(scalars, list, anyObject(depth-1))...)
}

func anyObject(depth int) *rapid.Generator[string] {
	return rapid.Map(rapid.MapOfN(rapid.String(), anyJSON(depth), 0, 3), func(members map[string]string) string {
		var parts []string
		for key, value := range members {
			parts = append(parts, quote(key)+" : "+value)
		}
		return " { " + strings.Join(parts, ",") + "}\n"
	})
}

func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func anyRaw() *rapid.Generator[json.RawMessage] {
	return rapid.OneOf(rapid.Just(json.RawMessage(nil)), rapid.Just(json.RawMessage("null")),
		rapid.Map(anyObject(2), func(s string) json.RawMessage { return json.RawMessage(s) }))
}

func anyInput() *rapid.Generator[*Input] {
	return rapid.Custom(func(t *rapid.T) *Input {
		text := func(name string) string { return anyText().Draw(t, name) }
		texts := func(name string) []string { return rapid.SliceOfN(anyText(), 0, 3).Draw(t, name) }
		flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
		count := func(name string) int { return rapid.Int().Draw(t, name) }
		amount := func(name string) json.Number {
			return json.Number(rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,9})?`).Draw(t, name))
		}
		in := &Input{
			Version: InputVersion,
			Now:     time.Unix(rapid.Int64Range(-1<<33, 1<<36).Draw(t, "now"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).In(time.FixedZone("", 3600)),
			Call: Call{ID: text("id"), Surface: text("surface"), Stage: text("stage"), Server: text("server"), Tool: text("tool"),
				Arguments: anyRaw().Draw(t, "arguments"), Effects: texts("effects"), Domains: texts("domains"),
				EffectSource: text("source"), Evidence: text("evidence"), Via: text("via"), Tools: texts("tools"), Traits: texts("traits"),
				Programs: texts("programs"), Approved: flag("approved"), Listing: flag("listing")},
			Tool: Tool{Known: flag("known"), DescriptionHash: text("hash"), Pinned: flag("pinned"), Drift: texts("drift"),
				Annotations: anyRaw().Draw(t, "annotations"), DraftTwin: text("twin"), Results: texts("results")},
			Caller: Caller{Name: text("name"), Auth: text("auth"), Roles: texts("roles"), Scopes: texts("scopes"), Claims: anyRaw().Draw(t, "claims")},
			Session: Session{ID: text("session"), Calls: count("calls"), Labels: texts("labels"), Recent: texts("recent"),
				Totals: rapid.MapOfN(rapid.String(), rapid.Int64(), 0, 3).Draw(t, "totals")},
		}
		if flag("more") {
			in.Tool.SchemaErrors = []SchemaError{{Pointer: text("pointer"), Fault: text("fault")}}
			in.Findings = []Finding{{Detector: text("detector"), Rule: text("rule"), Severity: text("severity"), Level: count("level"), Direction: text("direction"),
				Pointer: text("at"), Start: count("start"), End: count("end"), Fingerprint: text("print"), Detail: text("detail")}}
			in.Origins = []Origin{{Pointer: text("where"), Source: text("from")}}
			in.Targets = []Target{{Role: text("role"), Pointer: text("at argument"), Value: text("value"), Within: texts("within")}}
			in.Money = &Money{Known: flag("amount known"), Amount: amount("amount"), Currency: text("currency"), Payee: text("payee"), First: flag("first"),
				Windows: map[string]Window{"day": {Caller: Sum{amount("paid"), count("payments")}, Payee: Sum{Calls: count("payments to")}}}}
			in.Result = &Result{IsError: flag("error"), Bytes: count("bytes")}
		}
		return in
	})
}

func TestValueEqualsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput().Draw(t, "input")
		text, err := in.JSON()
		if err != nil {
			t.Fatal(err)
		}
		want, err := ast.ValueFromReader(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := in.value(everything)
		if err != nil {
			t.Fatal(err)
		}
		if got.Compare(want) != 0 {
			t.Fatalf("value\n%v\nwant\n%v", got, want)
		}
	})
}

// TestJSONFitsSchema holds the schema to the Go type: every member is required
// or marked omitempty, and no other is allowed.
func TestJSONFitsSchema(t *testing.T) {
	text, err := rego.Files.ReadFile("schemas/input.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("input.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("input.json")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text, err := anyInput().Draw(t, "input").JSON()
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
	})
	if err := schema.Validate(map[string]any{}); err == nil {
		t.Error("the schema accepts an empty input")
	}
}

func TestValueRefuses(t *testing.T) {
	cases := []struct {
		name string
		in   Input
		want string
	}{
		{"no version", Input{}, "input version 0, want 1"},
		{"arguments are a list", Input{Version: 1, Call: Call{Arguments: json.RawMessage(`["password"]`)}}, "the arguments are not a JSON object"},
		{"truncated", Input{Version: 1, Call: Call{Arguments: json.RawMessage(`{"password":`)}}, "the arguments are not well-formed JSON"},
		{"same key twice", Input{Version: 1, Tool: Tool{Annotations: json.RawMessage(`{"password":1,"password":2}`)}}, "the tool's annotations are not well-formed JSON"},
		{"invalid UTF-8", Input{Version: 1, Caller: Caller{Claims: json.RawMessage("{\"password\":\"\xff\"}")}}, "the caller's claims are not well-formed JSON"},
		{"a number out of range", Input{Version: 1, Call: Call{Arguments: json.RawMessage(`{"password":1e999999999}`)}}, "the arguments are not well-formed JSON"},
		{"an amount with an exponent", Input{Version: 1, Money: &Money{Amount: "1e9"}}, "amount is no plain decimal"},
		{"an amount of 31 digits", Input{Version: 1, Money: &Money{Amount: "1000000000000000000000000000000"}}, "amount is no plain decimal"},
		{"two values", Input{Version: 1, Call: Call{Arguments: json.RawMessage(`{} {"password":1}`)}}, "the arguments are more than one JSON value"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.in.value(everything)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "password") {
				t.Errorf("the cause repeats the arguments: %v", err)
			}
		})
	}
}

// FuzzObject checks that raw members are read as encoding/json reads them, or
// not at all, and that skipping them refuses the same.
func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"c"}],"d":9007199254740993}`))
	f.Add([]byte(`{"a":1e999,"b":"\ud800"}`))
	f.Add([]byte(`{"a":-1E-999999,"b":0.00e9}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		term, err := object("raw", raw, true)
		if _, skipped := object("raw", raw, false); (skipped == nil) != (err == nil) {
			t.Fatalf("skipped with %v, read with %v", skipped, err)
		}
		if err != nil {
			return
		}
		want, err := ast.ValueFromReader(bytes.NewReader(orObject(raw)))
		if err != nil {
			t.Fatalf("OPA's reader refuses what is read here: %v", err)
		}
		if term.Value.Compare(want) != 0 {
			t.Fatalf("%v, want %v", term, want)
		}
	})
}
