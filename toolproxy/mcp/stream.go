package mcp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// downstream is the answer to a client as it is written.
type downstream struct {
	w         http.ResponseWriter
	streaming bool // the head of an event stream has been sent
}

// begin sends the head of an event stream. The stream lives as long as the
// upstream's, so the server's write timeout does not apply.
func (d *downstream) begin(response *http.Response) {
	replyHeaders(d.w.Header(), response.Header)
	_ = http.NewResponseController(d.w).SetWriteDeadline(time.Time{})
	d.w.WriteHeader(response.StatusCode)
	d.streaming = true
	d.write(nil)
}

// write sends bytes at once. A client that is gone is noticed by its context.
func (d *downstream) write(raw []byte) {
	_, _ = d.w.Write(raw)
	_ = http.NewResponseController(d.w).Flush()
}

// whole sends a body as the upstream sent it; its headers are set.
func (d *downstream) whole(response *http.Response, body []byte) {
	if len(body) > 0 || response.ContentLength == 0 {
		d.w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	d.w.WriteHeader(response.StatusCode)
	_, _ = d.w.Write(body)
}

// replyStatus is the HTTP status for a reply of our own making. The modern era
// maps the errors of the protocol to statuses; in either era a message that is
// no request at all is a bad request.
func replyStatus(reply []byte, m Message) int {
	switch gjson.GetBytes(reply, "error.code").Int() {
	case rpcParse, rpcInvalidRequest, rpcHeaderMismatch:
		return http.StatusBadRequest
	case rpcInvalidParams:
		if m.Modern() {
			return http.StatusBadRequest
		}
	}
	return http.StatusOK
}

// tell relays a notification or a response of the client. What a success says
// besides its status is not relayed: nothing is due.
func (p *Proxy) tell(w http.ResponseWriter, r *http.Request, m Message) {
	ctx, l := newLeash(r.Context(), p.limits.CallTimeout, p.limits.HardTimeout)
	defer l.cut(nil)
	response, err := p.send(ctx, http.MethodPost, requestHeaders(r.Header), m.Raw)
	if err != nil {
		unreachable(w, err)
		return
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		p.relay(ctx, w, response)
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 4<<10))
	replyHeaders(w.Header(), response.Header)
	w.Header().Del("Content-Type")
	w.WriteHeader(response.StatusCode)
}

// end relays the end of a legacy session.
func (p *Proxy) end(w http.ResponseWriter, r *http.Request) {
	ctx, l := newLeash(r.Context(), p.limits.CallTimeout, p.limits.HardTimeout)
	defer l.cut(nil)
	response, err := p.send(ctx, http.MethodDelete, requestHeaders(r.Header), nil)
	if err != nil {
		unreachable(w, err)
		return
	}
	defer response.Body.Close()
	p.relay(ctx, w, response)
}

// relay sends an upstream's whole answer on as it is.
func (p *Proxy) relay(ctx context.Context, w http.ResponseWriter, response *http.Response) {
	body, err := p.readCapped(ctx, response)
	if err != nil {
		unreachable(w, err)
		return
	}
	replyHeaders(w.Header(), response.Header)
	d := downstream{w: w}
	d.whole(response, body)
}

// unreachable answers where the upstream gave nothing to relay.
func unreachable(w http.ResponseWriter, err error) {
	refusal := asRefusal(err)
	status := http.StatusBadGateway
	if refusal.Code == toolproxy.CodeUpstreamTimeout {
		status = http.StatusGatewayTimeout
	}
	writeJSON(w, status, refuse(Message{}, refusal))
}

// listen relays a GET stream: what the upstream says of its own accord, and,
// where a client resumes, answers to requests whose stream broke.
func (p *Proxy) listen(w http.ResponseWriter, r *http.Request) {
	client := p.identify(r, Message{})
	response, err := p.send(r.Context(), http.MethodGet, requestHeaders(r.Header), nil)
	if err != nil {
		unreachable(w, err)
		return
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		p.relay(r.Context(), w, response)
		return
	}
	if mediaType(response.Header) != "text/event-stream" {
		unreachable(w, invalid(nil, "the answer is not an event stream"))
		return
	}
	d := downstream{w: w}
	d.begin(response)
	stream := newEvents(response.Body, p.limits.MaxReply)
	for {
		ev, m, err := p.event(stream)
		if err != nil {
			return
		}
		if m.Kind != KindResponse {
			d.write(ev.raw)
			continue
		}
		reply, ok := p.resume(r, client, m)
		if !ok {
			return
		}
		if same(reply, ev.data) {
			d.write(ev.raw)
		} else {
			d.write(ev.with(reply))
		}
	}
}

// resume hands an answer to the call that waits for it, and gives what the
// firewall makes of it. An answer that nobody waits for is screened by itself.
func (p *Proxy) resume(r *http.Request, client Client, m Message) ([]byte, bool) {
	key := waitKey{caller: client.Caller.Name, session: r.Header.Get(headerSession), id: idKey(m.ID)}
	w := p.waiting.take(key)
	if w == nil {
		return p.server.Screen(r.Context(), client, m), true
	}
	w.reply <- m.Raw
	select {
	case reply := <-w.answer:
		return reply, true
	case <-r.Context().Done():
		return nil, false
	}
}

// waitKey names a call that waits for its answer on another stream.
type waitKey struct{ caller, session, id string }

// wait is one such call: the answer goes in, what the client gets comes out.
type wait struct {
	reply  chan []byte
	answer chan []byte
}

// maxWaiting bounds the calls that wait at one upstream.
const maxWaiting = 1024

// waiting holds the calls that wait. Its zero value is empty.
type waiting struct {
	mu    sync.Mutex
	calls map[waitKey]*wait
}

// add lets a call wait. It gives nil where too many wait, or one of that name.
func (t *waiting) add(key waitKey) *wait {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls == nil {
		t.calls = make(map[waitKey]*wait)
	}
	if _, twice := t.calls[key]; twice || len(t.calls) >= maxWaiting {
		return nil
	}
	w := &wait{reply: make(chan []byte, 1), answer: make(chan []byte, 1)}
	t.calls[key] = w
	return w
}

// take ends the waiting of a call; nil where none waits.
func (t *waiting) take(key waitKey) *wait {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.calls[key]
	delete(t.calls, key)
	return w
}

var errNotResumed = errors.New("the stream broke and was not resumed in time")

// await waits for the answer that a resumed stream brings.
func (p *Proxy) await(key waitKey, w *wait) ([]byte, error) {
	timer := time.NewTimer(p.limits.ResumeTime)
	defer timer.Stop()
	select {
	case reply := <-w.reply:
		return reply, nil
	case <-timer.C:
	case <-p.closing.Done():
	}
	if p.waiting.take(key) == nil {
		// A stream took the call in this very moment and its answer is due.
		return <-w.reply, nil
	}
	return nil, toolproxy.Refuse(toolproxy.CodeUpstreamTimeout, "upstream", errNotResumed)
}
