package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"callgate/rego"
)

// operatorRule draws a rule as an operator writes it, for one verdict.
func operatorRule(verdict string) *rapid.Generator[string] {
	elements := map[string]string{
		"deny": `{"reason": "own"}`, "ask": `{"reason": "own", "nearest": "ask"}`,
		"transform": `{"reason": "own", "edits": [{"op": "set", "pointer": "/dry_run", "value": true}]}`,
		"allow":     `{"reason": "own", "effects": input.call.effects}`,
	}
	conditions := []string{
		`input.call.tool == "x"`, `"send" in input.call.effects`, `"finance" in input.call.domains`, `not input.call.listing`,
		`some finding in input.findings; finding.level > 1`, `some target in input.targets; "odd" in target.within`, `not "mail:*" in input.caller.scopes`,
		`input.call.approved`, `not input.result`, `count(input.tool.drift) > 0`, `true`, `input.session.calls != 1`, `data.settings.mode == "enforce"`,
	}
	return rapid.Custom(func(t *rapid.T) string {
		body := rapid.SliceOfNDistinct(rapid.SampledFrom(conditions), 1, 2, rapid.ID[string]).Draw(t, "body")
		return fmt.Sprintf("package callgate.rules.own\n\nimport rego.v2\n\n%s contains %s if {\n\t%s\n}\n",
			verdict, elements[verdict], strings.ReplaceAll(strings.Join(body, "\n\t"), "; ", "\n\t"))
	})
}

// objection is the strictest that rules say against a call, main's own word
// that nobody speaks for it left aside.
func objection(d Decision) Verdict {
	strictest := Allow
	for _, o := range d.Opinions {
		if o.Rule != "main" {
			strictest = min(strictest, o.Verdict)
		}
	}
	return strictest
}

// TestOperatorOnlyTightens: a rule that is added takes no objection away, and
// makes no refusal an allow. One that grants may lift the want of a grant, and
// nothing that a rule said.
func TestOperatorOnlyTightens(t *testing.T) {
	t.Run("beside scopes", func(t *testing.T) { operatorOnlyTightens(t, true) })
	t.Run("without scopes", func(t *testing.T) { operatorOnlyTightens(t, false) })
}

func operatorOnlyTightens(t *testing.T, scopes bool) {
	o := Options{Shipped: rego.Files, Settings: map[string]any{"rules": map[string]any{"least_privilege": map[string]any{"enabled": scopes}}}}
	shipped, err := Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	type added struct {
		verdict, text string
		engine        *Engine
	}
	var all []added
	for _, verdict := range verdictNames {
		for i := range 4 {
			text := operatorRule(verdict).Example(i)
			if i == 0 { // one that always speaks
				text = text[:strings.Index(text, " if {")] + "\n"
			}
			with := o
			with.Dirs = []string{t.TempDir()}
			if err := os.WriteFile(filepath.Join(with.Dirs[0], "own.rego"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			e, err := Load(t.Context(), with)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, added{verdict, text, e})
		}
	}
	changed := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		in := anyCall().Draw(t, "call")
		before, err := shipped.Decide(t.Context(), in)
		if err != nil {
			t.Skip("not well-formed")
		}
		for _, a := range all {
			after, err := a.engine.Decide(t.Context(), in)
			if err != nil { // a result cannot be edited: a refusal
				continue
			}
			if !reflect.DeepEqual(before.Opinions, after.Opinions) {
				changed[a.verdict]++
			}
			if a.verdict != "allow" && after.Verdict == Allow && before.Verdict != Allow || objection(after) > objection(before) {
				t.Fatalf("%s\nmakes %v into %v", a.text, before.Verdict, after.Verdict)
			}
			if after.Verdict == Allow && before.Verdict != Allow {
				if o := objection(before); o != Allow && (o != Ask || !in.Call.Approved) {
					t.Fatalf("%s\nlifts %+v", a.text, before.Opinions)
				}
			}
		}
	})
	for _, verdict := range verdictNames {
		if changed[verdict] == 0 {
			t.Errorf("no rule that says %s ever spoke: %v", verdict, changed)
		}
	}
	unscoped := blameless()
	unscoped.Caller.Scopes = nil
	for _, a := range all {
		d, err := a.engine.Decide(t.Context(), unscoped)
		if speaks := !strings.Contains(a.text, " if {"); err != nil || speaks && (d.Verdict == Allow) != (a.verdict == "allow" && !scopes) {
			t.Errorf("%s\nmakes a call without scopes %v, %v", a.text, d.Verdict, err)
		}
	}
}

