package sidecar

import (
	"strings"
	"testing"

	"callgate/policy"
	"callgate/sidecar/approval"
	"callgate/sidecar/config"
	"callgate/toolproxy"
)

// asking is a firewall that wants a person for every deletion.
func asking(t *testing.T, more ...func(*setup)) *bench {
	t.Helper()
	o := setup{settings: map[string]any{"rules": map[string]any{"destructive": map[string]any{"delete": "ask"}}}}
	for _, change := range more {
		change(&o)
	}
	return open(t, o)
}

func deletion(arguments string) *toolproxy.Call { return call("delete_contact", arguments, "*:*") }

// asks makes a call that has to be asked about, and gives the question.
func (b *bench) asks(c *toolproxy.Call) string {
	b.t.Helper()
	up := &upstream{answer: "ok"}
	_, err := b.Guard(up).ServeCall(b.t.Context(), c)
	refusal, ok := toolproxy.AsRefusal(err)
	if !ok || refusal.Code != toolproxy.CodeAsk || refusal.Question == "" || len(up.got) > 0 {
		b.t.Fatalf("answered %+v, %v; forwarded %d", refusal, err, len(up.got))
	}
	return refusal.Question
}

func (b *bench) answer(id string, yes bool) {
	b.t.Helper()
	if _, err := b.Approvals.Answer(b.t.Context(), id, approval.Answer{Approved: yes, By: "dana", Why: "checked", Via: "test"}); err != nil {
		b.t.Fatal(err)
	}
}

// TestApprovedRunsOnce: the same call runs once after a person approved it, and
// the record tells of the question both times.
func TestApprovedRunsOnce(t *testing.T) {
	b := asking(t)
	id := b.asks(deletion(`{"id":"c-1","why":"old"}`))
	if again := b.asks(deletion(`{"why":"old",  "id":"c-1"}`)); again != id {
		t.Errorf("asked %s for the same call, after %s", again, id)
	}
	b.answer(id, true)
	up := &upstream{answer: "ok"}
	if _, err := b.Guard(up).ServeCall(t.Context(), deletion(`{"why":"old","id":"c-1"}`)); err != nil || len(up.got) != 1 {
		t.Fatalf("approved, and %v", err)
	}
	if next := b.asks(deletion(`{"id":"c-1","why":"old"}`)); next == id {
		t.Error("an approval was used twice")
	}
	records := b.all()
	for i, want := range []string{"ask", "ask", "allow", "ask"} {
		if r := records[i]; r.Decision != want || i < 3 && r.Approval != id || r.Approval == "" {
			t.Errorf("record %d: %s, question %q", i, r.Decision, r.Approval)
		}
	}
	in, err := policy.ReadInput(records[2].Input)
	if err != nil || !in.Call.Approved {
		t.Fatalf("the record does not say that the call was approved: %v", err)
	}
	if d, err := b.engine.Load().Decide(t.Context(), in); err != nil || d.Verdict != policy.Allow {
		t.Errorf("replayed: %v, %v", d.Verdict, err)
	}
}

// TestApprovalIsBound: whatever differs from what was approved is a new question.
func TestApprovalIsBound(t *testing.T) {
	b := asking(t)
	id := b.asks(deletion(`{"id":"c-1"}`))
	b.answer(id, true)
	for name, change := range map[string]func(c *toolproxy.Call){
		"arguments": func(c *toolproxy.Call) { c.Arguments = []byte(`{"id":"c-2"}`) },
		"caller":    func(c *toolproxy.Call) { c.Caller.Name = "other" },
		"session":   func(c *toolproxy.Call) { c.Session = "other" },
		"server":    func(c *toolproxy.Call) { c.Server = "other" },
		"more":      func(c *toolproxy.Call) { c.Arguments = []byte(`{"id":"c-1","name":"x"}`) },
	} {
		c := deletion(`{"id":"c-1"}`)
		change(c)
		if other := b.asks(c); other == id {
			t.Errorf("another %s, and the same question", name)
		}
	}
	drifted := deletion(`{"id":"c-1"}`)
	drifted.Definition.Description, drifted.Definition.Hash = "Delete a contact and send it to everybody.", "drifted"
	if b.asks(drifted) == id {
		t.Error("another definition, and the same question")
	}
	stricter := engine(t, setup{settings: map[string]any{"rules": map[string]any{
		"destructive": map[string]any{"delete": "ask"}, "quiet_hours": map[string]any{"enabled": false}, "execute": map[string]any{"opaque": "deny"}}}})
	b.engine.Store(stricter)
	if b.asks(deletion(`{"id":"c-1"}`)) == id {
		t.Error("another policy, and the same question")
	}
}

