package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	mcpgo "github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
	"go.uber.org/goleak"

	"callgate/toolproxy"
)

// front puts a proxy with a firewall before an upstream, both on real
// listeners, and gives their URLs.
func front(t testing.TB, upstream http.Handler, c ProxyConfig) (direct, proxied string) {
	t.Helper()
	var p *Proxy
	return frontOf(t, upstream, c, &p)
}

func frontOf(t testing.TB, upstream http.Handler, c ProxyConfig, made **Proxy) (direct, proxied string) {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	up := httptest.NewServer(upstream)
	if c.URL == "" {
		c.URL = up.URL
	}
	p, err := NewProxy(c)
	if err != nil {
		t.Fatal(err)
	}
	*made = p
	down := httptest.NewServer(p)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		down.CloseClientConnections()
		down.Close()
		p.Close()
		up.CloseClientConnections()
		up.Close()
		goleak.VerifyNone(t, ignore)
	})
	return up.URL, down.URL
}

// fixedSession makes the session ids of a server predictable.
type fixedSession struct{}

func (fixedSession) Generate() string               { return "session-1" }
func (fixedSession) Validate(string) (bool, error)  { return false, nil }
func (fixedSession) Terminate(string) (bool, error) { return false, nil }

// busyOffice is an office with a tool that reports its progress.
func busyOffice() http.Handler {
	srv := office()
	srv.AddTool(mcpgo.NewTool("slow"), func(ctx context.Context, r mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
		for i := range 3 {
			_ = server.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/progress", map[string]any{"progress": i, "progressToken": "p"})
		}
		return mcpgo.NewToolResultText("done"), nil
	})
	region := mcpgo.NewToolWithRawSchema("region", "", json.RawMessage(`{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}`))
	srv.AddTool(region, func(_ context.Context, r mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
		return mcpgo.NewToolResultText("region " + r.GetString("region", "")), nil
	})
	return server.NewStreamableHTTPServer(srv, server.WithSessionIdManager(fixedSession{}), server.WithEventStore(server.NewInMemoryEventStore()))
}

// shot is one HTTP request and what came back.
type shot struct {
	method, body string
	header       map[string]string
}

func (s shot) send(t testing.TB, url string) string {
	t.Helper()
	method := s.method
	if method == "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for name, value := range s.header {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name, values := range response.Header {
		if name != "Date" && name != "Content-Length" && name != "Connection" {
			names = append(names, name+": "+strings.Join(values, ", "))
		}
	}
	slices.Sort(names)
	return fmt.Sprintf("%d\n%s\n\n%s", response.StatusCode, strings.Join(names, "\n"), body)
}

const metaModern = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

