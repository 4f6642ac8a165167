package mcp

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// WrapConfig is what Wrap joins.
type WrapConfig struct {
	Server  *Server // the firewall; its gates cap the lines of both sides
	Client  Client  // who is in front; an empty session means one per Wrap
	Command Command
	Stdin   io.Reader
	Stdout  io.Writer

	// MaxInFlight is how many requests are served at once; 0 means 256. The
	// client then waits, and after Grace its request is refused.
	MaxInFlight int
	// Grace is how long each step of ending the child may take; 0 means 3 s.
	Grace time.Duration

	// Report tells the operator, in fixed words, what was dropped. It may be
	// nil, and is called from several goroutines.
	Report func(event string)
}

const (
	defaultInFlight = 256
	maxSessionKey   = 256 // bytes
	sessionPath     = `_meta.callgate/session`
)

var (
	errClientCancelled = errors.New("the client cancelled the request")
	errClientGone      = errors.New("the client does not read any more")
	errStopped         = errors.New("the firewall is stopping")
	errBusy            = errors.New("too many requests are in flight")
	errAskedTwice      = errors.New("a request with this id awaits its answer")
)

// Wrap runs a server that speaks MCP over its standard streams and puts the
// firewall between it and a client that speaks over Stdin and Stdout. It
// returns when the server has exited and every request that was in flight has
// its answer. The code is the server's, 128+n when signal n ended it; an error
// means that the server could not be started.
//
// Signals that would end this process are passed to the server and all that it
// started. The end of Stdin closes the server's input behind the last request.
// The end of ctx stops the server. A Read of Stdin that does not return is left
// behind.
func Wrap(ctx context.Context, cfg WrapConfig) (int, error) {
	w := newWrapper(ctx, cfg)
	defer w.cancel(errStopped)
	c, err := startChild(childConfig{
		Command: cfg.Command,
		Replies: cfg.Server.Replies,
		Grace:   cfg.Grace,
		Hear:    w.hear,
		Garbage: w.garbage,
	})
	if err != nil {
		return 1, err
	}
	w.child = c
	defer passSignals(c)()
	go w.readClient()
	select {
	case <-c.Done():
	case <-w.broken:
		c.Stop()
	case <-ctx.Done():
		c.Stop()
	}
	w.finish()
	return c.Code(), nil
}

// passSignals hands the signals that ask this process to end to the child. A
// broken pipe is heard of where it is written to.
func passSignals(c *child) (stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for sig := range signals {
			if sig != syscall.SIGPIPE {
				c.Signal(sig)
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-over
	}
}

// wrapper is one Wrap under way.
type wrapper struct {
	cfg    WrapConfig
	child  *child
	ctx    context.Context // of all requests; ends only when they must
	cancel context.CancelCauseFunc
	slots  chan struct{}
	broken chan struct{} // closed when the client does not read any more

	out sync.Mutex // one line at a time to the client

	serving sync.WaitGroup // requests that have no answer yet
	unsent  sync.WaitGroup // requests that have not reached the child

	mu     sync.Mutex
	closed bool                  // no more requests are served
	served map[string]*served    // the client's requests in flight, by idKey
	asked  map[string]chan reply // what the child has to answer, by idKey
}

// reply is what the child answered, or why there is no answer.
type reply struct {
	raw []byte
	err error
}

func newWrapper(ctx context.Context, cfg WrapConfig) *wrapper {
	if cfg.MaxInFlight <= 0 {
		cfg.MaxInFlight = defaultInFlight
	}
	if cfg.Grace <= 0 {
		cfg.Grace = defaultGrace
	}
	own := "wrap:" + rand.Text()
	cfg.Client.Connection = own
	if cfg.Client.Session == "" {
		cfg.Client.Session = own
	}
	w := &wrapper{
		cfg:    cfg,
		slots:  make(chan struct{}, cfg.MaxInFlight),
		broken: make(chan struct{}),
		served: make(map[string]*served),
		asked:  make(map[string]chan reply),
	}
	w.ctx, w.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	return w
}

// finish waits for the answers of what is in flight. What still waits for
// something other than the child, such as a person, is cancelled.
func (w *wrapper) finish() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	timer := time.AfterFunc(w.cfg.Grace, func() { w.cancel(errStopped) })
	defer timer.Stop()
	w.serving.Wait()
}

// hear takes one message of the child. What it answers goes to who asked, all
// else to the client. An answer that nobody awaits is dropped, as the firewall
// has not seen it.
func (w *wrapper) hear(m Message) {
	if m.Kind == KindResponse {
		if !w.answer(m.ID, reply{raw: m.Raw}) {
			w.report("dropped an answer of the server that no request awaits")
		}
		return
	}
	w.cfg.Server.Heard(m)
	w.write(m.Raw)
}

func (w *wrapper) garbage(g garbage) {
	w.report("dropped a line of the server that is not a message")
	if g.id != "" {
		w.answer(g.id, reply{err: g.refusal})
	}
}

// answer gives r to the request with this id. A server that could not read a
// request does not know its id; then it is the only one in flight.
func (w *wrapper) answer(id string, r reply) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := idKey(id)
	if (id == "" || id == "null") && len(w.asked) == 1 {
		for key = range w.asked {
		}
	}
	waiting, ok := w.asked[key]
	if ok {
		delete(w.asked, key)
		waiting <- r
	}
	return ok
}

// write sends one line to the client. A client that does not read ends the
// whole.
func (w *wrapper) write(raw []byte) {
	w.out.Lock()
	defer w.out.Unlock()
	select {
	case <-w.broken:
		return
	default:
	}
	if _, err := w.cfg.Stdout.Write(oneLine(raw)); err != nil {
		w.cancel(errClientGone)
		close(w.broken)
	}
}

func (w *wrapper) report(event string) {
	if w.cfg.Report != nil {
		w.cfg.Report(event)
	}
}

// client is who sent m, in the conversation that m names.
func (w *wrapper) client(m Message) Client {
	client := w.cfg.Client
	if key := m.Params.Get(sessionPath); key.Type == gjson.String && key.Str != "" && len(key.Str) <= maxSessionKey {
		client.Session = key.Str
	}
	return client
}

// unanswered is the refusal for a request whose answer did not come.
func unanswered(cause error) *toolproxy.Refusal {
	code := toolproxy.CodeCancelled
	switch {
	case errors.Is(cause, context.DeadlineExceeded):
		code = toolproxy.CodeUpstreamTimeout
	case errors.Is(cause, errChildGone):
		code = toolproxy.CodeUpstreamUnavailable
	case errors.Is(cause, errAskedTwice):
		code = toolproxy.CodeInvalidMessage
	}
	return toolproxy.Refuse(code, "upstream", cause)
}
