package policy_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"callgate/policy"
)

func TestReadInput(t *testing.T) {
	in := typical()
	in.Money = &policy.Money{Known: true, Amount: "1.50", Currency: "EUR", Windows: map[string]policy.Window{"day": {Caller: policy.Sum{Amount: "2"}}}}
	in.Targets = []policy.Target{{Role: "host", Within: []string{"example.com"}}}
	text, err := in.JSON()
	if err != nil {
		t.Fatal(err)
	}
	again, err := policy.ReadInput(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.JSON(); err != nil || string(got) != string(text) {
		t.Errorf("%v\n got %s\nwant %s", err, got, text)
	}
	cases := []struct{ name, old, new, at, code, fix string }{
		{"misspelt", `"effects":`, `"efects":`, "input.call.efects", "unknown_member", "did you mean effects?"},
		{"in capitals", `"targets":`, `"TARGETS":`, "input.TARGETS", "unknown_member", ""},
		{"missing", `"targets":[{"role":"host","pointer":"","value":"","within":["example.com"]}],`, "", "input.targets", "missing_member", "callgate policy schema"},
		{"missing in an element", `"pointer":"/to/0",`, "", "input.origins[0].pointer", "missing_member", "callgate policy schema"},
		{"more in an element", `"pointer":"/to/0"`, `"pointer":"/to/0","at":1`, "input.origins[0].at", "unknown_member", ""},
		{"another type", `"listing":false`, `"listing":"no"`, "input.call.listing", "member_type", ""},
		{"null for a list", `"drift":[]`, `"drift":null`, "input.tool.drift", "member_type", ""},
		{"a list for an object", `"annotations":{"readOnlyHint":false,"openWorldHint":true}`, `"annotations":[]`, "input", "member_type", ""},
		{"an unknown window", `"day":`, `"days":`, "input.money.windows.days", "unknown_member", "did you mean day?"},
		{"an amount as text", `"amount":1.50`, `"amount":"1.50"`, "input.money.amount", "member_type", ""},
		{"an amount with an exponent", `"amount":1.50`, `"amount":1e3`, "input", "member_type", ""},
		{"a key twice", `"listing":false`, `"listing":false,"listing":true`, "input", "input", "one JSON object"},
		{"another version", `"version":1`, `"version":2`, "input.version", "member_type", ""},
		{"two values", `"bytes`, `"bytes`, "input", "input", "one JSON object"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(string(text), c.old, c.new, 1)
			if c.name == "two values" {
				bad = string(text) + "{}"
			}
			_, err := policy.ReadInput([]byte(bad))
			var faults policy.Faults
			if !errors.As(err, &faults) {
				t.Fatalf("got %v, want faults", err)
			}
			for _, f := range faults {
				if f.File == c.at && f.Code == c.code && strings.Contains(f.Fix, c.fix) {
					return
				}
			}
			t.Errorf("got %v, want %s at %s", faults, c.code, c.at)
		})
	}
	for _, bad := range []string{"", "null", "[]", "1", "{", "\xff"} {
		if got, err := policy.ReadInput([]byte(bad)); err == nil {
			t.Errorf("%q is read as %+v", bad, got)
		}
	}
}

// FuzzReadInput: what is read is written as it was, and decided or refused.
func FuzzReadInput(f *testing.F) {
	text, err := typical().JSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := policy.ReadInput(text)
		if err != nil {
			return
		}
		first, err := in.JSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := policy.ReadInput(first)
		if err != nil || !reflect.DeepEqual(again.Call.Effects, in.Call.Effects) {
			t.Fatalf("%s is read as %s: %v", text, first, err)
		}
	})
}
