package mcp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

const plainCall = `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"note://1"}}`

// TestBadUpstream holds what a client is told about each way to answer badly.
func TestBadUpstream(t *testing.T) {
	answer := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	const events = "text/event-stream"
	good := `{"jsonrpc":"2.0","id":1,"result":{}}`
	cases := []struct {
		name     string
		upstream http.HandlerFunc
		status   int
		code     toolproxy.Code
	}{
		{"hangs", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // a server notices that its client is gone only then
			<-r.Context().Done()
		}, 200, toolproxy.CodeUpstreamTimeout},
		{"hangs in the stream", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", events)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, 200, toolproxy.CodeUpstreamTimeout},
		{"closes before the answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 200, toolproxy.CodeUpstreamUnavailable},
		{"closes in the body", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, good[:20])
		}, 200, toolproxy.CodeUpstreamInvalid},
		{"ends the stream without an answer", answer(200, events, ": hi\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"n\"}\n\n"), 200, toolproxy.CodeUpstreamInvalid},
		{"ends the stream in the answer", answer(200, events, "data: "+good+"\n"), 200, toolproxy.CodeUpstreamInvalid},
		{"truncated", answer(200, "application/json", good[:20]), 200, toolproxy.CodeUpstreamInvalid},
		{"wrong id", answer(200, "application/json", `{"jsonrpc":"2.0","id":2,"result":{}}`), 200, toolproxy.CodeUpstreamInvalid},
		{"wrong id in the stream", answer(200, events, "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n"), 200, toolproxy.CodeUpstreamInvalid},
		{"id of another type", answer(200, "application/json", `{"jsonrpc":"2.0","id":"1","result":{}}`), 200, toolproxy.CodeUpstreamInvalid},
		{"a request", answer(200, "application/json", plainCall), 200, toolproxy.CodeUpstreamInvalid},
		{"duplicate keys", answer(200, "application/json", `{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}`), 200, toolproxy.CodeUpstreamInvalid},
		{"result and error", answer(200, "application/json", `{"jsonrpc":"2.0","id":1,"result":{},"error":{}}`), 200, toolproxy.CodeUpstreamInvalid},
		{"batch", answer(200, "application/json", "["+good+"]"), 200, toolproxy.CodeUpstreamInvalid},
		{"batch in the stream", answer(200, events, "data: ["+good+"]\n\n"), 200, toolproxy.CodeUpstreamInvalid},
		{"HTML", answer(200, "text/html", "<html>"), 200, toolproxy.CodeUpstreamInvalid},
		{"HTML that says JSON", answer(200, "application/json", "<html>"), 200, toolproxy.CodeUpstreamInvalid},
		{"nothing", answer(202, "", ""), 200, toolproxy.CodeUpstreamInvalid},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.com/", http.StatusTemporaryRedirect)
		}, 200, toolproxy.CodeUpstreamInvalid},
		{"gzip", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, good)
			_ = z.Close()
		}, 200, toolproxy.CodeUpstreamInvalid},
		{"event over the cap", answer(200, events, "data: "+strings.Repeat(" ", 2<<20)+good+"\n\n"), 200, toolproxy.CodeUpstreamTooLarge},
		{"length over the cap", answer(200, "application/json", strings.Repeat(" ", 2<<20)+good), 200, toolproxy.CodeUpstreamTooLarge},
		{"in another charset", answer(200, "application/json; charset=utf-7", good), 200, toolproxy.CodeUpstreamInvalid},
		{"stream in another charset", answer(200, events+";charset=\"UTF-16\"", "data: "+good+"\n\n"), 200, toolproxy.CodeUpstreamInvalid},
		{"two content types", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{"application/json", "application/json; charset=utf-7"}
			_, _ = io.WriteString(w, good)
		}, 200, toolproxy.CodeUpstreamInvalid},
		{"status without an answer", answer(404, "text/plain", "session secret-words"), 404, toolproxy.CodeUpstreamInvalid},
		{"server error", answer(500, "text/html", "secret-words"), 500, toolproxy.CodeUpstreamInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var recorded toolproxy.Code
			guard := func(upstream toolproxy.Handler) toolproxy.Handler {
				return toolproxy.HandlerFunc(func(ctx context.Context, call *toolproxy.Call) (*toolproxy.Result, error) {
					r, err := upstream.ServeCall(ctx, call)
					if refusal, ok := toolproxy.AsRefusal(err); ok {
						recorded = refusal.Code
					}
					return r, err
				})
			}
			timeout := 5 * time.Second
			if strings.HasPrefix(c.name, "hangs") {
				timeout = 30 * time.Millisecond
			}
			_, proxied := front(t, c.upstream, ProxyConfig{
				Server: &Server{Guard: guard}, Limits: Limits{CallTimeout: timeout, MaxReply: 1 << 20},
			})
			got := shot{body: plainCall}.send(t, proxied)
			if !strings.HasPrefix(got, fmt.Sprintf("%d\n", c.status)) || !strings.Contains(got, `"code":"`+string(c.code)+`"`) {
				t.Errorf("got %s", got)
			}
			if recorded != c.code {
				t.Errorf("the firewall was told %q", recorded)
			}
			if strings.Contains(got, "secret-words") {
				t.Errorf("unscreened words reach the client: %s", got)
			}
		})
	}
}

