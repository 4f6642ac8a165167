package audit

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// States of a request. The writer claims it when its transaction has begun; the
// one who waits abandons it when the time is up.
const (
	waiting int32 = iota
	claimed
	abandoned
)

// request is one thing for the writer to do, with the answer.
type request struct {
	decide, finish bool
	decided        [decidedColumns]driver.NamedValue
	ended          [endedColumns]driver.NamedValue
	probe          func(*conn) error // instead of decide and finish
	full           bool              // the commit must wait for the disk

	state  atomic.Int32
	seq    int64
	err    error
	answer chan struct{}
	timer  *time.Timer
}

// requests keeps requests for use again: their arguments are large.
var requests = sync.Pool{New: func() any {
	r := &request{answer: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
	for i := range r.decided {
		r.decided[i].Ordinal = i + 1
	}
	for i := range r.ended {
		r.ended[i].Ordinal = i + 1
	}
	return r
}}

// release gives a request back that the writer has answered.
func (r *request) release() {
	r.timer.Stop()
	for i := range r.decided {
		r.decided[i].Value = nil
	}
	for i := range r.ended {
		r.ended[i].Value = nil
	}
	r.decide, r.finish, r.full, r.probe, r.seq, r.err = false, false, false, nil, 0, nil
	r.state.Store(waiting)
	requests.Put(r)
}

// Decide stores a decision and sets r.Seq. Where r.End has an outcome, the call
// is stored as ended in the same transaction. It returns nil only after the
// commit; see the package comment for what that means. ErrRefused speaks of
// this entry alone; after any other error, which wraps ErrUnavailable, the
// call must not go on. The context should not be the caller's: a disconnect
// would leave it unknown whether the entry exists.
func (s *Store) Decide(ctx context.Context, r *Record) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("audit: decision %s: %w: %w", r.ID, ErrRefused, err)
	}
	req := requests.Get().(*request)
	req.decide, req.full = true, !r.onlyReads()
	bindDecided(&req.decided, r)
	if r.End.Outcome != Pending {
		req.finish = true
		bindEnded(&req.ended, r.ID, &r.End)
	}
	seq, err := s.write(ctx, req)
	if err != nil {
		return fmt.Errorf("audit: decision %s: %w", r.ID, err)
	}
	r.Seq = seq
	return nil
}

// Finish stores how a call ended, once. The errors are those of Decide, and
// ErrUnknown and ErrEnded.
func (s *Store) Finish(ctx context.Context, id string, end End) error {
	if err := end.check(); err != nil {
		return fmt.Errorf("audit: end of %s: %w: %w", id, ErrRefused, err)
	}
	req := requests.Get().(*request)
	req.finish = true
	bindEnded(&req.ended, id, &end)
	if _, err := s.write(ctx, req); err != nil {
		return fmt.Errorf("audit: end of %s: %w", id, err)
	}
	return nil
}

// Healthy writes to the file and to the disk as a decision would, and leaves no
// entry. Its errors are those of Decide.
func (s *Store) Healthy(ctx context.Context) error {
	req := requests.Get().(*request)
	req.full = true
	req.probe = func(c *conn) error { return c.probe(s.w.self) }
	if _, err := s.write(ctx, req); err != nil {
		return fmt.Errorf("audit: probe: %w", err)
	}
	return nil
}

// write hands a request to the writer and waits for the answer. The request
// must not be used afterwards.
func (s *Store) write(ctx context.Context, r *request) (int64, error) {
	r.timer.Reset(s.wait)
	if err := s.enqueue(ctx, r); err != nil {
		r.release()
		return 0, err
	}
	select {
	case <-r.answer:
		seq, err := r.seq, r.err
		r.release()
		return seq, err
	case <-r.timer.C:
	case <-ctx.Done():
	}
	// The writer may hold the request still, so it is left to the collector.
	r.state.CompareAndSwap(waiting, abandoned)
	return 0, s.w.late()
}

func (s *Store) enqueue(ctx context.Context, r *request) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed {
		return unavailable(ErrClosed)
	}
	select {
	case s.queue <- r:
		return nil
	case <-r.timer.C:
	case <-ctx.Done():
	}
	return s.w.late()
}

// onlyReads says whether losing the entry to a power failure loses nothing but
// the memory of an allowed read.
func (r *Record) onlyReads() bool {
	if r.Decision != "allow" || len(r.Effects) == 0 {
		return false
	}
	for _, effect := range r.Effects {
		if effect != "read" {
			return false
		}
	}
	return true
}

// check refuses what the tables or a reader could not take.
func (r *Record) check() error {
	switch {
	case r.ID == "":
		return fmt.Errorf("no id")
	case r.Time.IsZero():
		return fmt.Errorf("no time")
	case !valid(r.Findings):
		return fmt.Errorf("findings are not JSON")
	case !valid(r.Input):
		return fmt.Errorf("input is not JSON")
	case !valid(r.Rewritten):
		return fmt.Errorf("rewritten call is not JSON")
	case r.End.Outcome == Pending:
		return nil
	}
	return r.End.check()
}

func (e *End) check() error {
	switch e.Outcome {
	case Refused, Decided, Returned, Redacted, Withheld, Failed, Cancelled, Interrupted:
	default:
		return fmt.Errorf("%q is no outcome of an ended call", e.Outcome)
	}
	if !valid(e.Findings) {
		return fmt.Errorf("findings are not JSON")
	}
	return nil
}

func valid(doc json.RawMessage) bool {
	return len(doc) == 0 || jsontext.Value(doc).IsValid()
}
