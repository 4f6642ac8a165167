package sidecar

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"callgate/sidecar/identity"
	"callgate/toolproxy"
	"callgate/toolproxy/httptool"
)

// stageIdentity and stageListen name what the listener refuses before a wire
// has read a call.
const (
	stageIdentity = "identity"
	stageListen   = "listen"
)

// routes builds the handler of the whole listener.
func (s *Sidecar) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok\n") // a prober that is gone needs no answer
	})
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.metrics())
	mux.Handle("POST /v1/decide", s.admit(http.HandlerFunc(s.decide)))
	mux.Handle("/mcp/{server}", s.admit(http.HandlerFunc(s.mcp)))
	return s.local(mux)
}

// ready answers whether calls can be judged and recorded right now.
func (s *Sidecar) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), s.config.Record.WriteTimeout)
	defer cancel()
	state := struct {
		Ready    bool      `json:"ready"`
		Revision string    `json:"revision"`
		Since    time.Time `json:"since"` // when the policy was last loaded without faults
		Bundles  []inUse   `json:"bundles,omitempty"`
		Failed   []failure `json:"failed,omitempty"` // reloads that left the policy as it was
		Record   string    `json:"record"`
	}{Ready: true, Revision: s.Firewall.Revision(), Record: "ok"}
	state.Since, state.Bundles, state.Failed = s.sources.news.read()
	if err := s.Firewall.Record.Healthy(ctx); err != nil {
		state.Ready, state.Record = false, "unavailable"
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !state.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(state) // a prober that is gone needs no answer
}

// local refuses requests whose Host or Origin is not this listener's, so that
// a web page cannot reach it through a name that it controls.
func (s *Sidecar) local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = pace(w, s.config.Limits.BodyTimeout)
		w.Header().Set("Content-Security-Policy", inert)
		if !s.hostAllowed(r.Host) || !s.originAllowed(r.Header, r.Host) {
			s.refuse(w, r, toolproxy.Refuse(toolproxy.CodeOrigin, stageListen, errors.New("the Host or Origin header is not allowed")))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// inert keeps a browser from running what an upstream sends: a page from here
// would have this listener's origin, and with it the local caller's rights.
const inert = "sandbox; default-src 'none'"

// hostAllowed accepts any address and localhost on a loopback listener's own
// machine, and elsewhere the address that was dialled; a name has to be
// configured. One that is configured with a port is accepted with that only.
func (s *Sidecar) hostAllowed(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	configured := func(known string) bool {
		return strings.EqualFold(strings.Trim(known, "[]"), name) || strings.EqualFold(known, host)
	}
	if strings.EqualFold(name, "localhost") || name != "" && slices.ContainsFunc(s.config.AllowedHosts, configured) {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && (address.IsLoopback() || !s.loopback)
}

// originAllowed accepts requests that no web page made, those of a page that
// this host served, and configured origins. A page that loads an address gives
// no Origin; the browser then tells by itself that it is a page elsewhere.
func (s *Sidecar) originAllowed(header http.Header, host string) bool {
	origin := header.Get("Origin")
	if origin == "" {
		site := header.Get("Sec-Fetch-Site")
		return site == "" || site == "none" || site == "same-origin"
	}
	if slices.Contains(s.config.AllowedOrigins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && u.Host == host
}

// admit bounds the calls under way and the streams beside them, finds the caller and gives the body its
// time limit.
func (s *Sidecar) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slots := s.streams
		if r.Method == http.MethodPost {
			slots = s.slots
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			s.refuse(w, r, toolproxy.Refuse(toolproxy.CodeOverload, stageListen, errors.New("limits.max_calls is reached")))
			return
		}
		caller, err := s.callers.Authenticate(r.Header, fromLoopback(r))
		if err != nil {
			s.refuse(w, r, toolproxy.Refuse(toolproxy.CodeUnauthenticated, stageIdentity, err))
			return
		}
		if r.Method == http.MethodPost {
			limitBodyTime(w, r, s.config.Limits.BodyTimeout)
			defer drain(r.Body)
		}
		next.ServeHTTP(w, r.WithContext(withCaller(r.Context(), caller)))
	})
}

// refuse records a request that no wire has read yet and answers it.
func (s *Sidecar) refuse(w http.ResponseWriter, r *http.Request, fault *toolproxy.Refusal) {
	surface := toolproxy.SurfaceTool
	server, isMCP := strings.CutPrefix(r.URL.Path, "/mcp/")
	if isMCP {
		surface = toolproxy.SurfaceMCP
	}
	call := &toolproxy.Call{Surface: surface, Stage: toolproxy.StageExecute, Server: bounded(server), Caller: callerOf(r.Context()), Fault: fault}
	httptool.WriteProblem(w, s.Firewall.Refuse(r.Context(), call))
}

// mcp leads a request to the proxy of the server that it names.
func (s *Sidecar) mcp(w http.ResponseWriter, r *http.Request) {
	proxy, ok := s.proxies[r.PathValue("server")]
	if !ok {
		s.refuse(w, r, toolproxy.Refuse(toolproxy.CodeUnknownServer, stageListen, nil))
		return
	}
	proxy.ServeHTTP(w, r)
}

type callerKey struct{}

func withCaller(ctx context.Context, c identity.Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, toolproxy.Caller{Name: c.Name, Auth: c.Auth, Roles: c.Roles, Scopes: c.Scopes})
}

// callerOf gives the caller that admit found; nobody where it found none.
func callerOf(ctx context.Context) toolproxy.Caller {
	c, _ := ctx.Value(callerKey{}).(toolproxy.Caller)
	return c
}

// fromLoopback reports whether a request was made on this machine. What another
// proxy on this machine hands on was made elsewhere.
func fromLoopback(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if len(r.Header[name]) > 0 {
			return false
		}
	}
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && address.Addr().Unmap().IsLoopback()
}

// bounded keeps a name that a client made up short enough for the record.
func bounded(name string) string {
	const most = 64
	if len(name) > most {
		name = name[:most]
	}
	return strings.ToValidUTF8(name, "")
}

// limitBodyTime gives the body of a request its own time limit, and lifts it
// once the body is read, so that a long answer does not run into it.
func limitBodyTime(w http.ResponseWriter, r *http.Request, limit time.Duration) {
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return // a transport without deadlines, such as a test recorder
	}
	r.Body = &timedBody{ReadCloser: r.Body, lift: func() { _ = control.SetReadDeadline(time.Time{}) }}
}

// maxDrain is how much of a body that was refused is still read, so that the
// client, who may be writing yet, gets to see the answer.
const maxDrain = 32 << 20

// drain reads what is left of a body, within its time limit.
func drain(body io.Reader) {
	_, _ = io.CopyN(io.Discard, body, maxDrain) // an end, an error and the limit are all the same here
}

type timedBody struct {
	io.ReadCloser
	lift func()
}

// Read lifts the limit at the end of the body.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.lift()
	}
	return n, err
}
