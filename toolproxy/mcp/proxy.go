package mcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"callgate/toolproxy"
)

// Limits bound what one upstream may cost. Zero values mean the defaults.
type Limits struct {
	MaxReply    int           // bytes of one answer or event; 16 MiB
	CallTimeout time.Duration // without a sign of life; 2 minutes
	HardTimeout time.Duration // for one request in all; 10 minutes, or CallTimeout where that is longer
	ResumeTime  time.Duration // that a broken legacy stream is waited for; 2 minutes
}

func (l Limits) orDefaults() Limits {
	if l.MaxReply <= 0 {
		l.MaxReply = 16 << 20
	}
	if l.CallTimeout <= 0 {
		l.CallTimeout = 2 * time.Minute
	}
	if l.HardTimeout <= 0 {
		l.HardTimeout = max(10*time.Minute, l.CallTimeout)
	}
	if l.ResumeTime <= 0 {
		l.ResumeTime = 2 * time.Minute
	}
	return l
}

// ProxyConfig says what a Proxy stands before.
type ProxyConfig struct {
	Server *Server
	URL    string // the upstream's Streamable HTTP endpoint

	// Transport reaches the upstream; nil means one of the proxy's own.
	Transport http.RoundTripper

	// Headers gives the headers that each request to the upstream carries,
	// such as credentials; nil means none. An error fails the request.
	Headers func() (http.Header, error)

	Limits Limits

	// Client says who sent a request. Where it leaves Session and Connection
	// empty, the proxy takes them from the request.
	Client func(*http.Request) Client
}

// Proxy is the Streamable HTTP transport in both eras: an http.Handler for the
// one path of one upstream. Authentication and the checks of Host and Origin
// are its caller's.
type Proxy struct {
	server    *Server
	target    *url.URL
	transport http.RoundTripper
	headers   func() (http.Header, error)
	limits    Limits
	replies   toolproxy.Gate
	maxBody   int64
	client    func(*http.Request) Client

	waiting waiting
	closing context.Context
	close   context.CancelFunc
	serving sync.WaitGroup
	workers *workers
}

// NewProxy makes the transport for one upstream.
func NewProxy(c ProxyConfig) (*Proxy, error) {
	target, err := url.Parse(c.URL)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return nil, errors.New("upstream URL is not an absolute http or https URL")
	}
	p := &Proxy{
		server: c.Server, target: target, transport: c.Transport, headers: c.Headers,
		limits: c.Limits.orDefaults(), replies: c.Server.Replies, client: c.Client,
		maxBody: int64(c.Server.Gate.MaxBytes),
	}
	p.replies.MaxBytes = p.limits.MaxReply
	if p.maxBody <= 0 {
		p.maxBody = toolproxy.DefaultMaxBytes
	}
	if p.transport == nil {
		p.transport = newTransport()
	}
	p.closing, p.close = context.WithCancel(context.Background())
	p.workers = newWorkers(p.closing.Done())
	return p, nil
}

// newTransport keeps enough idle connections that a busy proxy does not dial
// anew, and never decompresses, so that sizes are what they seem.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		DisableCompression:  true,
		MaxIdleConns:        1024,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
		WriteBufferSize:     8 << 10,
		ReadBufferSize:      8 << 10,
	}
}

// Close ends what waits for a client to resume, and returns when nothing is
// served any more. Requests in flight are the HTTP server's to finish.
func (p *Proxy) Close() {
	p.close()
	p.serving.Wait()
	if idle, ok := p.transport.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
}

// ServeHTTP serves POST, GET and DELETE.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		p.post(w, r)
	case http.MethodGet:
		p.listen(w, r)
	case http.MethodDelete:
		p.end(w, r)
	default:
		w.Header().Set("Allow", "GET, POST, DELETE")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

func (p *Proxy) post(w http.ResponseWriter, r *http.Request) {
	raw, refusal := p.readBody(w, r)
	var m Message
	if refusal == nil {
		var err error
		if m, err = Parse(raw, p.server.Gate); err != nil {
			refusal = asRefusal(err)
		}
	}
	client := p.identify(r, m)
	if refusal == nil {
		refusal = agree(r.Header, m, nil)
	}
	if refusal == nil {
		refusal = unasked(m)
	}
	if refusal != nil {
		p.reject(w, r, client, m, refusal)
		return
	}
	if m.Kind == KindRequest {
		p.request(w, r, client, m)
		return
	}
	p.tell(w, r, m)
}

// reject answers a message that goes no further.
func (p *Proxy) reject(w http.ResponseWriter, r *http.Request, client Client, m Message, refusal *toolproxy.Refusal) {
	ctx := context.WithoutCancel(r.Context())
	writeJSON(w, rejectStatus(refusal), p.server.reject(ctx, client, m, refusal))
}

