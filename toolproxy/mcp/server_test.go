package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	mcpgo "github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"callgate/toolproxy"
)

// allow is a firewall that lets everything through.
func allow(upstream toolproxy.Handler) toolproxy.Handler {
	return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
		if c.Fault != nil {
			return nil, c.Fault
		}
		return upstream.ServeCall(ctx, c)
	})
}

// judgeBy is a firewall that asks decide first, and remembers what it saw.
func judgeBy(decide func(c *toolproxy.Call) error) toolproxy.Guard {
	return func(upstream toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			if c.Fault != nil {
				return nil, c.Fault
			}
			if err := decide(c); err != nil {
				return nil, err
			}
			return upstream.ServeCall(ctx, c)
		})
	}
}

func denied() *toolproxy.Refusal {
	return &toolproxy.Refusal{
		Code: toolproxy.CodeDenied, Stage: "policy", Decision: "deny", Rules: []string{"no_danger"},
		Record: "0001", Hint: "Use the tool echo.", Cause: errors.New("secret cause"),
	}
}

// office is a real MCP server with three tools.
func office() *server.MCPServer {
	srv := server.NewMCPServer("office", "1", server.WithToolCapabilities(true), server.WithResourceCapabilities(true, true))
	srv.AddTool(mcpgo.NewTool("echo", mcpgo.WithString("text")), func(_ context.Context, r mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
		return mcpgo.NewToolResultText("echo: " + r.GetString("text", "")), nil
	})
	srv.AddTool(mcpgo.NewTool("danger", mcpgo.WithString("text")), func(_ context.Context, r mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
		return mcpgo.NewToolResultText("danger: " + r.GetString("text", "")), nil
	})
	srv.AddResource(mcpgo.NewResource("note://1", "note"), func(context.Context, mcpgo.ReadResourceRequest) ([]mcpgo.ResourceContents, error) {
		return []mcpgo.ResourceContents{mcpgo.TextResourceContents{URI: "note://1", Text: "a note"}}, nil
	})
	return srv
}

// wire asks an MCP server in the same process and counts what it was asked.
type wire struct {
	srv   *server.MCPServer
	mu    sync.Mutex
	asked [][]byte
}

func (w *wire) ask(ctx context.Context, request []byte) ([]byte, error) {
	w.mu.Lock()
	w.asked = append(w.asked, request)
	w.mu.Unlock()
	return json.Marshal(w.srv.HandleMessage(ctx, request))
}

func (w *wire) methods() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for _, raw := range w.asked {
		names = append(names, gjson.GetBytes(raw, "method").String())
	}
	return strings.Join(names, " ")
}

func mustParse(t testing.TB, raw string) Message {
	t.Helper()
	m, err := Parse([]byte(raw), toolproxy.Gate{})
	if err != nil {
		t.Fatalf("%s: %v", raw, errors.Unwrap(err))
	}
	return m
}

const callEcho = `{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"echo","arguments":{"text": "hi"}}}`

func TestServeRelaysTheUpstreamsBytes(t *testing.T) {
	requests := map[string]string{
		"initialize": `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`,
		"ping":       `{"jsonrpc":"2.0","id":"a","method":"ping"}`,
		"list":       `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`,
		"call":       `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}`,
		"no tool":    `{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"nosuch"}}`,
		"read":       `{"jsonrpc":"2.0","id":5,"method":"resources/read","params":{"uri":"note://1"}}`,
		"unknown":    `{"jsonrpc":"2.0","id":6,"method":"no/such"}`,
	}
	ran := 0
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			w := &wire{srv: office()}
			want, _ := json.Marshal(w.srv.HandleMessage(t.Context(), json.RawMessage(request)))
			s := &Server{Name: "office", Guard: allow}
			if got := s.Serve(t.Context(), Client{}, mustParse(t, request), w.ask); string(got) != string(want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if last := w.asked[len(w.asked)-1]; string(last) != request {
				t.Errorf("asked %s, want the request's own bytes", last)
			}
			ran++
		})
	}
	if ran != 7 {
		t.Fatalf("ran %d cases", ran)
	}
}

