package mcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"callgate/toolproxy"
)

const methodListen = "subscriptions/listen"

// exchange is one client request and the upstream's answer to it. Serve runs
// in a goroutine of its own, so that a call can outlive the client's stream
// and be finished on the one that resumes it; until then only that goroutine
// uses out, and afterwards only the handler's.
type exchange struct {
	proxy  *Proxy
	in     *http.Request
	out    downstream
	m      Message
	client Client

	// The upstream's answer.
	response *http.Response
	reply    []byte // a JSON body that answers the request
	failed   []byte // a body that is no answer, of a status that tells why
	answer   event  // the event that answers the request
	stream   *events
	leash    *leash

	parked chan struct{} // closed when the stream broke and may be resumed
	wait   *wait

	mu        sync.Mutex
	resumable bool
	abandon   context.CancelCauseFunc // ends Serve
}

// request serves one client request.
func (p *Proxy) request(w http.ResponseWriter, r *http.Request, client Client, m Message) {
	x := &exchange{proxy: p, in: r, m: m, client: client, out: downstream{w: w}, parked: make(chan struct{})}
	ctx, abandon := context.WithCancelCause(context.WithoutCancel(r.Context()))
	x.abandon = abandon
	defer context.AfterFunc(r.Context(), x.clientGone)()
	done := make(chan []byte, 1)
	p.serving.Add(1)
	p.workers.run(func() {
		defer p.serving.Done()
		reply := x.serve(ctx)
		if x.wait != nil {
			x.wait.answer <- reply
			abandon(nil)
			return
		}
		done <- reply
	})
	select {
	case <-x.parked:
	case reply := <-done:
		x.finish(reply)
		x.release()
		abandon(nil)
	}
}

// serve runs the request past the firewall. A panic is a refusal.
func (x *exchange) serve(ctx context.Context) (reply []byte) {
	defer rescue(x.m, &reply)
	server := x.proxy.server
	if x.m.Method == methodCall && x.m.Modern() {
		tool := server.define(ctx, x.m, x.m.Params.Get("name").Str, x.ask)
		if refusal := agreeParams(x.in.Header, x.m, tool); refusal != nil {
			return server.reject(ctx, x.client, x.m, refusal)
		}
	}
	return server.Serve(ctx, x.client, x.m, x.ask)
}

// clientGone ends the request upstream, and the call too unless the client may
// come back for it.
func (x *exchange) clientGone() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.resumable {
		x.leash.cut(errGone)
		return
	}
	x.abandon(errGone)
}

// ask is the Ask of this exchange.
func (x *exchange) ask(ctx context.Context, request []byte) ([]byte, error) {
	header := requestHeaders(x.in.Header)
	if !same(request, x.m.Raw) {
		own, err := read(request)
		if err != nil {
			return nil, err
		}
		restate(header, own, x.proxy.server.tools.find(own.Params.Get("name").Str))
		if own.ID != x.m.ID {
			return x.proxy.aside(ctx, header, own)
		}
	}
	ctx = x.tether(ctx)
	response, err := x.proxy.send(ctx, http.MethodPost, header, request)
	if err != nil {
		return nil, err
	}
	x.response = response
	if mediaType(response.Header) == "text/event-stream" && response.StatusCode/100 == 2 {
		return x.readStream(ctx)
	}
	defer response.Body.Close()
	return x.readReply(ctx)
}

// tether bounds how long the upstream may take. A subscription has no end.
func (x *exchange) tether(ctx context.Context) context.Context {
	limits := x.proxy.limits
	if x.m.Method == methodListen {
		limits.CallTimeout, limits.HardTimeout = 0, 0
	}
	ctx, l := newLeash(ctx, limits.CallTimeout, limits.HardTimeout)
	x.mu.Lock()
	x.leash = l
	x.mu.Unlock()
	return ctx
}

// readReply reads an answer that is one JSON body. Whatever else comes with a
// status that says that the request failed is kept for finish.
func (x *exchange) readReply(ctx context.Context) ([]byte, error) {
	body, err := x.proxy.readCapped(ctx, x.response)
	if err != nil {
		return nil, err
	}
	success := x.response.StatusCode/100 == 2
	if mediaType(x.response.Header) == "application/json" && len(body) > 0 {
		reply, err := Parse(body, x.proxy.replies)
		if err == nil && reply.Answers(x.m.ID) {
			x.reply = body
			return body, nil
		}
		if success {
			return nil, invalid(err, "the answer is to another request")
		}
	}
	if success {
		return nil, invalid(nil, "the answer is not JSON")
	}
	x.failed = body
	return nil, invalid(nil, fmt.Sprintf("the status is %d", x.response.StatusCode))
}

// readCapped reads a whole body up to the cap.
func (p *Proxy) readCapped(ctx context.Context, response *http.Response) ([]byte, error) {
	limit := int64(p.limits.MaxReply)
	tooLarge := toolproxy.Refuse(toolproxy.CodeUpstreamTooLarge, "upstream", errors.New("the answer is over the size cap"))
	if response.ContentLength > limit {
		return nil, tooLarge
	}
	body, err := readAll(io.LimitReader(response.Body, limit+1), response.ContentLength)
	if err != nil {
		return nil, lost(ctx, toolproxy.CodeUpstreamInvalid, err)
	}
	if int64(len(body)) > limit {
		return nil, tooLarge
	}
	return body, nil
}

