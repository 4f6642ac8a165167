// Package mcp puts the firewall on the Model Context Protocol, over Streamable
// HTTP and over stdio, in both of the protocol's eras. It reads raw bytes
// behind the gate and relays what it does not judge unchanged.
//
// It guarantees that what the firewall was shown is what is forwarded, that no
// answer to a judged request reaches a client unless the firewall returned it,
// and that an allowed exchange has the same bytes as without the firewall. It
// does not decide anything, authenticate anybody or write records.
package mcp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"callgate/toolproxy"
)

// Ask sends one request upstream and returns the message that answers it, as
// raw bytes that have passed the gate. While it waits, the transport relays
// what else the upstream sends to the client. The error is a
// *toolproxy.Refusal with one of the upstream codes.
type Ask func(ctx context.Context, request []byte) (reply []byte, err error)

// Client is who sent a message, and in which conversation.
type Client struct {
	Caller  toolproxy.Caller
	Session string

	// Connection names the client's connection where request ids must not
	// repeat: a stdio pipe, a legacy HTTP session. Empty where the protocol
	// knows no connection; then ids are not compared.
	Connection string
}

// Visible reports whether a caller could ever be allowed to use a tool.
type Visible func(ctx context.Context, caller toolproxy.Caller, tool *toolproxy.Tool) bool

// Server is one upstream as the firewall sees it, whatever transport leads to
// it: which tools it has and how a message becomes a call. It is safe for
// concurrent use and must not be copied after first use.
type Server struct {
	Name    string
	Guard   toolproxy.Guard
	Visible Visible        // nil shows every tool
	Gate    toolproxy.Gate // for what clients send
	Replies toolproxy.Gate // for what the upstream sends

	tools   table
	flights sync.Map // flight to struct{}: requests that are being served
}

// Methods that are told apart.
const (
	methodCall = "tools/call"
	methodList = "tools/list"
)

var (
	errDuplicateID = errors.New("a request with this id is in flight on the same connection")
	errParams      = errors.New("params do not fit the method")
	errParamsCase  = errors.New("a member of params is written in another case")
	errRewrite     = errors.New("the rewritten call does not read as it was judged")
	errNoAnswer    = errors.New("the firewall gave neither a result nor a refusal")
	errNoID        = errors.New("a call without an id")
)

type flight struct{ connection, id string }

// Serve answers one client request, whatever the transport, and returns the
// bytes for the client: the upstream's own where nothing was changed. It asks
// upstream at most once for the request itself, and for the definitions of
// tools that it does not know. A panic is a refusal.
func (s *Server) Serve(ctx context.Context, client Client, request Message, ask Ask) (answer []byte) {
	defer rescue(request, &answer)
	if client.Connection != "" {
		key := flight{client.Connection, idKey(request.ID)}
		if _, busy := s.flights.LoadOrStore(key, struct{}{}); busy {
			return s.reject(ctx, client, request, toolproxy.Refuse(toolproxy.CodeInvalidMessage, "gate", errDuplicateID))
		}
		defer s.flights.Delete(key)
	}
	switch {
	case request.Method == methodList:
		return s.list(ctx, client, request, ask)
	case Judged(request.Method):
		return s.judge(ctx, client, request, ask)
	}
	reply, err := ask(ctx, request.Raw)
	if err != nil {
		return refuse(request, asRefusal(err))
	}
	return reply
}

// reject records a client message that could not be read, or that a transport
// refuses, and returns the error reply for it.
func (s *Server) reject(ctx context.Context, client Client, m Message, refusal *toolproxy.Refusal) (answer []byte) {
	defer rescue(m, &answer)
	call := s.newCall(client, m)
	call.Fault = refusal
	upstream := toolproxy.HandlerFunc(func(context.Context, *toolproxy.Call) (*toolproxy.Result, error) {
		return nil, refusal
	})
	_, err := s.Guard(upstream).ServeCall(ctx, call)
	if err == nil {
		err = refusal
	}
	return refuse(m, asRefusal(err))
}

