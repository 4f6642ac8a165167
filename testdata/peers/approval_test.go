//go:build e2e

package peers

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// TestApproval lets a client overwrite a file of a real server, where a person
// has to be asked. The file stays until the person has approved it on the
// command line; then it is written once.
func TestApproval(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := []string{node, everyServer("filesystem"), dir}
	for _, way := range []string{"serve", "wrap"} {
		t.Run(way, func(t *testing.T) {
			g := configure(t, setting{
				servers: map[string]entry{"peer": {Command: command}},
				rules:   map[string]any{"read_vs_write": map[string]any{"ask_domains": []string{"files"}}},
			})
			var to transport.Interface = transport.NewStdio(callgate, nil, g.wrap("peer", command...)[1:]...)
			if way == "serve" {
				g.serve(t)
				var err error
				if to, err = transport.NewStreamableHTTP(g.base + "/mcp/peer"); err != nil {
					t.Fatal(err)
				}
			}
			approved(t, g, client.NewClient(to), file, "by "+way)
		})
	}
}

func approved(t *testing.T, g gate, c *client.Client, file, text string) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	if err := c.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	if _, err := c.Initialize(ctx, hello); err != nil {
		t.Fatal(err)
	}
	write := mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "write_file", Arguments: map[string]any{"path": file, "content": text}}}
	question := asked(ctx, t, c, write)
	if content, err := os.ReadFile(file); err != nil || string(content) == text {
		t.Fatalf("written before anybody approved it (%v)", err)
	}
	run(t, "", callgate, "approvals", "approve", question, "--why", "agreed", "--config", g.config)
	result, err := c.CallTool(ctx, write)
	if err != nil || result.IsError {
		t.Fatalf("approved, and answered with %+v, %v", result, err)
	}
	if content, err := os.ReadFile(file); err != nil || string(content) != text {
		t.Errorf("the file holds %q, %v", content, err)
	}
	if again := asked(ctx, t, c, write); again == question {
		t.Error("one approval served two calls")
	}
}

// asked makes a call that a person has to approve, and gives the question.
func asked(ctx context.Context, t *testing.T, c *client.Client, write mcp.CallToolRequest) string {
	t.Helper()
	result, err := c.CallTool(ctx, write)
	if err != nil || !result.IsError || result.Meta == nil {
		t.Fatalf("answered with %+v, %v", result, err)
	}
	raw, err := json.Marshal(result.Meta.AdditionalFields["callgate/decision"])
	if err != nil {
		t.Fatal(err)
	}
	var why struct{ Decision, Code, Question string }
	if err := json.Unmarshal(raw, &why); err != nil || why.Decision != "ask" || why.Question == "" {
		t.Fatalf("answered with %s, %v", raw, err)
	}
	return why.Question
}
