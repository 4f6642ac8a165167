package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/tidwall/gjson"

	"callgate/detectors/effects"
)

// program is how a server is started, or where it is. Of the words and the
// values of env, "{dir}" stands for an empty folder.
type program struct {
	url  string
	argv []string
	env  []string // NAME=VALUE, beside what every program needs
}

// maxPages is how many pages a list of tools may have.
const maxPages = 100

// tools starts the server, reads its list of tools as it is on the wire, and
// ends it. What the server writes to its home, its working folder and {dir}
// goes with it; nothing of the user's environment but the path is passed on.
func (p program) tools(ctx context.Context, limit time.Duration) ([]json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if p.url != "" {
		web, err := transport.NewStreamableHTTP(p.url)
		if err != nil {
			return nil, usageError{err}
		}
		defer func() { _ = web.Close() }()
		return p.ask(ctx, web)
	}
	dir, err := os.MkdirTemp("", "callgate-catalogue-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	pipe := transport.NewStdioWithOptions(p.argv[0], nil, p.argv[1:], transport.WithCommandLogger(slog.New(slog.DiscardHandler)),
		transport.WithCommandFunc(func(ctx context.Context, name string, _, args []string) (*exec.Cmd, error) {
			return p.command(ctx, dir, name, args)
		}))
	tools, err := p.ask(ctx, pipe)
	cancel() // ends the process at once; Close alone would wait for it to leave
	_ = pipe.Close()
	if err != nil {
		return nil, saying(err, pipe)
	}
	return tools, nil
}

func (p program) command(ctx context.Context, dir, name string, args []string) (*exec.Cmd, error) {
	for _, sub := range []string{"home", "work", "dir"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	filled := func(text string) string { return strings.ReplaceAll(text, "{dir}", filepath.Join(dir, "dir")) }
	name, err := exec.LookPath(name)
	if err != nil {
		return nil, err
	}
	if name, err = filepath.Abs(name); err != nil { // it would be looked for in its working folder
		return nil, err
	}
	args = slices.Clone(args)
	for i := range args {
		args[i] = filled(args[i])
	}
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the operator names the program
	cmd.Dir = filepath.Join(dir, "work")
	cmd.Env = []string{}
	for _, keep := range []string{"PATH", "SYSTEMROOT", "COMSPEC", "PATHEXT"} {
		if value, ok := os.LookupEnv(keep); ok {
			cmd.Env = append(cmd.Env, keep+"="+value)
		}
	}
	for _, home := range []string{"HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"} {
		cmd.Env = append(cmd.Env, home+"="+filepath.Join(dir, "home"))
	}
	for _, temporary := range []string{"TMPDIR", "TMP", "TEMP"} {
		cmd.Env = append(cmd.Env, temporary+"="+cmd.Dir)
	}
	for _, kv := range p.env {
		cmd.Env = append(cmd.Env, filled(kv))
	}
	return cmd, nil
}

// saying adds the end of what a server wrote to its standard error.
func saying(err error, pipe *transport.Stdio) error {
	from := pipe.Stderr()
	if from == nil {
		return err
	}
	said, _ := io.ReadAll(from)
	if text := strings.TrimSpace(string(said[max(0, len(said)-500):])); text != "" {
		return fmt.Errorf("%w; the server said: %s", err, text)
	}
	return err
}

// ask opens a session and reads all pages of the list. The client declares all
// that a client can do, because some servers list tools only for one that can.
func (p program) ask(ctx context.Context, to transport.Interface) ([]json.RawMessage, error) {
	if err := to.Start(ctx); err != nil {
		return nil, err
	}
	if both, ok := to.(transport.BidirectionalInterface); ok {
		both.SetRequestHandler(answer)
	}
	s := &session{to: to}
	first, err := s.request(ctx, "initialize", map[string]any{
		"protocolVersion": mcp.LATEST_PROTOCOL_VERSION,
		"capabilities":    map[string]any{"roots": map[string]any{}, "sampling": map[string]any{}, "elicitation": map[string]any{}},
		"clientInfo":      map[string]any{"name": "callgate", "version": "1"},
	})
	if err != nil {
		return nil, err
	}
	var agreed struct{ ProtocolVersion string }
	if err := json.Unmarshal(first, &agreed); err != nil {
		return nil, fmt.Errorf("initialize: %w", err)
	}
	if web, ok := to.(transport.HTTPConnection); ok {
		web.SetProtocolVersion(agreed.ProtocolVersion)
	}
	ready := mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION, Notification: mcp.Notification{Method: "notifications/initialized"}}
	if err := to.SendNotification(ctx, ready); err != nil {
		return nil, err
	}
	return s.pages(ctx)
}

// session is an open session with a server.
type session struct {
	to  transport.Interface
	ids int64
}

func (s *session) pages(ctx context.Context) ([]json.RawMessage, error) {
	var all []json.RawMessage
	params := map[string]any{}
	for range maxPages {
		raw, err := s.request(ctx, "tools/list", params)
		if err != nil {
			return nil, err
		}
		var page struct {
			Tools      []json.RawMessage `json:"tools"`
			NextCursor string            `json:"nextCursor"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return nil, fmt.Errorf("tools/list: %w", err)
		}
		all = append(all, page.Tools...)
		if page.NextCursor == "" {
			return all, nil
		}
		params["cursor"] = page.NextCursor
	}
	return nil, fmt.Errorf("tools/list: more than %d pages", maxPages)
}

func (s *session) request(ctx context.Context, method string, params any) (json.RawMessage, error) {
	s.ids++
	response, err := s.to.SendRequest(ctx, transport.JSONRPCRequest{
		JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId(s.ids), Method: method, Params: params})
	switch {
	case errors.Is(err, transport.ErrTransportClosed):
		return nil, fmt.Errorf("%s: the server ended", method)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%s: no answer in time", method)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", method, err)
	case response.Error != nil:
		return nil, fmt.Errorf("%s: the server answered: %s", method, response.Error.Message)
	}
	return response.Result, nil
}

// answer is what the server gets that asks its client something: there are no
// roots, and nothing else is done.
func answer(_ context.Context, r transport.JSONRPCRequest) (*transport.JSONRPCResponse, error) {
	if r.Method != "roots/list" {
		return nil, errors.New("this client only lists tools")
	}
	return &transport.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, ID: r.ID, Result: json.RawMessage(`{"roots":[]}`)}, nil
}

// offered is a tool as its server lists it.
type offered map[string]effects.Words

// wordsOf takes what a catalogue goes by from a list of tools.
func wordsOf(server string, tools []json.RawMessage) (offered, error) {
	out := offered{}
	for _, raw := range tools {
		tool := gjson.ParseBytes(raw)
		name := tool.Get("name").String()
		w := effects.WordsOf(server, name, tool.Get("description").String(), json.RawMessage(tool.Get("inputSchema").Raw), json.RawMessage(tool.Get("annotations").Raw))
		if _, twice := out[name]; twice || name == "" || w.Schema == "" {
			return nil, fmt.Errorf("tools/list: tool %q has no name or schema of its own", name)
		}
		out[name] = w
	}
	return out, nil
}