// TestNotApproved: a call that a person refused stays refused, as that.
func TestNotApproved(t *testing.T) {
	b := asking(t)
	id := b.asks(deletion(`{"id":"c-1"}`))
	b.answer(id, false)
	up := &upstream{answer: "ok"}
	_, err := b.Guard(up).ServeCall(t.Context(), deletion(`{"id":"c-1"}`))
	if refusal := refusedAs(t, err, toolproxy.CodeNotApproved, "approval"); refusal.Question != id || len(up.got) > 0 {
		t.Errorf("refused with %q, forwarded %d", refusal.Question, len(up.got))
	}
	if r := b.all()[1]; r.Decision != "deny" || r.Code != "not_approved" || r.Approval != id {
		t.Errorf("recorded %s %s %s", r.Decision, r.Code, r.Approval)
	}
}

// TestTooManyQuestions: beyond the limit a caller's calls are refused without a
// question, and another caller's are not.
func TestTooManyQuestions(t *testing.T) {
	b := asking(t, func(o *setup) { o.approvals = config.Approvals{MaxPending: 2} })
	b.asks(deletion(`{"id":"1"}`))
	b.asks(deletion(`{"id":"2"}`))
	_, err := b.Guard(&upstream{}).ServeCall(t.Context(), deletion(`{"id":"3"}`))
	refusedAs(t, err, toolproxy.CodeTooManyAsked, "approval")
	c := deletion(`{"id":"3"}`)
	c.Caller.Name = "other"
	b.asks(c)
}

// TestNothingToAsk: no person is asked what policy would refuse all the same,
// what is only observed, and what is only judged.
func TestNothingToAsk(t *testing.T) {
	b := asking(t)
	poor := call("delete_contact", `{"id":"c-1"}`, "*:read")
	_, err := b.Guard(&upstream{}).ServeCall(t.Context(), poor)
	refusedAs(t, err, toolproxy.CodeDenied, "policy")
	if v, err := b.Decide(t.Context(), deletion(`{"id":"c-1"}`)); err != nil || v.Refusal.Code != toolproxy.CodeAsk || v.Refusal.Question != "" {
		t.Errorf("judged: %+v, %v", v.Refusal, err)
	}
	waiting, err := b.Approvals.List(t.Context(), approval.Filter{All: true})
	if err != nil || len(waiting) > 0 {
		t.Errorf("asked %v, %v", waiting, err)
	}
	watched := asking(t, func(o *setup) { o.profile = "observe" })
	up := &upstream{answer: "ok"}
	if _, err := watched.Guard(up).ServeCall(t.Context(), deletion(`{}`)); err != nil || len(up.got) != 1 {
		t.Errorf("observed: %v", err)
	}
	if waiting, err := watched.Approvals.List(t.Context(), approval.Filter{All: true}); err != nil || len(waiting) > 0 {
		t.Errorf("asked %v while observing, %v", waiting, err)
	}
}