// respelt writes a JSON value anew: keys in another order, other white space,
// texts with escapes.
func respelt(t *rapid.T, value any) string {
	space := func() string { return rapid.SampledFrom([]string{"", " ", "\n", "\t \r\n"}).Draw(t, "space") }
	switch v := value.(type) {
	case map[string]any:
		keys := rapid.Permutation(slices.Sorted(maps.Keys(v))).Draw(t, "keys")
		var members []string
		for _, key := range keys {
			members = append(members, space()+respelt(t, key)+space()+":"+space()+respelt(t, v[key])+space())
		}
		return "{" + strings.Join(members, ",") + space() + "}"
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, space()+respelt(t, item)+space())
		}
		return "[" + strings.Join(items, ",") + "]"
	case string:
		var text strings.Builder
		for _, r := range v {
			if r < 0x80 && rapid.IntRange(0, 3).Draw(t, "escape") == 0 {
				fmt.Fprintf(&text, `\u%04x`, r)
				continue
			}
			plain, err := json.Marshal(string(r))
			if err != nil {
				t.Fatal(err)
			}
			text.Write(plain[1 : len(plain)-1])
		}
		return `"` + text.String() + `"`
	}
	plain, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// anyValue draws a JSON value of few words, so that rules find some.
func anyValue(deep int) *rapid.Generator[any] {
	word := rapid.SampledFrom([]string{"to", "eve", "x", "", "ä", "\U0001f600", "\u2028", "<"})
	return rapid.Custom(func(t *rapid.T) any {
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		switch {
		case kind == 0 && deep > 0:
			return rapid.MapOfN(word, anyValue(deep-1), 0, 4).Draw(t, "object")
		case kind == 1 && deep > 0:
			return rapid.SliceOfN(anyValue(deep-1), 0, 4).Draw(t, "list")
		case kind == 2:
			return rapid.Bool().Draw(t, "flag")
		case kind == 3:
			return float64(rapid.IntRange(-3, 3).Draw(t, "number"))
		case kind == 4:
			return nil
		}
		return word.Draw(t, "text")
	})
}

// TestSpellingOfArguments: key order, white space and escapes in arguments make
// no difference, whatever rules look at.
func TestSpellingOfArguments(t *testing.T) {
	e := withRule(t, `package callgate.rules.own

import rego.v2

deny contains {"reason": "text"} if contains(json.marshal(input.call.arguments), "eve")

deny contains {"reason": "a place"} if { walk(input.call.arguments, [path, "ä"]); count(path) > 1 }

deny contains {"reason": "a list"} if is_string(input.call.arguments[_][_])

deny contains {"reason": "all"} if crypto.sha256(json.marshal(input.call.arguments)) == crypto.sha256("{\"to\":0}")
`)
	spoken := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		arguments := rapid.OneOf(
			rapid.SampledFrom([]map[string]any{{"to": "eve"}, {"x": []any{"a"}}, {"x": map[string]any{"to": "ä"}}}),
			rapid.MapOfN(rapid.SampledFrom([]string{"to", "x", "eve", "ö"}), anyValue(3), 0, 4),
		).Draw(t, "arguments")
		in := Input{Version: InputVersion, Call: Call{Effects: []string{"read"}, Domains: []string{"crm"}}, Caller: Caller{Scopes: []string{"*:*"}, Name: "a"}}
		in.Call.Arguments = json.RawMessage(respelt(t, any(arguments)))
		first, err := e.Decide(t.Context(), &in)
		if err != nil {
			t.Fatalf("%s: %v", in.Call.Arguments, err)
		}
		other := in
		other.Call.Arguments = json.RawMessage(respelt(t, any(arguments)))
		second, err := e.Decide(t.Context(), &other)
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%s gives %v\n%s gives %v, %v", in.Call.Arguments, first, other.Call.Arguments, second, err)
		}
		for _, reason := range first.Reasons() {
			spoken[reason]++
		}
	})
	for _, reason := range []string{"text", "a list", "a place", "the caller holds the scope"} {
		if spoken[reason] == 0 {
			t.Errorf("nobody said %q: %v", reason, spoken)
		}
	}
}

// TestDecidedTwice: a call judged again is judged alike, whether the first
// decision is remembered or not, and in the form that the record keeps.
func TestDecidedTwice(t *testing.T) {
	remembers, err := Load(t.Context(), Options{Shipped: rego.Files})
	if err != nil {
		t.Fatal(err)
	}
	forgets := *remembers
	forgets.memo = nil
	decided := 0
	rapid.Check(t, func(t *rapid.T) {
		in := anyCall().Draw(t, "call")
		first, err := remembers.Decide(t.Context(), in)
		if err != nil {
			t.Skip("not well-formed")
		}
		text, err := in.JSON()
		if err != nil {
			t.Fatal(err)
		}
		var stored Input
		if err := json.Unmarshal(text, &stored); err != nil {
			t.Fatal(err)
		}
		for _, again := range []*Input{in, &stored} {
			for _, e := range []*Engine{remembers, &forgets} {
				if d, err := e.Decide(t.Context(), again); err != nil || !reflect.DeepEqual(d, first) {
					t.Fatalf("first %v, then %v, %v", first, d, err)
				}
			}
		}
		decided++
	})
	if decided == 0 {
		t.Error("nothing was decided")
	}
}
