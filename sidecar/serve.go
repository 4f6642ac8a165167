package sidecar

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"callgate/toolproxy"
)

// idleConnection is how long a connection is kept for its next request.
const idleConnection = 2 * time.Minute

// Serve answers on a listener until ctx is done, then stops accepting, lets
// calls in flight finish within limits.shutdown_timeout, and returns. Meanwhile
// the policy is reloaded when it changes, and when the process gets a SIGHUP.
func (s *Sidecar) Serve(ctx context.Context, on net.Listener) error {
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	server := &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: s.config.Limits.HeaderTimeout,
		IdleTimeout:       idleConnection,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return streams },
	}
	hangup, endHangups := hangups()
	defer endHangups()
	defer s.follow(hangup)()
	failed := make(chan error, 1)
	var serving sync.WaitGroup
	serving.Go(func() { failed <- server.Serve(on) })
	defer serving.Wait()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	return s.shutdown(server, endStreams)
}

// subscriptionRest is how long shutdown waits where messages are served of
// which none is a call: a listing will end, a subscription will not.
const subscriptionRest = 3 * time.Second

// shutdown gives calls their time. Streams without a call would use all of
// it, so when only they can be left they are ended.
func (s *Sidecar) shutdown(server *http.Server, endStreams context.CancelFunc) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.Limits.ShutdownTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- server.Shutdown(ctx) }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	rest := time.Now().Add(min(subscriptionRest, s.config.Limits.ShutdownTimeout/2))
	for {
		select {
		case err := <-done:
			endStreams()
			return errors.Join(err, server.Close())
		case <-tick.C:
			if s.Firewall.underway.Load() == 0 && (len(s.slots) == 0 || time.Now().After(rest)) {
				endStreams()
			}
		}
	}
}

// gate is the gate for what clients send.
func (s *Sidecar) gate() toolproxy.Gate {
	return toolproxy.Gate{MaxBytes: int(s.config.Limits.MaxRequest), MaxDepth: s.config.Limits.MaxDepth}
}

// replies is the gate for what upstreams send.
func (s *Sidecar) replies() toolproxy.Gate {
	return toolproxy.Gate{MaxBytes: int(s.config.Limits.MaxReply), MaxDepth: s.config.Limits.MaxDepth, FoldDepth: toolproxy.EnvelopeDepth}
}
