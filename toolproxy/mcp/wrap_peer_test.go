package mcp

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	mcpgo "github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"callgate/toolproxy"
)

// serveGo is a server of mcp-go on standard streams.
func serveGo() {
	s := server.NewMCPServer("demo", "1.0.0", server.WithToolCapabilities(true), server.WithElicitation())
	s.EnableSampling()
	s.AddTool(mcpgo.NewTool("add", mcpgo.WithNumber("a"), mcpgo.WithNumber("b")),
		func(_ context.Context, r mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
			return mcpgo.NewToolResultText(fmt.Sprint(r.GetFloat("a", 0) + r.GetFloat("b", 0))), nil
		})
	s.AddTool(mcpgo.NewTool("forbidden"), func(context.Context, mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
		return mcpgo.NewToolResultText("was run"), nil
	})
	s.AddTool(mcpgo.NewTool("sample"), func(ctx context.Context, _ mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
		result, err := s.RequestSampling(ctx, mcpgo.CreateMessageRequest{CreateMessageParams: mcpgo.CreateMessageParams{MaxTokens: 5}})
		if err != nil {
			return nil, err
		}
		return mcpgo.NewToolResultText("model " + result.Model), nil
	})
	if err := server.ServeStdio(s); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// serveWrapped is the whole of a wrapped server as a process: signals, exit
// codes and streams are the real ones.
func serveWrapped() {
	guard := func(upstream toolproxy.Handler) toolproxy.Handler {
		return toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
			if c.Tool == "forbidden" {
				return nil, toolproxy.Refuse(toolproxy.CodeDenied, "policy", nil)
			}
			return upstream.ServeCall(ctx, c)
		})
	}
	command := testCommand(os.Getenv("CALLGATE_TEST_WRAPPED"))
	command.Stderr = os.Stderr
	code, err := Wrap(context.Background(), WrapConfig{
		Server:  &Server{Name: "test", Guard: guard},
		Command: command,
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
	})
	if err != nil {
		os.Exit(97)
	}
	os.Exit(code)
}

// wrappedCommand is serveWrapped around another server of the test binary.
func wrappedCommand(server string) Command {
	c := testCommand("wrap")
	c.Env = append(c.Env, "CALLGATE_TEST_WRAPPED="+server)
	return c
}

type sampler struct{}

func (sampler) CreateMessage(context.Context, mcpgo.CreateMessageRequest) (*mcpgo.CreateMessageResult, error) {
	return &mcpgo.CreateMessageResult{Model: "tiny", SamplingMessage: mcpgo.SamplingMessage{
		Role: mcpgo.RoleAssistant, Content: mcpgo.NewTextContent("hi")}}, nil
}

// TestWrapBetweenRealPeers has mcp-go on both sides, in both eras.
func TestWrapBetweenRealPeers(t *testing.T) {
	t.Run("modern", func(t *testing.T) {
		c := connect(t)
		expect(t, c, "add", "5", false)
		expect(t, c, "forbidden", "Callgate (denied): The call was refused by policy.", true)
	})
	t.Run("legacy", func(t *testing.T) {
		c := connect(t, client.WithLegacyProtocolOnly(), client.WithSamplingHandler(sampler{}))
		expect(t, c, "add", "5", false)
		expect(t, c, "forbidden", "Callgate (denied): The call was refused by policy.", true)
		expect(t, c, "sample", "model tiny", false)
	})
}

func connect(t *testing.T, options ...client.ClientOption) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	command := wrappedCommand("mcpgo")
	c := client.NewClient(transport.NewStdio(command.Args[0], command.Env), options...)
	if err := c.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	hello, err := c.Initialize(ctx, mcpgo.InitializeRequest{})
	if err != nil || hello.ServerInfo.Name != "demo" {
		t.Fatalf("initialize: %v, %v", hello, err)
	}
	return c
}

func expect(t *testing.T, c *client.Client, tool, want string, isError bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	call := mcpgo.CallToolRequest{}
	call.Params.Name = tool
	call.Params.Arguments = map[string]any{"a": 2, "b": 3}
	result, err := c.CallTool(ctx, call)
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	text, ok := result.Content[0].(mcpgo.TextContent)
	if !ok || text.Text != want || result.IsError != isError {
		t.Errorf("%s: got %+v, want %q", tool, result, want)
	}
}
