//go:build e2e

package peers

import (
	"bytes"
	"testing"
)

// TestInspector drives the MCP Inspector's command line, as a person would.
func TestInspector(t *testing.T) {
	everything := []string{node, everyServer("everything"), "stdio"}
	g := configure(t, setting{servers: map[string]entry{"peer": {Command: everything, Tools: reads}}})
	asks := map[string][]string{
		"tools":    {"--method", "tools/list"},
		"echo":     {"--method", "tools/call", "--tool-name", "echo", "--tool-arg", "message=hi"},
		"sum":      {"--method", "tools/call", "--tool-name", "get-sum", "--tool-arg", "a=2", "--tool-arg", "b=40"},
		"resource": {"--method", "resources/read", "--uri", "demo://resource/static/document/architecture.md"},
		"prompt":   {"--method", "prompts/get", "--prompt-name", "args-prompt", "--prompt-args", "city=Paris"},
	}
	direct := map[string][]byte{}
	for name, ask := range asks {
		direct[name] = inspect(t, everything, ask)
	}
	t.Run("serve", func(t *testing.T) {
		g.serve(t)
		for name, ask := range asks {
			got := inspect(t, []string{g.base + "/mcp/peer", "--transport", "http"}, ask)
			if !bytes.Equal(got, direct[name]) {
				t.Errorf("%s\ndirectly: %s\nthrough:  %s", name, direct[name], got)
			}
		}
	})
	t.Run("wrap", func(t *testing.T) {
		for name, ask := range asks {
			got := inspect(t, script(t, g.wrap("peer", everything...)), ask)
			if !bytes.Equal(got, direct[name]) {
				t.Errorf("%s\ndirectly: %s\nthrough:  %s", name, direct[name], got)
			}
		}
	})
}

func inspect(t *testing.T, to, ask []string) []byte {
	t.Helper()
	argv := append([]string{node, module("@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js"), "--cli"}, to...)
	return anonymous(run(t, "", append(argv, ask...)...))
}
