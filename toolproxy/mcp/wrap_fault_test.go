package mcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

func TestWrapCapEdge(t *testing.T) {
	const limit = 200_000
	r := startWrap(t, "scripted", nil, func(cfg *WrapConfig) {
		cfg.Server.Gate.MaxBytes = limit
		cfg.Server.Replies.MaxBytes = limit
	})
	empty := call("1", "count", `{"x":""}`)
	r.send(call("1", "count", `{"x":"`+strings.Repeat("a", limit-len(empty))+`"}`))
	r.want(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":%d}`, limit))
	r.send(call("1", "count", `{"x":"`+strings.Repeat("a", limit-len(empty)+1)+`"}`))
	if got := r.next(); gjson.Get(got, "error.data.code").Str != "too_large" {
		t.Errorf("a line over the cap: %.200s", got)
	}
	r.send(call("2", "line", fmt.Sprint(`{"n":`, limit, `}`)))
	if got := r.next(); len(got) != limit {
		t.Errorf("an answer at the cap: %.200s", got)
	}
	for _, size := range []int{limit + 1, limit + 2, limit + 3, 10 * limit} {
		r.send(call("3", "line", fmt.Sprint(`{"n":`, size, `}`)))
		if got := r.next(); gjson.Get(got, `result._meta.callgate/decision.code`).Str != "upstream_too_large" {
			t.Errorf("an answer over the cap: %.200s", got)
		}
	}
	r.send(`{"jsonrpc":"2.0","id":4,"method":"ping"}`)
	r.want(`{"jsonrpc":"2.0","id":4,"result":{}}`)
}

func TestWrapGarbage(t *testing.T) {
	r := startWrap(t, "scripted", nil, nil)
	r.send(call("1", "garbage", `{}`))
	r.want(`{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`)
	r.send(call("2", "duplicate", `{}`))
	if got := r.next(); gjson.Get(got, `result._meta.callgate/decision.code`).Str != "upstream_invalid" {
		t.Errorf("got %s", got)
	}
	r.send(call("3", "strangers", `{}`))
	r.want(`{"jsonrpc":"2.0","id":3,"result":{"content":[]}}`)
	if events := r.events.String(); !strings.Contains(events, "not a message") || !strings.Contains(events, "no request awaits") ||
		strings.Contains(events, "secret") {
		t.Errorf("reported %q", events)
	}
	r.send(call("4", "babble", `{}`))
	if got := r.next(); gjson.Get(got, `result._meta.callgate/decision.code`).Str != "upstream_unavailable" {
		t.Errorf("got %s", got)
	}
	select {
	case <-r.code:
	case <-time.After(patience):
		t.Error("a server that prints only garbage goes on")
	}
}

// TestWrapCancelForwarded has the child report the cancellation, and its late
// answer must not reach the client.
func TestWrapCancelForwarded(t *testing.T) {
	r := startWrap(t, "scripted", nil, nil)
	r.send(call("1", "hang", `{}`))
	r.want(`{"jsonrpc":"2.0","method":"notifications/hanging"}`)
	r.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	r.want(`{"jsonrpc":"2.0","method":"notifications/saw","params":{"requestId":1}}`)
	r.send(`{"jsonrpc":"2.0","id":2,"method":"ping"}`)
	r.want(`{"jsonrpc":"2.0","id":2,"result":{}}`)
	r.stdin.Close()
	r.ends(0)
	for line := range r.lines {
		t.Errorf("the client got %s", line)
	}
}

func TestWrapCancelWhileJudged(t *testing.T) {
	judging, causes := make(chan struct{}), make(chan error, 1)
	guard := func(upstream toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			close(judging)
			<-ctx.Done()
			_, err := upstream.ServeCall(context.WithoutCancel(ctx), c)
			causes <- err
			return nil, err
		})
	}
	r := startWrap(t, "scripted", guard, nil)
	r.send(call("1", "echo", `{}`))
	<-judging
	r.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	refusal, ok := toolproxy.AsRefusal(<-causes)
	if !ok || refusal.Code != toolproxy.CodeCancelled {
		t.Errorf("the call ended with %v", refusal)
	}
	r.send(`{"jsonrpc":"2.0","id":3,"method":"history"}`)
	r.want(`{"jsonrpc":"2.0","id":3,"result":["tools/list","history"]}`)
}