func TestServeShowsTheCall(t *testing.T) {
	var seen toolproxy.Call
	s := &Server{Name: "office", Guard: judgeBy(func(c *toolproxy.Call) error { seen = *c; return nil })}
	w := &wire{srv: office()}
	client := Client{Caller: toolproxy.Caller{Name: "ann"}, Session: "s1"}
	s.Serve(t.Context(), client, mustParse(t, callEcho), w.ask)

	if seen.Surface != toolproxy.SurfaceMCP || seen.Stage != toolproxy.StageExecute || seen.Caller.Name != "ann" ||
		seen.Session != "s1" || seen.Server != "office" || seen.Tool != "echo" || string(seen.Arguments) != `{"text": "hi"}` {
		t.Errorf("call: %+v", seen)
	}
	if seen.Definition == nil || seen.Definition.Name != "echo" || len(seen.Definition.Hash) != 64 || len(seen.AtHand) != 2 {
		t.Errorf("definition %+v, at hand %v", seen.Definition, seen.AtHand)
	}
	if w.methods() != "tools/list tools/call" {
		t.Errorf("asked %s", w.methods())
	}
	s.Serve(t.Context(), client, mustParse(t, callEcho), w.ask)
	if w.methods() != "tools/list tools/call tools/call" {
		t.Errorf("asked %s: the definition was known", w.methods())
	}
	s.Heard(mustParse(t, `{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`))
	if s.tools.find("echo") != nil {
		t.Error("a definition outlived list_changed")
	}
	s.Serve(t.Context(), client, mustParse(t, `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"note://1"}}`), w.ask)
	if seen.Tool != "resources/read" || string(seen.Arguments) != `{"uri":"note://1"}` || fmt.Sprint(seen.Implied) != "[read]" {
		t.Errorf("resource read: %+v", seen)
	}
	s.Serve(t.Context(), client, mustParse(t, `{"jsonrpc":"2.0","id":1,"method":"TOOLS/x","params":{}}`), w.ask)
	if seen.Tool != "TOOLS/x" || seen.Implied != nil {
		t.Errorf("unknown tools method: %+v", seen)
	}
}

