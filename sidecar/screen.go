package sidecar

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"callgate/detectors"
	"callgate/policy"
	"callgate/sidecar/audit"
	"callgate/toolproxy"
)

// redactionMark stands where a suspect passage of a result stood.
const redactionMark = "[removed by callgate]"

// screen looks at what came back before the caller does. Policy is asked only
// about a result in which a detector saw something; to a result without a
// finding it has nothing to look at.
func (f *Firewall) screen(ctx context.Context, engine *policy.Engine, t *transit, result *toolproxy.Result, err error) (*toolproxy.Result, audit.End, error) {
	if err != nil {
		refusal := f.failure(ctx, t, err)
		return nil, f.endOf(nil, refusal), refusal
	}
	seen, err := f.judgeResult(ctx, engine, t, result)
	if err == nil && !engine.Observe() {
		err = guarded(toolproxy.CodeInternal, stageScreen, func() (err error) {
			result, err = f.enforce(result, seen.found, seen.decision)
			return err
		})
	}
	var refusal *toolproxy.Refusal
	if err != nil {
		refusal = f.failure(ctx, t, err)
	}
	end := f.endOf(result, refusal)
	end.Findings = findingsJSON(seen.told)
	if seen.decision.Verdict != policy.Allow {
		end.Rules = seen.decision.Rules()
	}
	t.suspect = seen.suspect()
	if refusal != nil {
		return nil, end, refusal
	}
	return f.noticed(t, result, seen.decision), end, nil
}

// noticed adds to a result what the agent has to know of changes to its call
// or to the result.
func (f *Firewall) noticed(t *transit, result *toolproxy.Result, d policy.Decision) *toolproxy.Result {
	notice := &toolproxy.Notice{Decision: policy.Transform.String(), Record: t.call.ID}
	switch {
	case t.judged().Call.Tool != t.input.Call.Tool:
		notice.Rules = t.decision.Rules()
		notice.Message = "The call was changed before it was made: " + t.judged().Call.Tool + " ran in place of " + t.input.Call.Tool + "."
	case t.sent != t.call:
		notice.Rules = t.decision.Rules()
		notice.Message = "The arguments of the call were changed before it was made."
	case result.Edited:
		notice.Rules = d.Rules()
		notice.Message = "Passages of the result were removed because they could turn an agent."
	default:
		return result
	}
	told := *result
	told.Notice = notice
	return &told
}

// screening is what was found in a result, as it stands there and as policy
// and the record are told, and what policy said of it.
type screening struct {
	found    []detectors.Finding
	told     []policy.Finding
	decision policy.Decision
}

// suspect reports a finding of medium severity or above.
func (s screening) suspect() bool {
	return slices.ContainsFunc(s.found, func(x detectors.Finding) bool { return x.Severity >= detectors.Medium })
}

// judgeResult asks policy about a result.
func (f *Firewall) judgeResult(ctx context.Context, engine *policy.Engine, t *transit, result *toolproxy.Result) (s screening, err error) {
	err = guarded(toolproxy.CodeDetectorError, stageScreen, func() (err error) {
		s.found, err = f.Scanner.ScanJSON(result.Body, f.setting(detectors.ResultText, t.sent))
		s.told = appendFindings(nil, detectors.ResultText, s.found)
		f.markPlaces(s.told)
		return err
	})
	if err != nil {
		return s, err
	}
	if len(s.found) == 0 {
		s.decision.Verdict = policy.Allow
		return s, nil
	}
	err = guarded(toolproxy.CodePolicyError, stageScreen, func() (err error) {
		s.decision, err = engine.Decide(ctx, resultInput(t.judged(), result, s.told))
		return err
	})
	if err != nil {
		return s, policyFault(err)
	}
	return s, nil
}

// enforce does to a result what policy said: pass, redact or withhold.
func (f *Firewall) enforce(result *toolproxy.Result, found []detectors.Finding, d policy.Decision) (*toolproxy.Result, error) {
	switch d.Verdict {
	case policy.Allow:
		return result, nil
	case policy.Transform:
		return redact(result, found)
	}
	refusal := byPolicy(toolproxy.CodeResultWithheld, d)
	refusal.Decision = policy.Deny.String()
	return nil, refusal
}

// redact puts the mark in place of each passage that a detector found at
// medium severity or above.
func redact(result *toolproxy.Result, found []detectors.Finding) (*toolproxy.Result, error) {
	leaves := map[string][]detectors.Finding{}
	for _, x := range found {
		if x.Severity >= detectors.Medium {
			leaves[x.Pointer] = append(leaves[x.Pointer], x)
		}
	}
	body := result.Body
	for pointer, spans := range leaves {
		edited, err := redactLeaf(body, pointer, spans)
		if err != nil {
			return nil, toolproxy.Refuse(toolproxy.CodeResultWithheld, stageScreen, err)
		}
		body = edited
	}
	return &toolproxy.Result{Body: body, IsError: result.IsError, Edited: true}, nil
}

// redactLeaf marks the spans of one string. A finding that does not stand in a
// string, such as one in a key, cannot be marked.
func redactLeaf(body json.RawMessage, pointer string, spans []detectors.Finding) (json.RawMessage, error) {
	path, err := pathOf(pointer)
	if err != nil {
		return nil, err
	}
	leaf := gjson.GetBytes(body, path)
	if leaf.Type != gjson.String {
		return nil, fmt.Errorf("nothing to redact at %q", pointer)
	}
	sort.Slice(spans, func(i, j int) bool { return spans[i].Start < spans[j].Start })
	var kept strings.Builder
	from := 0
	for _, s := range spans {
		if s.Start < 0 || s.End > len(leaf.Str) || s.End < s.Start {
			return nil, fmt.Errorf("span outside of %q", pointer)
		}
		if s.Start >= from {
			kept.WriteString(leaf.Str[from:s.Start])
			kept.WriteString(redactionMark)
		}
		from = max(from, s.End)
	}
	kept.WriteString(leaf.Str[from:])
	edited, err := sjson.SetBytes(body, path, kept.String())
	if err == nil && gjson.GetBytes(edited, path).Str != kept.String() {
		err = fmt.Errorf("%q does not read as redacted", pointer)
	}
	return edited, err
}

// failure gives an error of the way back its words, its record and the rules
// of the call, whatever it was.
func (f *Firewall) failure(ctx context.Context, t *transit, err error) *toolproxy.Refusal {
	refusal, ok := toolproxy.AsRefusal(err)
	if !ok {
		refusal = toolproxy.Refuse(toolproxy.CodeUpstreamUnavailable, stageForward, err)
	}
	if ctx.Err() != nil && refusal.Code == toolproxy.CodeUpstreamUnavailable {
		refusal = toolproxy.Refuse(toolproxy.CodeCancelled, stageForward, err)
	}
	refusal.Record = t.call.ID
	return refusal.Worded()
}
