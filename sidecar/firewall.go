// Package sidecar is the firewall: it joins identity, detectors, policy,
// record and wires into one function that every call goes through.
//
// It guarantees that nothing is forwarded before its decision is stored, that
// what was judged is what is sent, that whatever goes wrong is a refusal with
// a record, and that an agent learns fixed words only. It does not guarantee
// that a call which policy allows is harmless.
package sidecar

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"callgate/detectors"
	"callgate/detectors/effects"
	"callgate/detectors/secrets"
	"callgate/policy"
	"callgate/sidecar/approval"
	"callgate/sidecar/audit"
	"callgate/sidecar/pin"
	"callgate/sidecar/session"
	"callgate/sidecar/spend"
	"callgate/toolproxy"
)

// Parts are what a Firewall is made of. All of them are needed.
type Parts struct {
	Policy       *policy.Engine
	Record       *audit.Store
	Sessions     *session.Store
	Approvals    *approval.Desk
	Spend        *spend.Book
	Pins         *pin.Store
	Effects      *effects.Judge
	Override     func(server, tool string) *effects.Override // the operator's word on a tool; nil for none
	Scanner      *detectors.Scanner
	Secrets      *secrets.Detector
	Now          func() time.Time
	WriteTimeout time.Duration // for one write to the record
}

// Firewall judges calls. It is safe for concurrent use.
type Firewall struct {
	Parts
	engine   atomic.Pointer[policy.Engine]
	underway atomic.Int64 // calls between their first and their last step
	facts    *factCache
	meter    *meter
	process  string // stands in for a session where the wire knows none
}

// New makes a firewall of its parts.
func New(p Parts) *Firewall {
	f := &Firewall{Parts: p, facts: newFactCache(), meter: newMeter(), process: uuid.NewString()}
	f.engine.Store(p.Policy)
	return f
}

// Guard puts the firewall around an upstream.
func (f *Firewall) Guard(upstream toolproxy.Handler) toolproxy.Handler {
	return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
		result, err := f.serve(ctx, c, upstream)
		f.meter.answered(err)
		return result, err
	})
}

// serve is the life of a call. Its error is always a *toolproxy.Refusal.
func (f *Firewall) serve(ctx context.Context, c *toolproxy.Call, upstream toolproxy.Handler) (*toolproxy.Result, error) {
	f.underway.Add(1)
	defer f.underway.Add(-1)
	engine := f.engine.Load()
	t := f.begin(c)
	t.final = true
	f.judge(ctx, engine, t)
	observed := t.overruled(engine)
	if err := f.storeDecision(ctx, t, observed); err != nil {
		f.release(ctx, t)
		return nil, unavailable(err)
	}
	switch {
	case observed:
		t.sent = t.call
	case t.refusal != nil:
		return nil, t.refusal
	}
	result, err := f.forward(ctx, t, upstream)
	result, end, err := f.screen(ctx, engine, t, result, err)
	f.learn(t)
	if err := f.storeEnd(ctx, t, end); err != nil {
		return nil, unfinished(t, err)
	}
	return result, err
}

// Verdict is the answer to a call that was judged but not made.
type Verdict struct {
	Decision  policy.Decision
	Refusal   *toolproxy.Refusal // nil for an allow and for a transform that was allowed
	Input     *policy.Input
	Rewritten *policy.Input // the rewritten call as judged; nil unless it was transformed
	Record    string
}

// Decide judges a call and records the answer without forwarding anything. The
// error is a *toolproxy.Refusal when the answer could not be recorded.
func (f *Firewall) Decide(ctx context.Context, c *toolproxy.Call) (Verdict, error) {
	v, err := f.ponder(ctx, c)
	f.meter.answered(err)
	if v.Refusal != nil {
		f.meter.answered(v.Refusal)
	}
	return v, err
}

