package policy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"callgate/rego"
)

// withRule loads the shipped policy and one rule of an operator.
func withRule(t *testing.T, text string) *Engine {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "own.rego"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Load(t.Context(), Options{Shipped: rego.Files, Dirs: []string{dir}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestReadsWhatRulesRead holds every way to write a look at the arguments to
// the same: the rule sees them.
func TestReadsWhatRulesRead(t *testing.T) {
	forms := map[string]string{
		"a path":           `deny contains {"reason": "own"} if input.call.arguments.to == "eve"`,
		"in brackets":      `deny contains {"reason": "own"} if input["call"]["arguments"]["to"] == "eve"`,
		"a variable":       `deny contains {"reason": "own"} if { some key; input.call.arguments[key] == "eve" }`,
		"a variable above": `deny contains {"reason": "own"} if { some key; input[key].arguments.to == "eve" }`,
		"the call":         `deny contains {"reason": "own"} if { call := input.call; call.arguments.to == "eve" }`,
		"the input":        `deny contains {"reason": "own"} if { all := input; all.call.arguments.to == "eve" }`,
		"a builtin":        `deny contains {"reason": "own"} if object.get(input, ["call", "arguments", "to"], "") == "eve"`,
		"text":             `deny contains {"reason": "own"} if contains(json.marshal(input), "eve")`,
		"a walk":           `deny contains {"reason": "own"} if { walk(input, [_, "eve"]) }`,
		"a function": `deny contains {"reason": "own"} if _eve(input.call)
_eve(call) if call.arguments.to == "eve"`,
		"a helper": `deny contains {"reason": "own"} if _to == "eve"
_to := "" if not input.call.arguments.to
else := input.call.arguments.to`,
		"a comprehension": `deny contains {"reason": "own"} if "eve" in {to | to := input.call.arguments.to}`,
		"every":           `deny contains {"reason": "own"} if { every _, to in input.call.arguments { to == "eve" } }`,
		"not":             `deny contains {"reason": "own"} if not input.call.arguments.to != "eve"`,
		"with": `deny contains {"reason": "own"} if { true; _to == "eve" with input.call.id as "2" }
_to := input.call.arguments.to`,
		"an import": `import input.call as call
deny contains {"reason": "own"} if call.arguments.to == "eve"`,
		"a path of words that are drawn": `deny contains {"reason": "own"} if input.call[input.tool.annotations.where].to == "eve"`,
		"a template":                     `deny contains {"reason": "own"} if $"{input.call.arguments.to}" == "eve"`,
		"the head":                       `deny contains {"reason": input.call.arguments.to} if true`,
	}
	for name, rule := range forms {
		t.Run(name, func(t *testing.T) {
			e := withRule(t, "package callgate.rules.own\n\nimport rego.v2\n\n"+rule)
			d, err := e.Decide(t.Context(), &Input{
				Version: InputVersion,
				Call:    Call{Arguments: json.RawMessage(`{"to":"eve"}`), Effects: []string{"read"}, Domains: []string{"crm"}},
				Tool:    Tool{Annotations: json.RawMessage(`{"where":"arguments"}`)},
				Caller:  Caller{Scopes: []string{"*:*"}},
			})
			if err != nil || d.Verdict != Deny || !objects(d, "own") {
				t.Fatal(d, err)
			}
		})
	}
}

func TestReadsOfShippedRules(t *testing.T) {
	e := withRule(t, "package callgate.rules.own\n\nimport rego.v2\n\ndeny contains {\"reason\": \"own\"} if input.session.totals.calls > 3")
	for path, want := range map[string]bool{
		"call.effects": true, "caller.scopes": true, "findings": true, "result": true, "session.totals": true,
		"call.arguments": false, "session.id": false, "caller.claims": false, "now": false,
	} {
		r := e.reads
		for name := range strings.SplitSeq(path, ".") {
			r = r.member(name)
		}
		if got := r != nil; got != want {
			t.Errorf("%s: read %v, want %v", path, got, want)
		}
	}
}

// TestReadsOfElements holds rules that look at an element as a whole, and not
// only at its members, to seeing all of it.
func TestReadsOfElements(t *testing.T) {
	in := &Input{Version: InputVersion, Call: Call{Effects: []string{"read"}}, Targets: []Target{{Role: "host"}}, Findings: []Finding{{Detector: "text"}}}
	bodies := []string{
		`some x; x = input.findings[_]; x = input.targets[_]`,
		`some x in input.targets; x == {"pointer": ""}; x.pointer == ""`,
		`some x in input.targets; not x.role; x.pointer == ""`,
		`some x in input.targets; count(x) < 4; x.pointer == ""`,
		`some x in input.targets; _small(x); x.pointer == ""`,
		`some x in input.targets; not "host" in x; x.pointer == ""`,
		`some x in input.targets; k := "role"; not x[k]; x.pointer == ""`,
		`input.targets[_] == {"pointer": ""}`,
		`every x in input.targets { not x.role }`,
		`count([x | some x in input.targets; x.role]) == 0; input.targets[_].pointer == ""`,
	}
	for _, body := range bodies {
		e := loose(t, "package callgate.rules.own\n\nimport rego.v2\n\n_small(x) if count(x) < 4\n\ndeny contains {\"reason\": \"a\"} if {\n\t"+strings.ReplaceAll(body, "; ", "\n\t")+"\n}\n")
		if d, err := e.Decide(t.Context(), in); err != nil || objects(d, "own") {
			t.Errorf("%s: %v, %v", body, d, err)
		}
	}
}

// anyCall draws inputs that rules have something to say about.
func anyCall() *rapid.Generator[*Input] {
	return rapid.Custom(func(t *rapid.T) *Input {
		in := anyInput().Draw(t, "input")
		words := func(name string, words ...string) []string {
			return rapid.SliceOfN(rapid.SampledFrom(words), 0, 2).Draw(t, name)
		}
		in.Call.Effects = words("effects", "read", "send", "draft", "pay", "odd")
		in.Call.Domains = words("domains", "mail", "finance", "odd")
		in.Call.Tool = rapid.SampledFrom([]string{"x", "1", "read", ""}).Draw(t, "tool")
		in.Session.Calls = rapid.IntRange(0, 2).Draw(t, "calls")
		in.Call.Programs = words("programs", "sh", "odd")
		in.Tool.Drift = words("drift", "schema", "odd")
		in.Caller.Scopes = words("scopes", "*:*", "mail:*", "*:send", "mail:read", "mail:draft")
		for i := range in.Targets {
			in.Targets[i].Role = rapid.SampledFrom([]string{"host", "recipient", "odd"}).Draw(t, "role")
			in.Targets[i].Within = words("within", "odd", "example.com")
		}
		for i := range in.Findings {
			in.Findings[i].Detector = rapid.SampledFrom([]string{"exfil", "injection", "odd"}).Draw(t, "detector")
			in.Findings[i].Level = rapid.IntRange(0, 4).Draw(t, "level")
			in.Findings[i].Direction = rapid.SampledFrom([]string{"argument", "result", "odd"}).Draw(t, "direction")
		}
		return in
	})
}

// TestDecidesAlike holds a decision on what is read to one on everything.
func TestDecidesAlike(t *testing.T) {
	e := withRule(t, `package callgate.rules.own

import rego.v2

ask contains {"reason": "own"} if input.call.listing == input.tool.known

deny contains {"reason": "own"} if { input.origins[_].source != input.money.payee; input.session.calls > 0 }
`)
	full := *e
	full.reads = everything
	raws := []string{"", "null", "{}", `{"a":1e999999999}`, `{"a":[1,"b",{"c":null}]}`, "[1]", `{"a":`, `{"a":1,"a":2}`, "{} {}"}
	rapid.Check(t, func(t *rapid.T) {
		in := anyCall().Draw(t, "call")
		in.Call.Arguments = json.RawMessage(rapid.SampledFrom(raws).Draw(t, "raw"))
		got, err := e.Decide(t.Context(), in)
		want, wantErr := full.Decide(t.Context(), in)
		if !reflect.DeepEqual(got, want) || (err == nil) != (wantErr == nil) {
			t.Fatalf("%v %v, want %v %v", got, err, want, wantErr)
		}
	})
}
