//go:build e2e

package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// goMethods are the methods of a plan that the Go clients have a call for.
var goMethods = []string{
	"tools/list", "tools/call", "resources/list", "resources/templates/list",
	"resources/read", "prompts/list", "prompts/get", "completion/complete",
}

// only is the plan without the steps that a client has no call for.
func (p plan) only(methods []string) plan {
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s step) bool { return !slices.Contains(methods, s.Method) })
	return p
}

// playMCPGo plays a plan with the client of mcp-go.
func playMCPGo(t *testing.T, p plan) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	who := new(answerer)
	c := client.NewClient(goTransport(t, p), client.WithSamplingHandler(who), client.WithElicitationHandler(who))
	if err := c.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	var request mcp.InitializeRequest
	request.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	request.Params.ClientInfo = mcp.Implementation{Name: "callgate-peer", Version: "1.0.0"}
	hello, err := c.Initialize(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	var steps []any
	for _, s := range p.Steps {
		steps = append(steps, playStep(ctx, c, s))
	}
	raw, err := json.Marshal(map[string]any{
		"server": map[string]any{
			"version": c.ProtocolVersion(), "capabilities": hello.Capabilities,
			"info": hello.ServerInfo, "instructions": hello.Instructions,
		},
		"steps": steps,
		"asked": who.sorted(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func goTransport(t *testing.T, p plan) transport.Interface {
	t.Helper()
	if p.Target.URL == "" {
		return transport.NewStdio(p.Target.Command, nil, p.Target.Args...)
	}
	tr, err := transport.NewStreamableHTTP(p.Target.URL, transport.WithHTTPHeaders(p.Headers))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func playStep(ctx context.Context, c *client.Client, s step) any {
	result, err := callStep(ctx, c, s)
	if err != nil {
		return map[string]any{"method": s.Method, "error": err.Error()}
	}
	return map[string]any{"method": s.Method, "result": result}
}

func callStep(ctx context.Context, c *client.Client, s step) (any, error) {
	params := s.Params
	switch s.Method {
	case "tools/list":
		return with(params, func(r mcp.ListToolsRequest) (any, error) { return c.ListTools(ctx, r) })
	case "tools/call":
		return with(params, func(r mcp.CallToolRequest) (any, error) { return c.CallTool(ctx, r) })
	case "resources/list":
		return with(params, func(r mcp.ListResourcesRequest) (any, error) { return c.ListResources(ctx, r) })
	case "resources/templates/list":
		return with(params, func(r mcp.ListResourceTemplatesRequest) (any, error) { return c.ListResourceTemplates(ctx, r) })
	case "resources/read":
		return with(params, func(r mcp.ReadResourceRequest) (any, error) { return c.ReadResource(ctx, r) })
	case "prompts/list":
		return with(params, func(r mcp.ListPromptsRequest) (any, error) { return c.ListPrompts(ctx, r) })
	case "prompts/get":
		return with(params, func(r mcp.GetPromptRequest) (any, error) { return c.GetPrompt(ctx, r) })
	case "completion/complete":
		return with(params, func(r mcp.CompleteRequest) (any, error) { return c.Complete(ctx, r) })
	default:
		return nil, fmt.Errorf("this client has no call for %s", s.Method)
	}
}

// with makes a request of its parameters and sends it.
func with[R any](params json.RawMessage, call func(R) (any, error)) (any, error) {
	var request R
	if err := json.Unmarshal(fmt.Appendf(nil, `{"params":%s}`, params), &request); err != nil {
		return nil, err
	}
	return call(request)
}

// answerer gives fixed answers to what a server asks, and remembers it.
type answerer struct {
	mu    sync.Mutex
	asked []string
}

func (a *answerer) remember(method string, params any) {
	raw, err := json.Marshal(map[string]any{"method": method, "params": params})
	if err != nil {
		raw = []byte(err.Error())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, string(raw))
}

func (a *answerer) sorted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	slices.SortFunc(a.asked, strings.Compare)
	return slices.Clone(a.asked)
}

// CreateMessage answers a sampling request.
func (a *answerer) CreateMessage(_ context.Context, r mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	a.remember("sampling/createMessage", r.CreateMessageParams)
	return &mcp.CreateMessageResult{
		SamplingMessage: mcp.SamplingMessage{Role: mcp.RoleAssistant, Content: mcp.NewTextContent("A fixed answer.")},
		Model:           "fixed", StopReason: "endTurn",
	}, nil
}

// Elicit answers for the user.
func (a *answerer) Elicit(_ context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	a.remember("elicitation/create", r.Params)
	return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{
		Action: mcp.ElicitationResponseActionAccept, Content: map[string]any{"name": "Ada", "check": true},
	}}, nil
}