func (f *Firewall) ponder(ctx context.Context, c *toolproxy.Call) (Verdict, error) {
	t := f.begin(c)
	f.judge(ctx, f.engine.Load(), t)
	if err := f.storeDecision(ctx, t, false); err != nil {
		return Verdict{}, unavailable(err)
	}
	if t.refusal == nil {
		if err := f.storeEnd(ctx, t, audit.End{Outcome: audit.Decided}); err != nil {
			return Verdict{}, unavailable(err)
		}
	}
	return Verdict{Decision: t.decision, Refusal: t.refusal, Input: t.input, Rewritten: t.rewritten, Record: t.call.ID}, nil
}

// Visible reports whether a caller could ever be allowed to use a tool: the
// policy's answer to a call without arguments. It is a toolproxy/mcp.Visible.
func (f *Firewall) Visible(ctx context.Context, caller toolproxy.Caller, tool *toolproxy.Tool) bool {
	engine := f.engine.Load()
	if engine.Observe() {
		return true
	}
	c := &toolproxy.Call{
		Surface: toolproxy.SurfaceMCP, Stage: toolproxy.StageExecute,
		Caller: caller, Server: tool.Server, Tool: tool.Name, Definition: tool,
	}
	t := &transit{call: c, sent: c, began: f.Now(), listing: true}
	f.judge(ctx, engine, t)
	return t.refusal == nil || t.refusal.Code == toolproxy.CodeAsk
}

// transit is one call on its way through the firewall.
type transit struct {
	call    *toolproxy.Call // as it came
	sent    *toolproxy.Call // as it goes: call itself, or its rewritten form
	session string
	seen    session.View // what the session had done before
	began   time.Time
	listing bool
	final   bool // what is allowed will be made: questions are put, payments counted

	meant     *meant // of the form that was judged last
	payment   *payment
	reserved  bool
	approved  bool             // judged as if a person had approved it
	asks      []policy.Opinion // what a person would have to answer, of every form that was judged
	question  string           // what a person is asked, or was
	input     *policy.Input
	rewritten *policy.Input // the rewritten call as judged; nil unless transformed
	decision  policy.Decision
	refusal   *toolproxy.Refusal // nil when the call may go
	upstream  time.Duration
	suspect   bool // a detector saw something in the result
}

func (f *Firewall) begin(c *toolproxy.Call) *transit {
	if c.ID == "" {
		c.ID = uuid.Must(uuid.NewV7()).String()
	}
	t := &transit{call: c, sent: c, session: c.Session, began: f.Now()}
	if t.session == "" {
		t.session = c.Caller.Name + "@" + f.process
	}
	t.seen = f.Sessions.Begin(t.sessionKey())
	return t
}

// sessionKey keeps the sessions of callers apart: a session's name is the
// client's word, and another caller's history is none of its business.
func (t *transit) sessionKey() string { return t.call.Caller.Name + "\n" + t.session }

// overruled reports whether the profile lets the call pass as it came although
// policy refused or rewrote it. Only what policy decided can be overruled; a
// fault cannot.
func (t *transit) overruled(engine *policy.Engine) bool {
	switch {
	case !engine.Observe():
		return false
	case t.refusal == nil:
		return t.sent != t.call
	}
	return t.refusal.Code == toolproxy.CodeDenied || t.refusal.Code == toolproxy.CodeAsk
}

// judged is the input of the call that went.
func (t *transit) judged() *policy.Input {
	if t.sent != t.call {
		return t.rewritten
	}
	return t.input
}

// forward makes the call. A caller that is gone, an upstream that fails and
// one that panics all end in an error.
func (f *Firewall) forward(ctx context.Context, t *transit, upstream toolproxy.Handler) (result *toolproxy.Result, err error) {
	start := f.Now()
	defer func() { t.upstream = f.Now().Sub(start) }()
	if err := ctx.Err(); err != nil {
		f.release(ctx, t)
		return nil, toolproxy.Refuse(toolproxy.CodeCancelled, stageForward, err)
	}
	var failed error
	err = guarded(toolproxy.CodeInternal, stageForward, func() error {
		result, failed = upstream.ServeCall(ctx, t.sent)
		if failed == nil && result == nil {
			return errors.New("upstream gave neither result nor error")
		}
		return nil
	})
	return result, errors.Join(err, failed)
}
