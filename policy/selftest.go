package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// bad is a call that a rule exists to stop.
type bad struct {
	rule string
	what string
	in   Input
}

// badCalls holds one call for each ban. The caller may do everything else, so
// that only the ban stands in the way.
func badCalls() []bad {
	call := func(change func(*Input)) Input {
		in := Input{
			Version: InputVersion, Now: time.Unix(0, 0),
			Call:   Call{ID: "self-test", Surface: "mcp", Stage: "execute", Server: "self", Tool: "test", Effects: []string{"read"}, Domains: []string{"mail"}, EffectSource: "operator"},
			Tool:   Tool{Known: true, Pinned: true},
			Caller: Caller{Name: "self-test", Auth: "local", Scopes: []string{"*:*"}},
		}
		change(&in)
		return in
	}
	found := func(detector string) func(*Input) {
		return func(in *Input) {
			in.Findings = []Finding{{Detector: detector, Rule: "self_test", Severity: "critical", Level: 4, Direction: "argument"}}
		}
	}
	return []bad{
		{"financial_write_ban", "a payment", call(func(in *Input) { in.Call.Effects, in.Call.Domains = []string{"pay"}, []string{"finance"} })},
		{"unknown_effect", "an unknown effect", call(func(in *Input) { in.Call.Effects = []string{"unknown"} })},
		{"read_vs_write", "a write without the scope", call(func(in *Input) { in.Call.Effects, in.Caller.Scopes = []string{"write"}, []string{"mail:read"} })},
		{"draft_vs_send", "a send without the scope", call(func(in *Input) { in.Call.Effects, in.Caller.Scopes = []string{"send"}, []string{"mail:read"} })},
		{"exfil_url", "an address that carries data away", call(found("exfil"))},
		{"injection", "an injected argument", call(found("injection"))},
		{"schema", "arguments that do not fit the schema", call(func(in *Input) { in.Tool.SchemaErrors = []SchemaError{{Fault: "required"}} })},
	}
}

// objects reports whether a rule spoke, and not for the call.
func objects(d Decision, rule string) bool {
	return slices.ContainsFunc(d.Opinions, func(o Opinion) bool { return o.Rule == rule && o.Verdict != Allow })
}

// patience is how many times longer than a decision a trial may take: the
// machine may be busy while a policy is loaded.
const patience = 20

// selfTest tries the known-bad calls of every rule that is switched on. None
// may be allowed, and the rule itself must stand in the way. A trial that takes
// too long ends the test, since the others would too.
func (e *Engine) selfTest(ctx context.Context) Faults {
	trial := *e
	trial.timeout *= patience
	on := map[string]bool{}
	for _, r := range e.rules {
		on[r.Name] = r.Settings["enabled"] == true
	}
	var faults Faults
	for _, b := range badCalls() {
		if !on[b.rule] {
			continue
		}
		d, err := trial.Decide(ctx, &b.in)
		switch {
		case err != nil:
			faults = append(faults, Fault{File: "policy", Code: "self_test", Message: fmt.Sprintf("%s gets no decision: %v", b.what, err)})
			if failed, ok := errors.AsType[*Error](err); ok && failed.Kind == Timeout {
				return faults
			}
		case d.Verdict == Allow || !objects(d, b.rule):
			faults = append(faults, Fault{File: "policy", Code: "self_test", Message: fmt.Sprintf("the rule %s lets %s pass", b.rule, b.what)})
		}
	}
	return faults
}
