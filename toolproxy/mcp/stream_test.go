package mcp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	mcpgo "github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// open sends a request and gives its answer as it comes.
func open(t *testing.T, ctx context.Context, url string, s shot) (*http.Response, *bufio.Reader) {
	t.Helper()
	method := s.method
	if method == "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(s.body))
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
	t.Cleanup(func() { _ = response.Body.Close() })
	return response, bufio.NewReader(response.Body)
}

// block reads one block of an event stream.
func block(t *testing.T, in *bufio.Reader) string {
	t.Helper()
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("stream ended with %q: %v", b.String(), err)
		}
		if b.WriteString(line); line == "\n" {
			return b.String()
		}
	}
}

// puppet is an upstream whose streams a test writes block by block.
type puppet struct {
	post, get chan string // a block each; closing ends the stream
}

func (s puppet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	_ = http.NewResponseController(w).Flush()
	blocks := s.post
	if r.Method == http.MethodGet {
		blocks = s.get
	}
	for {
		select {
		case b, more := <-blocks:
			if !more {
				return
			}
			_, _ = io.WriteString(w, b)
			_ = http.NewResponseController(w).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

func newPuppet() puppet { return puppet{post: make(chan string), get: make(chan string)} }

// TestStreamIsRelayedAsItComes holds the order and the bytes of a stream, and
// that the answer waits for the firewall.
func TestStreamIsRelayedAsItComes(t *testing.T) {
	upstream := newPuppet()
	verdict := make(chan struct{})
	guard := func(next toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			r, err := next.ServeCall(ctx, c)
			<-verdict
			return r, err
		})
	}
	_, proxied := front(t, upstream, ProxyConfig{Server: &Server{Guard: guard}})
	response, in := open(t, t.Context(), proxied, legacyShot(plainCall))
	if response.Header.Get("X-Accel-Buffering") != "no" || response.StatusCode != 200 {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
	for _, b := range []string{
		"id: 1\ndata: \n\n",
		": comment\n",
		"event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n",
		"event: message\r\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sampling/createMessage\"}\r\n\r\n",
		"retry: 10\n\n",
	} {
		upstream.post <- b
		got := make([]byte, len(b))
		if _, err := io.ReadFull(in, got); err != nil || string(got) != b {
			t.Errorf("got %q, want %q (%v)", got, b, err)
		}
	}
	upstream.post <- "event: other\ndata: not a message\n\n"
	upstream.post <- "id: 2\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n"
	upstream.post <- ": after\n\n"
	if in.Buffered() > 0 {
		t.Error("the answer came before the firewall's verdict")
	}
	close(verdict)
	if got := block(t, in); got != "id: 2\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n" {
		t.Errorf("answer %q", got)
	}
	if got := block(t, in); got != ": after\n\n" {
		t.Errorf("after the answer %q", got)
	}
	upstream.post <- "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"second\"}\n\n"
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		t.Errorf("a second answer passed: %q", rest)
	}
}

func TestWithheldAnswerInAStream(t *testing.T) {
	upstream := newPuppet()
	_, proxied := front(t, upstream, ProxyConfig{Server: &Server{Guard: officeGuard}})
	_, in := open(t, t.Context(), proxied, legacyShot(plainCall))
	upstream.post <- "event: message\nid: 9\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":\"withhold\"}}\n\n"
	got := block(t, in)
	if !strings.HasPrefix(got, "event: message\nid: 9\ndata: {") || !strings.Contains(got, `"code":"result_withheld"`) || strings.Contains(got, `"x"`) {
		t.Errorf("got %q", got)
	}
}

// TestResumedAnswerIsTheSameCall breaks a legacy stream before its answer and
// resumes it; the firewall sees one call.
func TestResumedAnswerIsTheSameCall(t *testing.T) {
	for _, whoBreaks := range []string{"upstream", "client"} {
		t.Run(whoBreaks, func(t *testing.T) {
			upstream := newPuppet()
			var calls atomic.Int32
			returned := make(chan string, 1)
			guard := func(next toolproxy.Handler) toolproxy.Handler {
				return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
					calls.Add(1)
					r, err := next.ServeCall(ctx, c)
					if err == nil {
						returned <- c.Tool + " " + string(r.Body)
						r = &toolproxy.Result{Body: []byte(`{"edited":true}`), Edited: true}
					}
					return r, err
				})
			}
			p, proxied := frontProxy(t, upstream, &Server{Guard: guard})
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			_, in := open(t, ctx, proxied, legacyShot(plainCall))
			upstream.post <- "id: 1\ndata: \n\n"
			block(t, in)
			if whoBreaks == "client" {
				leave()
			} else {
				close(upstream.post)
				if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
					t.Errorf("the broken stream says %q, %v", rest, err)
				}
			}
			p.untilWaiting(1)
			_, again := open(t, t.Context(), proxied, shot{method: http.MethodGet, header: map[string]string{"Mcp-Session-Id": "session-1", "Last-Event-Id": "1"}})
			upstream.get <- "id: 2\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"late\":1}}\n\n"
			if got := block(t, again); got != "id: 2\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"edited\":true}}\n\n" {
				t.Errorf("resumed answer %q", got)
			}
			if got := <-returned; got != `resources/read {"late":1}` || calls.Load() != 1 {
				t.Errorf("the firewall saw %s in %d calls", got, calls.Load())
			}
		})
	}
}

type tested struct{ *Proxy }

