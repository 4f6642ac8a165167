// Package toolproxy is the language that every wire speaks: a Call that an
// agent wants to make, the Result that came back, the Refusal that stands in
// its place, and the one interface, Handler, that joins upstream, firewall and
// test.
//
// It also holds the gate: the checks that raw bytes pass before anything reads
// them. The package knows no wire, no policy and no store.
package toolproxy

import (
	"context"
	"encoding/json"
)

// Surface is the wire that a call came in on.
type Surface string

// The closed set of surfaces.
const (
	SurfaceMCP   Surface = "mcp"
	SurfaceModel Surface = "model"
	SurfaceTool  Surface = "tool"
	SurfaceHook  Surface = "hook"
)

// Stage says how far a call has come when it is judged.
type Stage string

// A call is proposed by a model and executed by a client.
const (
	StagePropose Stage = "propose"
	StageExecute Stage = "execute"
)

// Caller is the service account that makes a call. The zero value is nobody
// and holds no scope.
type Caller struct {
	Name   string          // as configured; never taken from the agent
	Auth   string          // how the caller is known: "key", "local" or "stdio"
	Roles  []string        // configured roles
	Scopes []string        // "domain:effect", either side may be "*"
	Claims json.RawMessage // token claims, a JSON object; nil where there are none
}

// Tool is the definition of a tool as its server tells it. Everything in it is
// untrusted text. A Tool is immutable once it is shared.
type Tool struct {
	Server      string
	Name        string
	Description string
	InputSchema json.RawMessage
	Annotations json.RawMessage
	Raw         json.RawMessage // the whole definition, the bytes that Hash is of
	Hash        string          // hex SHA-256 of Raw in canonical form
}

// Call is one thing that an agent wants to do. A wire fills it from bytes that
// have passed the gate; the firewall adds ID.
type Call struct {
	ID      string // the record's id; set by the firewall when empty
	Surface Surface
	Stage   Stage
	Caller  Caller
	Session string // conversation key; empty where the wire knows none
	Server  string
	Tool    string // tool name; for a method that is not a tool call, the method

	// Arguments is the JSON object that the tool receives, the very bytes that
	// are forwarded. Nil means the wire had none.
	Arguments json.RawMessage

	// Definition is what the server said of the tool; nil when unknown.
	Definition *Tool

	// AtHand lists the tools that the agent can use beside this one.
	AtHand []*Tool

	// Implied is set by a wire for a method whose effects the protocol itself
	// fixes, such as reading a resource.
	Implied []string

	// Fault is set by a wire that could not read the call. The firewall
	// records and returns it and forwards nothing.
	Fault *Refusal
}

// Result is what a call gave back.
type Result struct {
	// Body is the JSON value that the caller receives. An upstream returns its
	// bytes unchanged.
	Body json.RawMessage

	// IsError says that the upstream itself answered with an error.
	IsError bool

	// Edited says that the firewall changed Body, so that a wire must
	// re-encode its answer rather than relay the upstream's bytes.
	Edited bool

	// Notice is what the agent has to be told beside Body; nil for nothing.
	Notice *Notice
}

// Notice tells an agent that the firewall changed its call or the result. Its
// text is made of fixed words and names of tools.
type Notice struct {
	Decision string
	Rules    []string
	Record   string
	Message  string
}

// Handler serves one call. An upstream is a Handler, the firewall is a Handler
// around it. The error is a *Refusal where the firewall refused; any other
// error is the upstream's failure. Implementations are safe for concurrent use.
type Handler interface {
	ServeCall(ctx context.Context, c *Call) (*Result, error)
}

// HandlerFunc makes a function a Handler.
type HandlerFunc func(ctx context.Context, c *Call) (*Result, error)

// ServeCall calls f.
func (f HandlerFunc) ServeCall(ctx context.Context, c *Call) (*Result, error) { return f(ctx, c) }

// Guard puts the firewall around an upstream.
type Guard func(upstream Handler) Handler