func TestUpstreamIsDown(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + gone.Addr().String()
	_ = gone.Close()
	_, proxied := front(t, http.NotFoundHandler(), ProxyConfig{Server: &Server{Guard: allow}, URL: url})
	if got := (shot{body: plainCall}).send(t, proxied); !strings.HasPrefix(got, "200\n") || !strings.Contains(got, `"code":"upstream_unavailable"`) {
		t.Errorf("request: %s", got)
	}
	if got := (shot{body: callEcho}).send(t, proxied); !strings.Contains(got, `"isError":true`) {
		t.Errorf("tool call: %s", got)
	}
	for _, s := range []shot{{method: http.MethodGet}, {method: http.MethodDelete}, {body: `{"jsonrpc":"2.0","method":"n"}`}} {
		if got := s.send(t, proxied); !strings.HasPrefix(got, "502\n") {
			t.Errorf("%s: %s", s.method, got)
		}
	}
}

// TestEndlessReply holds that an answer is read no further than its cap.
func TestEndlessReply(t *testing.T) {
	for _, contentType := range []string{"application/json", "text/event-stream"} {
		var sent atomic.Int64
		ended := make(chan struct{})
		upstream := func(w http.ResponseWriter, _ *http.Request) {
			defer close(ended)
			w.Header().Set("Content-Type", contentType)
			chunk := []byte(strings.Repeat("a", 1<<16))
			for sent.Load() < 200<<20 {
				n, err := w.Write(chunk)
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		}
		_, proxied := front(t, http.HandlerFunc(upstream), ProxyConfig{Server: &Server{Guard: allow}, Limits: Limits{MaxReply: 1 << 20}})
		if got := (shot{body: plainCall}).send(t, proxied); !strings.Contains(got, `"code":"upstream_too_large"`) {
			t.Errorf("%s: %s", contentType, got)
		}
		<-ended
		// What lies in the buffers of two sockets comes on top of the cap.
		if sent.Load() > 32<<20 {
			t.Errorf("%s: the upstream could send %d bytes", contentType, sent.Load())
		}
	}
}

// TestNotJudgedFailureIsRelayed holds that a client learns from its upstream
// that its session has ended.
func TestNotJudgedFailureIsRelayed(t *testing.T) {
	upstream := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		http.Error(w, "no such session", http.StatusNotFound)
	}
	_, proxied := front(t, http.HandlerFunc(upstream), ProxyConfig{Server: &Server{Guard: allow}})
	got := shot{body: `{"jsonrpc":"2.0","id":1,"method":"ping"}`}.send(t, proxied)
	want := "404\nContent-Type: text/plain; charset=utf-8\nX-Content-Type-Options: nosniff\n\nno such session\n"
	if got != want {
		t.Errorf("got %q", got)
	}
}