func modernShot(method, name, params string) shot {
	header := map[string]string{"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
	if name != "" {
		header["Mcp-Name"] = name
	}
	if params != "" {
		params = "," + params
	}
	return shot{body: `{"jsonrpc":"2.0","id":"m1","method":"` + method + `","params":{` + metaModern + params + `}}`, header: header}
}

func (s shot) with(name, value string) shot {
	header := map[string]string{name: value}
	for n, v := range s.header {
		if _, set := header[n]; !set {
			header[n] = v
		}
	}
	return shot{s.method, s.body, header}
}

func legacyShot(body string) shot {
	return shot{body: body, header: map[string]string{"Mcp-Session-Id": "session-1", "MCP-Protocol-Version": "2025-11-25"}}
}

var conversationShots = []struct {
	name string
	shot shot
}{
	{"initialize", shot{body: `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`}},
	{"initialized", legacyShot(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)},
	{"ping", legacyShot(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)},
	{"list", legacyShot(`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`)},
	{"call", legacyShot(`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","arguments":{"text":"<b>"}}}`)},
	{"call with progress", legacyShot(`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"slow","_meta":{"progressToken":"p"}}}`)},
	{"no such tool", legacyShot(`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"nosuch"}}`)},
	{"read", legacyShot(`{"jsonrpc":"2.0","id":6,"method":"resources/read","params":{"uri":"note://1"}}`)},
	{"unknown method", legacyShot(`{"jsonrpc":"2.0","id":7,"method":"no/such"}`)},
	{"response to nothing", legacyShot(`{"jsonrpc":"2.0","id":8,"result":{"x":1}}`)},
	{"content type with a charset", legacyShot(`{"jsonrpc":"2.0","id":9,"method":"ping"}`).with("Content-Type", "application/json; charset=UTF-8")},
	{"unknown version", legacyShot(`{"jsonrpc":"2.0","id":9,"method":"ping"}`).with("MCP-Protocol-Version", "1999-01-01")},
	{"delete", shot{method: http.MethodDelete, header: map[string]string{"Mcp-Session-Id": "session-1"}}},
	{"modern discover", modernShot("server/discover", "", "")},
	{"modern list", modernShot("tools/list", "", "")},
	{"modern call", modernShot("tools/call", "echo", `"name":"echo","arguments":{"text":"é"}`)},
	{"modern no such tool", modernShot("tools/call", "nosuch", `"name":"nosuch"`)},
	{"modern unknown method", modernShot("no/such", "", "")},
	{"modern param header", modernShot("tools/call", "region", `"name":"region","arguments":{"region":"eu west"}`).with("Mcp-Param-Region", "eu west")},
	{"modern encoded name", modernShot("tools/call", "=?base64?ZWNobw==?=", `"name":"echo"`)},
	{"modern unknown version", shot{
		body:   `{"jsonrpc":"2.0","id":"m1","method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2099-01-01"}}}`,
		header: map[string]string{"MCP-Protocol-Version": "2099-01-01"},
	}},
	{"modern header only", shot{body: `{"jsonrpc":"2.0","id":"m1","method":"ping"}`, header: map[string]string{"MCP-Protocol-Version": "2026-07-28"}}},
	{"modern get", shot{method: http.MethodGet, header: map[string]string{"MCP-Protocol-Version": "2026-07-28"}}},
	{"modern delete", shot{method: http.MethodDelete, header: map[string]string{"MCP-Protocol-Version": "2026-07-28"}}},
}

// TestProxyIsTransparent holds that an allowed conversation has the same
// status, headers and bytes with and without the proxy.
func TestProxyIsTransparent(t *testing.T) {
	direct, _ := front(t, busyOffice(), ProxyConfig{Server: &Server{Guard: allow}})
	_, proxied := front(t, busyOffice(), ProxyConfig{Server: &Server{Guard: allow}})
	ran := 0
	for _, c := range conversationShots {
		t.Run(c.name, func(t *testing.T) {
			want, got := c.shot.send(t, direct), c.shot.send(t, proxied)
			if want != got {
				t.Errorf("proxied:\n%s\ndirect:\n%s", got, want)
			}
			ran++
		})
	}
	if ran != len(conversationShots) {
		t.Fatalf("ran %d of %d", ran, len(conversationShots))
	}
}

// TestHeaderMismatch holds that disagreeing headers are refused with the
// status and the code that a server of the protocol gives.
func TestHeaderMismatch(t *testing.T) {
	var faults []toolproxy.Code
	guard := func(upstream toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			if c.Fault != nil {
				faults = append(faults, c.Fault.Code)
				return nil, c.Fault
			}
			t.Errorf("%s reached the firewall as a call", c.Tool)
			return upstream.ServeCall(ctx, c)
		})
	}
	direct, proxied := front(t, busyOffice(), ProxyConfig{Server: &Server{Guard: guard}})
	call := modernShot("tools/call", "echo", `"name":"echo"`)
	region := modernShot("tools/call", "region", `"name":"region","arguments":{"region":"eu"}`)
	cases := []struct {
		name   string
		shot   shot
		server bool // a server refuses it the same way
	}{
		{"version", call.with("MCP-Protocol-Version", "2025-11-25"), true},
		{"no version", call.with("MCP-Protocol-Version", ""), true},
		{"method", call.with("Mcp-Method", "ping"), true},
		{"no method", call.with("Mcp-Method", ""), true},
		{"name", call.with("Mcp-Name", "danger"), true},
		{"no name", call.with("Mcp-Name", ""), true},
		{"broken base64", call.with("Mcp-Name", "=?base64?!?="), true},
		{"param", region.with("Mcp-Param-Region", "us"), true},
		{"no param", region, true},
		{"legacy method", legacyShot(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}`).with("Mcp-Method", "ping"), false},
		{"legacy name", legacyShot(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"danger"}}`).with("Mcp-Name", "echo"), false},
		{"notification", legacyShot(`{"jsonrpc":"2.0","method":"notifications/cancelled"}`).with("Mcp-Method", "ping"), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			faults = nil
			got := c.shot.send(t, proxied)
			if !strings.HasPrefix(got, "400\nContent-Type: application/json\n") || !strings.Contains(got, `"code":-32020`) {
				t.Errorf("got %s", got)
			}
			if len(faults) != 1 || faults[0] != toolproxy.CodeHeaderMismatch {
				t.Errorf("recorded %v", faults)
			}
			if c.server {
				if want := c.shot.send(t, direct); !strings.HasPrefix(want, "400\n") || !strings.Contains(want, `"code":-32020`) {
					t.Errorf("a server gives %s", want)
				}
			}
		})
	}
}

