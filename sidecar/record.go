package sidecar

import (
	"context"
	"encoding/json"
	"strings"

	"callgate/policy"
	"callgate/sidecar/audit"
	"callgate/sidecar/session"
	"callgate/toolproxy"
)

// maxCause is how much of an operator's cause is kept, in bytes.
const maxCause = 500

// storeDecision stores the decision before anything leaves. It does not heed
// the caller's disconnect and has a time limit of its own.
func (f *Firewall) storeDecision(ctx context.Context, t *transit, observed bool) error {
	ctx, cancel := f.recordContext(ctx)
	defer cancel()
	record, err := f.recordOf(t, observed)
	if err != nil {
		return err
	}
	if t.refusal != nil {
		t.refusal.Record = t.call.ID
	}
	if err := f.Record.Decide(ctx, record); err != nil {
		return err
	}
	f.meter.decided(string(t.call.Surface), t.decision.Verdict)
	return nil
}

// storeEnd stores how the call ended before the caller sees it.
func (f *Firewall) storeEnd(ctx context.Context, t *transit, end audit.End) error {
	ctx, cancel := f.recordContext(ctx)
	defer cancel()
	end.Upstream = t.upstream
	end.Latency = f.Now().Sub(t.began)
	return f.Record.Finish(ctx, t.call.ID, end)
}

func (f *Firewall) recordContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), f.WriteTimeout)
}

// recordOf translates a judged call to its audit record. It is the only place
// that knows both forms.
func (f *Firewall) recordOf(t *transit, observed bool) (*audit.Record, error) {
	in := t.input
	stored, err := in.JSON()
	if err != nil {
		return nil, err
	}
	r := &audit.Record{
		ID: t.call.ID, Time: t.began.UTC(),
		Surface: in.Call.Surface, Stage: in.Call.Stage,
		Caller: in.Caller.Name, Session: in.Session.ID, Server: in.Call.Server, Tool: in.Call.Tool,
		Effects: in.Call.Effects, Domains: in.Call.Domains, EffectSource: in.Call.EffectSource,
		Decision: t.decision.Verdict.String(), Rules: t.decision.Rules(), Reasons: t.decision.Reasons(),
		Observed: observed, Revision: t.decision.Revision, Input: stored, Approval: t.question,
	}
	r.Findings = findingsJSON(in.Findings)
	if t.rewritten != nil {
		if r.Rewritten, err = t.rewritten.JSON(); err != nil {
			return nil, err
		}
	}
	if t.refusal != nil {
		r.Code, r.Step, r.Cause = string(t.refusal.Code), t.refusal.Stage, f.cause(t.refusal.Cause)
		r.Decision = t.refusal.Decision
		if t.refusal.Rules != nil {
			r.Rules = t.refusal.Rules
		}
		r.End.Outcome = audit.Refused
		if observed {
			r.End.Outcome = audit.Pending
		}
	}
	return r, nil
}

// cause is the operator's reason as text that holds no secret.
func (f *Firewall) cause(err error) string {
	if err == nil {
		return ""
	}
	text, _ := f.Secrets.RedactText(err.Error())
	if len(text) > maxCause {
		text = text[:maxCause]
	}
	return strings.ToValidUTF8(text, "")
}

// endOf says how a forwarded call ended.
func (f *Firewall) endOf(result *toolproxy.Result, refusal *toolproxy.Refusal) audit.End {
	switch {
	case refusal == nil && result.Edited:
		return audit.End{Outcome: audit.Redacted}
	case refusal == nil:
		return audit.End{Outcome: audit.Returned}
	}
	end := audit.End{Outcome: audit.Failed, Code: string(refusal.Code), Cause: f.cause(refusal.Cause)}
	switch refusal.Code {
	case toolproxy.CodeCancelled:
		end.Outcome = audit.Cancelled
	case toolproxy.CodeResultWithheld, toolproxy.CodeDetectorError, toolproxy.CodePolicyError, toolproxy.CodePolicyTimeout:
		end.Outcome = audit.Withheld
	}
	return end
}

// learn tells the session what its call did.
func (f *Firewall) learn(t *transit) {
	ran := t.judged().Call
	learned := session.Learned{Server: ran.Server, Tool: ran.Tool, Effects: ran.Effects}
	for _, kind := range t.judged().Tool.Results {
		learned.Labels = append(learned.Labels, kind+"_result")
	}
	if t.suspect {
		learned.Labels = append(learned.Labels, labelSuspectResult)
	}
	f.Sessions.Learn(t.sessionKey(), learned)
}

// labelSuspectResult marks a session that was shown, or would have been shown,
// a result in which a detector saw something of medium severity or above.
const labelSuspectResult = "suspect_result"

// findingsJSON encodes findings for the record; nil for none.
func findingsJSON(found []policy.Finding) json.RawMessage {
	if len(found) == 0 {
		return nil
	}
	return jsonOf(found)
}

// unavailable is the answer when the record cannot be written. It has no
// record, and nothing may be forwarded or shown after it.
func unavailable(err error) *toolproxy.Refusal {
	return toolproxy.Refuse(toolproxy.CodeRecordUnavailable, stageAudit, err).Worded()
}

// unfinished is the answer when a call was made and its end cannot be written.
// An agent that was told that nothing happened would make the call again.
func unfinished(t *transit, err error) *toolproxy.Refusal {
	refusal := unavailable(err)
	refusal.Record = t.call.ID
	refusal.Message = "The call was made, but the firewall cannot record how it ended, so its result is withheld."
	refusal.Hint = "Do not make the call again; tell the operator the record id."
	return refusal
}
