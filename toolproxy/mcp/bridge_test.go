package mcp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"callgate/toolproxy"
)

const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}`

// modern is a tools/call of the stateless era.
func modern(id, tool, arguments string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `,` + meta + `}}`
}

type bridgeRun struct {
	*Bridge
	t *testing.T
}

func startBridge(t *testing.T, server string, change func(*BridgeConfig)) *bridgeRun {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	cfg := BridgeConfig{Command: testCommand(server)}
	if change != nil {
		change(&cfg)
	}
	b, err := NewBridge(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t, leaks)
	})
	return &bridgeRun{b, t}
}

func (b *bridgeRun) try(ctx context.Context, method, session, body string) (*http.Response, error) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, "http://bridge.test/mcp", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if session != "" {
		r.Header.Set("Mcp-Session-Id", session)
	}
	return b.RoundTrip(r)
}

// do sends one request and returns its response, whose body the test's end
// closes.
func (b *bridgeRun) do(method, session, body string) *http.Response {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	response, err := b.try(ctx, method, session, body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, body, err)
	}
	b.t.Cleanup(func() {
		response.Body.Close()
		cancel()
	})
	return response
}

// post sends body and returns status, media type and the whole answer.
func (b *bridgeRun) post(session, body string) (int, string, string) {
	b.t.Helper()
	response := b.do(http.MethodPost, session, body)
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Content-Type"), string(raw)
}

func (b *bridgeRun) want(session, body string, status int, media, answer string) {
	b.t.Helper()
	if s, m, a := b.post(session, body); s != status || m != media || a != answer {
		b.t.Errorf("%s\ngot  %d %s %.300s\nwant %d %s %.300s", body, s, m, a, status, media, answer)
	}
}

const (
	plainJSON   = "application/json"
	eventStream = "text/event-stream"
	hello       = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}`
)

func (b *bridgeRun) session() string {
	b.t.Helper()
	response := b.do(http.MethodPost, "", hello)
	raw, _ := io.ReadAll(response.Body)
	id := response.Header.Get("Mcp-Session-Id")
	if response.StatusCode != http.StatusOK || len(id) < 20 || string(raw) != direct(b.t, hello)[0] {
		b.t.Fatalf("initialize: %d, session %q, %s", response.StatusCode, id, raw)
	}
	return id
}

// eventsOf turns messages into the events that carry them.
func eventsOf(messages ...string) string {
	var out strings.Builder
	for _, m := range messages {
		out.WriteString("data: " + m + "\n\n")
	}
	return out.String()
}

func refusalCode(err error) toolproxy.Code {
	if refusal, ok := toolproxy.AsRefusal(err); ok {
		return refusal.Code
	}
	return ""
}