// TestHeaderSentTwice uses a raw request, since a client joins its headers.
func TestHeaderSentTwice(t *testing.T) {
	_, proxied := front(t, busyOffice(), ProxyConfig{Server: &Server{Guard: allow}})
	s := modernShot("tools/call", "echo", `"name":"echo"`)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, proxied, strings.NewReader(s.body))
	for name, value := range s.header {
		r.Header.Set(name, value)
	}
	r.Header.Add("Mcp-Name", "danger")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); response.StatusCode != 400 || gjson.GetBytes(body, "error.code").Int() != rpcHeaderMismatch {
		t.Errorf("%d %s", response.StatusCode, body)
	}
}

// officeGuard denies danger, turns old into echo and withholds what says so.
func officeGuard(upstream toolproxy.Handler) toolproxy.Handler {
	return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
		if c.Fault != nil {
			return nil, c.Fault
		}
		switch c.Tool {
		case "danger":
			return nil, denied()
		case "region":
			c.Arguments, _ = sjson.SetBytes(c.Arguments, "region", "ü")
		}
		r, err := upstream.ServeCall(ctx, c)
		if err != nil {
			return nil, err
		}
		if strings.Contains(string(r.Body), "withhold") {
			return nil, &toolproxy.Refusal{Code: toolproxy.CodeResultWithheld, Decision: "deny", Record: "2"}
		}
		if strings.Contains(string(r.Body), "redact") {
			body := strings.ReplaceAll(string(r.Body), "redact", "******")
			return &toolproxy.Result{Body: json.RawMessage(body), Edited: true}, nil
		}
		return r, nil
	})
}

// TestRealClient drives mcp-go's own client through the proxy, in both eras.
func TestRealClient(t *testing.T) {
	for _, era := range []string{"", mcpgo.ProtocolVersion20251125} {
		t.Run("era "+era, func(t *testing.T) {
			_, proxied := front(t, busyOffice(), ProxyConfig{Server: &Server{Guard: officeGuard}})
			c := dial(t, proxied, era)
			call := func(tool string, arguments map[string]any) *mcpgo.CallToolResult {
				t.Helper()
				request := mcpgo.CallToolRequest{}
				request.Params.Name, request.Params.Arguments = tool, arguments
				result, err := c.CallTool(t.Context(), request)
				if err != nil {
					t.Fatalf("%s: %v", tool, err)
				}
				return result
			}
			text := func(r *mcpgo.CallToolResult) string { return r.Content[0].(mcpgo.TextContent).Text }
			if _, err := c.ListTools(t.Context(), mcpgo.ListToolsRequest{}); err != nil {
				t.Fatal(err)
			}
			if got := call("echo", map[string]any{"text": "hi"}); text(got) != "echo: hi" || got.IsError {
				t.Errorf("allowed: %v", got)
			}
			if got := call("slow", nil); text(got) != "done" {
				t.Errorf("streamed: %v", got)
			}
			if got := call("danger", nil); !got.IsError || !strings.Contains(text(got), "no_danger") || !strings.Contains(text(got), "Use the tool echo.") {
				t.Errorf("denied: %v", got)
			}
			if got := call("region", map[string]any{"region": "eu"}); text(got) != "region ü" {
				t.Errorf("rewritten: %v", got)
			}
			if got := call("echo", map[string]any{"text": "redact"}); text(got) != "echo: ******" {
				t.Errorf("redacted: %v", got)
			}
			if got := call("echo", map[string]any{"text": "withhold"}); !got.IsError || strings.Contains(text(got), "withhold me") {
				t.Errorf("withheld: %v", got)
			}
		})
	}
}

func dial(t *testing.T, url, era string) *client.Client {
	t.Helper()
	var options []transport.StreamableHTTPCOption
	options = append(options, transport.WithHTTPTimeout(30*time.Second))
	c, err := client.NewStreamableHttpClient(url, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	request := mcpgo.InitializeRequest{}
	request.Params.ProtocolVersion = era
	request.Params.ClientInfo = mcpgo.Implementation{Name: "test", Version: "1"}
	if _, err := c.Initialize(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	return c
}
