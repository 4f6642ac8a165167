package mcp

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// served is one request of the client that has no answer yet.
type served struct {
	id     string
	cancel context.CancelCauseFunc

	mu        sync.Mutex
	sent      chan struct{} // closed when the child has it, or never will
	forwarded bool
	cancelled bool
}

// readClient takes the client's lines until they end, then closes the child's
// input behind the last of them.
func (w *wrapper) readClient() {
	lines := newLineReader(w.cfg.Stdin, w.cfg.Server.Gate.MaxBytes)
	for w.ctx.Err() == nil {
		line, err := lines.next()
		switch {
		case errors.Is(err, errLongLine):
			w.reject(line, err, toolproxy.Refuse(toolproxy.CodeTooLarge, "gate", err))
		case err != nil:
			if errors.Is(err, errEndlessLine) {
				w.reject(nil, err, toolproxy.Refuse(toolproxy.CodeTooLarge, "gate", err))
			}
			w.unsent.Wait()
			// The child is gone already if this fails.
			_ = w.child.CloseInput(w.ctx)
			return
		case !blank(line):
			w.take(line)
		}
	}
}

// take handles one line. Messages reach the child in the order in which they
// came, but for requests that the firewall has to judge first.
func (w *wrapper) take(line []byte) {
	m, err := Parse(line, w.cfg.Server.Gate)
	switch {
	case err != nil:
		w.reject(line, err, asRefusal(err))
	case unasked(m) != nil:
		w.write(w.cfg.Server.reject(w.ctx, w.client(m), m, unasked(m)))
	case m.Kind == KindRequest:
		w.request(m)
	case m.Kind == KindNotification && m.Method == "notifications/cancelled":
		w.cancelRequest(m)
	default:
		// The child is gone if this fails, and the client is about to see that.
		_ = w.child.Send(w.ctx, m.Raw)
	}
}

// reject answers a line that is not a message; the child never sees it. The
// answer names the request where the line's fault leaves no doubt about it.
func (w *wrapper) reject(line []byte, err error, refusal *toolproxy.Refusal) {
	m := Message{}
	switch refusal.Code {
	case toolproxy.CodeTooLarge, toolproxy.CodeTooDeep, toolproxy.CodeInvalidUTF8, toolproxy.CodeDuplicateKey:
		m.ID = lostID(line, err)
	}
	w.write(w.cfg.Server.reject(w.ctx, w.client(Message{}), m, refusal))
}

// request serves m beside the others. It returns when m has reached the child,
// or at once when the firewall judges m.
func (w *wrapper) request(m Message) {
	if !w.slot() {
		w.write(w.cfg.Server.reject(w.ctx, w.client(m), m, toolproxy.Refuse(toolproxy.CodeOverload, "wrap", errBusy)))
		return
	}
	ctx, cancel := context.WithCancelCause(w.ctx)
	s := &served{id: m.ID, cancel: cancel, sent: make(chan struct{})}
	if !w.open(s) {
		cancel(errStopped)
		<-w.slots
		return
	}
	go func() {
		defer func() { <-w.slots }()
		defer w.serving.Done()
		defer cancel(nil)
		answer := w.cfg.Server.Serve(ctx, w.client(m), m, w.ask(s))
		w.close(s)
		if answer != nil && !s.wasCancelled() {
			w.write(answer)
		}
	}()
	if !Judged(m.Method) {
		<-s.sent
	}
}

// slot waits until one more request may be served, but not for ever: what is in
// flight may itself wait for an answer of the client that is behind this one.
func (w *wrapper) slot() bool {
	select {
	case w.slots <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(w.cfg.Grace)
	defer timer.Stop()
	select {
	case w.slots <- struct{}{}:
		return true
	case <-timer.C:
	case <-w.ctx.Done():
	}
	return false
}

// open counts a request in. A second one with the same id is served too, as the
// server refuses it, but cannot be cancelled.
func (w *wrapper) open(s *served) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.serving.Add(1)
	w.unsent.Add(1)
	if _, busy := w.served[idKey(s.id)]; !busy {
		w.served[idKey(s.id)] = s
	}
	return true
}

func (w *wrapper) close(s *served) {
	w.mu.Lock()
	if w.served[idKey(s.id)] == s {
		delete(w.served, idKey(s.id))
	}
	w.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.forwarded {
		s.forwarded = true
		close(s.sent)
		w.unsent.Done()
	}
}

func (s *served) wasCancelled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cancelled
}

// cancelRequest passes on that the client does not want an answer any more. A
// request that has not reached the child never will, and the child does not
// hear of it.
func (w *wrapper) cancelRequest(m Message) {
	w.mu.Lock()
	s := w.served[idKey(m.Params.Get("requestId").Raw)]
	w.mu.Unlock()
	if s == nil {
		_ = w.child.Send(w.ctx, m.Raw) // see take
		return
	}
	s.mu.Lock()
	s.cancelled = true
	forwarded := s.forwarded
	s.mu.Unlock()
	if forwarded {
		_ = w.child.Send(w.ctx, m.Raw) // see take
	}
	s.cancel(errClientCancelled)
}

// ask sends what belongs to a request to the child and waits for the answer:
// the request itself, or one that the firewall makes for it.
func (w *wrapper) ask(s *served) Ask {
	return func(ctx context.Context, request []byte) ([]byte, error) {
		id := gjson.GetBytes(request, "id").Raw
		waiting, ok := w.expect(id)
		if !ok {
			return nil, unanswered(errAskedTwice)
		}
		defer w.forget(id, waiting)
		if err := w.send(ctx, s, id, request); err != nil {
			return nil, unanswered(err)
		}
		select {
		case r := <-waiting:
			return r.raw, r.err
		case <-w.child.Done():
		case <-ctx.Done():
		}
		return w.late(ctx, waiting)
	}
}

// late gives the answer that came at the last moment, or else why there is
// none. That the child is gone says more than that its requests were cancelled.
func (w *wrapper) late(ctx context.Context, waiting chan reply) ([]byte, error) {
	select {
	case r := <-waiting:
		return r.raw, r.err
	default:
	}
	select {
	case <-w.child.Done():
		return nil, unanswered(errChildGone)
	default:
		return nil, unanswered(context.Cause(ctx))
	}
}

// send writes a request to the child unless the client cancelled it before.
func (w *wrapper) send(ctx context.Context, s *served, id string, request []byte) error {
	if !sameID(id, s.id) {
		return w.child.Send(ctx, request)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancelled {
		return errClientCancelled
	}
	if err := w.child.Send(ctx, request); err != nil {
		return err
	}
	if !s.forwarded {
		s.forwarded = true
		close(s.sent)
		w.unsent.Done()
	}
	return nil
}

func (w *wrapper) expect(id string) (chan reply, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, busy := w.asked[idKey(id)]; busy {
		return nil, false
	}
	waiting := make(chan reply, 1)
	w.asked[idKey(id)] = waiting
	return waiting, true
}

func (w *wrapper) forget(id string, waiting chan reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asked[idKey(id)] == waiting {
		delete(w.asked, idKey(id))
	}
}
