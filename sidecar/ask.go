package sidecar

import (
	"context"
	"errors"

	"callgate/policy"
	"callgate/sidecar/approval"
	"callgate/toolproxy"
)

// approve looks whether a person allowed this very call, and asks where nobody
// did. A person is asked only for what policy would then let go.
func (f *Firewall) approve(ctx context.Context, engine *policy.Engine, t *transit) error {
	asked := *t
	t.approved = true
	if err := f.settle(ctx, engine, t); err != nil || !t.goes() {
		return err
	}
	ctx, cancel := f.recordContext(ctx)
	defer cancel()
	binding, err := f.binding(engine, t)
	if err != nil {
		return err
	}
	question, state, err := f.Approvals.Take(ctx, binding)
	switch {
	case err == nil && state == approval.Approved:
		t.question = question.ID
		return nil
	case err != nil:
		err = toolproxy.Refuse(toolproxy.CodeRecordUnavailable, stageApproval, err)
	case state == approval.Denied:
		err = notApproved(question.ID)
	default:
		question.ID, err = f.ask(ctx, binding, &asked)
	}
	f.release(ctx, t)
	*t = asked
	t.question = question.ID
	return err
}

// ask puts the question to a person, or finds it where it waits already.
func (f *Firewall) ask(ctx context.Context, binding approval.Binding, t *transit) (string, error) {
	judged, err := t.input.JSON()
	if err != nil {
		return "", toolproxy.Refuse(toolproxy.CodeInternal, stageApproval, err)
	}
	question, err := f.Approvals.Ask(ctx, binding, approval.About{
		Rules: t.decision.Rules(), Reasons: t.decision.Reasons(), Effects: t.input.Call.Effects, Domains: t.input.Call.Domains,
		Record: t.call.ID, Input: judged,
	})
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
// and the white space of its arguments, under this policy. The digest is of the
// arguments with keyed marks in place of secrets, so that it tells secrets apart
// and cannot be used to guess them.
func (f *Firewall) binding(engine *policy.Engine, t *transit) (approval.Binding, error) {
	marked, _, _, err := f.Secrets.Redact(argumentsOf(t.call))
	return approval.Binding{
		Caller: t.input.Caller.Name, Session: t.input.Session.ID, Server: t.input.Call.Server, Tool: t.input.Call.Tool,
		Digest: digest(canonical(marked)), Revision: engine.Revision(),
	}, err
}
