package policy_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"callgate/policy"
)

// typical is a call of about 2 KB as JSON: a letter as a draft, with two findings
// that are below every level.
func typical() *policy.Input {
	in := read()
	in.Call.Server, in.Call.Tool = "mail", "save_draft"
	in.Call.Effects, in.Call.Domains = []string{"draft"}, []string{"mail"}
	in.Call.Arguments = json.RawMessage(`{"to":["a@example.com","b@example.com"],"subject":"Offer","body":"` + strings.Repeat("plain words ", 60) + `","flags":{"urgent":false,"id":9007199254740993}}`)
	in.Tool.DescriptionHash = strings.Repeat("0123456789abcdef", 4)
	in.Tool.Annotations = json.RawMessage(`{"readOnlyHint":false,"openWorldHint":true}`)
	in.Session = policy.Session{ID: "s1", Calls: 7, Labels: []string{"web"}, Recent: []string{"mail/list", "mail/read"}, Totals: map[string]int64{"calls": 7}}
	finding := policy.Finding{Detector: "exfil", Rule: "plain_url", Severity: "low", Level: 1, Direction: "argument", Pointer: "/body", Start: 3, End: 40, Fingerprint: strings.Repeat("ab", 16), Detail: "example.com"}
	in.Findings = []policy.Finding{finding, finding}
	in.Origins = []policy.Origin{{Pointer: "/to/0", Source: "user"}, {Pointer: "/to/1", Source: "result"}}
	return in
}

// BenchmarkDecide is made by: go test ./policy -run '^$' -bench Decide
//
// Unseen inputs are decided by Rego, seen ones from memory.
func BenchmarkDecide(b *testing.B) {
	cases := []struct {
		name   string
		effect string
		unseen bool
		want   policy.Verdict
	}{
		{"allow/unseen", "draft", true, policy.Allow},
		{"allow/seen", "draft", false, policy.Allow},
		{"deny/unseen", "send", true, policy.Deny},
		{"deny/seen", "send", false, policy.Deny},
	}
	e := load(b, policy.Options{})
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			in := typical()
			in.Call.Effects = []string{c.effect}
			text, err := in.JSON()
			if err != nil {
				b.Fatal(err)
			}
			if len(text) < 1900 || len(text) > 2300 {
				b.Fatalf("the input has %d bytes", len(text))
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if c.unseen {
					in.Call.Tool = "save_draft_" + strconv.Itoa(n)
				}
				d, err := e.Decide(b.Context(), in)
				if err != nil || d.Verdict != c.want {
					b.Fatal(d, err)
				}
			}
		})
	}
}