// rescue turns a panic into the refusal of m, because the goroutines of a
// transport would take the whole process with them.
func rescue(m Message, answer *[]byte) {
	if cause := recover(); cause != nil {
		*answer = refuse(m, toolproxy.Refuse(toolproxy.CodeInternal, "mcp", fmt.Errorf("panic: %v", cause)))
	}
}

// Judged reports whether requests of a method are shown to the firewall: all
// of tools/ but the listing, and what reads resources, prompts and the results
// of tasks. Another spelling of them is judged too, as some reader may not mind
// it.
func Judged(method string) bool {
	if method == methodList {
		return false
	}
	folded := strings.ToUpper(strings.TrimSpace(method))
	switch folded {
	case "RESOURCES/READ", "PROMPTS/GET", "TASKS/GET", "TASKS/RESULT":
		return true
	}
	return strings.HasPrefix(folded, "TOOLS/")
}

// unasked refuses a notification whose method is that of a judged request. A
// server may run it all the same, and nobody would have judged it.
func unasked(m Message) *toolproxy.Refusal {
	if m.Kind == KindNotification && Judged(m.Method) {
		return toolproxy.Refuse(toolproxy.CodeInvalidMessage, "gate", errNoID)
	}
	return nil
}

// newCall is the call that m makes, before its params are read.
func (s *Server) newCall(client Client, m Message) *toolproxy.Call {
	return &toolproxy.Call{
		Surface: toolproxy.SurfaceMCP,
		Stage:   toolproxy.StageExecute,
		Caller:  client.Caller,
		Session: client.Session,
		Server:  s.Name,
		Tool:    m.Method,
	}
}

// judge shows the request to the firewall and returns what it let through.
func (s *Server) judge(ctx context.Context, client Client, m Message, ask Ask) []byte {
	call := s.newCall(client, m)
	if refusal := s.fill(ctx, call, m, ask); refusal != nil {
		call.Fault = refusal
	}
	tool, arguments := call.Tool, call.Arguments
	var answer atomic.Pointer[Message]
	upstream := toolproxy.HandlerFunc(func(ctx context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
		if call.Fault != nil {
			return nil, call.Fault
		}
		raw := m.Raw
		if c.Tool != tool || string(c.Arguments) != string(arguments) {
			var err error
			if raw, err = s.rewrite(m, c); err != nil {
				return nil, err
			}
		}
		data, err := ask(ctx, raw)
		if err != nil {
			return nil, err
		}
		reply, err := read(data)
		if err != nil {
			return nil, err
		}
		answer.Store(&reply)
		return &toolproxy.Result{Body: reply.span(reply.body()), IsError: reply.Err.Exists()}, nil
	})
	result, err := s.Guard(upstream).ServeCall(ctx, call)
	switch {
	case err != nil:
		return refuse(m, asRefusal(err))
	case result == nil:
		return refuse(m, toolproxy.Refuse(toolproxy.CodeInternal, "mcp", errNoAnswer))
	}
	if result.Notice != nil {
		result = tell(result)
	}
	return encode(m, answer.Load(), result)
}

// fill reads the params of a judged request into its call.
func (s *Server) fill(ctx context.Context, call *toolproxy.Call, m Message, ask Ask) *toolproxy.Refusal {
	if m.Params.Exists() && !m.Params.IsObject() {
		return toolproxy.Refuse(toolproxy.CodeInvalidMessage, "gate", errParams)
	}
	cased := false
	m.Params.ForEach(func(key, _ gjson.Result) bool {
		cased = foldsTo(key.String(), callParams)
		return !cased
	})
	if cased {
		return toolproxy.Refuse(toolproxy.CodeInvalidMessage, "gate", errParamsCase)
	}
	if m.Method != methodCall {
		if m.Params.Exists() {
			call.Arguments = m.span(m.Params)
		}
		if !strings.Contains(strings.ToUpper(m.Method), "TOOLS/") {
			call.Implied = []string{"read"}
		}
		return nil
	}
	name, arguments := m.Params.Get("name"), m.Params.Get("arguments")
	if name.Type != gjson.String || name.Str == "" || arguments.Type != gjson.Null && !arguments.IsObject() {
		return toolproxy.Refuse(toolproxy.CodeInvalidMessage, "gate", errParams)
	}
	call.Tool = name.Str
	if arguments.IsObject() {
		call.Arguments = m.span(arguments)
	}
	if known := s.define(ctx, m, call.Tool, ask); known != nil {
		call.Definition = known.tool
	}
	call.AtHand = s.tools.all()
	return nil
}

