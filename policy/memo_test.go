package policy_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"callgate/policy"
)

// fickle reads what differs from call to call, so an engine that has it decides
// every input anew.
const fickle = `package callgate.rules.fickle

deny contains {"reason": "never"} if input.now == "never"
`

// TestMemoDecidesAlike: an engine that remembers gives each input, again and
// again, the decision of one that does not.
func TestMemoDecidesAlike(t *testing.T) {
	settings := map[string]any{"rules": map[string]any{"injection": map[string]any{"redact": "medium"}}}
	remembers := load(t, policy.Options{Settings: settings})
	forgets := load(t, policy.Options{Settings: settings, Dirs: []string{folder(t, map[string]string{"fickle.rego": fickle})}})
	var inputs []*policy.Input
	for _, effect := range policyEffects {
		for _, scope := range []string{"*:*", "mail:*", "crm:read", "*:draft"} {
			inputs = append(inputs, changed(func(in *policy.Input) {
				in.Call.Effects, in.Caller.Scopes = []string{effect}, []string{scope}
			}))
		}
	}
	for level := range 5 {
		for _, detector := range []string{"injection", "exfil", "text"} {
			inputs = append(inputs, changed(found(detector, "argument", level)), changed(found(detector, "result", level)))
		}
	}
	seen := map[policy.Verdict]int{}
	for round := range 3 {
		for _, in := range inputs {
			got, err := remembers.Decide(t.Context(), in)
			want, wrong := forgets.Decide(t.Context(), in)
			if err != nil || wrong != nil || got.Verdict != want.Verdict || !reflect.DeepEqual(got.Opinions, want.Opinions) {
				t.Fatalf("round %d: %v %v, want %v %v (%v, %v)", round, got.Verdict, got.Opinions, want.Verdict, want.Opinions, err, wrong)
			}
			seen[got.Verdict]++
		}
	}
	if len(inputs) < 60 || seen[policy.Allow] == 0 || seen[policy.Deny] == 0 || seen[policy.Transform] == 0 {
		t.Errorf("%d inputs gave %v", len(inputs), seen)
	}
}

var policyEffects = []string{"read", "draft", "write", "delete", "send", "execute", "pay", "admin", "unknown"}

// TestMemoSeesWhatRulesSee: a rule about what differs from call to call speaks
// on the call that it is about.
func TestMemoSeesWhatRulesSee(t *testing.T) {
	cases := []struct {
		name, condition string
		change          func(in *policy.Input)
	}{
		{"arguments", `input.call.arguments.n == 2`, func(in *policy.Input) { in.Call.Arguments = json.RawMessage(`{"n":2}`) }},
		{"all of the call", `count([1 | some x in input.call; x == {"n": 2}]) == 1`, func(in *policy.Input) { in.Call.Arguments = json.RawMessage(`{"n":2}`) }},
		{"session", `input.session.calls > 5`, func(in *policy.Input) { in.Session.Calls = 6 }},
		{"time", `startswith(input.now, "2031")`, func(in *policy.Input) { in.Now = in.Now.AddDate(2031-in.Now.Year(), 0, 0) }},
		{"server", `input.call.server == "other"`, func(in *policy.Input) { in.Call.Server = "other" }},
		{"caller", `input.caller.name == "other"`, func(in *policy.Input) { in.Caller.Name = "other" }},
		{"hash", `input.tool.description_hash == "other"`, func(in *policy.Input) { in.Tool.DescriptionHash = "other" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rule := "package callgate.rules.mine\n\ndeny contains {\"reason\": \"that one\"} if " + c.condition + "\n"
			e := load(t, policy.Options{Dirs: []string{folder(t, map[string]string{"mine.rego": rule})}})
			for range 2 {
				if d, err := e.Decide(t.Context(), read()); err != nil || d.Verdict != policy.Allow {
					t.Fatalf("%v, %v", d, err)
				}
				if d, err := e.Decide(t.Context(), changed(c.change)); err != nil || d.Verdict != policy.Deny {
					t.Fatalf("the rule was not asked: %v, %v", d, err)
				}
			}
		})
	}
}
