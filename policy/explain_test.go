package policy_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"callgate/policy"
)

func mail(change func(*policy.Input)) *policy.Input {
	return changed(func(in *policy.Input) {
		in.Call.Server, in.Call.Tool, in.Call.Effects, in.Call.Domains = "mail", "send_mail", []string{"send"}, []string{"mail"}
		in.Caller.Scopes = []string{"mail:send"}
		in.Targets = []policy.Target{{Role: "recipient", Pointer: "/to", Value: "eve@example.org", Within: []string{"eve@example.org", "example.org"}}}
		change(in)
	})
}

func rules(name, setting string, value any) map[string]any {
	return map[string]any{"rules": map[string]any{name: map[string]any{setting: value}}}
}

// TestExplainChanges holds for each kind of objection the changes that lift it.
func TestExplainChanges(t *testing.T) {
	cases := []struct {
		name     string
		settings map[string]any
		in       *policy.Input
		verdict  string
		want     policy.Change
	}{
		{"a missing scope", nil, changed(func(in *policy.Input) { in.Call.Effects = []string{"write"} }), "deny",
			policy.Change{Kind: "scope", Do: "give the caller the scope crm:write", Lifts: []string{"least_privilege"}, Verdict: "allow"}},
		{"two missing scopes", nil, changed(func(in *policy.Input) { in.Call.Effects = []string{"write", "admin"} }), "deny",
			policy.Change{Kind: "scope", Do: "give the caller the scopes crm:write, crm:admin", Lifts: []string{"least_privilege"}, Verdict: "allow"}},
		{"a finding", nil, changed(found("exfil", "argument", 3)), "deny",
			policy.Change{Kind: "fact", Do: "make it without what the detector exfil found", Lifts: []string{"exfil_url"}, Verdict: "allow"}},
		{"a level", nil, changed(found("exfil", "argument", 3)), "deny",
			policy.Change{Kind: "setting", Do: `set rules.exfil_url.deny to "critical"`, Lifts: []string{"exfil_url"}, Verdict: "allow"}},
		{"a rule", nil, changed(found("exfil", "argument", 4)), "deny",
			policy.Change{Kind: "switch", Do: "switch the rule exfil_url off", Lifts: []string{"exfil_url"}, Verdict: "allow"}},
		{"faults of arguments", nil, changed(func(in *policy.Input) { in.Tool.SchemaErrors = []policy.SchemaError{{Fault: "type"}} }), "deny",
			policy.Change{Kind: "fact", Do: "make it with arguments that fit the tool's schema", Lifts: []string{"schema"}, Verdict: "allow"}},
		{"a changed tool", nil, changed(func(in *policy.Input) { in.Tool.Drift = []string{"schema"} }), "ask",
			policy.Change{Kind: "approval", Do: "a person approves the call", Lifts: []string{}, Verdict: "allow"}},
		{"a changed tool, accepted", nil, changed(func(in *policy.Input) { in.Tool.Drift = []string{"schema"} }), "ask",
			policy.Change{Kind: "fact", Do: "accept the tool's changed definition", Lifts: []string{"tool_drift"}, Verdict: "allow"}},
		{"a list that bans", rules("recipients", "banned", []any{"example.org"}), mail(func(*policy.Input) {}), "deny",
			policy.Change{Kind: "setting", Do: `take "example.org" out of rules.recipients.banned`, Lifts: []string{"recipients"}, Verdict: "allow"}},
		{"a list that allows", rules("recipients", "allowed", []any{"example.com"}), mail(func(*policy.Input) {}), "deny",
			policy.Change{Kind: "setting", Do: `add "example.org" to rules.recipients.allowed`, Lifts: []string{"recipients"}, Verdict: "allow"}},
		{"a recipient", rules("recipients", "banned", []any{"example.org"}), mail(func(*policy.Input) {}), "deny",
			policy.Change{Kind: "fact", Do: "make it without the recipient eve@example.org", Lifts: []string{"recipients"}, Verdict: "allow"}},
		{"two objections", rules("recipients", "banned", []any{"example.org"}), mail(func(in *policy.Input) { in.Caller.Scopes = nil; found("exfil", "argument", 4)(in) }), "deny",
			policy.Change{Kind: "together", Do: "give the caller the scope mail:send; and make it without what the detector exfil found; and make it without the recipient eve@example.org", Lifts: []string{"exfil_url", "least_privilege", "recipients"}, Verdict: "allow"}},
		{"half of two objections", rules("recipients", "banned", []any{"example.org"}), mail(func(in *policy.Input) { in.Caller.Scopes = nil }), "deny",
			policy.Change{Kind: "scope", Do: "give the caller the scope mail:send", Lifts: []string{"least_privilege"}, Verdict: "deny"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := load(t, policy.Options{Settings: c.settings})
			before, err := c.in.JSON()
			if err != nil {
				t.Fatal(err)
			}
			x, err := e.Explain(t.Context(), c.in)
			if err != nil {
				t.Fatal(err)
			}
			if x.Verdict != c.verdict || !slices.ContainsFunc(x.Changes, func(got policy.Change) bool { return reflect.DeepEqual(got, c.want) }) {
				t.Errorf("%s, changes %+v; want %s and among them %+v", x.Verdict, x.Changes, c.verdict, c.want)
			}
			if after, err := c.in.JSON(); err != nil || string(after) != string(before) {
				t.Errorf("the input was changed to %s", after)
			}
			d, err := e.Decide(t.Context(), c.in)
			if err != nil || !reflect.DeepEqual(d, x.Decision) {
				t.Errorf("decided %+v (%v), explained %+v", d, err, x.Decision)
			}
		})
	}
}