func TestWrapServerAsksClient(t *testing.T) {
	r := startWrap(t, "scripted", nil, nil)
	r.send(call("1", "ask", `{}`))
	r.want(`{"jsonrpc":"2.0","id":"srv-1","method":"sampling/createMessage","params":{"messages":[]}}`)
	r.send(`{"jsonrpc":"2.0","id":"srv-1","result":{"model":"m"}}`)
	r.want(`{"jsonrpc":"2.0","id":1,"result":{"content":[],"answer":{"model":"m"}}}`)
}

func TestWrapListChangedIsHeard(t *testing.T) {
	definitions := make(chan bool, 4)
	guard := func(upstream toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			definitions <- c.Definition != nil
			return upstream.ServeCall(ctx, c)
		})
	}
	r := startWrap(t, "scripted", guard, nil)
	r.send(call("1", "changed", `{}`))
	r.want(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`, `{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`)
	r.send(call("2", "echo", `{}`))
	r.next()
	r.send(`{"jsonrpc":"2.0","id":3,"method":"history"}`)
	r.want(`{"jsonrpc":"2.0","id":3,"result":["tools/list","tools/call","tools/list","tools/call","history"]}`)
	if a, b := <-definitions, <-definitions; !a || !b {
		t.Error("a tool was judged without its definition")
	}
}

func TestWrapDeath(t *testing.T) {
	cases := []struct {
		tool string
		code int
	}{{"die", 7}, {"killed", 137}}
	for _, c := range cases {
		t.Run(c.tool, func(t *testing.T) {
			r := startWrap(t, "scripted", nil, nil)
			r.send(call("1", "hang", `{}`), call("2", "hang", `{}`))
			r.next()
			r.next()
			r.send(call("3", c.tool, `{}`))
			ids := map[string]bool{}
			for range 3 {
				got := gjson.Parse(r.next())
				if got.Get(`result._meta.callgate/decision.code`).Str != "upstream_unavailable" {
					t.Errorf("got %s", got.Raw)
				}
				ids[got.Get("id").Raw] = true
			}
			if len(ids) != 3 {
				t.Errorf("answered %v", ids)
			}
			r.ends(c.code)
		})
	}
}

func TestWrapEndOfInput(t *testing.T) {
	r := startWrap(t, "scripted", nil, func(cfg *WrapConfig) {
		cfg.Command.Env = append(cfg.Command.Env, "CALLGATE_TEST_EXIT=5")
	})
	r.send(call("1", "afterwards", `{}`))
	r.stdin.Close()
	r.want(`{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`)
	r.ends(5)
}

func TestWrapStderr(t *testing.T) {
	r := startWrap(t, "scripted", nil, nil)
	r.send(call("1", "stderr", `{}`))
	r.next()
	r.stdin.Close()
	r.ends(0)
	if got := r.stderr.String(); got != "to stderr \xff\n" {
		t.Errorf("stderr is %q", got)
	}
}

func TestWrapClientGone(t *testing.T) {
	r := startWrap(t, "scripted", nil, func(cfg *WrapConfig) {
		cfg.Stdout = brokenPipe{}
		cfg.Grace = patience
	})
	r.send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	r.ends(0)
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// TestWrapFull has the only request in flight wait for an answer that stands
// behind one request too many.
func TestWrapFull(t *testing.T) {
	r := startWrap(t, "scripted", nil, func(cfg *WrapConfig) {
		cfg.MaxInFlight = 1
		cfg.Grace = 10 * time.Millisecond
	})
	r.send(call("1", "ask", `{}`))
	r.next()
	r.send(call("2", "echo", `{}`), `{"jsonrpc":"2.0","id":"srv-1","result":7}`)
	if got := r.next(); gjson.Get(got, "id").Raw != "2" || gjson.Get(got, `result._meta.callgate/decision.code`).Str != "overload" {
		t.Errorf("got %s", got)
	}
	r.want(`{"jsonrpc":"2.0","id":1,"result":{"content":[],"answer":7}}`)
	r.send(call("3", "echo", `{}`))
	r.want(direct(t, call("3", "echo", `{}`))...)
}

func TestWrapNoCommand(t *testing.T) {
	server := &Server{Name: "t", Guard: func(h toolproxy.Handler) toolproxy.Handler { return h }}
	for _, args := range [][]string{nil, {"/nonexistent/server"}} {
		code, err := Wrap(t.Context(), WrapConfig{Server: server, Command: Command{Args: args}, Stdin: strings.NewReader(""), Stdout: io.Discard})
		if code != 1 || err == nil {
			t.Errorf("%v: code %d, error %v", args, code, err)
		}
	}
}
