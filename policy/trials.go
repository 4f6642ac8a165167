package policy

import (
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // quiet_hours knows its zones on machines without the database
)

// bad is a call that a rule exists to stop.
type bad struct {
	rule string
	what string
	in   Input
}

// badCalls holds for each ban that is switched on the calls that it has to
// stop under the settings in force. The caller may do everything else, so that
// only the ban stands in the way.
func badCalls(rules []RuleInfo) []bad {
	var calls []bad
	for _, r := range rules {
		if r.Settings["enabled"] == false || !r.Shipped || trials[r.Name] == nil {
			continue
		}
		for _, t := range trials[r.Name](r.Settings) {
			in := Input{
				Version: InputVersion, Now: time.Unix(0, 0),
				Call:   Call{ID: "self-test", Surface: "mcp", Stage: "execute", Server: "self", Tool: "test", Effects: []string{"read"}, Domains: []string{"mail"}, EffectSource: "operator"},
				Tool:   Tool{Known: true, Pinned: true},
				Caller: Caller{Name: "self-test", Auth: "local", Scopes: []string{"*:*"}},
			}
			t.change(&in)
			calls = append(calls, bad{r.Name, t.what, in})
		}
	}
	return calls
}

// trial makes a blameless call bad.
type trial struct {
	what   string
	change func(*Input)
}

// tuned is the settings of a rule.
type tuned map[string]any