// readStream relays events until the one that answers the request, and keeps
// that one back.
func (x *exchange) readStream(ctx context.Context) ([]byte, error) {
	x.out.begin(x.response)
	x.stream = newEvents(x.response.Body, x.proxy.limits.MaxReply)
	for {
		ev, m, err := x.proxy.event(x.stream)
		if err != nil {
			return x.broken(ctx, err)
		}
		x.leash.extend()
		if ev.id != "" {
			x.markResumable()
		}
		if m.Kind == KindResponse {
			if !m.Answers(x.m.ID) {
				return nil, invalid(nil, "the answer is to another request")
			}
			x.answer = ev
			return ev.data, nil
		}
		x.out.write(ev.raw)
	}
}

func (x *exchange) markResumable() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.resumable = !x.m.Modern() && x.in.Header.Get(headerSession) != ""
}

// broken says what becomes of a request whose stream ended without an answer.
func (x *exchange) broken(ctx context.Context, err error) ([]byte, error) {
	if refusal, ok := toolproxy.AsRefusal(err); ok {
		return nil, refusal
	}
	if errors.Is(err, errEventTooLarge) {
		return nil, toolproxy.Refuse(toolproxy.CodeUpstreamTooLarge, "upstream", err)
	}
	refusal := lost(ctx, toolproxy.CodeUpstreamInvalid, fmt.Errorf("the stream ended without an answer: %w", err))
	if !x.resumable || refusal.Code == toolproxy.CodeUpstreamTimeout {
		return nil, refusal
	}
	x.wait = x.proxy.waiting.add(x.key())
	if x.wait == nil {
		return nil, refusal
	}
	x.release()
	close(x.parked)
	return x.proxy.await(x.key(), x.wait)
}

func (x *exchange) key() waitKey {
	return waitKey{caller: x.client.Caller.Name, session: x.in.Header.Get(headerSession), id: idKey(x.m.ID)}
}

// finish writes the reply that the firewall let through, or its refusal.
func (x *exchange) finish(reply []byte) {
	switch {
	case x.out.streaming && x.answer.hasData && same(reply, x.answer.data):
		x.out.write(x.answer.raw)
		x.relayRest()
		return
	case x.out.streaming:
		x.out.write(x.answer.with(reply))
		return
	case x.response != nil:
		replyHeaders(x.out.w.Header(), x.response.Header)
	}
	if x.failed != nil && !Judged(x.m.Method) {
		x.out.whole(x.response, x.failed)
		return
	}
	if x.reply != nil && same(reply, x.reply) {
		x.out.whole(x.response, reply)
		return
	}
	status := replyStatus(reply, x.m)
	if x.failed != nil {
		status = x.response.StatusCode
	}
	writeJSON(x.out.w, status, reply)
}

// relayRest relays what follows the answer, until the upstream ends the stream
// or sends what may not pass.
func (x *exchange) relayRest() {
	for {
		ev, m, err := x.proxy.event(x.stream)
		if err != nil || m.Kind == KindResponse {
			return
		}
		x.out.write(ev.raw)
	}
}

// release ends the request to the upstream.
func (x *exchange) release() {
	if x.leash != nil {
		x.leash.cut(nil)
	}
	if x.response != nil {
		_ = x.response.Body.Close()
	}
}

// aside sends a request of our own and returns its answer. What else comes
// with it is not for the client, who did not ask.
func (p *Proxy) aside(ctx context.Context, header http.Header, m Message) ([]byte, error) {
	ctx, l := newLeash(ctx, p.limits.CallTimeout, p.limits.HardTimeout)
	defer l.cut(nil)
	response, err := p.send(ctx, http.MethodPost, header, m.Raw)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if mediaType(response.Header) == "text/event-stream" {
		stream := newEvents(response.Body, p.limits.MaxReply)
		for {
			ev, reply, err := p.event(stream)
			switch {
			case err != nil:
				return nil, lost(ctx, toolproxy.CodeUpstreamInvalid, err)
			case reply.Answers(m.ID):
				return ev.data, nil
			}
		}
	}
	body, err := p.readCapped(ctx, response)
	if err != nil {
		return nil, err
	}
	reply, err := Parse(body, p.replies)
	if err != nil || !reply.Answers(m.ID) {
		return nil, invalid(err, "the answer is to another request")
	}
	return body, nil
}

// event reads the next block of a stream and the message in it, if any. Of a
// block that is not of type "message" and whose data is not a message, only
// its place is kept. The error is a refusal where a message is not fit to pass.
func (p *Proxy) event(stream *events) (event, Message, error) {
	for {
		ev, err := stream.next()
		if err != nil {
			return event{}, Message{}, err
		}
		if len(bytes.TrimSpace(ev.data)) == 0 {
			return ev, Message{}, nil
		}
		m, err := Parse(ev.data, p.replies)
		if err == nil {
			p.server.Heard(m)
			return ev, m, nil
		}
		if ev.name == "" || ev.name == "message" {
			return event{}, Message{}, invalid(err, "")
		}
	}
}

// invalid is the refusal of an answer, with the gate's cause where it has one.
func invalid(err error, cause string) *toolproxy.Refusal {
	code := toolproxy.CodeUpstreamInvalid
	if refusal, ok := toolproxy.AsRefusal(err); ok {
		if refusal.Code == toolproxy.CodeTooLarge {
			code = toolproxy.CodeUpstreamTooLarge
		}
		return toolproxy.Refuse(code, "upstream", fmt.Errorf("%s: %w", refusal.Code, refusal.Cause))
	}
	return toolproxy.Refuse(code, "upstream", errors.New(cause))
}

// same reports whether two slices are the same bytes in the same place, or
// equal.
func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || bytes.Equal(a, b))
}