// TestExplainChangesOfSettings: what is said of a setting is what a policy that
// is loaded with it says.
func TestExplainChangesOfSettings(t *testing.T) {
	in := changed(found("injection", "result", 2))
	e := load(t, policy.Options{Profile: "strict"})
	x, err := e.Explain(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, c := range x.Changes {
		var word string
		for _, setting := range []string{"withhold", "redact"} {
			if rest, ok := strings.CutPrefix(c.Do, "set rules.injection."+setting+" to "); ok {
				word = strings.Trim(rest, `"`)
				with := load(t, policy.Options{Profile: "strict", Settings: rules("injection", setting, word)})
				if d, err := with.Decide(t.Context(), in); err != nil || d.Verdict.String() != c.Verdict {
					t.Errorf("%s: %v (%v), want %s", c.Do, d.Verdict, err, c.Verdict)
				}
				tried++
			}
		}
	}
	if tried < 2 {
		t.Errorf("%d changes of settings among %+v", tried, x.Changes)
	}
}

func TestExplainLines(t *testing.T) {
	e := load(t, policy.Options{})
	x, err := e.Explain(t.Context(), changed(func(in *policy.Input) {
		in.Findings = []policy.Finding{{Detector: "text"}, {Detector: "exfil", Direction: "argument", Level: 4}}
	}))
	if err != nil {
		t.Fatal(err)
	}
	wants := map[string]string{ // by the text of the line
		"some finding in input.findings":                                          "input.findings[1]",
		`finding.detector == "exfil"`:                                             `input.findings[1].detector "exfil"`,
		"not finding.level < _levels[data.settings.rules.exfil_url.deny]":         `data.settings.rules.exfil_url.deny "high"`,
		"not input.result":                                                        "input.result ",
		`_levels := {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}`: "",
	}
	if x.Because[0].Rule != "exfil_url" || x.Because[0].Verdict != "deny" {
		t.Fatalf("%+v", x.Because)
	}
	for _, l := range x.Because[0].Lines {
		want, ok := wants[l.Text]
		if !ok {
			continue
		}
		delete(wants, l.Text)
		reads := func(r policy.Read) bool { return strings.HasPrefix(r.Path+" "+string(r.Value), want) }
		if l.File != "rules/exfil_url/exfil_url.rego" || l.Line < 26 || want != "" && !slices.ContainsFunc(l.Reads, reads) {
			t.Errorf("%+v, want %q", l, want)
		}
	}
	if len(wants) > 0 {
		t.Errorf("no line %q among %+v", wants, x.Because[0].Lines)
	}
	for _, b := range x.Because {
		if b.Rule == "least_privilege" && (b.Verdict != "allow" || !reflect.DeepEqual(b.Effects, []string{"read"}) || len(b.Lines) == 0) {
			t.Errorf("%+v", b)
		}
	}
}

// TestExplainFails: what cannot be decided cannot be explained.
func TestExplainFails(t *testing.T) {
	dir := folder(t, map[string]string{"own.rego": "package callgate.rules.own\n\ndeny contains {\"reason\": \"x\"} if 1 / (input.session.calls - 666) == 1\n"})
	e := load(t, policy.Options{Dirs: []string{dir}})
	_, err := e.Explain(t.Context(), changed(func(in *policy.Input) { in.Session.Calls = 666 }))
	wantError(t, policy.Decision{}, err, policy.Evaluation, "divide by zero")
}
