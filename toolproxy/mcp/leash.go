package mcp

import (
	"context"
	"time"
)

// leash is the time that the upstream has: each sign of life extends it, up to
// a hard end.
type leash struct {
	cancel context.CancelCauseFunc
	timer  *time.Timer
	idle   time.Duration
	end    time.Time
}

// newLeash makes a context that ends with errTimeout. An idle of 0 means that
// nothing ends it but cut.
func newLeash(ctx context.Context, idle, hard time.Duration) (context.Context, *leash) {
	ctx, cancel := context.WithCancelCause(ctx)
	l := &leash{cancel: cancel, idle: idle, end: time.Now().Add(hard)}
	if idle > 0 {
		l.timer = time.AfterFunc(min(idle, hard), func() { cancel(errTimeout) })
	}
	return ctx, l
}

// extend starts the idle time anew. Where it has run out, that stands.
func (l *leash) extend() {
	if l.timer != nil && l.timer.Stop() {
		l.timer.Reset(max(0, min(l.idle, time.Until(l.end))))
	}
}

// cut ends the context with a cause.
func (l *leash) cut(cause error) {
	if l.timer != nil {
		l.timer.Stop()
	}
	l.cancel(cause)
}