// TestApprovedIsStillRewritten: an approval answers the question, and what
// other rules want changed is changed.
func TestApprovedIsStillRewritten(t *testing.T) {
	b := asking(t, func(o *setup) {
		o.rules = map[string]string{"dry.rego": `package callgate.rules.dry
transform contains {"reason": "dry runs only", "edits": [{"op": "set", "pointer": "/dry_run", "value": true}]} if {
	"delete" in input.call.effects
	not input.call.listing
	not input.call.arguments.dry_run == true
}`}
	})
	b.answer(b.asks(deletion(`{"id":"c-1"}`)), true)
	up := &upstream{answer: "ok"}
	result, err := b.Guard(up).ServeCall(t.Context(), deletion(`{"id":"c-1"}`))
	if err != nil || string(up.got[0].Arguments) != `{"id":"c-1","dry_run":true}` {
		t.Fatalf("sent %v, %v", up.got, err)
	}
	if result.Notice == nil || !strings.Contains(result.Notice.Message, "arguments") {
		t.Errorf("told %+v", result.Notice)
	}
}

// TestRedactedArgument: a rule may let a call go without its secret.
func TestRedactedArgument(t *testing.T) {
	b := open(t, setup{
		settings: map[string]any{"rules": map[string]any{"secrets": map[string]any{"enabled": false}}},
		rules: map[string]string{"blank.rego": `package callgate.rules.blank
transform contains {"reason": "no secrets in notes", "edits": [{"op": "redact", "pointer": finding.pointer}]} if {
	some finding in input.findings
	finding.detector == "secrets"
	not input.result
}`},
	})
	up := &upstream{answer: "ok"}
	if _, err := b.Guard(up).ServeCall(t.Context(), call("get_contact", `{"note":"it is `+planted+` now","id":1}`)); err != nil {
		t.Fatal(err)
	}
	if sent := string(up.got[0].Arguments); strings.Contains(sent, planted) || !strings.Contains(sent, "[secret:") || !strings.Contains(sent, `"id":1`) {
		t.Errorf("sent %s", sent)
	}
}

// TestApprovalAnswersWhatWasAsked: what other rules ask about the rewritten call
// is asked too, before anything goes.
func TestApprovalAnswersWhatWasAsked(t *testing.T) {
	b := asking(t, func(o *setup) {
		o.rules = map[string]string{"redo.rego": `package callgate.rules.redo
transform contains {"reason": "updates are deletions", "edits": [{"op": "redirect", "tool": "delete_contact"}]} if {
	input.call.tool == "update_contact"
	not input.result
}
ask contains {"reason": "updates are looked at"} if {
	input.call.tool == "update_contact"
	not input.result
}`}
	})
	c := call("update_contact", `{}`, "*:*")
	c.AtHand = append(c.AtHand, tool("delete_contact", ""))
	question, err := b.Approvals.Find(t.Context(), b.asks(c))
	if err != nil || strings.Join(question.Rules, " ") != "destructive redo" {
		t.Errorf("asked by %v, %v", question.Rules, err)
	}
}

// TestRecordOfWhatNobodyApproved: a call that would be refused even if a person
// approved it is refused at once, and its record says of no approval.
func TestRecordOfWhatNobodyApproved(t *testing.T) {
	b := asking(t, func(o *setup) {
		o.rules = map[string]string{"redo.rego": `package callgate.rules.redo
transform contains {"reason": "elsewhere", "edits": [{"op": "set", "pointer": "/far", "value": true}]} if {
	not input.call.arguments.far
	not input.call.listing
	not input.result
}
deny contains {"reason": "not there"} if input.call.arguments.far`}
	})
	_, err := b.Guard(&upstream{}).ServeCall(t.Context(), deletion(`{"id":"c-1"}`))
	refusedAs(t, err, toolproxy.CodeDenied, "policy")
	r := b.one()
	in, err := policy.ReadInput(r.Input)
	if err != nil || in.Call.Approved || r.Decision != "deny" || r.Approval != "" {
		t.Errorf("recorded %s, question %q, approved %v, %v", r.Decision, r.Approval, in.Call.Approved, err)
	}
}
