package mcp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	mcpgo "github.com/mark3labs/mcp-go/mcp"
	"github.com/tidwall/gjson"
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

func TestBridgeLegacyIsTransparent(t *testing.T) {
	b := startBridge(t, "scripted", nil)
	session := b.session()
	messages := []string{
		`{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":"a\/b","method":"unknown"}`,
		call("18446744073709551615", "echo", `{"text":"<&>\u2028","n":12345678901234567890}`),
		call("1", "rare", `{}`),
		call("1", "progress", `{}`),
	}
	ran := 0
	for _, message := range messages {
		want := direct(t, message)
		if len(want) == 1 {
			b.want(session, message, http.StatusOK, plainJSON, want[0])
		} else {
			b.want(session, message, http.StatusOK, eventStream, eventsOf(want...))
		}
		ran++
	}
	if ran != 5 {
		t.Errorf("ran %d cases", ran)
	}
	b.want(session, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, http.StatusAccepted, "", "")
	b.want(session, "{\n\"jsonrpc\":\"2.0\",\r\n\"id\":1,\"method\":\"history\"}", http.StatusOK, plainJSON,
		`{"jsonrpc":"2.0","id":1,"result":["initialize","ping","unknown","tools/call","tools/call","tools/call","notifications/initialized","history"]}`)
}

func TestBridgeSessionsAreApart(t *testing.T) {
	b := startBridge(t, "scripted", nil)
	one, two := b.session(), b.session()
	_, _, first := b.post(one, `{"jsonrpc":"2.0","id":1,"method":"pid"}`)
	_, _, second := b.post(two, `{"jsonrpc":"2.0","id":1,"method":"pid"}`)
	if one == two || first == second {
		t.Errorf("sessions %s and %s share a server", one, two)
	}
	if s := b.do(http.MethodDelete, one, "").StatusCode; s != http.StatusOK {
		t.Errorf("DELETE: %d", s)
	}
	for _, session := range []string{one, "nobody"} {
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
			if s := b.do(method, session, `{"jsonrpc":"2.0","id":1,"method":"ping"}`).StatusCode; s != http.StatusNotFound {
				t.Errorf("%s in a session that is not: %d", method, s)
			}
		}
	}
	b.want(two, `{"jsonrpc":"2.0","id":2,"method":"ping"}`, http.StatusOK, plainJSON, `{"jsonrpc":"2.0","id":2,"result":{}}`)
}

func TestBridgeRefusesRequests(t *testing.T) {
	b := startBridge(t, "scripted", func(cfg *BridgeConfig) { cfg.Gate.MaxBytes = 1000 })
	cases := []struct {
		name, method, body string
		status             int
	}{
		{"no session", http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, http.StatusBadRequest},
		{"a stray response", http.MethodPost, `{"jsonrpc":"2.0","id":1,"result":{}}`, http.StatusBadRequest},
		{"no JSON", http.MethodPost, `hello`, http.StatusBadRequest},
		{"batch", http.MethodPost, `[` + hello + `]`, http.StatusBadRequest},
		{"too large", http.MethodPost, modern("1", "echo", `{"x":"`+strings.Repeat("a", 1000)+`"}`), http.StatusBadRequest},
		{"GET", http.MethodGet, ``, http.StatusMethodNotAllowed},
		{"DELETE", http.MethodDelete, ``, http.StatusMethodNotAllowed},
		{"PUT", http.MethodPut, ``, http.StatusMethodNotAllowed},
	}
	for _, c := range cases {
		response := b.do(c.method, "", c.body)
		raw, _ := io.ReadAll(response.Body)
		if response.StatusCode != c.status || !gjson.GetBytes(raw, "error.code").Exists() {
			t.Errorf("%s: %d %s, want %d", c.name, response.StatusCode, raw, c.status)
		}
	}
}

func TestBridgeServerAsksClient(t *testing.T) {
	b := startBridge(t, "scripted", nil)
	session := b.session()
	response := b.do(http.MethodPost, session, call("1", "ask", `{}`))
	events := newEvents(response.Body, 1<<20)
	question, err := events.next()
	if err != nil || gjson.GetBytes(question.data, "method").Str != "sampling/createMessage" {
		t.Fatalf("got %s, %v", question.data, err)
	}
	b.want(session, `{"jsonrpc":"2.0","id":"srv-1","result":7}`, http.StatusAccepted, "", "")
	answer, err := events.next()
	if err != nil || string(answer.data) != `{"jsonrpc":"2.0","id":1,"result":{"content":[],"answer":7}}` {
		t.Errorf("got %s, %v", answer.data, err)
	}
	if _, err := events.next(); err != io.EOF {
		t.Errorf("behind the answer: %v", err)
	}
}