func TestBridgeDeath(t *testing.T) {
	b := startBridge(t, "scripted", nil)
	session := b.session()
	for _, body := range []string{call("1", "die", `{}`), modern("1", "die", `{}`), modern("1", "killed", `{}`)} {
		owner := session
		if strings.Contains(body, "_meta") {
			owner = ""
		}
		if _, err := b.try(t.Context(), http.MethodPost, owner, body); refusalCode(err) != toolproxy.CodeUpstreamUnavailable {
			t.Errorf("%s: %v", body, err)
		}
	}
	if s := b.do(http.MethodPost, session, `{"jsonrpc":"2.0","id":1,"method":"ping"}`).StatusCode; s != http.StatusNotFound {
		t.Errorf("a session whose server died: %d", s)
	}
	// The second death came soon after the first, so the server rests a while.
	for end := time.Now().Add(patience); ; {
		response, err := b.try(t.Context(), http.MethodPost, "", modern("1", "echo", `{}`))
		if err == nil {
			response.Body.Close()
			break
		}
		if refusalCode(err) != toolproxy.CodeUpstreamUnavailable || time.Now().After(end) {
			t.Fatalf("after the death: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestBridgeBadAnswers(t *testing.T) {
	b := startBridge(t, "scripted", func(cfg *BridgeConfig) { cfg.Replies.MaxBytes = 100_000 })
	cases := []struct {
		body string
		code toolproxy.Code
	}{
		{modern("1", "duplicate", `{}`), toolproxy.CodeUpstreamInvalid},
		{modern("1", "line", `{"n":100001}`), toolproxy.CodeUpstreamTooLarge},
		{modern("1", "babble", `{}`), toolproxy.CodeUpstreamUnavailable},
	}
	for _, c := range cases {
		if _, err := b.try(t.Context(), http.MethodPost, "", c.body); refusalCode(err) != c.code {
			t.Errorf("%s: %v, want %s", c.body, err, c.code)
		}
	}
}

func TestBridgeMaxChildren(t *testing.T) {
	b := startBridge(t, "scripted", func(cfg *BridgeConfig) { cfg.MaxChildren = 1 })
	session := b.session()
	for _, body := range []string{hello, modern("1", "echo", `{}`)} {
		if s, _, answer := b.post("", body); s != http.StatusServiceUnavailable || !strings.Contains(answer, "overload") {
			t.Errorf("one server too many: %d %s", s, answer)
		}
	}
	b.do(http.MethodDelete, session, "")
	for end := time.Now().Add(patience); ; {
		if s, _, _ := b.post("", hello); s == http.StatusOK {
			break
		}
		if time.Now().After(end) {
			t.Fatal("a server that ended still counts")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestBridgeIdle(t *testing.T) {
	b := startBridge(t, "scripted", func(cfg *BridgeConfig) { cfg.IdleTimeout = 20 * time.Millisecond })
	session := b.session()
	for end := time.Now().Add(patience); b.Bridge.session(session) != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("an idle server still runs")
		}
	}
}

func TestBridgeClosed(t *testing.T) {
	b := startBridge(t, "scripted", nil)
	b.session()
	b.want("", modern("1", "rare", `{}`), http.StatusOK, plainJSON, `{ "id": 1, "result" : {"content":[ ] } , "jsonrpc":"2.0","extra":[1.0] }`)
	if err := b.Close(); err != nil || b.children != 0 {
		t.Errorf("%d servers left, %v", b.children, err)
	}
	if _, err := b.try(t.Context(), http.MethodPost, "", modern("1", "echo", `{}`)); refusalCode(err) != toolproxy.CodeUpstreamUnavailable {
		t.Errorf("a closed bridge: %v", err)
	}
	if _, err := b.try(t.Context(), http.MethodPost, "", hello); refusalCode(err) != toolproxy.CodeUpstreamUnavailable {
		t.Errorf("a closed bridge: %v", err)
	}
}

func TestBridgeNoCommand(t *testing.T) {
	if _, err := NewBridge(BridgeConfig{}); err == nil {
		t.Error("a bridge without a command")
	}
	b := startBridge(t, "scripted", func(cfg *BridgeConfig) { cfg.Command.Args = []string{"/nonexistent/server"} })
	for _, body := range []string{hello, modern("1", "echo", `{}`)} {
		if _, err := b.try(t.Context(), http.MethodPost, "", body); refusalCode(err) != toolproxy.CodeUpstreamUnavailable {
			t.Errorf("no such command: %v", err)
		}
	}
}

func TestMailbox(t *testing.T) {
	box := newMailbox()
	for i := range mailMessages + 3 {
		if whole := box.put(fmt.Append(nil, i)); whole != (i < mailMessages) {
			t.Fatalf("message %d: %v", i, whole)
		}
	}
	big := bytes.Repeat([]byte("x"), mailBytes)
	if box.put(big) || len(box.queue) != 1 || box.size != mailBytes {
		t.Errorf("%d messages of %d bytes", len(box.queue), box.size)
	}
	box.last([]byte("answer"))
	if box.put([]byte("late")) {
		t.Error("a message behind the last")
	}
	if raw, last, err := box.take(t.Context()); len(raw) != mailBytes || last || err != nil {
		t.Errorf("got %d bytes, %v, %v", len(raw), last, err)
	}
	if raw, last, err := box.take(t.Context()); string(raw) != "answer" || !last || err != nil {
		t.Errorf("got %s, %v, %v", raw, last, err)
	}
	if _, _, err := box.take(t.Context()); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}
