package mcp

import (
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

	"callgate/toolproxy"
)

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
			t.Fatalf("the server did not hear that its clients left: %.500s", answer)
		}
		time.Sleep(10 * time.Millisecond)
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
			expect(t, c, "forbidden", "Callgate (denied): The call was refused by policy.", true)
			if legacy := c.GetSessionId() != ""; legacy != (era == "legacy") {
				t.Errorf("session %q", c.GetSessionId())
			}
		})
	}
	front.CloseClientConnections()
}