// TestBadClientBodies holds that what cannot be read is refused and recorded.
func TestBadClientBodies(t *testing.T) {
	var recorded []toolproxy.Code
	guard := func(toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(_ context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			if c.Fault == nil {
				return nil, errors.New("not a fault")
			}
			recorded = append(recorded, c.Fault.Code)
			return nil, c.Fault
		})
	}
	reached := false
	upstream := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
	_, proxied := front(t, upstream, ProxyConfig{Server: &Server{Guard: guard, Gate: toolproxy.Gate{MaxBytes: 1 << 10}}})
	cases := []struct {
		name   string
		body   string
		header map[string]string
		status int
		code   toolproxy.Code
		rpc    int64
	}{
		{"empty", "", nil, 400, toolproxy.CodeInvalidJSON, rpcParse},
		{"not JSON", "{", nil, 400, toolproxy.CodeInvalidJSON, rpcParse},
		{"duplicate key", `{"jsonrpc":"2.0","method":"ping","METHOD":"tools/call","id":1}`, nil, 400, toolproxy.CodeDuplicateKey, rpcParse},
		{"other case", `{"jsonrpc":"2.0","Method":"tools/call","id":1}`, nil, 400, toolproxy.CodeInvalidMessage, rpcInvalidRequest},
		{"batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, nil, 400, toolproxy.CodeBatch, rpcInvalidRequest},
		{"too deep", strings.Repeat("[", 100) + strings.Repeat("]", 100), nil, 400, toolproxy.CodeTooDeep, rpcInvalidRequest},
		{"too large", strings.Repeat(" ", 2<<10), nil, 413, toolproxy.CodeTooLarge, rpcInvalidRequest},
		{"compressed", plainCall, map[string]string{"Content-Encoding": "gzip"}, 415, toolproxy.CodeInvalidMessage, rpcInvalidRequest},
		{"in another charset", plainCall, map[string]string{"Content-Type": "application/json; charset=utf-7"}, 415, toolproxy.CodeInvalidMessage, rpcInvalidRequest},
		{"of another type", plainCall, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415, toolproxy.CodeInvalidMessage, rpcInvalidRequest},
		{"of no readable type", plainCall, map[string]string{"Content-Type": "application/json; charset"}, 415, toolproxy.CodeInvalidMessage, rpcInvalidRequest},
		{"call without an id", `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"pay","arguments":{}}}`, nil, 400, toolproxy.CodeInvalidMessage, rpcInvalidRequest},
		{"read without an id", `{"jsonrpc":"2.0","method":"Resources/Read","params":{"uri":"note://1"}}`, nil, 400, toolproxy.CodeInvalidMessage, rpcInvalidRequest},
		{"response that says call", `{"jsonrpc":"2.0","id":1,"result":{}}`, map[string]string{"Mcp-Method": "tools/call", "Mcp-Name": "pay"}, 400, toolproxy.CodeHeaderMismatch, rpcHeaderMismatch},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			recorded = nil
			got := shot{body: c.body, header: c.header}.send(t, proxied)
			head, body, _ := strings.Cut(got, "\n\n")
			if !strings.HasPrefix(head, fmt.Sprintf("%d\n", c.status)) || gjson.Get(body, "error.code").Int() != c.rpc ||
				gjson.Get(body, "error.data.code").String() != string(c.code) || gjson.Get(body, "id").Raw != gjson.Get(c.body, "id").Raw && gjson.Get(body, "id").Raw != "null" {
				t.Errorf("got %s", got)
			}
			if len(recorded) != 1 || recorded[0] != c.code {
				t.Errorf("recorded %v", recorded)
			}
		})
	}
	if reached {
		t.Error("the upstream was asked")
	}
	if got := (shot{method: http.MethodPut}).send(t, proxied); !strings.HasPrefix(got, "405\nAllow: GET, POST, DELETE\n") {
		t.Errorf("PUT: %s", got)
	}
}