// rewrite makes the request of a call that the firewall changed. The bytes
// pass the gate again and must read as the call that was judged.
func (s *Server) rewrite(m Message, c *toolproxy.Call) ([]byte, error) {
	failed := func(err error) ([]byte, error) {
		return nil, toolproxy.Refuse(toolproxy.CodeInternal, "mcp", errors.Join(errRewrite, err))
	}
	if m.Method != methodCall {
		return failed(nil)
	}
	raw, err := sjson.SetBytes(m.Raw, "params.name", c.Tool)
	if err == nil && len(c.Arguments) > 0 {
		raw, err = sjson.SetRawBytes(raw, "params.arguments", c.Arguments)
	} else if err == nil {
		raw, err = sjson.DeleteBytes(raw, "params.arguments")
	}
	if err != nil {
		return failed(err)
	}
	again, err := Parse(raw, s.Gate)
	if err != nil {
		return failed(err)
	}
	arguments := again.Params.Get("arguments").Raw
	if again.Method != m.Method || again.ID != m.ID || again.Params.Get("name").Str != c.Tool ||
		arguments != strings.TrimSpace(string(c.Arguments)) {
		return failed(nil)
	}
	return raw, nil
}

// encode gives the bytes of the answer: the upstream's where the firewall
// changed nothing, else its envelope around the new body.
func encode(m Message, answer *Message, result *toolproxy.Result) []byte {
	if answer != nil {
		if !result.Edited {
			return answer.Raw
		}
		if raw, ok := answer.splice(answer.body(), result.Body); ok {
			return raw
		}
	}
	member := `,"result":`
	if result.IsError {
		member = `,"error":`
	}
	return []byte(`{"jsonrpc":"2.0","id":` + m.ID + member + string(result.Body) + `}`)
}

// Screen shows the firewall a response that came without its request, such as
// one that a resumed stream delivers late, and returns the bytes for the
// client.
func (s *Server) Screen(ctx context.Context, client Client, response Message) []byte {
	call := s.newCall(client, Message{Method: "resumed response"})
	call.Implied = []string{"read"}
	upstream := toolproxy.HandlerFunc(func(context.Context, *toolproxy.Call) (*toolproxy.Result, error) {
		return &toolproxy.Result{Body: response.span(response.body()), IsError: response.Err.Exists()}, nil
	})
	result, err := s.Guard(upstream).ServeCall(ctx, call)
	switch {
	case err != nil:
		return refuse(Message{ID: response.ID, Method: call.Tool}, asRefusal(err))
	case result == nil:
		return refuse(Message{ID: response.ID, Method: call.Tool}, toolproxy.Refuse(toolproxy.CodeInternal, "mcp", errNoAnswer))
	}
	raw := encode(response, &response, result)
	if filtered, err := read(raw); err == nil && filtered.Result.Get("tools").IsArray() {
		return s.filter(ctx, client, filtered, s.tools.learn(s.Name, filtered, unlisted), false)
	}
	return raw
}

func asRefusal(err error) *toolproxy.Refusal {
	if refusal, ok := toolproxy.AsRefusal(err); ok {
		return refusal
	}
	return toolproxy.Refuse(toolproxy.CodeInternal, "mcp", err)
}
