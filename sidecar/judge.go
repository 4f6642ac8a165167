package sidecar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"callgate/detectors"
	"callgate/policy"
	"callgate/toolproxy"
)

// The steps of the pipeline, as refusals and records name them.
const (
	stageSchema    = "schema"
	stageEffects   = "effects"
	stageSecrets   = "secrets"
	stageDetectors = "detectors"
	stagePins      = "pins"
	stageSpend     = "spend"
	stagePolicy    = "policy"
	stageApproval  = "approval"
	stageRewrite   = "rewrite"
	stageAudit     = "audit"
	stageForward   = "forward"
	stageScreen    = "screen"
)

// judge decides what is to become of a call. Afterwards t.refusal says why it
// may not go, or t.sent is what may go. A step that fails is a refusal.
func (f *Firewall) judge(ctx context.Context, engine *policy.Engine, t *transit) {
	if t.call.Fault != nil {
		t.input = f.named(bareInput(t, t.call))
		t.refusal = t.call.Fault.Worded()
		t.decision = policy.Decision{Revision: engine.Revision()}
		return
	}
	var err error
	for range maxLooks {
		err = f.attempt(ctx, engine, t)
		if !errors.Is(err, errSpentMeanwhile) {
			break
		}
	}
	if errors.Is(err, errSpentMeanwhile) {
		err = toolproxy.Refuse(toolproxy.CodeOverload, stageSpend, err)
	}
	t.refusal = f.refusalOf(t, err)
}

// attempt judges a call from the start, and asks a person where policy says so.
func (f *Firewall) attempt(ctx context.Context, engine *policy.Engine, t *transit) error {
	t.sent, t.rewritten, t.approved, t.asks = t.call, nil, false, nil
	err := f.settle(ctx, engine, t)
	if err != nil || !t.final || engine.Observe() || t.decision.Verdict != policy.Ask {
		return err
	}
	return guarded(toolproxy.CodeInternal, stageApproval, func() error { return f.approve(ctx, engine, t) })
}

// settle judges a call, and its rewritten form where policy wants it changed,
// and counts what it would pay.
func (f *Firewall) settle(ctx context.Context, engine *policy.Engine, t *transit) (err error) {
	t.input, t.decision, err = f.consider(ctx, engine, t, t.call)
	asItCame := t.payment
	if err == nil && t.decision.Verdict == policy.Transform {
		err = f.transform(ctx, engine, t)
	}
	if engine.Observe() {
		t.payment = asItCame
	}
	if err != nil || !t.final || !t.goes() && !engine.Observe() {
		return err
	}
	return guarded(toolproxy.CodeInternal, stageSpend, func() error { return f.reserve(ctx, t) })
}

// goes reports whether policy lets the call go, as it came or rewritten.
func (t *transit) goes() bool {
	return t.decision.Verdict == policy.Allow || t.decision.Verdict == policy.Transform && t.rewritten != nil
}

// consider judges one form of a call: facts first, then policy.
func (f *Firewall) consider(ctx context.Context, engine *policy.Engine, t *transit, c *toolproxy.Call) (*policy.Input, policy.Decision, error) {
	denied := policy.Decision{Revision: engine.Revision()}
	input, err := f.inputOf(ctx, t, c)
	if err != nil {
		return input, denied, err
	}
	var decision policy.Decision
	err = guarded(toolproxy.CodePolicyError, stagePolicy, func() (err error) {
		decision, err = engine.Decide(ctx, input)
		return err
	})
	if err != nil {
		return input, denied, policyFault(err)
	}
	for _, o := range decision.Opinions {
		if o.Verdict == policy.Ask {
			t.asks = append(t.asks, o)
		}
	}
	return input, decision, nil
}

// policyFault tells a policy that took too long from one that failed.
func policyFault(err error) error {
	code := toolproxy.CodePolicyError
	var fault *policy.Error
	if errors.As(err, &fault) && fault.Kind == policy.Timeout {
		code = toolproxy.CodePolicyTimeout
	}
	return toolproxy.Refuse(code, stagePolicy, err)
}

// inputOf derives the facts of a call, each step guarded and named.
func (f *Firewall) inputOf(ctx context.Context, t *transit, c *toolproxy.Call) (*policy.Input, error) {
	in := f.named(bareInput(t, c))
	err := guarded(toolproxy.CodeInternal, stageEffects, func() error {
		t.meant = f.meaning(t, c)
		describe(in, t.meant)
		f.named(in)
		return nil
	})
	if err != nil {
		return in, err
	}
	m := t.meant
	steps := []struct {
		code  toolproxy.Code
		stage string
		do    func() error
	}{
		{toolproxy.CodeRecordUnavailable, stagePins, func() error {
			in.Tool.Pinned = true
			for _, p := range m.parts {
				state, err := f.pinned(ctx, p.call, p.tool)
				if err != nil {
					return err
				}
				in.Tool.Pinned, in.Tool.Drift = in.Tool.Pinned && state.Pinned, union(in.Tool.Drift, state.Drift)
			}
			return nil
		}},
		{toolproxy.CodeInternal, stageSchema, func() error {
			if !t.listing {
				in.Tool.SchemaErrors = m.schemaErrors()
			}
			return nil
		}},
		{toolproxy.CodeInternal, stageSpend, func() error { return f.moneyOf(ctx, t, in, m.facts.Money) }},
	}
	for _, step := range steps {
		if err := guarded(step.code, step.stage, step.do); err != nil {
			return in, err
		}
	}
	return in, f.scanArguments(in, c, m)
}

