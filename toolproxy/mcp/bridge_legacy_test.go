package mcp

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

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

// TestBridgeClientStopsReading leaves a stream without closing it.
func TestBridgeClientStopsReading(t *testing.T) {
	b := startBridge(t, "scripted", nil)
	session := b.session()
	ctx, leave := context.WithCancel(t.Context())
	response, err := b.try(ctx, http.MethodPost, session, call("1", "hang", `{}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	leave()
	p := b.Bridge.session(session)
	waiting := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.posts)
	}
	for end := time.Now().Add(patience); waiting() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the request of a client that left still waits")
		}
	}
}