func TestServeRefuses(t *testing.T) {
	s := &Server{Name: "office", Guard: judgeBy(func(*toolproxy.Call) error { return denied() })}
	meta := `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}`
	cases := []struct{ name, request, path, want string }{
		{"legacy call", callEcho, "result.isError", "true"},
		{"id as written", callEcho, "id", "9007199254740993"},
		{"no result type", callEcho, "result.resultType", ""},
		{"code", callEcho, `result._meta.callgate/decision.code`, "denied"},
		{"rules", callEcho, `result._meta.callgate/decision.rules.0`, "no_danger"},
		{"record", callEcho, `result._meta.callgate/decision.record`, "0001"},
		{"modern call", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{` + meta + `,"name":"echo"}}`, "result.resultType", "complete"},
		{"read", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"note://1"}}`, "error.code", "403"},
		{"read, data", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"note://1"}}`, "error.data.code", "denied"},
		{"unknown tools method", `{"jsonrpc":"2.0","id":1,"method":"tools/run","params":{}}`, "error.code", "403"},
		{"no name", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}`, "error.code", "-32602"},
		{"arguments are no object", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":[1]}}`, "error.code", "-32602"},
		{"other case", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","Arguments":{"text":"x"}}}`, "error.code", "-32602"},
		{"params are no object", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["echo"]}`, "error.data.code", "invalid_message"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := &wire{srv: office()}
			reply := s.Serve(t.Context(), Client{}, mustParse(t, c.request), w.ask)
			path := strings.ReplaceAll(c.path, "callgate/decision", `callgate\/decision`)
			if got := gjson.GetBytes(reply, path); got.String() != c.want && got.Raw != c.want {
				t.Errorf("%s is %q, want %q in %s", c.path, got, c.want, reply)
			}
			if strings.Contains(w.methods(), "call") || strings.Contains(w.methods(), "read") {
				t.Errorf("forwarded: %s", w.methods())
			}
			if strings.Contains(string(reply), "secret") {
				t.Errorf("the cause leaks: %s", reply)
			}
		})
	}
}

func TestServeForwardsTheRewrittenCall(t *testing.T) {
	s := &Server{Name: "office", Guard: judgeBy(func(c *toolproxy.Call) error {
		c.Tool, c.Arguments = "danger", json.RawMessage(`{"text":"<b>","n":1e2}`)
		return nil
	})}
	w := &wire{srv: office()}
	reply := s.Serve(t.Context(), Client{}, mustParse(t, callEcho), w.ask)
	if got := gjson.GetBytes(reply, "result.content.0.text").String(); got != "danger: <b>" {
		t.Errorf("reply %s", reply)
	}
	want := `{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"danger","arguments":{"text":"<b>","n":1e2}}}`
	if got := string(w.asked[len(w.asked)-1]); got != want {
		t.Errorf("sent %s", got)
	}

	escaped := strings.Replace(callEcho, `"arguments"`, `"argument\u0073"`, 1)
	before := len(w.asked)
	reply = s.Serve(t.Context(), Client{}, mustParse(t, escaped), w.ask)
	if len(w.asked) != before && gjson.GetBytes(w.asked[before], "params.arguments.n").Raw != "1e2" {
		t.Errorf("an escaped key kept the old arguments: %s", w.asked[before])
	}
	if !gjson.ValidBytes(reply) {
		t.Errorf("reply %s", reply)
	}
}

func TestServeEncodesTheEditedResult(t *testing.T) {
	guard := func(upstream toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			r, err := upstream.ServeCall(ctx, c)
			if err != nil {
				return nil, err
			}
			body, _ := sjson.SetBytes(r.Body, "content.0.text", "gone")
			return &toolproxy.Result{Body: body, Edited: true}, nil
		})
	}
	s := &Server{Guard: guard}
	ask := func(_ context.Context, request []byte) ([]byte, error) {
		return []byte(` {"vendor":1,"jsonrpc":"2.0","id":9007199254740993,"result":{"content":[{"type":"text","text":"x"}],"new":true} }` + "\n"), nil
	}
	want := ` {"vendor":1,"jsonrpc":"2.0","id":9007199254740993,"result":{"content":[{"type":"text","text":"gone"}],"new":true} }` + "\n"
	if got := s.Serve(t.Context(), Client{}, mustParse(t, callEcho), ask); string(got) != want {
		t.Errorf("got %s", got)
	}
}

func TestServeFiltersTheListing(t *testing.T) {
	reply := `{"jsonrpc":"2.0","id":1,"result":{"x": 1, "tools":[ {"name":"echo", "n":1} ,{"name":"danger"},{"title":"no name"}],"cacheScope":"public"}}`
	ask := func(context.Context, []byte) ([]byte, error) { return []byte(reply), nil }
	legacy := `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	modern := `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`
	hide := func(_ context.Context, caller toolproxy.Caller, tool *toolproxy.Tool) bool {
		return caller.Name == "root" || tool.Name != "danger"
	}
	s := &Server{Guard: allow, Visible: hide}
	got := s.Serve(t.Context(), Client{}, mustParse(t, modern), ask)
	want := `{"jsonrpc":"2.0","id":1,"result":{"x":1,"tools":[{"name":"echo", "n":1}],"cacheScope":"private"}}`
	if string(got) != want {
		t.Errorf("modern: %s", got)
	}
	if s.tools.find("danger") == nil {
		t.Error("a hidden tool is not known")
	}
	reply = `{"jsonrpc":"2.0","id":1,"result":{"tools":[ {"name":"echo", "n":1} ,{"name":"danger"}]}}`
	root := Client{Caller: toolproxy.Caller{Name: "root"}}
	if got := s.Serve(t.Context(), root, mustParse(t, legacy), ask); string(got) != reply {
		t.Errorf("nothing hidden: %s", got)
	}
	if got := s.Serve(t.Context(), Client{}, mustParse(t, legacy), ask); string(got) != `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo", "n":1}]}}` {
		t.Errorf("legacy: %s", got)
	}
}

func TestAmbiguousDefinitionIsUnknown(t *testing.T) {
	s := &Server{Guard: allow}
	reply := `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"a","x":1},{"name":"a"},{"name":"b"}]}}`
	s.tools.learn("s", mustParse(t, reply), s.tools.open(true))
	if s.tools.find("a") != nil || s.tools.find("b") == nil {
		t.Errorf("known: %v", s.tools.current.Load().named)
	}
}