// schemaErrors holds the arguments of every call that runs to its tool's own
// schema.
func (m *meant) schemaErrors() []policy.SchemaError {
	found := []policy.SchemaError{}
	for _, p := range m.parts {
		if p.bare {
			continue
		}
		for _, fault := range p.tool.faults(argumentsOf(p.call)) {
			fault.Pointer = p.at + fault.Pointer
			found = append(found, fault)
		}
	}
	return found
}

// scanArguments puts marks in place of secrets and adds what the detectors
// see. Detectors read the true arguments, policy and record the marked ones.
func (f *Firewall) scanArguments(in *policy.Input, c *toolproxy.Call, m *meant) error {
	err := guarded(toolproxy.CodeInternal, stageSecrets, func() error {
		marked, found, _, err := f.Secrets.Redact(argumentsOf(m.call))
		in.Call.Arguments = marked
		if m.via != "" && err == nil {
			_, found, _, err = f.Secrets.Redact(argumentsOf(c))
		}
		in.Findings = appendFindings(in.Findings, detectors.Argument, m.placed(found))
		return err
	})
	if err != nil {
		in.Call.Arguments = json.RawMessage(`{}`)
		in.Findings, in.Targets, in.Tool.SchemaErrors = []policy.Finding{}, []policy.Target{}, []policy.SchemaError{}
		return err
	}
	err = guarded(toolproxy.CodeDetectorError, stageDetectors, func() error {
		found, err := f.Scanner.ScanJSON(argumentsOf(c), f.setting(detectors.Argument, c))
		in.Findings = appendFindings(in.Findings, detectors.Argument, m.placed(found))
		if m.quoted && err == nil {
			found, err = f.Scanner.ScanJSON(argumentsOf(m.call), f.setting(detectors.Argument, m.call))
			in.Findings = appendFindings(in.Findings, detectors.Argument, found)
		}
		return err
	})
	f.markPlaces(in.Findings)
	for i := range in.Tool.SchemaErrors {
		in.Tool.SchemaErrors[i].Pointer, _ = f.Secrets.RedactText(in.Tool.SchemaErrors[i].Pointer)
	}
	f.markTargets(in)
	return err
}

// markTargets puts marks in place of secrets in what a call reaches.
func (f *Firewall) markTargets(in *policy.Input) {
	for i := range in.Targets {
		target := &in.Targets[i]
		target.Pointer, _ = f.Secrets.RedactText(target.Pointer)
		target.Value, _ = f.Secrets.RedactText(target.Value)
		for n, container := range target.Within {
			target.Within[n], _ = f.Secrets.RedactText(container)
		}
	}
}

// named puts marks in place of secrets in what the caller names: policy and
// record read these as they read the arguments.
func (f *Firewall) named(in *policy.Input) *policy.Input {
	for _, name := range []*string{&in.Call.Server, &in.Call.Tool, &in.Call.Via, &in.Session.ID} {
		*name, _ = f.Secrets.RedactText(*name)
	}
	for _, names := range [][]string{in.Call.Tools, in.Call.Programs} {
		for i := range names {
			names[i], _ = f.Secrets.RedactText(names[i])
		}
	}
	return in
}

// markPlaces puts marks in place of secrets in the pointers of findings, which
// repeat the names of members.
func (f *Firewall) markPlaces(found []policy.Finding) {
	for i := range found {
		found[i].Pointer, _ = f.Secrets.RedactText(found[i].Pointer)
	}
}

// setting is where the texts of a call stand.
func (f *Firewall) setting(way detectors.Direction, c *toolproxy.Call) detectors.Setting {
	return detectors.Setting{Direction: way, Server: c.Server, Tool: c.Tool, Tools: f.atHand(c.AtHand).list}
}

// guarded runs one step and turns its error or panic into a refusal that names
// the step. A refusal that the step itself gave stays as it is.
func guarded(code toolproxy.Code, stage string, step func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = toolproxy.Refuse(code, stage, fmt.Errorf("panic: %v", cause))
		}
	}()
	err = step()
	if _, refused := toolproxy.AsRefusal(err); err == nil || refused {
		return err
	}
	return toolproxy.Refuse(code, stage, err)
}
