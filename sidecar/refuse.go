package sidecar

import (
	"errors"

	"callgate/policy"
	"callgate/toolproxy"
)

// refusalOf turns what the pipeline found into the agent's answer, or nil when
// the call may go. Whatever is not a plain allow, or a transform whose result
// was allowed, is refused.
func (f *Firewall) refusalOf(t *transit, err error) *toolproxy.Refusal {
	if err != nil {
		refusal, ok := toolproxy.AsRefusal(err)
		if !ok {
			refusal = toolproxy.Refuse(toolproxy.CodeInternal, stagePolicy, err)
		}
		if refusal.Rules == nil {
			refusal.Rules = t.decision.Rules()
		}
		return refusal.Worded()
	}
	switch t.decision.Verdict {
	case policy.Allow:
		return nil
	case policy.Transform:
		if t.rewritten != nil {
			return nil
		}
		return toolproxy.Refuse(toolproxy.CodeInternal, stageRewrite, errors.New("transformed without a rewritten call")).Worded()
	case policy.Ask:
		refusal := byPolicy(toolproxy.CodeAsk, t.decision)
		refusal.Question = t.question
		return refusal
	default:
		return byPolicy(toolproxy.CodeDenied, t.decision)
	}
}

// byPolicy is the refusal of a decision. Its hint is the nearest allowed
// action that a rule named.
func byPolicy(code toolproxy.Code, d policy.Decision) *toolproxy.Refusal {
	r := toolproxy.Refuse(code, stagePolicy, nil)
	r.Decision, r.Rules = d.Verdict.String(), d.Rules()
	for _, o := range d.Opinions {
		if o.Verdict == d.Verdict && o.Nearest != "" {
			r.Hint = o.Nearest
			break
		}
	}
	return r.Worded()
}
