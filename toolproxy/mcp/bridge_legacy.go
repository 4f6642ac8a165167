package mcp

import (
	"crypto/rand"
	"net/http"

	"github.com/tidwall/gjson"
)

// initialize starts a legacy session: a server of its own, and the id that
// leads to it.
func (b *Bridge) initialize(r *http.Request, m Message) (*http.Response, error) {
	id := rand.Text()
	p := &peer{undo: func(_ *post, m Message) []byte { return m.Raw }}
	p.stray = p.route
	if err := b.start(p, func() { b.forget(id) }); err != nil {
		return unavailable(r, m, err)
	}
	b.remember(id, p)
	waiting := legacyPost(m)
	response, err := p.ask(r.Context(), r, waiting, m.Raw, func() {})
	if err != nil || waiting.failure != 0 {
		b.forget(id)
		p.child.beginStop()
		return response, err
	}
	response.Header.Set(headerSession, id)
	return response, nil
}

// remember makes a session known, unless its server is gone again.
func (b *Bridge) remember(id string, p *peer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-p.child.Done():
	default:
		b.sessions[id] = p
	}
}

func legacyPost(m Message) *post {
	return &post{key: idKey(m.ID), id: m.ID, token: m.Params.Get(progressKey).Raw, box: newMailbox()}
}

// post sends a client's message to the session's server.
func (p *peer) post(r *http.Request, m Message) (*http.Response, error) {
	p.touch()
	if m.Kind == KindRequest {
		return p.ask(r.Context(), r, legacyPost(m), m.Raw, func() {})
	}
	if err := p.child.Send(r.Context(), m.Raw); err != nil {
		return nil, unanswered(err)
	}
	if m.Kind == KindNotification && m.Method == "notifications/cancelled" {
		p.answer(m.Params.Get("requestId").Raw, func(waiting *post) {
			waiting.box.fail(unanswered(errClientCancelled))
		})
	}
	return respond(r, http.StatusAccepted, "", nil), nil
}

// route finds the stream for a message that answers no request: the request
// whose progress it tells, the only request in flight, the client's GET, or the
// newest request; else it waits for a GET.
func (p *peer) route(m Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	box := p.box
	switch {
	case len(p.posts) == 1:
		box = p.posts[0].box
	case len(p.posts) > 1 && !p.attached:
		box = p.posts[len(p.posts)-1].box
	}
	if token := m.Params.Get("progressToken"); m.Method == "notifications/progress" && token.Type != gjson.Null {
		for _, waiting := range p.posts {
			if waiting.token != "" && sameID(waiting.token, token.Raw) {
				box = waiting.box
			}
		}
	}
	if !box.put(m.Raw) {
		p.b.report("dropped a message that the client did not read")
	}
}

// listen serves the session's GET stream, one at a time.
func (p *peer) listen(r *http.Request) *http.Response {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.gone:
		return noSession(r)
	case p.attached:
		return problem(r, http.StatusConflict, rpcInvalidRequest, "Only one stream per session")
	}
	p.attached = true
	return stream(r, p.box, nil, func(error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.attached = false
	})
}
