package mcp

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"callgate/toolproxy"
)

// BridgeConfig is what a Bridge needs to know.
type BridgeConfig struct {
	Command Command
	Gate    toolproxy.Gate // what requests must keep
	Replies toolproxy.Gate // what lines of the servers must keep; MaxBytes caps a line

	MaxChildren  int           // servers at once, each legacy session has one; 0 means 32
	IdleTimeout  time.Duration // after which an unused server ends; 0 means 15 min
	ProbeTimeout time.Duration // for server/discover, which old servers may ignore; 0 means 5 s
	Grace        time.Duration // each step of ending a server; 0 means 3 s

	// Report tells the operator, in fixed words, what was dropped. It may be
	// nil, and is called from several goroutines.
	Report func(event string)
}

// Bridge makes a server that speaks MCP over its standard streams look like one
// that speaks Streamable HTTP, so that a proxy has one kind of upstream. It is
// an http.RoundTripper and looks at a request's method, session header and body
// only. An error of RoundTrip, or of reading a body, is a *toolproxy.Refusal
// that says why there is no answer.
//
// A legacy session is a server process of its own, in which ids and bytes are
// as the client wrote them. Modern requests share one process; each gets an id
// of its own there, and a progress token, which are undone in what comes back.
//
// A response to a POST is JSON when nothing precedes it, else an event stream.
// Message order is kept. A client that reads slowly loses its oldest
// notifications rather than holding up others.
type Bridge struct {
	cfg     BridgeConfig
	running sync.WaitGroup // children
	shared  shared

	mu       sync.Mutex
	closed   bool
	children int // running or about to start
	peers    map[*peer]struct{}
	sessions map[string]*peer // legacy sessions by id
}

var (
	errFull         = errors.New("too many server processes")
	errBridgeClosed = errors.New("the bridge is closed")
)

// NewBridge makes a Bridge. No server is started before the first request.
func NewBridge(cfg BridgeConfig) (*Bridge, error) {
	if len(cfg.Command.Args) == 0 {
		return nil, errNoCommand
	}
	if cfg.MaxChildren <= 0 {
		cfg.MaxChildren = 32
	}
	if cfg.IdleTimeout <= 0 {
		cfg.IdleTimeout = 15 * time.Minute
	}
	if cfg.ProbeTimeout <= 0 {
		cfg.ProbeTimeout = 5 * time.Second
	}
	if cfg.Grace <= 0 {
		cfg.Grace = defaultGrace
	}
	if cfg.Gate.MaxBytes <= 0 {
		cfg.Gate.MaxBytes = toolproxy.DefaultMaxBytes
	}
	b := &Bridge{cfg: cfg, peers: make(map[*peer]struct{}), sessions: make(map[string]*peer)}
	b.shared.b = b
	return b, nil
}

// Close ends all servers and returns when nothing of them is left. Bodies that
// are being read end.
func (b *Bridge) Close() error {
	b.mu.Lock()
	b.closed = true
	for p := range b.peers {
		p.child.beginStop()
	}
	b.mu.Unlock()
	b.running.Wait()
	return nil
}

// RoundTrip serves one request.
func (b *Bridge) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	session := r.Header.Get(headerSession)
	switch {
	case r.Method == http.MethodPost:
		return b.post(r, session)
	case session == "" || r.Method != http.MethodGet && r.Method != http.MethodDelete:
		response := problem(r, http.StatusMethodNotAllowed, rpcInvalidRequest, "Method not allowed")
		response.Header.Set("Allow", http.MethodPost)
		return response, nil
	}
	p := b.session(session)
	switch {
	case p == nil:
		return noSession(r), nil
	case r.Method == http.MethodGet:
		return p.listen(r), nil
	}
	b.forget(session)
	p.child.beginStop()
	return respond(r, http.StatusOK, "", nil), nil
}

func (b *Bridge) post(r *http.Request, session string) (*http.Response, error) {
	m, err := b.readMessage(r)
	if err != nil {
		response := respond(r, http.StatusBadRequest, "application/json", refuse(Message{}, asRefusal(err)))
		return response, nil
	}
	switch {
	case m.Modern() || session == "" && m.Kind == KindNotification:
		return b.shared.post(r, m)
	case session != "":
		if p := b.session(session); p != nil {
			return p.post(r, m)
		}
		return noSession(r), nil
	case m.Kind == KindRequest && m.Method == "initialize":
		return b.initialize(r, m)
	}
	return problem(r, http.StatusBadRequest, rpcInvalidRequest, "Mcp-Session-Id is missing"), nil
}

func (b *Bridge) readMessage(r *http.Request) (Message, error) {
	if r.Body == nil {
		return Parse(nil, b.cfg.Gate)
	}
	// One byte over the cap is enough for the gate to refuse.
	raw, err := io.ReadAll(io.LimitReader(r.Body, int64(b.cfg.Gate.MaxBytes)+1))
	if err != nil {
		return Message{}, toolproxy.Refuse(toolproxy.CodeInvalidJSON, "gate", err)
	}
	return Parse(raw, b.cfg.Gate)
}

func (b *Bridge) session(id string) *peer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sessions[id]
}

func (b *Bridge) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sessions, id)
}

func (b *Bridge) report(event string) {
	if b.cfg.Report != nil {
		b.cfg.Report(event)
	}
}

// noSession tells a legacy client that it has to initialize again.
func noSession(r *http.Request) *http.Response {
	return problem(r, http.StatusNotFound, -32001, "Session not found")
}

// problem answers with a JSON-RPC error that belongs to no request.
func problem(r *http.Request, status, code int, text string) *http.Response {
	return respond(r, status, "application/json", rpcFailure("null", code, text))
}
