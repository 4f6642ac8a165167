package mcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// peer is a child of a bridge with the requests that wait for its answers.
type peer struct {
	b     *Bridge
	child *child
	ready chan struct{} // closed when child is set

	// stray takes what the child sends of its own accord and belongs to no
	// request, and undo makes a message fit for the client of a post.
	stray func(Message)
	undo  func(*post, Message) []byte

	mu       sync.Mutex
	gone     bool
	posts    []*post // in the order of their requests
	box      *mailbox
	attached bool // a GET reads the box
	used     time.Time
	idle     *time.Timer
}

// post is one request that waits for its answer.
type post struct {
	key   string // idKey of the id that the child knows
	id    string // the id that the client knows
	token string // the progress token that the client knows; empty without one
	box   *mailbox

	failure int64 // error code of an answer that came alone; 0 without one
}

// start runs the command for a new peer. The peer's child is ended with the
// bridge or when it is idle; over runs when it is gone.
func (b *Bridge) start(p *peer, over func()) error {
	if err := b.reserve(); err != nil {
		return err
	}
	p.b, p.box, p.used, p.ready = b, newMailbox(), time.Now(), make(chan struct{})
	c, err := startChild(childConfig{
		Command: b.cfg.Command,
		Replies: b.cfg.Replies,
		Grace:   b.cfg.Grace,
		Hear:    p.hear,
		Garbage: p.garbage,
	})
	if err != nil {
		b.release(p)
		return toolproxy.Refuse(toolproxy.CodeUpstreamUnavailable, "upstream", err)
	}
	p.child = c
	close(p.ready)
	p.mu.Lock()
	p.idle = time.AfterFunc(b.cfg.IdleTimeout, p.rest)
	p.mu.Unlock()
	go func() {
		defer b.release(p)
		<-c.Done()
		over()
		p.bury()
	}()
	b.adopt(p)
	return nil
}

// adopt has Close end p, or ends it where Close has been called.
func (b *Bridge) adopt(p *peer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-p.child.Done():
		return
	default:
	}
	b.peers[p] = struct{}{}
	if b.closed {
		p.child.beginStop()
	}
}

// reserve counts a child in.
func (b *Bridge) reserve() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return toolproxy.Refuse(toolproxy.CodeUpstreamUnavailable, "upstream", errBridgeClosed)
	case b.children >= b.cfg.MaxChildren:
		return toolproxy.Refuse(toolproxy.CodeOverload, "upstream", errFull)
	}
	b.children++
	b.running.Add(1)
	return nil
}

func (b *Bridge) release(p *peer) {
	b.mu.Lock()
	b.children--
	delete(b.peers, p)
	b.mu.Unlock()
	b.running.Done()
}

// bury fails what waits for a child that is gone.
func (p *peer) bury() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	p.idle.Stop()
	for _, waiting := range p.posts {
		waiting.box.fail(unanswered(errChildGone))
	}
	p.box.fail(nil)
}

// rest ends a child that nobody has used for a while.
func (p *peer) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.b.cfg.IdleTimeout - time.Since(p.used)
	switch {
	case p.gone:
	case len(p.posts) > 0 || p.attached:
		p.idle.Reset(p.b.cfg.IdleTimeout)
	case left > 0:
		p.idle.Reset(left)
	default:
		p.child.beginStop()
	}
}

func (p *peer) touch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used = time.Now()
}

// open adds a post, before its request is sent.
func (p *peer) open(waiting *post) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return unanswered(errChildGone)
	}
	if p.find(waiting.key) != nil {
		return unanswered(errAskedTwice)
	}
	p.posts = append(p.posts, waiting)
	p.used = time.Now()
	return nil
}

// close removes a post and reports whether it was still waiting.
func (p *peer) close(waiting *post) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used = time.Now()
	return p.remove(waiting)
}

func (p *peer) remove(waiting *post) bool {
	i := slices.Index(p.posts, waiting)
	if i >= 0 {
		p.posts = slices.Delete(p.posts, i, i+1)
	}
	return i >= 0
}

func (p *peer) find(key string) *post {
	for _, waiting := range p.posts {
		if waiting.key == key {
			return waiting
		}
	}
	return nil
}

// hear takes one message of the child.
func (p *peer) hear(m Message) {
	<-p.ready
	if m.Kind != KindResponse {
		p.stray(m)
		return
	}
	if !p.answer(m.ID, func(waiting *post) { waiting.box.last(p.undo(waiting, m)) }) {
		p.b.report("dropped an answer of the server that no request awaits")
	}
}

func (p *peer) garbage(g garbage) {
	p.b.report("dropped a line of the server that is not a message")
	if g.id != "" {
		p.answer(g.id, func(waiting *post) { waiting.box.fail(g.refusal) })
	}
}

// answer ends the post with this id. A server that could not read a request
// does not know its id; then it is the only one.
func (p *peer) answer(id string, end func(*post)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := p.find(idKey(id))
	if (id == "" || id == "null") && len(p.posts) == 1 {
		waiting = p.posts[0]
	}
	if waiting == nil {
		return false
	}
	p.remove(waiting)
	end(waiting)
	return true
}

// ask sends a request and answers r with what comes back. lost runs when the
// client did not wait for the answer.
func (p *peer) ask(ctx context.Context, r *http.Request, waiting *post, raw []byte, lost func()) (*http.Response, error) {
	if err := p.open(waiting); err != nil {
		return nil, err
	}
	if err := p.child.Send(ctx, raw); err != nil {
		p.close(waiting)
		return nil, unanswered(err)
	}
	first, last, err := waiting.box.take(ctx)
	if err != nil {
		if p.close(waiting) {
			lost()
		}
		return nil, refused(err)
	}
	if last {
		waiting.failure = gjson.GetBytes(first, "error.code").Int()
		return respond(r, http.StatusOK, "application/json", first), nil
	}
	return stream(r, waiting.box, first, func(error) {
		if p.close(waiting) {
			lost()
		}
	}), nil
}

// refused is err as a refusal.
func refused(err error) error {
	if _, ok := toolproxy.AsRefusal(err); ok {
		return err
	}
	return unanswered(err)
}

// unavailable answers r where a child could not be had.
func unavailable(r *http.Request, m Message, err error) (*http.Response, error) {
	if errors.Is(err, errFull) {
		return respond(r, http.StatusServiceUnavailable, "application/json", refuse(m, asRefusal(err))), nil
	}
	return nil, err
}

// rpcFailure is an error response. id is raw JSON, text fixed words.
func rpcFailure(id string, code int, text string) []byte {
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%s}}`, id, code, strconv.Quote(text))
}