// TestBridgeGet has two calls hang, so that what the server says belongs to
// neither.
func TestBridgeGet(t *testing.T) {
	b := startBridge(t, "scripted", nil)
	session := b.session()
	get := b.do(http.MethodGet, session, "")
	if get.StatusCode != http.StatusOK || get.Header.Get("Content-Type") != eventStream {
		t.Fatalf("GET: %d", get.StatusCode)
	}
	if s := b.do(http.MethodGet, session, "").StatusCode; s != http.StatusConflict {
		t.Errorf("a second GET: %d", s)
	}
	first := b.do(http.MethodPost, session, call("1", "hang", `{}`)) // its stream begins with a notification
	gone := make(chan error, 1)
	go func() {
		_, err := b.try(t.Context(), http.MethodPost, session, call("2", "hang", `{}`))
		gone <- err
	}()
	events := newEvents(get.Body, 1<<20)
	if ev, err := events.next(); err != nil || string(ev.data) != `{"jsonrpc":"2.0","method":"notifications/hanging"}` {
		t.Errorf("GET stream: %s, %v", ev.data, err)
	}
	b.want(session, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}`, http.StatusAccepted, "", "")
	if refusal, ok := toolproxy.AsRefusal(<-gone); !ok || refusal.Code != toolproxy.CodeCancelled {
		t.Errorf("a cancelled request: %v", refusal)
	}
	b.do(http.MethodDelete, session, "")
	for {
		if _, err := events.next(); err != nil {
			if err != io.EOF {
				t.Errorf("the GET stream ends with %v", err)
			}
			break
		}
	}
	if _, err := io.ReadAll(first.Body); refusalCode(err) != toolproxy.CodeUpstreamUnavailable {
		t.Errorf("the stream of a call ends with %v", err)
	}
}

func refusalCode(err error) toolproxy.Code {
	if refusal, ok := toolproxy.AsRefusal(err); ok {
		return refusal.Code
	}
	return ""
}

func TestBridgeModern(t *testing.T) {
	b := startBridge(t, "scripted", nil)
	b.want("", modern("9007199254740993", "echo", `{"n":1.0}`), http.StatusOK, plainJSON,
		`{"jsonrpc":"2.0","id":9007199254740993,"result":{"content":[{"type":"future_block","x":1.0}],"structuredContent":{"n":1.0},"isError":false}}`)
	b.want("", modern(`"a\/b"`, "rare", `{}`), http.StatusOK, plainJSON, `{ "id": "a\/b", "result" : {"content":[ ] } , "jsonrpc":"2.0","extra":[1.0] }`)
	b.want("", modern("1", "nothing", `{}`), http.StatusBadRequest, plainJSON, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"unknown tool"}}`)
	b.want("", `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{`+meta+`}}`, http.StatusNotFound, plainJSON,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method here"}}`)
	b.want("", `{"jsonrpc":"2.0","id":"s","method":"tools/call","params":{"name":"progress","_meta":{"progressToken":"tök\u0065n","io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`,
		http.StatusOK, eventStream, eventsOf(
			`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":0,"progressToken":"tök\u0065n","n":1.50}}`,
			`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":"tök\u0065n","n":1.50}}`,
			`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":2,"progressToken":"tök\u0065n","n":1.50}}`,
			`{"jsonrpc":"2.0","id":"s","result":{"content":[]}}`))
	b.want("", `{"jsonrpc":"2.0","method":"notifications/x","params":{`+meta+`}}`, http.StatusAccepted, "", "")
	b.want("", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5,`+meta+`}}`, http.StatusAccepted, "", "")
	b.want("", `{"jsonrpc":"2.0","id":2,"method":"history","params":{`+meta+`}}`, http.StatusOK, plainJSON,
		`{"jsonrpc":"2.0","id":2,"result":["tools/call","tools/call","tools/call","server/discover","tools/call","notifications/x","history"]}`)
}

// TestBridgeModernSharesOneServer sends equal ids at once; each must get its
// own answer.
func TestBridgeModernSharesOneServer(t *testing.T) {
	b := startBridge(t, "scripted", nil)
	var all sync.WaitGroup
	answers := make([]string, 50)
	for i := range answers {
		all.Add(1)
		go func() {
			defer all.Done()
			response, err := b.try(t.Context(), http.MethodPost, "", modern("1", "echo", fmt.Sprintf(`{"i":%d}`, i)))
			if err != nil {
				t.Error(err)
				return
			}
			raw, _ := io.ReadAll(response.Body)
			response.Body.Close()
			answers[i] = string(raw)
		}()
	}
	all.Wait()
	for i, answer := range answers {
		if gjson.Get(answer, "id").Raw != "1" || gjson.Get(answer, "result.structuredContent.i").Int() != int64(i) {
			t.Errorf("call %d got %s", i, answer)
		}
	}
	if b.children != 1 {
		t.Errorf("%d servers run", b.children)
	}
}

func TestBridgeSubscription(t *testing.T) {
	b := startBridge(t, "scripted", nil)
	ctx, leave := context.WithCancel(t.Context())
	for _, id := range []string{`7`, `"x\/y"`} {
		response, err := b.try(ctx, http.MethodPost, "", `{"jsonrpc":"2.0","id":`+id+`,"method":"subscriptions/listen","params":{`+meta+`}}`)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		events := newEvents(response.Body, 1<<20)
		for range 2 {
			ev, err := events.next()
			want := `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":` + id + `},"uri":"u"}}`
			if err != nil || string(ev.data) != want {
				t.Errorf("got %s, %v, want %s", ev.data, err, want)
			}
		}
	}
	leave()
	// The server reports each cancellation on the only stream that is left: the
	// one of the request that asks for its history.
	for end := time.Now().Add(patience); ; {
		_, _, answer := b.post("", `{"jsonrpc":"2.0","id":1,"method":"history","params":{`+meta+`}}`)
		if strings.Count(answer, "notifications/cancelled") == 2 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the server did not hear that its clients left: %s", answer)
		}
	}
}

