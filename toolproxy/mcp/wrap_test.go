package mcp

import (
	"bufio"
	"bytes"
	"context"
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
