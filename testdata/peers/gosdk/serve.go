package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type message struct {
	Message string `json:"message"`
}

type pair struct {
	A float64 `json:"a"`
	B float64 `json:"b"`
}

type total struct {
	Total float64 `json:"total"`
}

func newServer() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "callgate-gosdk-peer", Version: "1.0.0"}, &mcp.ServerOptions{Instructions: "Call echo."})
	readOnly := &mcp.ToolAnnotations{ReadOnlyHint: true}
	mcp.AddTool(s, &mcp.Tool{Name: "echo", Description: "Repeats its message", Annotations: readOnly},
		func(_ context.Context, _ *mcp.CallToolRequest, in message) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "echo: " + in.Message}}}, nil, nil
		})
	mcp.AddTool(s, &mcp.Tool{Name: "sum", Description: "Adds two numbers", Annotations: readOnly},
		func(_ context.Context, _ *mcp.CallToolRequest, in pair) (*mcp.CallToolResult, total, error) {
			return nil, total{in.A + in.B}, nil
		})
	mcp.AddTool(s, &mcp.Tool{Name: "fail", Description: "Always fails", Annotations: readOnly},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return nil, nil, errors.New("as asked")
		})
	s.AddResource(&mcp.Resource{URI: "note://one", Name: "note", MIMEType: "text/plain"}, readNote)
	s.AddPrompt(&mcp.Prompt{Name: "ask", Arguments: []*mcp.PromptArgument{{Name: "about", Required: true}}}, ask)
	return s
}

func readNote(_ context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{
		{URI: req.Params.URI, MIMEType: "text/plain", Text: "A plain note."},
	}}, nil
}

func ask(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	return &mcp.GetPromptResult{Messages: []*mcp.PromptMessage{
		{Role: "user", Content: &mcp.TextContent{Text: "Tell me about " + req.Params.Arguments["about"] + "."}},
	}}, nil
}

func serveStdio(ctx context.Context) error {
	return newServer().Run(ctx, &mcp.StdioTransport{})
}

func serveHTTP(ctx context.Context, port string) error {
	if port == "" {
		return errors.New("PORT is not set")
	}
	server := newServer()
	mux := http.NewServeMux()
	// Only without sessions does this SDK serve the stateless era over HTTP.
	stateless := &mcp.StreamableHTTPOptions{Stateless: true}
	mux.Handle("/mcp", mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, stateless))
	srv := &http.Server{Addr: "127.0.0.1:" + port, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = srv.Close()
	}()
	return srv.ListenAndServe()
}