func TestBridgeSilentProbe(t *testing.T) {
	b := startBridge(t, "scripted", func(cfg *BridgeConfig) {
		cfg.Command.Env = append(cfg.Command.Env, "CALLGATE_TEST_DISCOVER=silent")
		cfg.ProbeTimeout = 20 * time.Millisecond
	})
	b.want("", `{"jsonrpc":"2.0","id":"p","method":"server/discover","params":{`+meta+`}}`, http.StatusNotFound, plainJSON,
		`{"jsonrpc":"2.0","id":"p","error":{"code":-32601,"message":"Method not found"}}`)
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

// TestBridgeBehindProxy has mcp-go's HTTP client talk to mcp-go's stdio server.
func TestBridgeBehindProxy(t *testing.T) {
	b := startBridge(t, "mcpgo", nil)
	guard := func(upstream toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			if c.Tool == "forbidden" {
				return nil, toolproxy.Refuse(toolproxy.CodeDenied, "policy", nil)
			}
			return upstream.ServeCall(ctx, c)
		})
	}
	proxy, err := NewProxy(ProxyConfig{Server: &Server{Name: "t", Guard: guard}, URL: "http://bridge.test/mcp", Transport: b})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	front := httptest.NewServer(proxy)
	defer front.Close()
	eras := map[string][]client.ClientOption{"modern": nil, "legacy": {client.WithLegacyProtocolOnly()}}
	for era, options := range eras {
		t.Run(era, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			carrier, err := transport.NewStreamableHTTP(front.URL, transport.WithHTTPTimeout(patience))
			if err != nil {
				t.Fatal(err)
			}
			c := client.NewClient(carrier, options...)
			defer c.Close()
			if err := c.Start(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Initialize(ctx, mcpgo.InitializeRequest{}); err != nil {
				t.Fatal(err)
			}
			expect(t, c, "add", "5", false)
			expect(t, c, "forbidden", "Callgate (denied): The firewall refused this call.", true)
			if legacy := c.GetSessionId() != ""; legacy != (era == "legacy") {
				t.Errorf("session %q", c.GetSessionId())
			}
		})
	}
	front.CloseClientConnections()
}
