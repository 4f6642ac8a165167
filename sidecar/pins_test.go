package sidecar

import (
	"testing"

	"callgate/policy"
	"callgate/toolproxy"
)

// TestDriftIsAskedAbout: a tool whose schema changed since it was first seen
// needs a person, until somebody accepts it.
func TestDriftIsAskedAbout(t *testing.T) {
	b := open(t, setup{})
	up := &upstream{answer: "ok"}
	if _, err := b.Guard(up).ServeCall(t.Context(), call("get_contact", `{}`)); err != nil {
		t.Fatal(err)
	}
	changed := func() *toolproxy.Call {
		c := call("get_contact", `{}`)
		c.Definition.InputSchema, c.Definition.Hash = []byte(`{"type":"object","properties":{"notes":{}}}`), "changed"
		return c
	}
	b.asks(changed())
	in, err := policy.ReadInput(b.all()[1].Input)
	if err != nil || len(in.Tool.Drift) != 1 || in.Tool.Drift[0] != "schema" || !in.Tool.Pinned {
		t.Fatalf("judged by %+v, %v", in.Tool, err)
	}
	if _, err := b.Pins.Accept(t.Context(), "office", "get_contact", "dana", "looked at it"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Guard(up).ServeCall(t.Context(), changed()); err != nil {
		t.Errorf("accepted, and %v", err)
	}
	b.asks(call("get_contact", `{}`)) // what was accepted before is so no more
}

// TestWordsOfAskersAreNotPinned: what somebody says of a tool when asking for a
// decision is not what its server says.
func TestWordsOfAskersAreNotPinned(t *testing.T) {
	b := open(t, setup{})
	c := call("get_contact", `{}`)
	c.Surface, c.Stage = toolproxy.SurfaceTool, toolproxy.StagePropose
	if _, err := b.Decide(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if tools, err := b.Pins.List(t.Context(), false); err != nil || len(tools) > 0 {
		t.Errorf("pinned %v, %v", tools, err)
	}
}
