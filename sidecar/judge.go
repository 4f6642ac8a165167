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
	stagePolicy    = "policy"
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
	t.input, t.decision, err = f.consider(ctx, engine, t, t.call)
	if err == nil && t.decision.Verdict == policy.Transform {
		err = f.transform(ctx, engine, t)
	}
	t.refusal = f.refusalOf(t, err)
}

// consider judges one form of a call: facts first, then policy.
func (f *Firewall) consider(ctx context.Context, engine *policy.Engine, t *transit, c *toolproxy.Call) (*policy.Input, policy.Decision, error) {
	denied := policy.Decision{Revision: engine.Revision()}
	input, err := f.inputOf(t, c)
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
func (f *Firewall) inputOf(t *transit, c *toolproxy.Call) (*policy.Input, error) {
	in := f.named(bareInput(t, c))
	var tool *toolFacts
	err := guarded(toolproxy.CodeInternal, stageEffects, func() error {
		tool = f.toolFacts(c)
		describe(in, tool)
		return nil
	})
	if err != nil {
		return in, err
	}
	err = guarded(toolproxy.CodeInternal, stageSchema, func() error {
		if !t.listing {
			in.Tool.SchemaErrors = tool.faults(c.Arguments)
		}
		return nil
	})
	if err != nil {
		return in, err
	}
	return in, f.scanArguments(in, c)
}

// scanArguments puts marks in place of secrets and adds what the detectors
// see. Detectors read the true arguments, policy and record the marked ones.
func (f *Firewall) scanArguments(in *policy.Input, c *toolproxy.Call) error {
	arguments := argumentsOf(c)
	err := guarded(toolproxy.CodeInternal, stageSecrets, func() error {
		marked, found, _, err := f.Secrets.Redact(arguments)
		in.Call.Arguments = marked
		in.Findings = appendFindings(in.Findings, detectors.Argument, found)
		return err
	})
	if err != nil {
		in.Call.Arguments = json.RawMessage(`{}`)
		in.Findings, in.Tool.SchemaErrors = []policy.Finding{}, []policy.SchemaError{}
		return err
	}
	err = guarded(toolproxy.CodeDetectorError, stageDetectors, func() error {
		found, err := f.Scanner.ScanJSON(arguments, f.setting(detectors.Argument, c))
		in.Findings = appendFindings(in.Findings, detectors.Argument, found)
		return err
	})
	f.markPlaces(in.Findings)
	for i := range in.Tool.SchemaErrors {
		in.Tool.SchemaErrors[i].Pointer, _ = f.Secrets.RedactText(in.Tool.SchemaErrors[i].Pointer)
	}
	return err
}

// named puts marks in place of secrets in what the caller names: policy and
// record read these as they read the arguments.
func (f *Firewall) named(in *policy.Input) *policy.Input {
	for _, name := range []*string{&in.Call.Server, &in.Call.Tool, &in.Session.ID} {
		*name, _ = f.Secrets.RedactText(*name)
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
	return detectors.Setting{Direction: way, Server: c.Server, Tool: c.Tool, Tools: f.atHand(c.AtHand)}
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