// TestEndlessBody sends a body without end and without a length.
func TestEndlessBody(t *testing.T) {
	_, proxied := front(t, http.NotFoundHandler(), ProxyConfig{Server: &Server{Guard: allow, Gate: toolproxy.Gate{MaxBytes: 1 << 10}}})
	pr, pw := io.Pipe()
	go func() {
		for {
			if _, err := pw.Write(bytes.Repeat([]byte("a"), 512)); err != nil {
				return
			}
		}
	}()
	defer pr.Close()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, proxied, pr)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestSlowClient(t *testing.T) {
	up := httptest.NewServer(http.NotFoundHandler())
	defer up.Close()
	var recorded atomic.Value
	guard := func(toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(_ context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			recorded.Store(c.Fault.Code)
			return nil, c.Fault
		})
	}
	p, err := NewProxy(ProxyConfig{Server: &Server{Guard: guard}, URL: up.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	down := httptest.NewUnstartedServer(p)
	down.Config.ReadTimeout = 50 * time.Millisecond
	down.Start()
	defer down.Close()
	conn, err := net.Dial("tcp", down.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	answer, _ := io.ReadAll(conn)
	if !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") || recorded.Load() != toolproxy.CodeSlowClient {
		t.Errorf("recorded %v, answered %q", recorded.Load(), answer)
	}
}

// TestHeadersForwarded holds what of a client's headers reaches the upstream.
func TestHeadersForwarded(t *testing.T) {
	seen := make(chan http.Header, 1)
	host := make(chan string, 1)
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		host <- r.Host
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("X-Vendor", "v")
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":{}}`)
	})
	own := func() (http.Header, error) { return http.Header{"authorization": {"Bearer ours"}}, nil }
	direct, proxied := front(t, upstream, ProxyConfig{Server: &Server{Guard: allow}, Headers: own})
	got := shot{body: plainCall, header: map[string]string{
		"Authorization": "Bearer theirs", "X-Callgate-Key": "k", "Cookie": "c=d", "Callgate-Session": "s",
		"Origin": "http://localhost", "X-Forwarded-For": "10.0.0.1", "Proxy-Authorization": "Basic x",
		"Connection": "X-Hop", "X-Hop": "1", "Te": "trailers",
		"X-HTTP-Method-Override": "DELETE", "X-Original-URL": "/admin", "X-Rewrite-Url": "/admin", "X-Real-IP": "127.0.0.1", "Mcp_Name": "other",
		"Mcp-Param-Unknown": "p", "Traceparent": "t", "Last-Event-Id": "7", "X-Unknown": "u",
	}}.send(t, proxied)
	h := <-seen
	for name, want := range map[string]string{
		"Authorization": "Bearer ours", "Mcp-Param-Unknown": "p", "Traceparent": "t", "Last-Event-Id": "7", "X-Unknown": "u",
		"Accept": "application/json, text/event-stream", "Content-Type": "application/json", "Accept-Encoding": "identity",
		"X-Callgate-Key": "", "Cookie": "", "Callgate-Session": "", "Origin": "", "X-Forwarded-For": "",
		"Proxy-Authorization": "", "X-Hop": "", "Te": "",
		"X-Http-Method-Override": "", "X-Original-Url": "", "X-Rewrite-Url": "", "X-Real-Ip": "", "Mcp_Name": "",
	} {
		if h.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, h.Get(name), want)
		}
	}
	if want := strings.TrimPrefix(direct, "http://"); <-host != want {
		t.Errorf("host is not %s", want)
	}
	if !strings.Contains(got, "X-Vendor: v") || strings.Contains(got, "Cookie") {
		t.Errorf("reply %s", got)
	}
}

func TestCredentialsMissing(t *testing.T) {
	reached := false
	upstream := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
	none := func() (http.Header, error) { return nil, errors.New("no such secret: hunter2") }
	_, proxied := front(t, upstream, ProxyConfig{Server: &Server{Guard: allow}, Headers: none})
	if got := (shot{body: plainCall}).send(t, proxied); !strings.Contains(got, "upstream_unavailable") || strings.Contains(got, "hunter2") || reached {
		t.Errorf("got %s", got)
	}
}

func TestConversation(t *testing.T) {
	trace := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	cases := []struct {
		name, want, params string
		header             http.Header
	}{
		{"header", "h", `{"_meta":{"callgate/session":"m"}}`, http.Header{"Callgate-Session": {"h"}, "Mcp-Session-Id": {"l"}}},
		{"meta", "m", `{"_meta":{"callgate/session":"m"}}`, http.Header{"Mcp-Session-Id": {"l"}}},
		{"legacy", "l", `{"_meta":{"traceparent":"` + trace + `"}}`, http.Header{"Mcp-Session-Id": {"l"}}},
		{"trace header", "0af7651916cd43dd8448eb211c80319c", `{}`, http.Header{"Traceparent": {trace}}},
		{"trace in meta", "0af7651916cd43dd8448eb211c80319c", `{"_meta":{"traceparent":"` + trace + `"}}`, nil},
		{"no trace", "", `{"_meta":{"traceparent":"00-00000000000000000000000000000000-b7ad6b7169203331-01"}}`, nil},
		{"none", "", `{}`, nil},
	}
	for _, c := range cases {
		m := mustParse(t, `{"jsonrpc":"2.0","id":1,"method":"ping","params":`+c.params+`}`)
		if got := conversation(c.header, m); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	long := conversation(http.Header{"Callgate-Session": {strings.Repeat("a", 300)}}, Message{})
	if len(long) != 64 {
		t.Errorf("a long session is kept as %q", long)
	}
}