func TestListingAskedBeforeTheChangeIsNotKept(t *testing.T) {
	s := &Server{Guard: allow}
	p := s.tools.open(true)
	s.tools.clear()
	s.tools.learn("s", mustParse(t, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}`), p)
	if s.tools.find("a") != nil {
		t.Error("an old listing was learnt")
	}
}

func TestLookupIsSharedAndPaged(t *testing.T) {
	var listings, calls atomic.Int32
	release := make(chan struct{})
	ask := func(_ context.Context, request []byte) ([]byte, error) {
		id := gjson.GetBytes(request, "id").Raw
		if gjson.GetBytes(request, "method").String() == "tools/call" {
			calls.Add(1)
			return []byte(`{"jsonrpc":"2.0","id":` + id + `,"result":{}}`), nil
		}
		listings.Add(1)
		<-release
		if gjson.GetBytes(request, "params.cursor").String() == "" {
			return []byte(`{"jsonrpc":"2.0","id":` + id + `,"result":{"tools":[{"name":"a"}],"nextCursor":"2"}}`), nil
		}
		return []byte(`{"jsonrpc":"2.0","id":` + id + `,"result":{"tools":[{"name":"echo"}]}}`), nil
	}
	var unknown atomic.Int32
	s := &Server{Guard: judgeBy(func(c *toolproxy.Call) error {
		if c.Definition == nil {
			unknown.Add(1)
		}
		return nil
	})}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { s.Serve(t.Context(), Client{}, mustParse(t, callEcho), ask) })
	}
	close(release)
	wg.Wait()
	if listings.Load() != 2 || calls.Load() != 8 || unknown.Load() != 0 {
		t.Errorf("%d listings, %d calls, %d without definition", listings.Load(), calls.Load(), unknown.Load())
	}
}

func TestLookupKeepsTheEra(t *testing.T) {
	m := mustParse(t, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"x":{}},"callgate/session":"s"}}}`)
	request := listRequest(m, `"7"`)
	want := `{"_meta":{"io.modelcontextprotocol/clientCapabilities":{"x":{}},"io.modelcontextprotocol/protocolVersion":"2026-07-28"},"cursor":"7"}`
	if got := gjson.GetBytes(request, "params").Raw; got != want {
		t.Errorf("params %s", got)
	}
	if !strings.HasPrefix(gjson.GetBytes(request, "id").String(), "callgate-lookup-") {
		t.Errorf("request %s", request)
	}
}

func TestDuplicateIDInFlight(t *testing.T) {
	s := &Server{Guard: allow}
	client := Client{Connection: "c"}
	entered, release, done := make(chan struct{}), make(chan struct{}), make(chan []byte)
	ask := func(_ context.Context, request []byte) ([]byte, error) {
		close(entered)
		<-release
		return []byte(`{"jsonrpc":"2.0","id":"x","result":{}}`), nil
	}
	ping := mustParse(t, `{"jsonrpc":"2.0","id":"x","method":"ping"}`)
	go func() { done <- s.Serve(t.Context(), client, ping, ask) }()
	<-entered
	again := mustParse(t, `{"jsonrpc":"2.0","id":"\u0078","method":"ping"}`)
	if got := gjson.GetBytes(s.Serve(t.Context(), client, again, ask), "error.code").Int(); got != rpcInvalidRequest {
		t.Errorf("second request: %d", got)
	}
	close(release)
	if got := gjson.GetBytes(<-done, "result").Raw; got != "{}" {
		t.Errorf("first request: %s", got)
	}
}

func TestRejectIsRecorded(t *testing.T) {
	var fault *toolproxy.Refusal
	guard := func(toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(_ context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			fault = c.Fault
			return nil, &toolproxy.Refusal{Code: c.Fault.Code, Decision: "deny", Record: "77"}
		})
	}
	s := &Server{Guard: guard}
	_, err := Parse([]byte(`{"a":1,"a":2}`), toolproxy.Gate{})
	refusal, _ := toolproxy.AsRefusal(err)
	reply := s.reject(t.Context(), Client{}, Message{}, refusal)
	if fault != refusal || gjson.GetBytes(reply, "id").Raw != "null" || gjson.GetBytes(reply, "error.code").Int() != rpcParse ||
		gjson.GetBytes(reply, "error.data.record").String() != "77" {
		t.Errorf("reply %s", reply)
	}
}

func TestScreen(t *testing.T) {
	late := mustParse(t, `{"jsonrpc":"2.0","id":4,"result":{"tools":[{"name":"danger"},{"name":"echo"}]}}`)
	s := &Server{Guard: allow, Visible: func(_ context.Context, _ toolproxy.Caller, tool *toolproxy.Tool) bool { return tool.Name == "echo" }}
	if got := gjson.GetBytes(s.Screen(t.Context(), Client{}, late), "result.tools.#.name").Raw; got != `["echo"]` {
		t.Errorf("late listing shows %s", got)
	}
	s.Guard = judgeBy(func(c *toolproxy.Call) error { return denied() })
	if got := s.Screen(t.Context(), Client{}, late); gjson.GetBytes(got, "error.data.code").String() != "denied" {
		t.Errorf("late answer: %s", got)
	}
}

func TestReadRefusesOtherCase(t *testing.T) {
	for _, raw := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"ping","Params":{"name":"danger"}}`,
		`{"jsonrpc":"2.0","id":1,"Method":"tools/call"}`,
		`{"jsonrpc":"2.0","Id":1,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":true,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":1}`,
		`{"id":1,"method":"ping"}`,
		`[]`, `1`, `null`,
	} {
		if m, err := Parse([]byte(raw), toolproxy.Gate{}); err == nil {
			t.Errorf("%s was read as kind %d", raw, m.Kind)
		}
	}
}
