package mcp

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

const (
	subscriptionKey = `_meta.io\.modelcontextprotocol/subscriptionId`
	progressKey     = `_meta.progressToken`

	// A server that ends sooner than shortLife after its start is started again
	// only after a pause, which doubles up to maxPause.
	shortLife = 10 * time.Second
	minPause  = 100 * time.Millisecond
	maxPause  = 30 * time.Second

	rpcMethodNotFound = -32601
)

var errRename = errors.New("the request's id cannot be replaced")

// shared is the one server that answers all modern requests of a bridge. It is
// started when it is needed.
type shared struct {
	b *Bridge

	mu     sync.Mutex
	peer   *peer // nil while none runs
	serial uint64
	pause  time.Duration
	after  time.Time // no start before
}

func (s *shared) current() *peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peer
}

// get gives the running server, or starts one.
func (s *shared) get() (*peer, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	if s.peer != nil {
		return s.peer, s.serial, nil
	}
	started := time.Now()
	if started.Before(s.after) {
		return nil, 0, unanswered(errChildGone)
	}
	p := &peer{undo: restore}
	p.stray = p.deliver
	if err := s.b.start(p, func() { s.ended(p, started) }); err != nil {
		return nil, 0, err
	}
	s.peer = p
	return p, s.serial, nil
}

// ended takes note that the server is gone, and how soon it went.
func (s *shared) ended(p *peer, started time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peer == p {
		s.peer = nil
	}
	now := time.Now()
	if now.Sub(started) > shortLife {
		s.pause = 0
		return
	}
	s.after = now.Add(s.pause)
	s.pause = min(max(2*s.pause, minPause), maxPause)
}

// post sends a modern message to the shared server.
func (s *shared) post(r *http.Request, m Message) (*http.Response, error) {
	switch m.Kind {
	case KindRequest:
		return s.request(r, m)
	case KindNotification:
		return s.notify(r, m)
	}
	return problem(r, http.StatusBadRequest, rpcInvalidRequest, "No request awaits a response"), nil
}

// notify passes a notification on, but for those that name a request or token:
// which of the clients' requests is meant cannot be known, and a client ends its
// own by closing the stream.
func (s *shared) notify(r *http.Request, m Message) (*http.Response, error) {
	p := s.current()
	if p != nil && m.Modern() && m.Method != "notifications/cancelled" && m.Method != "notifications/progress" {
		if err := p.child.Send(r.Context(), m.Raw); err != nil {
			return nil, unanswered(err)
		}
	}
	return respond(r, http.StatusAccepted, "", nil), nil
}

func (s *shared) request(r *http.Request, m Message) (*http.Response, error) {
	p, serial, err := s.get()
	if err != nil {
		return unavailable(r, m, err)
	}
	key := strconv.FormatUint(serial, 10)
	waiting := &post{key: key, id: m.ID, box: newMailbox()}
	raw := put(m.Raw, "id", key)
	if token := m.Params.Get(progressKey); token.Exists() {
		waiting.token = token.Raw
		raw = put(raw, "params."+progressKey, key)
	}
	if gjson.GetBytes(raw, "id").Raw != key {
		return nil, toolproxy.Refuse(toolproxy.CodeInternal, "upstream", errRename)
	}
	ctx := r.Context()
	if m.Method == "server/discover" {
		probe, cancel := context.WithTimeout(ctx, s.b.cfg.ProbeTimeout)
		defer cancel()
		ctx = probe
	}
	response, err := p.ask(ctx, r, waiting, raw, func() { p.giveUp(r.Context(), waiting, m) })
	switch {
	case err != nil && ctx.Err() != nil && r.Context().Err() == nil:
		body := rpcFailure(m.ID, rpcMethodNotFound, "Method not found")
		return respond(r, http.StatusNotFound, "application/json", body), nil
	case err != nil:
		return nil, err
	}
	response.StatusCode = statusOf(waiting.failure)
	response.Status = strconv.Itoa(response.StatusCode) + " " + http.StatusText(response.StatusCode)
	return response, nil
}

// statusOf is the HTTP status that revision 2026-07-28 fixes for an answer with
// an error code; 0 is no error.
func statusOf(code int64) int {
	switch {
	case code == rpcMethodNotFound:
		return http.StatusNotFound
	case code == rpcParse || code == rpcInvalidRequest || code == rpcInvalidParams,
		code <= rpcHeaderMismatch && code > rpcHeaderMismatch-10:
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// giveUp tells the server that nobody waits for its answer any more.
func (p *peer) giveUp(ctx context.Context, waiting *post, m Message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.b.cfg.Grace)
	defer cancel()
	version := m.Params.Get(metaVersion).Raw
	// A server that does not listen now is not helped by hearing of it later.
	_ = p.child.Send(ctx, []byte(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"_meta":{`+
		`"io.modelcontextprotocol/protocolVersion":`+version+`},"requestId":`+waiting.key+`}}`))
}

// deliver finds the request that a message of the shared server belongs to. The
// server may ask nothing of the clients, as it cannot know which.
func (p *peer) deliver(m Message) {
	if m.Kind == KindRequest {
		p.child.Offer(rpcFailure(m.ID, rpcMethodNotFound, "Method not found"))
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := p.addressee(m)
	if waiting == nil || !waiting.box.put(p.undo(waiting, m)) {
		p.b.report("dropped a message that no client reads")
	}
}

func (p *peer) addressee(m Message) *post {
	if id := m.Params.Get(subscriptionKey); id.Exists() {
		return p.find(plainID(id))
	}
	if m.Method == "notifications/progress" {
		waiting := p.find(plainID(m.Params.Get("progressToken")))
		if waiting == nil || waiting.token == "" {
			return nil
		}
		return waiting
	}
	if len(p.posts) == 1 {
		return p.posts[0]
	}
	return nil
}

// plainID reads one of our ids, which a server may repeat as a string.
func plainID(id gjson.Result) string {
	if id.Type == gjson.String {
		return id.Str
	}
	return id.Raw
}

// restore puts the client's own id and token where the server repeats ours.
func restore(waiting *post, m Message) []byte {
	raw := m.Raw
	if m.Kind == KindResponse {
		raw = put(raw, "id", waiting.id)
		if m.Result.Get(subscriptionKey).Exists() {
			raw = put(raw, "result."+subscriptionKey, waiting.name(m.Result.Get(subscriptionKey)))
		}
		return raw
	}
	if id := m.Params.Get(subscriptionKey); id.Exists() {
		raw = put(raw, "params."+subscriptionKey, waiting.name(id))
	}
	if m.Method == "notifications/progress" {
		raw = put(raw, "params.progressToken", waiting.token)
	}
	return raw
}

// name is the client's id of a request in the JSON type in which the server
// repeats it: a server that makes strings of ids would do so to the client too.
func (waiting *post) name(repeated gjson.Result) string {
	if repeated.Type == gjson.String && waiting.id[0] != '"' {
		return `"` + waiting.id + `"`
	}
	return waiting.id
}

// put replaces the value at a path that exists, and no other byte.
func put(raw []byte, path, value string) []byte {
	at := gjson.GetBytes(raw, path)
	out, ok := Message{Raw: raw}.splice(at, []byte(value))
	if !ok {
		return raw
	}
	return out
}