// untilWaiting returns when n calls wait for a stream that resumes.
func (p tested) untilWaiting(n int) {
	for {
		p.waiting.mu.Lock()
		have := len(p.waiting.calls)
		p.waiting.mu.Unlock()
		if have == n {
			return
		}
		runtime.Gosched()
	}
}

func frontProxy(t *testing.T, upstream http.Handler, s *Server) (tested, string) {
	t.Helper()
	var p *Proxy
	_, url := frontOf(t, upstream, ProxyConfig{Server: s}, &p)
	return tested{p}, url
}

func TestCloseEndsWhatWaits(t *testing.T) {
	upstream := newPuppet()
	ended := make(chan toolproxy.Code, 1)
	guard := func(next toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			_, err := next.ServeCall(ctx, c)
			ended <- asRefusal(err).Code
			return nil, err
		})
	}
	p, proxied := frontProxy(t, upstream, &Server{Guard: guard})
	_, in := open(t, t.Context(), proxied, legacyShot(plainCall))
	upstream.post <- "id: 1\ndata: \n\n"
	block(t, in)
	close(upstream.post)
	p.untilWaiting(1)
	p.Close()
	if code := <-ended; code != toolproxy.CodeUpstreamTimeout {
		t.Errorf("ended as %s", code)
	}
}

// TestAnswerThatNobodyWaitsFor holds that a resumed stream carries nothing
// that was not screened, and that another caller cannot take a call's answer.
func TestAnswerThatNobodyWaitsFor(t *testing.T) {
	upstream := newPuppet()
	var seen atomic.Value
	guard := func(next toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			seen.Store(c.Tool + " " + fmt.Sprint(c.Implied))
			return officeGuard(next).ServeCall(ctx, c)
		})
	}
	_, proxied := front(t, upstream, ProxyConfig{Server: &Server{Guard: guard}})
	_, in := open(t, t.Context(), proxied, shot{method: http.MethodGet, header: map[string]string{"Mcp-Session-Id": "session-1"}})
	ok := "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n"
	upstream.get <- ok
	if got := block(t, in); got != ok || seen.Load() != "resumed response [read]" {
		t.Errorf("got %q, saw %v", got, seen.Load())
	}
	upstream.get <- "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"withhold\"}\n\n"
	if got := block(t, in); !strings.Contains(got, "result_withheld") {
		t.Errorf("got %q", got)
	}
	note := "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n"
	upstream.get <- note
	if got := block(t, in); got != note {
		t.Errorf("got %q", got)
	}
	upstream.get <- "data: {\"jsonrpc\":\"2.0\",\"method\":\"n\",\"method\":\"n\"}\n\n"
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		t.Errorf("what the gate refuses passed: %q", rest)
	}
}

// TestClientThatLeaves holds that a client's leaving ends the request upstream
// and the call.
func TestClientThatLeaves(t *testing.T) {
	started, ended, code := make(chan struct{}), make(chan struct{}), make(chan toolproxy.Code, 1)
	upstream := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(started)
		<-r.Context().Done()
		close(ended)
	})
	guard := func(next toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			_, err := next.ServeCall(ctx, c)
			code <- asRefusal(err).Code
			return nil, err
		})
	}
	_, proxied := front(t, upstream, ProxyConfig{Server: &Server{Guard: guard}})
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-started
		leave()
	}()
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, proxied, strings.NewReader(plainCall))
	if _, err := http.DefaultClient.Do(r); err == nil {
		t.Error("the request was answered")
	}
	<-ended
	if got := <-code; got != toolproxy.CodeCancelled {
		t.Errorf("the call ended as %s", got)
	}
}

// TestSubscription holds a modern subscription open past the call's time limit
// and lets list_changed through, which also empties the table of tools.
func TestSubscription(t *testing.T) {
	srv := office()
	s := &Server{Guard: allow}
	_, proxied := front(t, server.NewStreamableHTTPServer(srv), ProxyConfig{Server: s, Limits: Limits{CallTimeout: 1}})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	listen := modernShot("subscriptions/listen", "", `"notifications":{"toolsListChanged":true}`)
	response, in := open(t, ctx, proxied, listen)
	if response.Header.Get("Content-Type") != "text/event-stream" {
		body, _ := io.ReadAll(in)
		t.Fatalf("%v %s", response.Header, body)
	}
	if got := block(t, in); !strings.Contains(got, "notifications/subscriptions/acknowledged") {
		t.Errorf("first event %q", got)
	}
	s.tools.learn("s", mustParse(t, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"}]}}`), s.tools.open(true))
	srv.AddTool(mcpgo.NewTool("new"), nil)
	if got := block(t, in); !strings.Contains(got, "notifications/tools/list_changed") {
		t.Errorf("second event %q", got)
	}
	if s.tools.find("echo") != nil {
		t.Error("the table outlived list_changed")
	}
}

// TestPanicIsARefusal holds that a firewall that panics ends one call only.
func TestPanicIsARefusal(t *testing.T) {
	guard := func(toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(context.Context, *toolproxy.Call) (*toolproxy.Result, error) { panic("secret") })
	}
	_, proxied := front(t, http.NotFoundHandler(), ProxyConfig{Server: &Server{Guard: guard}})
	for range 2 {
		_, body, _ := strings.Cut(shot{body: plainCall}.send(t, proxied), "\n\n")
		if gjson.Get(body, "error.data.code").String() != "internal" || strings.Contains(body, "secret") {
			t.Errorf("got %s", body)
		}
	}
}
