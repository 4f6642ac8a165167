package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	openai "github.com/sashabaranov/go-openai"
)

// Agent is an ordinary agent: it asks its model what to do, calls the tool
// that the model names, and tells the model what came back.
type Agent struct {
	tools *client.Client
	model *openai.Client
}

// Heard is what an agent was told of one tool call.
type Heard struct {
	Step    int
	Tool    string
	Text    string
	IsError bool
	Record  string // id of the record, where the answer named one
}

// NewAgent connects an agent to an MCP endpoint, with a key, and to a model.
// Close ends the connection.
func NewAgent(ctx context.Context, mcpURL, key, modelURL string) (*Agent, error) {
	tools, err := client.NewStreamableHttpClient(mcpURL,
		transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer " + key}))
	if err != nil {
		return nil, err
	}
	request := mcp.InitializeRequest{}
	request.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	request.Params.ClientInfo = mcp.Implementation{Name: "demo-agent", Version: "1.0.0"}
	if _, err := tools.Initialize(ctx, request); err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to the tools: %w", err), tools.Close())
	}
	config := openai.DefaultConfig("none")
	config.BaseURL = modelURL
	return &Agent{tools: tools, model: openai.NewClientWithConfig(config)}, nil
}

// Close ends the agent's connection to its tools.
func (a *Agent) Close() error { return a.tools.Close() }

// Run works until the model has nothing more to do or a limit of turns is
// reached, and reports each answer of a tool.
func (a *Agent) Run(ctx context.Context, turns int, report func(Heard)) error {
	offered, err := a.offered(ctx)
	if err != nil {
		return err
	}
	talk := []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "Handle my inbox."}}
	for turn := 0; turn < turns; turn++ {
		answer, err := a.model.CreateChatCompletion(ctx, openai.ChatCompletionRequest{Model: "scripted", Messages: talk, Tools: offered})
		if err != nil {
			return fmt.Errorf("asking the model: %w", err)
		}
		said := answer.Choices[0].Message
		if len(said.ToolCalls) == 0 {
			return nil
		}
		talk = append(talk, said)
		for _, call := range said.ToolCalls {
			heard, err := a.call(ctx, call)
			if err != nil {
				return err
			}
			heard.Step = turn
			report(heard)
			talk = append(talk, openai.ChatCompletionMessage{Role: openai.ChatMessageRoleTool, ToolCallID: call.ID, Content: heard.Text})
		}
	}
	return fmt.Errorf("the model was not done after %d turns", turns)
}

// offered lists the tools that the agent can see as the model's functions.
func (a *Agent) offered(ctx context.Context) ([]openai.Tool, error) {
	listed, err := a.tools.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return nil, fmt.Errorf("listing the tools: %w", err)
	}
	var offered []openai.Tool
	for _, tool := range listed.Tools {
		offered = append(offered, openai.Tool{Type: openai.ToolTypeFunction, Function: &openai.FunctionDefinition{
			Name: tool.Name, Description: tool.Description, Parameters: tool.InputSchema,
		}})
	}
	return offered, nil
}

func (a *Agent) call(ctx context.Context, asked openai.ToolCall) (Heard, error) {
	request := mcp.CallToolRequest{}
	request.Params.Name = asked.Function.Name
	request.Params.Arguments = json.RawMessage(asked.Function.Arguments)
	result, err := a.tools.CallTool(ctx, request)
	if err != nil {
		return Heard{}, fmt.Errorf("calling %s: %w", asked.Function.Name, err)
	}
	heard := Heard{Tool: asked.Function.Name, IsError: result.IsError}
	for _, content := range result.Content {
		if text, ok := content.(mcp.TextContent); ok {
			heard.Text += text.Text
		}
	}
	if result.Meta != nil {
		if told, ok := result.Meta.AdditionalFields["callgate/decision"].(map[string]any); ok {
			heard.Record, _ = told["record"].(string)
		}
	}
	return heard, nil
}
