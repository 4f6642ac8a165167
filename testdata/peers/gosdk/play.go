package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// limit is how long one step may take.
const limit = 30 * time.Second

type plan struct {
	Target struct {
		URL     string
		Command string
		Args    []string
	}
	Headers map[string]string
	Steps   []step
}

type step struct {
	Method string
	Params json.RawMessage
}

type transcript struct {
	Server struct {
		Version      string `json:"version"`
		Capabilities any    `json:"capabilities"`
		Info         any    `json:"info"`
		Instructions string `json:"instructions"`
	} `json:"server"`
	Steps []played `json:"steps"`
	Asked []asked  `json:"asked"`
}

type played struct {
	Method string     `json:"method"`
	Result mcp.Result `json:"result,omitempty"`
	Error  *failure   `json:"error,omitempty"`
}

type failure struct {
	Code    int64           `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// asked is one request that the server made of the client.
type asked struct {
	Method string `json:"method"`
	Params any    `json:"params"`
}

// player answers what a server asks and remembers it.
type player struct {
	mu    sync.Mutex
	asked []asked
}

func play(ctx context.Context, in io.Reader, out io.Writer) error {
	var p plan
	if err := json.NewDecoder(in).Decode(&p); err != nil {
		return err
	}
	var who player
	client := mcp.NewClient(&mcp.Implementation{Name: "callgate-peer", Version: "1.0.0"}, &mcp.ClientOptions{
		Capabilities:         &mcp.ClientCapabilities{},
		CreateMessageHandler: who.sample,
		ElicitationHandler:   who.elicit,
	})
	session, err := client.Connect(ctx, p.transport(), nil)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	var t transcript
	if r := session.InitializeResult(); r != nil {
		t.Server.Version, t.Server.Capabilities, t.Server.Info, t.Server.Instructions = r.ProtocolVersion, r.Capabilities, r.ServerInfo, r.Instructions
	}
	for _, s := range p.Steps {
		t.Steps = append(t.Steps, s.play(ctx, session))
	}
	if err := session.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	t.Asked = who.asked
	slices.SortStableFunc(t.Asked, func(a, b asked) int { return strings.Compare(a.Method, b.Method) })
	return json.NewEncoder(out).Encode(t)
}

func (p plan) transport() mcp.Transport {
	if p.Target.URL == "" {
		cmd := exec.Command(p.Target.Command, p.Target.Args...)
		cmd.Stderr = os.Stderr
		return &mcp.CommandTransport{Command: cmd}
	}
	return &mcp.StreamableClientTransport{
		Endpoint:   p.Target.URL,
		HTTPClient: &http.Client{Transport: headers(p.Headers)},
	}
}

// headers adds fixed headers to each request.
type headers map[string]string

func (h headers) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, value := range h {
		r.Header.Set(name, value)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (s step) play(ctx context.Context, session *mcp.ClientSession) played {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out := played{Method: s.Method}
	result, err := s.call(ctx, session)
	if err == nil {
		out.Result = result
		return out
	}
	out.Error = &failure{Message: err.Error()}
	var rpc *jsonrpc.Error
	if errors.As(err, &rpc) {
		*out.Error = failure{rpc.Code, rpc.Message, rpc.Data}
	}
	return out
}

func (s step) call(ctx context.Context, session *mcp.ClientSession) (mcp.Result, error) {
	switch s.Method {
	case "tools/list":
		return with(ctx, s.Params, session.ListTools)
	case "tools/call":
		return with(ctx, s.Params, session.CallTool)
	case "resources/list":
		return with(ctx, s.Params, session.ListResources)
	case "resources/templates/list":
		return with(ctx, s.Params, session.ListResourceTemplates)
	case "resources/read":
		return with(ctx, s.Params, session.ReadResource)
	case "prompts/list":
		return with(ctx, s.Params, session.ListPrompts)
	case "prompts/get":
		return with(ctx, s.Params, session.GetPrompt)
	case "completion/complete":
		return with(ctx, s.Params, session.Complete)
	default:
		return nil, fmt.Errorf("this client has no call for %s", s.Method)
	}
}

// with reads the parameters of a call and makes it.
func with[P any, R mcp.Result](ctx context.Context, raw json.RawMessage, call func(context.Context, *P) (R, error)) (mcp.Result, error) {
	var params P
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &params); err != nil {
			return nil, err
		}
	}
	return call(ctx, &params)
}

func (p *player) remember(method string, params any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, asked{method, params})
}

func (p *player) sample(_ context.Context, req *mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	p.remember("sampling/createMessage", req.Params)
	return &mcp.CreateMessageResult{Model: "fixed", Role: "assistant", StopReason: "endTurn", Content: &mcp.TextContent{Text: "A fixed answer."}}, nil
}

func (p *player) elicit(_ context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
	p.remember("elicitation/create", req.Params)
	return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada", "check": true}}, nil
}
