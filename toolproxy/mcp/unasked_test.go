package mcp

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// TestWrapCallWithoutID: a server may run a call that has no id, so it never
// gets there unjudged.
func TestWrapCallWithoutID(t *testing.T) {
	var judged []toolproxy.Code
	guard := func(upstream toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			if c.Fault != nil {
				judged = append(judged, c.Fault.Code)
			}
			return upstream.ServeCall(ctx, c)
		})
	}
	r := startWrap(t, "scripted", guard, nil)
	r.send(`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}`)
	answer := r.next()
	if gjson.Get(answer, "error.data.code").Str != string(toolproxy.CodeInvalidMessage) || !strings.Contains(answer, `"id":null`) {
		t.Errorf("answered %s", answer)
	}
	if len(judged) != 1 || judged[0] != toolproxy.CodeInvalidMessage {
		t.Errorf("recorded %v", judged)
	}
	r.stdin.Close()
	r.ends(0)
}

// TestEscapedKeysReadAlike: a member whose name is written with escapes is the
// same member to whoever judges and to whoever runs the call.
func TestEscapedKeysReadAlike(t *testing.T) {
	var seen *toolproxy.Call
	guard := func(toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(_ context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			seen = c
			return nil, denied()
		})
	}
	s := &Server{Guard: guard}
	m := mustParse(t, `{"jsonrpc":"2.0","id":1,"m\u0065thod":"tools\/call","p\u0061rams":{"n\u0061me":"p\u0061y","\u0061rguments":{"a":"\u0062"}}}`)
	s.Serve(t.Context(), Client{}, m, func(context.Context, []byte) ([]byte, error) { return nil, denied() })
	if seen == nil || seen.Fault != nil || seen.Tool != "pay" || string(seen.Arguments) != `{"a":"\u0062"}` {
		t.Errorf("judged %+v", seen)
	}
}

// TestWrapPanicIsARefusal: a firewall that panics ends one call, not the wrap.
func TestWrapPanicIsARefusal(t *testing.T) {
	guard := func(toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(context.Context, *toolproxy.Call) (*toolproxy.Result, error) { panic("secret") })
	}
	r := startWrap(t, "scripted", guard, nil)
	for _, line := range []string{`{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"u"}}`, `{"jsonrpc":"2.0"`} {
		r.send(line)
		if answer := r.next(); gjson.Get(answer, "error.data.code").Str != "internal" || strings.Contains(answer, "secret") {
			t.Errorf("answered %s", answer)
		}
	}
	r.stdin.Close()
	r.ends(0)
}

// TestLongCallsAreLetLive: a call timeout over the usual hard end moves it.
func TestLongCallsAreLetLive(t *testing.T) {
	if l := (Limits{CallTimeout: time.Hour}).orDefaults(); l.HardTimeout < time.Hour {
		t.Errorf("ended after %s", l.HardTimeout)
	}
}
