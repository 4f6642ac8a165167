package mcp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"callgate/toolproxy"
)

// patience bounds every wait for an event; no test measures time.
const patience = 30 * time.Second

// wrapRun is a Wrap under way with a test in front of it.
type wrapRun struct {
	t      *testing.T
	stdin  *io.PipeWriter
	lines  chan string
	code   chan int
	stderr *lockedBuffer
	events *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startWrap wraps a server of this test binary. The firewall of the test is
// guard; nil allows everything.
func startWrap(t *testing.T, server string, guard toolproxy.Guard, change func(*WrapConfig)) *wrapRun {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	if guard == nil {
		guard = func(upstream toolproxy.Handler) toolproxy.Handler { return upstream }
	}
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	r := &wrapRun{t: t, stdin: stdin, lines: make(chan string, 1000), code: make(chan int, 1), stderr: &lockedBuffer{}, events: &lockedBuffer{}}
	cfg := WrapConfig{
		Server:  &Server{Name: "test", Guard: guard},
		Command: testCommand(server),
		Stdin:   in,
		Stdout:  out,
		Report:  func(event string) { fmt.Fprintln(r.events, event) },
	}
	cfg.Command.Stderr = r.stderr
	if change != nil {
		change(&cfg)
	}
	go func() {
		code, err := Wrap(t.Context(), cfg)
		if err != nil {
			t.Error(err)
		}
		out.Close()
		in.Close()
		r.code <- code
	}()
	go func() {
		defer close(r.lines)
		scanner := bufio.NewScanner(stdout)
		scanner.Buffer(nil, 64<<20)
		for scanner.Scan() {
			r.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		stdin.Close()
		for range r.lines {
		}
		goleak.VerifyNone(t, leaks)
	})
	return r
}

func (r *wrapRun) send(lines ...string) {
	r.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(r.stdin, line+"\n"); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *wrapRun) next() string {
	r.t.Helper()
	select {
	case line, ok := <-r.lines:
		if !ok {
			r.t.Fatal("the wrap ended")
		}
		return line
	case <-time.After(patience):
		r.t.Fatal("no line came")
	}
	return ""
}

func (r *wrapRun) want(lines ...string) {
	r.t.Helper()
	for _, want := range lines {
		if got := r.next(); got != want {
			r.t.Fatalf("got  %.300s\nwant %.300s", got, want)
		}
	}
}

func (r *wrapRun) ends(want int) {
	r.t.Helper()
	select {
	case code := <-r.code:
		if code != want {
			r.t.Errorf("exit code %d, want %d", code, want)
		}
	case <-time.After(patience):
		r.t.Fatal("the wrap did not end")
	}
}

// call is a tools/call of the scripted server.
func call(id, tool, arguments string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `}}`
}

// direct gives the bytes that the scripted server answers without a wrap.
func direct(t *testing.T, lines ...string) []string {
	t.Helper()
	c := testCommand("scripted")
	cmd := testExec(c)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

func TestWrapIsTransparent(t *testing.T) {
	messages := []string{
		`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`,
		`{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`,
		`{ "id" : "a\/b" , "jsonrpc":"2.0", "method":"unknown/method","params":{"x":1.50}}`,
		`{"jsonrpc":"2.0","id":18446744073709551615,"method":"tools/list"}`,
		call("-9223372036854775808", "echo", `{"text":"<&>\u2028 é","n":12345678901234567890,"f":1.0}`),
		`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///x"}}`,
		call(`""`, "progress", `{}`),
		call(`"x"`, "rare", `{}`),
	}
	r := startWrap(t, "scripted", nil, nil)
	ran := 0
	for _, message := range messages {
		want := direct(t, message)
		if len(want) == 0 || want[0] == "" {
			t.Fatalf("the server itself is silent on %s", message)
		}
		r.send(message)
		r.want(want...)
		ran++
	}
	if ran != 8 {
		t.Errorf("ran %d cases", ran)
	}
	r.stdin.Close()
	r.ends(0)
}

func TestWrapKeepsOrder(t *testing.T) {
	r := startWrap(t, "scripted", nil, nil)
	r.send(
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","method":"notifications/a"}`,
		`{"jsonrpc":"2.0","id":2,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":"srv","result":{}}`,
		`{"jsonrpc":"2.0","method":"notifications/b"}`,
	)
	for range 2 {
		r.next()
	}
	r.send(`{"jsonrpc":"2.0","id":3,"method":"history"}`)
	r.want(`{"jsonrpc":"2.0","id":3,"result":["initialize","notifications/initialized","notifications/a","ping","response","notifications/b","history"]}`)
}

func TestWrapRefuses(t *testing.T) {
	guard := func(upstream toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			if c.Tool == "forbidden" {
				return nil, &toolproxy.Refusal{Code: toolproxy.CodeDenied, Stage: "policy", Decision: "deny", Rules: []string{"r"}}
			}
			return upstream.ServeCall(ctx, c)
		})
	}
	r := startWrap(t, "scripted", guard, func(cfg *WrapConfig) { cfg.Server.Gate.MaxBytes = 1000 })
	r.send(call("5", "forbidden", `{}`))
	got := gjson.Parse(r.next())
	if got.Get("id").Raw != "5" || !got.Get("result.isError").Bool() || got.Get(`result._meta.callgate/decision.code`).Str != "denied" {
		t.Errorf("refusal reads %s", got.Raw)
	}
	cases := []struct{ name, line, id, code string }{
		{"truncated", `{"jsonrpc":"2.0","id":1,"method":"pi`, "null", "invalid_json"},
		{"no JSON", `hello`, "null", "invalid_json"},
		{"batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, "null", "batch"},
		{"no version", `{"id":1,"method":"ping"}`, "null", "invalid_message"},
		{"case", `{"jsonrpc":"2.0","id":6,"method":"ping","METHOD":"tools/call"}`, "6", "duplicate_key"},
		{"over the cap", call("7", "echo", `{"x":"`+strings.Repeat("a", 1000)+`"}`), "7", "too_large"},
		{"far over the cap", call("8", "echo", `{"x":"`+strings.Repeat("a", 50_000)+`"}`), "8", "too_large"},
		{"invalid UTF-8", call("9", "echo", "{\"x\":\"\xff\"}"), "9", "invalid_utf8"},
	}
	for _, c := range cases {
		r.send(c.line)
		got := gjson.Parse(r.next())
		if got.Get("id").Raw != c.id || got.Get("error.data.code").Str != c.code {
			t.Errorf("%s: got %s, want id %s and %s", c.name, got.Raw, c.id, c.code)
		}
	}
	r.send(``, `  `, `{"jsonrpc":"2.0","id":3,"method":"history"}`)
	r.want(`{"jsonrpc":"2.0","id":3,"result":["tools/list","history"]}`)
	go func() {
		for err := error(nil); err == nil; {
			_, err = io.WriteString(r.stdin, "endless")
		}
	}()
	if got := r.next(); gjson.Get(got, "error.data.code").Str != "too_large" {
		t.Errorf("an endless line: got %s", got)
	}
	r.ends(0)
}

// TestWrapLineIsOneLine hides a second message behind a carriage return, where
// a server with universal newlines would see it.
func TestWrapLineIsOneLine(t *testing.T) {
	r := startWrap(t, "scripted", nil, nil)
	r.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"raw\",\"params\":\r[]\r}")
	r.want(`{"jsonrpc":"2.0","id":1,"result":"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"raw\",\"params\": [] }"}`)
}

func TestWrapSession(t *testing.T) {
	sessions := make(chan string, 3)
	guard := func(upstream toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			sessions <- c.Session
			return upstream.ServeCall(ctx, c)
		})
	}
	r := startWrap(t, "scripted", guard, nil)
	r.send(call("1", "echo", `{}`))
	r.next()
	r.send(call("2", "echo", `{}`))
	r.next()
	r.send(`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","_meta":{"callgate/session":"mine"}}}`)
	r.next()
	first, second, third := <-sessions, <-sessions, <-sessions
	if !strings.HasPrefix(first, "wrap:") || len(first) < 20 || first != second || third != "mine" {
		t.Errorf("sessions %q, %q, %q", first, second, third)
	}
}

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
	if !strings.Contains(r.events.String(), "no request awaits") {
		t.Error("the late answer was not seen")
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
	r := startWrap(t, "scripted", nil, func(cfg *WrapConfig) { cfg.Stdout = brokenPipe{} })
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
