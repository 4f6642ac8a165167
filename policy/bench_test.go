package policy_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"callgate/policy"
)

// typical is a call of about 2 KB as JSON: a letter as a draft to two people,
// with two findings that are below every level.
func typical() *policy.Input {
	in := read()
	in.Call.Server, in.Call.Tool = "mail", "save_draft"
	in.Call.Effects, in.Call.Domains = []string{"draft"}, []string{"mail"}
	in.Call.Arguments = json.RawMessage(`{"to":["a@example.com","b@example.com"],"subject":"Offer","body":"` + strings.Repeat("plain words ", 38) + `","flags":{"urgent":false,"id":9007199254740993}}`)
	in.Tool.DescriptionHash = strings.Repeat("0123456789abcdef", 4)
	in.Tool.Annotations = json.RawMessage(`{"readOnlyHint":false,"openWorldHint":true}`)
	in.Session = policy.Session{ID: "s1", Calls: 7, Labels: []string{"web"}, Recent: []string{"mail/list", "mail/read"}, Totals: map[string]int64{"calls": 7}}
	in.Targets = []policy.Target{
		{Role: "recipient", Pointer: "/to/0", Value: "a@example.com", Within: []string{"a@example.com", "example.com", "com"}},
		{Role: "recipient", Pointer: "/to/1", Value: "b@example.com", Within: []string{"b@example.com", "example.com", "com"}},
	}
	finding := policy.Finding{Detector: "exfil", Rule: "plain_url", Severity: "low", Level: 1, Direction: "argument", Pointer: "/body", Start: 3, End: 40, Fingerprint: strings.Repeat("ab", 16), Detail: "example.com"}
	in.Findings = []policy.Finding{finding, finding}
	in.Origins = []policy.Origin{{Pointer: "/to/0", Source: "user"}, {Pointer: "/to/1", Source: "result"}}
	return in
}

// sending is the same letter, sent.
func sending() *policy.Input {
	in := typical()
	in.Call.Tool, in.Call.Effects = "send_mail", []string{"send"}
	return in
}

// fetching reads a page of the same size.
func fetching() *policy.Input {
	in := typical()
	in.Call.Server, in.Call.Tool, in.Call.Effects, in.Call.Domains = "web", "fetch", []string{"read"}, []string{"web"}
	in.Targets = []policy.Target{{Role: "host", Pointer: "/url", Value: "https://www.example.com/", Within: []string{"www.example.com", "example.com", "com"}}}
	return in
}

// operators writes rules as operators do: about tools, hosts, recipients,
// findings, money and changed tools, each with a setting or a helper.
func operators(b *testing.B, n int) string {
	bodies := []string{
		`"nearest": "use the other server"} if {
	input.call.server == "server%d"
	input.call.tool in {"drop", "truncate"}
}`,
		`"nearest": "reach another host"} if {
	some target in input.targets
	target.role == "host"
	some name in target.within
	name == "host%d.test"
}`,
		`"nearest": "write to somebody else"} if {
	_sends
	some target in input.targets
	target.role == "recipient"
	"team%d.test" in target.within
}

_sends if {
	"send" in input.call.effects
	not input.result
}`,
		`"nearest": "leave it out"} if {
	some finding in input.findings
	finding.detector == "secrets"
	not finding.level < 2
	input.caller.name == "caller%d"
}`,
		`"nearest": "pay less"} if {
	"pay" in input.call.effects
	not input.money.amount < 100
	input.money.payee == "payee%d"
}`,
	}
	files := map[string]string{}
	for i := range n {
		name := fmt.Sprintf("own%d", i)
		body := fmt.Sprintf(bodies[i%len(bodies)], i)
		files[name+".rego"] = "package callgate.rules." + name + "\n\nimport rego.v2\n\ndeny contains {\"reason\": \"the operator says no\", " + body + "\n"
	}
	return folder(b, files)
}

// lists tunes rules with long lists, in which the last entry is the one that
// matters.
func lists(recipients, hosts int) map[string]any {
	texts := func(n int, format, last string) []any {
		var all []any
		for i := range n - 1 {
			all = append(all, fmt.Sprintf(format, i))
		}
		return append(all, last)
	}
	return map[string]any{"rules": map[string]any{
		"recipients": map[string]any{"allowed": texts(recipients, "team%d.test", "example.com")},
		"egress":     map[string]any{"banned": texts(hosts, "bad%d.test", "worse.test")},
	}}
}

// BenchmarkDecide is made by: go test ./policy -run '^$' -bench Decide -cpu 1
//
// The control is a policy of one rule that is always asked, with the same
// input. Unseen inputs are decided by Rego, seen ones from memory.
func BenchmarkDecide(b *testing.B) {
	control := policy.Options{Shipped: shippedWith(b, "main.rego", func(string) string {
		return "package callgate.main\n\ndecision := {\"verdict\": \"deny\", \"opinions\": {{\"verdict\": \"deny\", \"rule\": \"main\", \"said\": {\"reason\": concat(\" \", [\"not\", input.call.tool])}}}}\n"
	}), Settings: allOff(b)}
	twenty := []string{operators(b, 20)}
	cases := []struct {
		name  string
		o     policy.Options
		in    *policy.Input
		scope string
		seen  bool
		want  policy.Verdict
	}{
		{"control", control, typical(), "mail:draft", false, policy.Deny},
		{"draft/allowed", policy.Options{}, typical(), "mail:draft", false, policy.Allow},
		{"draft/allowed/20 rules more", policy.Options{Dirs: twenty}, typical(), "mail:draft", false, policy.Allow},
		{"draft/seen", policy.Options{}, typical(), "mail:draft", true, policy.Allow},
		{"fetch/allowed/3 hosts banned", policy.Options{Settings: lists(3, 3)}, fetching(), "web:read", false, policy.Allow},
		{"fetch/allowed/1000 hosts banned", policy.Options{Settings: lists(200, 1000)}, fetching(), "web:read", false, policy.Allow},
		{"send/refused", policy.Options{}, sending(), "mail:draft", false, policy.Deny},
		{"send/refused/20 rules more", policy.Options{Dirs: twenty}, sending(), "mail:draft", false, policy.Deny},
		{"send/allowed/3 recipients listed", policy.Options{Settings: lists(3, 3)}, sending(), "mail:send", false, policy.Allow},
		{"send/allowed/200 recipients listed", policy.Options{Settings: lists(200, 1000)}, sending(), "mail:send", false, policy.Allow},
		{"send/seen", policy.Options{}, sending(), "mail:draft", true, policy.Deny},
	}
	for _, c := range cases {
		e := load(b, c.o)
		text, err := c.in.JSON()
		if err != nil {
			b.Fatal(err)
		}
		if len(text) < 1900 || len(text) > 2300 {
			b.Fatalf("%s: the input has %d bytes", c.name, len(text))
		}
		b.Run(c.name, func(b *testing.B) {
			c.in.Caller.Scopes = []string{"crm:read", c.scope}
			tool := c.in.Call.Tool
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if !c.seen { // what rules read differs
					c.in.Caller.Scopes[0] = "crm:" + strconv.Itoa(n)
					c.in.Call.Tool = tool + strconv.Itoa(n)
				}
				d, err := e.Decide(b.Context(), c.in)
				if err != nil || d.Verdict != c.want {
					b.Fatal(d, err)
				}
			}
		})
	}
}

// allOff switches every shipped rule off.
func allOff(b *testing.B) map[string]any {
	off := map[string]any{}
	for _, r := range load(b, policy.Options{}).Rules() {
		off[r.Name] = map[string]any{"enabled": false}
	}
	return map[string]any{"rules": off}
}
