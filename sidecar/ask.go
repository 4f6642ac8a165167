package sidecar

import (
	"context"
	"errors"
	"strings"

	"callgate/policy"
	"callgate/sidecar/approval"
	"callgate/toolproxy"
)

// approve looks whether a person allowed this very call, and asks where nobody
// did. A person is asked only for what policy would then let go. A payment is
// counted only where the approval is there: what waits for one must not look
// like a payment to others.
func (f *Firewall) approve(ctx context.Context, engine *policy.Engine, t *transit) error {
	asked := *t
	t.approved, t.final = true, false
	err := f.settle(ctx, engine, t)
	t.final = true
	if err == nil && !t.goes() {
		err = byPolicy(toolproxy.CodeDenied, t.decision)
	}
	asked.asks = t.asks
	var question approval.Question
	var binding approval.Binding
	if err == nil {
		binding, err = f.binding(engine, t)
	}
	if err == nil {
		question, err = f.take(ctx, t, binding)
	}
	if err == nil && question.State == approval.Approved {
		t.question = question.ID
		return nil
	}
	*t = asked // nobody approved it, and the record must not say so
	t.question = question.ID
	switch {
	case err != nil:
		return err
	case question.State == approval.Denied:
		return notApproved(question.ID)
	}
	t.question, err = f.ask(ctx, binding, t)
	return err
}

// take counts the payment of a call that is approved, and uses the approval up.
// Where it is not approved, nothing is counted.
func (f *Firewall) take(ctx context.Context, t *transit, binding approval.Binding) (approval.Question, error) {
	own, cancel := f.recordContext(ctx)
	defer cancel()
	question, err := f.Approvals.Look(own, binding)
	if err == nil && question.State == approval.Approved {
		if err := f.reserve(ctx, t); err != nil {
			return question, err
		}
		if question, _, err = f.Approvals.Take(own, binding); err != nil || question.State != approval.Approved {
			f.release(ctx, t)
		}
	}
	if err != nil {
		return question, toolproxy.Refuse(toolproxy.CodeRecordUnavailable, stageApproval, err)
	}
	return question, nil
}

// ask puts the question to a person, or finds it where it waits already.
func (f *Firewall) ask(ctx context.Context, binding approval.Binding, t *transit) (string, error) {
	ctx, cancel := f.recordContext(ctx)
	defer cancel()
	judged, err := t.input.JSON()
	if err != nil {
		return "", toolproxy.Refuse(toolproxy.CodeInternal, stageApproval, err)
	}
	about := approval.About{Effects: t.input.Call.Effects, Domains: t.input.Call.Domains, Record: t.call.ID, Input: judged}
	for _, o := range t.asks {
		about.Rules, about.Reasons = union(about.Rules, []string{o.Rule}), union(about.Reasons, []string{o.Reason})
	}
	question, err := f.Approvals.Ask(ctx, binding, about)
	switch {
	case errors.Is(err, approval.ErrTooMany):
		return "", toolproxy.Refuse(toolproxy.CodeTooManyAsked, stageApproval, err)
	case err != nil:
		return "", toolproxy.Refuse(toolproxy.CodeRecordUnavailable, stageApproval, err)
	}
	return question.ID, nil
}

func notApproved(question string) error {
	refusal := toolproxy.Refuse(toolproxy.CodeNotApproved, stageApproval, errors.New("a person refused it"))
	refusal.Question = question
	return refusal
}

// binding is what an approval is for: this call, whatever the order of members
// and the white space of its arguments, of tools that are defined as they were
// when it was asked about, for the very reasons that a person was told, under
// this policy. The digest is of the arguments with keyed marks in place of
// secrets, so that it tells secrets apart and cannot be used to guess them.
func (f *Firewall) binding(engine *policy.Engine, t *transit) (approval.Binding, error) {
	marked, _, _, err := f.Secrets.Redact(argumentsOf(t.call))
	told := []string{string(canonical(marked)), t.input.Call.Via}
	for _, p := range t.meant.parts {
		told = append(told, p.tool.hash)
	}
	told = append(told, strings.Join(t.input.Call.Effects, " "), strings.Join(t.judged().Call.Effects, " "))
	var reasons []string
	for _, o := range t.asks {
		reasons = union(reasons, []string{o.Rule + ": " + o.Reason})
	}
	return approval.Binding{
		Caller: t.input.Caller.Name, Session: t.input.Session.ID, Server: t.input.Call.Server, Tool: t.input.Call.Tool,
		Digest: digest(jsonOf([][]string{told, reasons})), Revision: engine.Revision(),
	}, err
}
