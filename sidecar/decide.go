package sidecar

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"callgate/policy"
	"callgate/toolproxy"
	"callgate/toolproxy/httptool"
)

// Answer is the decision on a call, as `callgate decide` and POST /v1/decide
// give it.
type Answer struct {
	Decision     string           `json:"decision"`
	Rules        []string         `json:"rules"`
	Reasons      []string         `json:"reasons"`
	Effects      []string         `json:"effects"`
	Domains      []string         `json:"domains"`
	EffectSource string           `json:"effect_source"`
	Findings     []policy.Finding `json:"findings"`
	Transformed  *Transformed     `json:"transformed,omitempty"`
	Code         string           `json:"code,omitempty"`
	Hint         string           `json:"hint,omitempty"`
	Record       string           `json:"record"`
	Revision     string           `json:"revision"`
}

// Transformed is the call that would be made in place of the one asked about,
// with marks in place of secrets.
type Transformed struct {
	Server    string          `json:"server"`
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
}

// Ask judges a call given as JSON on behalf of a caller and records the
// answer. The error is a *toolproxy.Refusal where the call could not be read
// or recorded; it too is recorded where that is possible.
func (f *Firewall) Ask(ctx context.Context, raw []byte, gate toolproxy.Gate, find func(name string) (toolproxy.Caller, error)) (Answer, error) {
	asked, err := httptool.ParseCall(raw, gate)
	var caller toolproxy.Caller
	if err == nil {
		caller, err = find(asked.Caller)
	}
	if err != nil {
		fault, ok := toolproxy.AsRefusal(err)
		if !ok {
			fault = toolproxy.Refuse(toolproxy.CodeUnauthenticated, stageIdentity, err)
		}
		return Answer{}, f.Refuse(ctx, &toolproxy.Call{Surface: toolproxy.SurfaceTool, Stage: toolproxy.StagePropose, Fault: fault})
	}
	asked.Call.Caller = caller
	v, err := f.Decide(ctx, asked.Call)
	if err != nil {
		return Answer{}, err
	}
	return answerOf(v), nil
}

func answerOf(v Verdict) Answer {
	in := v.Input
	a := Answer{
		Decision: v.Decision.Verdict.String(), Rules: list(v.Decision.Rules()), Reasons: list(v.Decision.Reasons()),
		Effects: in.Call.Effects, Domains: in.Call.Domains, EffectSource: in.Call.EffectSource,
		Findings: in.Findings, Record: v.Record, Revision: v.Decision.Revision,
	}
	if v.Refusal != nil {
		a.Decision, a.Rules = v.Refusal.Decision, list(v.Refusal.Rules)
		a.Code, a.Hint = string(v.Refusal.Code), v.Refusal.Hint
	}
	if v.Rewritten != nil {
		call := v.Rewritten.Call
		a.Transformed = &Transformed{Server: call.Server, Tool: call.Tool, Arguments: call.Arguments}
	}
	return a
}

// Refuse records a call that could not be read and gives the answer to it.
func (f *Firewall) Refuse(ctx context.Context, c *toolproxy.Call) *toolproxy.Refusal {
	never := toolproxy.HandlerFunc(func(context.Context, *toolproxy.Call) (*toolproxy.Result, error) {
		return nil, errors.New("a call with a fault was forwarded")
	})
	_, err := f.Guard(never).ServeCall(ctx, c)
	refusal, ok := toolproxy.AsRefusal(err)
	if !ok {
		refusal = toolproxy.Refuse(toolproxy.CodeInternal, stageForward, err).Worded()
	}
	return refusal
}

// decide serves POST /v1/decide. A caller asks for itself only.
func (s *Sidecar) decide(w http.ResponseWriter, r *http.Request) {
	caller := callerOf(r.Context())
	find := func(name string) (toolproxy.Caller, error) {
		if name != "" && name != caller.Name {
			return toolproxy.Caller{}, errors.New("a caller may ask for itself only")
		}
		return caller, nil
	}
	raw, err := readBody(w, r, s.config.Limits.MaxRequest)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer, failed := s.Firewall.Ask(r.Context(), raw, s.gate(), find)
	if failed != nil {
		refusal, _ := toolproxy.AsRefusal(failed)
		httptool.WriteProblem(w, refusal)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(answer) // a client that is gone needs no answer
}

// readBody reads a bounded body; its error says which limit was passed.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *toolproxy.Refusal) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	var slow interface{ Timeout() bool }
	switch {
	case err == nil:
		return raw, nil
	case errors.As(err, &tooLarge):
		return nil, toolproxy.Refuse(toolproxy.CodeTooLarge, "gate", err)
	case errors.As(err, &slow) && slow.Timeout():
		return nil, toolproxy.Refuse(toolproxy.CodeSlowClient, stageListen, err)
	}
	return nil, toolproxy.Refuse(toolproxy.CodeCancelled, stageListen, err)
}

// Ask judges a call on behalf of any configured caller, or of the local one
// where none is named. It is for the operator's own command line.
func (s *Sidecar) Ask(ctx context.Context, raw []byte) (Answer, error) {
	return s.Firewall.Ask(ctx, raw, s.gate(), func(name string) (toolproxy.Caller, error) {
		for _, x := range s.config.Callers {
			if x.Name == name || name == "" && x.Local {
				return toolproxy.Caller{Name: x.Name, Auth: "operator", Roles: x.Roles, Scopes: x.Scopes}, nil
			}
		}
		if name == "" {
			return toolproxy.Caller{}, errors.New(`no local caller is configured: name one in "caller"`)
		}
		return toolproxy.Caller{}, errors.New("no such caller is configured")
	})
}