func (s tuned) list(key string) []string {
	items, _ := s[key].([]any)
	var texts []string
	for _, item := range items {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// stops reports whether a setting that says deny, ask or allow stops a call.
func (s tuned) stops(key string) bool { return s[key] != "allow" }

func does(effects ...string) func(*Input) {
	return func(in *Input) { in.Call.Effects = effects }
}

func reaches(role string, within ...string) func(*Input) {
	return func(in *Input) {
		in.Call.Effects = []string{"send"}
		in.Targets = []Target{{Role: role, Value: within[0], Within: within}}
	}
}

func finds(detector string) func(*Input) {
	return func(in *Input) {
		in.Call.Effects = []string{"send"}
		in.Findings = []Finding{{Detector: detector, Rule: "self_test", Severity: "critical", Level: 4, Direction: "argument"}}
	}
}

func always(what string, change func(*Input)) func(tuned) []trial {
	return func(tuned) []trial { return []trial{{what, change}} }
}

// trials are the known-bad calls of the shipped rules. Where a setting opens
// what a rule would stop, that is no trial.
var trials = map[string]func(tuned) []trial{
	"exfil_url":           always("an address that carries data away", finds("exfil")),
	"financial_write_ban": always("a payment", does("pay")),
	"injection":           always("an injected argument", finds("injection")),
	"least_privilege": always("a write without the scope", func(in *Input) {
		in.Call.Effects, in.Caller.Scopes = []string{"write"}, []string{"mail:read"}
	}),
	"schema": always("arguments that do not fit the schema", func(in *Input) {
		in.Tool.SchemaErrors = []SchemaError{{Fault: "required"}}
	}),
	"secrets":        always("a secret on its way out", finds("secrets")),
	"unknown_effect": always("an unknown effect", does("unknown")),

	"destructive":   destructiveTrials,
	"draft_vs_send": sendTrials,
	"egress":        egressTrials,
	"execute":       executeTrials,
	"quiet_hours":   quietTrials,
	"read_vs_write": readOnlyTrials,
	"recipients":    recipientTrials,
	"spend_limits":  spendTrials,
	"tool_drift":    driftTrials,
}

func destructiveTrials(s tuned) []trial {
	var all []trial
	if s.stops("bulk") {
		all = append(all, trial{"a deletion without a bound", func(in *Input) { in.Call.Effects, in.Call.Traits = []string{"delete"}, []string{"bulk"} }})
	}
	if s.stops("delete") {
		all = append(all, trial{"a deletion", does("delete")})
	}
	if s.stops("hinted") {
		all = append(all, trial{"a change by a destructive tool", func(in *Input) {
			in.Call.Effects, in.Tool.Annotations = []string{"write"}, []byte(`{"destructiveHint":true}`)
		}})
	}
	return all
}

func sendTrials(s tuned) []trial {
	all := []trial{{"a send without the scope", func(in *Input) {
		in.Call.Effects, in.Caller.Scopes, in.Tool.DraftTwin = []string{"send"}, []string{"mail:read"}, "save_draft"
	}}}
	if s.stops("external") {
		all = append(all, trial{"a send", does("send")})
	}
	return all
}

func egressTrials(s tuned) []trial {
	all := []trial{{"a request for the machine's own credentials", reaches("host", "169.254.169.254", "169.254.0.0/16", "0.0.0.0/0")}}
	if s["private"] != true {
		all = append(all, trial{"a request to the own machine", reaches("host", "127.0.0.1", "127.0.0.0/8", "0.0.0.0/0")})
	}
	if banned := s.list("banned"); len(banned) > 0 {
		all = append(all, trial{"a request to a banned host", reaches("host", banned[0])})
	}
	if allowed := s.list("allowed"); len(allowed) > 0 && !slices.Contains(allowed, stranger) {
		all = append(all, trial{"a request to a host that is not allowed", reaches("host", stranger)})
	}
	return all
}

// stranger is a host that nobody can have: RFC 6761.
const stranger = "self-test.invalid"

func executeTrials(s tuned) []trial {
	var all []trial
	runs := func(what, trait string) {
		all = append(all, trial{what, func(in *Input) {
			in.Call.Effects, in.Call.Programs = []string{"execute"}, s.list("programs")
			if trait != "" {
				in.Call.Traits = []string{trait}
			}
		}})
	}
	if s.stops("privileged") {
		runs("a program with other rights", "privileged")
	}
	if s.stops("opaque") {
		runs("a program that nobody understands", "opaque")
	}
	if s.stops("other") {
		runs("a program", "")
	}
	if listed := s.list("programs"); len(listed) > 0 && !slices.Contains(listed, stranger) {
		all = append(all, trial{"a program that is not listed", func(in *Input) {
			in.Call.Effects, in.Call.Programs = []string{"execute"}, []string{listed[0], stranger}
		}})
	}
	return all
}

func readOnlyTrials(s tuned) []trial {
	var all []trial
	for _, ban := range []struct {
		key   string
		place func(in *Input, name string)
	}{
		{"read_only_callers", func(in *Input, name string) { in.Caller.Name = name }},
		{"read_only_servers", func(in *Input, name string) { in.Call.Server = name }},
		{"read_only_domains", func(in *Input, name string) { in.Call.Domains = []string{name} }},
		{"ask_domains", func(in *Input, name string) { in.Call.Domains = []string{name} }},
	} {
		if names := s.list(ban.key); len(names) > 0 {
			all = append(all, trial{"a write against " + ban.key, func(in *Input) {
				in.Call.Effects = []string{"write"}
				ban.place(in, names[0])
			}})
		}
	}
	return all
}

func recipientTrials(s tuned) []trial {
	var all []trial
	allowed := s.list("allowed")
	if banned := s.list("banned"); len(banned) > 0 {
		all = append(all, trial{"a message to a banned recipient", reaches("recipient", banned[0])})
	}
	if len(allowed) > 0 && s.stops("others") && !slices.Contains(allowed, stranger) {
		all = append(all, trial{"a message to a stranger", reaches("recipient", stranger)})
	}
	if len(allowed) == 0 && s.stops("without_list") {
		all = append(all, trial{"a message", reaches("recipient", stranger)})
	}
	return all
}

func spendTrials(s tuned) []trial {
	all := []trial{{"a payment of an unknown amount", does("pay")}}
	if s.stops("first_payee") {
		all = append(all, trial{"a payment to a new payee", func(in *Input) {
			in.Call.Effects, in.Money = []string{"pay"}, &Money{Known: true, Amount: "1", Currency: "XTS", Payee: stranger, First: true}
		}})
	}
	return all
}

func driftTrials(s tuned) []trial {
	var all []trial
	for _, part := range append([]string{"self-test"}, append(s.list("deny"), s.list("ask")...)...) {
		all = append(all, trial{"a tool whose " + part + " changed", func(in *Input) { in.Tool.Drift = []string{part} }})
	}
	return all
}

// quietTrials tries the first minute of a quiet time. January has no change to
// or from summer time.
func quietTrials(s tuned) []trial {
	days, effects := s.list("days"), s.list("effects")
	if len(days) == 0 || len(effects) == 0 {
		return nil
	}
	zone, _ := s["zone"].(string)
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC // the rule fails in this zone, and the trial says so
	}
	written, _ := s["from"].(string)
	from, _ := time.Parse("15:04", written)
	now := time.Date(2026, time.January, 5, from.Hour(), from.Minute(), 0, 0, place)
	for range 6 {
		if strings.EqualFold(now.Weekday().String(), days[0]) {
			break
		}
		now = now.AddDate(0, 0, 1)
	}
	return []trial{{"a change in quiet hours", func(in *Input) { in.Now, in.Call.Effects = now, effects[:1] }}}
}
