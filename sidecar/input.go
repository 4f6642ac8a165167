package sidecar

import (
	"encoding/json"
	"slices"

	"callgate/detectors"
	"callgate/policy"
	"callgate/toolproxy"
)

// bareInput translates a call to what policy reads, before any fact is known.
// Together with describe and appendFindings it is the only place that knows
// both forms.
func bareInput(t *transit, c *toolproxy.Call) *policy.Input {
	return &policy.Input{
		Version: policy.InputVersion,
		Now:     t.began.UTC(),
		Call: policy.Call{
			ID: t.call.ID, Surface: string(c.Surface), Stage: string(c.Stage),
			Server: c.Server, Tool: c.Tool, Arguments: noObject,
			Effects: []string{"unknown"}, Domains: []string{"other"}, EffectSource: "none",
			Tools: []string{c.Tool}, Traits: []string{}, Programs: []string{},
			Approved: t.approved, Listing: t.listing,
		},
		Tool: policy.Tool{Annotations: noObject, Drift: []string{}, SchemaErrors: []policy.SchemaError{}, Results: []string{}},
		Caller: policy.Caller{
			Name: c.Caller.Name, Auth: c.Caller.Auth,
			Roles: list(c.Caller.Roles), Scopes: list(c.Caller.Scopes), Claims: objectOr(c.Caller.Claims),
		},
		Session: policy.Session{
			ID: t.session, Calls: t.seen.Calls, Labels: list(t.seen.Labels), Recent: list(t.seen.Recent), Totals: totals(t.seen.Totals),
		},
		Targets:  []policy.Target{},
		Findings: []policy.Finding{},
		Origins:  []policy.Origin{},
	}
}

// describe adds what is known of the tool, and of this call of it. What is
// meant is shared by later steps, so nothing of it is handed out to be marked.
func describe(in *policy.Input, m *meant) {
	in.Call.Server, in.Call.Tool, in.Call.Via = m.call.Server, m.call.Tool, m.via
	in.Call.Tools = slices.Clone(m.tools)
	in.Call.Effects, in.Call.Domains = m.facts.Effects, m.facts.Domains
	in.Call.EffectSource, in.Call.Evidence = m.facts.Source, m.facts.Evidence
	in.Call.Traits, in.Call.Programs = list(m.facts.Traits), list(slices.Clone(m.facts.Programs))
	in.Tool.Known, in.Tool.DescriptionHash = m.tool.known, m.tool.hash
	in.Tool.Annotations, in.Tool.DraftTwin = m.annotations(), m.tool.effects.DraftTwin
	in.Tool.Results = list(m.results())
	for _, x := range m.facts.Targets {
		in.Targets = append(in.Targets, policy.Target{Role: x.Role, Pointer: x.Pointer, Value: x.Value, Within: list(slices.Clone(x.Within))})
	}
}

// appendFindings translates what detectors saw.
func appendFindings(to []policy.Finding, way detectors.Direction, found []detectors.Finding) []policy.Finding {
	for _, x := range found {
		to = append(to, policy.Finding{
			Detector: x.Detector, Rule: x.Rule, Severity: x.Severity.String(), Level: int(x.Severity),
			Direction: string(way), Pointer: x.Pointer, Start: x.Start, End: x.End,
			Fingerprint: x.Fingerprint, Detail: x.Detail,
		})
	}
	return to
}

// resultInput is the input of a call's own judgement with its result in place
// of its arguments' findings.
func resultInput(in *policy.Input, result *toolproxy.Result, told []policy.Finding) *policy.Input {
	judged := *in
	judged.Findings = told
	judged.Result = &policy.Result{IsError: result.IsError, Bytes: len(result.Body)}
	return &judged
}

// list gives the empty list for none, because policy tells absent from empty.
func list(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

func totals(values map[string]int64) map[string]int64 {
	if values == nil {
		return map[string]int64{}
	}
	return values
}

// jsonOf encodes what cannot fail to encode.
func jsonOf(value any) json.RawMessage {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return raw
}