func rejectStatus(refusal *toolproxy.Refusal) int {
	switch {
	case errors.Is(refusal, errEncoding), errors.Is(refusal, errMediaType):
		return http.StatusUnsupportedMediaType
	case refusal.Code == toolproxy.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case refusal.Code == toolproxy.CodeSlowClient:
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}

var (
	errEncoding = errors.New("a compressed body is not accepted")
	errBodySize = errors.New("the body is over the size cap")
)

// readBody reads a client's body up to the cap.
func (p *Proxy) readBody(w http.ResponseWriter, r *http.Request) ([]byte, *toolproxy.Refusal) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, toolproxy.Refuse(toolproxy.CodeInvalidMessage, "gate", errEncoding)
	}
	if refusal := readAsJudged(r.Header); refusal != nil {
		return nil, refusal
	}
	body := http.MaxBytesReader(w, r.Body, p.maxBody)
	if r.ContentLength > p.maxBody {
		w.Header().Set("Connection", "close")
		return nil, toolproxy.Refuse(toolproxy.CodeTooLarge, "gate", errBodySize)
	}
	raw, err := readAll(body, r.ContentLength)
	if err == nil {
		return raw, nil
	}
	var large *http.MaxBytesError
	var slow net.Error
	switch {
	case errors.As(err, &large):
		return nil, toolproxy.Refuse(toolproxy.CodeTooLarge, "gate", errBodySize)
	case errors.As(err, &slow) && slow.Timeout():
		return nil, toolproxy.Refuse(toolproxy.CodeSlowClient, "gate", err)
	}
	return nil, toolproxy.Refuse(toolproxy.CodeCancelled, "gate", err)
}

// atOnce is the size up to which a body's own word for its length is taken.
const atOnce = 64 << 10

// readAll reads r to its end, in one piece where its size is known and small,
// so that a claim alone holds no memory.
func readAll(r io.Reader, size int64) ([]byte, error) {
	if size < 0 || size > atOnce {
		return io.ReadAll(r)
	}
	buf := make([]byte, size)
	_, err := io.ReadFull(r, buf)
	return buf, err
}

// identify says who sent m and in which conversation.
func (p *Proxy) identify(r *http.Request, m Message) Client {
	var client Client
	if p.client != nil {
		client = p.client(r)
	}
	if client.Session == "" {
		client.Session = conversation(r.Header, m)
	}
	if session := r.Header.Get(headerSession); client.Connection == "" && session != "" && !m.Modern() {
		client.Connection = client.Caller.Name + " " + session
	}
	return client
}

// send sends one request to the upstream, with the client's headers and ours.
func (p *Proxy) send(ctx context.Context, method string, header http.Header, body []byte) (*http.Response, error) {
	if p.headers != nil {
		own, err := p.headers()
		if err != nil {
			return nil, toolproxy.Refuse(toolproxy.CodeUpstreamUnavailable, "upstream", fmt.Errorf("upstream headers: %w", err))
		}
		for name, values := range own {
			header[http.CanonicalHeaderKey(name)] = values
		}
	}
	target := *p.target
	request := &http.Request{
		Method: method, URL: &target, Host: target.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if body != nil {
		request.ContentLength = int64(len(body))
		request.Body = io.NopCloser(bytes.NewReader(body))
		request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	response, err := p.transport.RoundTrip(request.WithContext(ctx))
	if err != nil {
		return nil, lost(ctx, toolproxy.CodeUpstreamUnavailable, err)
	}
	if refusal := unfit(response); refusal != nil {
		_ = response.Body.Close()
		return nil, refusal
	}
	return response, nil
}

// unfit says why an answer may not be used, whatever it holds.
func unfit(response *http.Response) *toolproxy.Refusal {
	encoding := response.Header.Get("Content-Encoding")
	switch {
	case encoding != "" && !strings.EqualFold(encoding, "identity"):
		return toolproxy.Refuse(toolproxy.CodeUpstreamInvalid, "upstream", errors.New("the answer is compressed"))
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return toolproxy.Refuse(toolproxy.CodeUpstreamInvalid, "upstream", errors.New("the answer is a redirect"))
	}
	// What is screened is UTF-8, so the client must not be told to read another.
	types, media := response.Header["Content-Type"], mediaType(response.Header)
	if len(types) > 1 || (media == "application/json" || media == "text/event-stream") && !inUTF8(types[0]) {
		return toolproxy.Refuse(toolproxy.CodeUpstreamInvalid, "upstream", errors.New("the answer is not in UTF-8"))
	}
	return nil
}

var (
	errTimeout = errors.New("no answer in time")
	errGone    = errors.New("the client is gone")
)

// lost says what became of a request whose answer could not be read.
func lost(ctx context.Context, code toolproxy.Code, err error) *toolproxy.Refusal {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		if refusal, ok := toolproxy.AsRefusal(err); ok {
			return refusal // a bridge knows better than a network what happened
		}
		return toolproxy.Refuse(code, "upstream", err)
	case errors.Is(cause, errTimeout), errors.Is(cause, context.DeadlineExceeded):
		return toolproxy.Refuse(toolproxy.CodeUpstreamTimeout, "upstream", errTimeout)
	}
	return toolproxy.Refuse(toolproxy.CodeCancelled, "upstream", errGone)
}

// writeJSON writes one JSON body.
func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// mediaType is a Content-Type without its parameters.
func mediaType(h http.Header) string {
	name, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(name))
}
