package mcp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// Bounds on what waits for a client that does not read.
const (
	mailMessages = 1024
	mailBytes    = 8 << 20
)

// mailbox holds messages between a child, which must not wait for one slow
// client, and that client. When it is full the oldest message is dropped. Its
// methods are safe for concurrent use.
type mailbox struct {
	ready chan struct{} // holds one token while there is something to take

	mu    sync.Mutex
	queue [][]byte
	size  int
	ended bool
	err   error // why it ended; nil when its last message is the end
}

func newMailbox() *mailbox { return &mailbox{ready: make(chan struct{}, 1)} }

// put adds a message and reports whether none was dropped for it.
func (b *mailbox) put(raw []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return false
	}
	whole := true
	for len(b.queue) > 0 && (len(b.queue) >= mailMessages || b.size+len(raw) > mailBytes) {
		b.size -= len(b.queue[0])
		b.queue = b.queue[1:]
		whole = false
	}
	b.add(raw)
	return whole
}

// last adds the message that ends the mailbox.
func (b *mailbox) last(raw []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.ended = true
		b.add(raw)
	}
}

// fail ends the mailbox behind what it holds.
func (b *mailbox) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.ended, b.err = true, err
		b.wake()
	}
}

func (b *mailbox) add(raw []byte) {
	b.queue = append(b.queue, raw)
	b.size += len(raw)
	b.wake()
}

func (b *mailbox) wake() {
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// take waits for the next message. last says that it is the one that ends the
// mailbox; the error is why there is none.
func (b *mailbox) take(ctx context.Context) (raw []byte, last bool, err error) {
	for {
		b.mu.Lock()
		if len(b.queue) > 0 {
			raw, b.queue = b.queue[0], b.queue[1:]
			b.size -= len(raw)
			last = b.ended && b.err == nil && len(b.queue) == 0
			b.mu.Unlock()
			return raw, last, nil
		}
		ended, err := b.ended, b.err
		b.mu.Unlock()
		switch {
		case ended && err == nil:
			return nil, false, io.EOF
		case ended:
			return nil, false, err
		}
		select {
		case <-b.ready:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
}

// streamBody is the body of an event stream; closing it ends what feeds it.
type streamBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (s streamBody) Close() error {
	s.cancel()
	return s.PipeReader.Close()
}

// stream answers r with what the box gives, first before the rest, as an event
// stream. over runs once, when the stream has ended for the given reason; nil
// means that it ended with its last message.
func stream(r *http.Request, box *mailbox, first []byte, over func(error)) *http.Response {
	ctx, cancel := context.WithCancel(r.Context())
	body, out := io.Pipe()
	// A reader that went away without closing the body must not hold the writer.
	detach := context.AfterFunc(ctx, func() { out.CloseWithError(context.Cause(ctx)) })
	go func() {
		defer cancel()
		defer detach()
		err := feed(ctx, out, box, first)
		over(err)
		out.CloseWithError(err)
	}()
	response := respond(r, http.StatusOK, "text/event-stream", nil)
	response.Header.Set("Cache-Control", "no-cache")
	response.Header.Set("X-Accel-Buffering", "no")
	response.ContentLength = -1
	response.Body = streamBody{body, cancel}
	return response
}

func feed(ctx context.Context, out io.Writer, box *mailbox, first []byte) error {
	raw, last, err := first, false, error(nil)
	for {
		if raw != nil {
			if _, err := out.Write(new(event).with(raw)); err != nil || last {
				return err
			}
		}
		if raw, last, err = box.take(ctx); err != nil {
			return err
		}
	}
}

// respond makes a response with a whole body.
func respond(r *http.Request, status int, contentType string, body []byte) *http.Response {
	response := &http.Response{
		Status:     strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode: status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        make(http.Header, 4),
		ContentLength: int64(len(body)),
		Request:       r,
		Body:          http.NoBody,
	}
	if len(body) > 0 {
		response.Body = io.NopCloser(bytes.NewReader(body))
	}
	if contentType != "" {
		response.Header.Set("Content-Type", contentType)
	}
	return response
}
