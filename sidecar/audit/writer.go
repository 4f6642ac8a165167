package audit

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

// maxBatch bounds a transaction, so that other processes get their turn.
const maxBatch = 256

// writer owns the one connection that writes. Only its goroutine uses it, and
// Open and Close before and after that.
type writer struct {
	path string
	busy time.Duration
	self process

	conn     *conn       // nil after a failure that may have spoilt it
	file     os.FileInfo // of the file that conn has open
	obstacle atomic.Pointer[error]
}

func newWriter(o Options) *writer {
	return &writer{path: o.Path, busy: o.BusyTimeout, self: thisProcess()}
}

// run is the writer's goroutine: it stores what is queued until the queue is
// closed and empty.
func (s *Store) run() {
	defer close(s.done)
	batch := make([]*request, 0, maxBatch)
	for first := range s.queue {
		// Those who have just been answered queue their next entry.
		runtime.Gosched()
		batch = append(batch[:0], first)
		batch = fill(batch, s.queue)
		s.w.store(batch)
	}
}

func fill(batch []*request, queue <-chan *request) []*request {
	for len(batch) < maxBatch {
		select {
		case r, ok := <-queue:
			if !ok {
				return batch
			}
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// store writes a batch in one transaction and answers it.
func (w *writer) store(batch []*request) {
	if err := w.begin(batch); err != nil {
		answer(batch, unavailable(err))
		return
	}
	batch = claim(batch)
	err := w.apply(batch)
	if err == nil {
		_, err = w.conn.commit.ExecContext(context.Background(), nil)
	}
	if err != nil {
		// Where SQLite has rolled back by itself this says that there is no transaction.
		_, _ = w.conn.rollback.ExecContext(context.Background(), nil)
		w.failed(err)
		answer(batch, unavailable(err))
		return
	}
	w.obstacle.Store(nil)
	answer(batch, nil)
}

// begin opens a transaction of the class that the batch needs. It waits for
// the lock while anybody waits for the batch.
func (w *writer) begin(batch []*request) error {
	full := false
	for _, r := range batch {
		full = full || r.full
	}
	for {
		err := w.attempt(full)
		if err == nil {
			return nil
		}
		w.failed(err)
		if !errors.Is(kindOf(err), ErrBusy) || !awaited(batch) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func (w *writer) attempt(full bool) error {
	if err := w.ready(); err != nil {
		return err
	}
	if err := w.conn.durable(full); err != nil {
		return err
	}
	_, err := w.conn.begin.ExecContext(context.Background(), nil)
	return err
}

// ready makes sure that the connection is to the file that has the name now. A
// file that came in its place is taken only if it is a record already.
func (w *writer) ready() error {
	info, err := os.Stat(w.path)
	if err != nil {
		w.drop()
		return err
	}
	if w.conn != nil && os.SameFile(info, w.file) {
		return nil
	}
	w.drop()
	return w.open(context.Background(), checkCurrent)
}

// open connects, lets prepareFile see to the version, and registers the process.
func (w *writer) open(ctx context.Context, prepareFile func(context.Context, *conn) error) error {
	info, err := os.Stat(w.path)
	if err != nil {
		return err
	}
	c, err := connect(ctx, w.path)
	if err != nil {
		return err
	}
	if err := c.setUp(ctx, &w.self, prepareFile); err != nil {
		return errors.Join(err, c.close())
	}
	w.conn, w.file = c, info
	return nil
}

func (c *conn) setUp(ctx context.Context, self *process, prepareFile func(context.Context, *conn) error) error {
	if err := prepareFile(ctx, c); err != nil {
		return err
	}
	if err := c.register(ctx, self); err != nil {
		return err
	}
	if err := c.prepare(ctx); err != nil {
		return err
	}
	// From here on the writer waits for locks itself: it polls more often than
	// SQLite does and so gets its turn among busy processes.
	_, err := c.exec(ctx, "PRAGMA busy_timeout=0")
	return err
}

// checkCurrent refuses a file that is not a record of this version.
func checkCurrent(ctx context.Context, c *conn) error {
	version, err := c.integer(ctx, "PRAGMA user_version")
	if err != nil {
		return err
	}
	return current(version)
}

// failed notes what stands in the way, and gives the connection up where a new
// one may be better.
func (w *writer) failed(err error) {
	w.obstacle.Store(&err)
	if kind := kindOf(err); !errors.Is(kind, ErrBusy) && !errors.Is(kind, ErrFull) {
		w.drop()
	}
}

func (w *writer) drop() {
	if w.conn != nil {
		_ = w.conn.close() // it has failed already, or nothing is pending on it
		w.conn, w.file = nil, nil
	}
}

// late is the error for somebody who waited too long.
func (w *writer) late() error {
	if obstacle := w.obstacle.Load(); obstacle != nil {
		return unavailable(*obstacle)
	}
	return unavailable(ErrSlow)
}

// end notes the clean end of the process and closes the connection.
func (w *writer) end() error {
	if w.conn == nil {
		return nil
	}
	err := w.conn.leave(w.busy, w.self)
	err = errors.Join(err, w.conn.close())
	w.conn = nil
	if err != nil {
		return fmt.Errorf("audit: close: %w", err)
	}
	return nil
}

// apply runs the statements of a batch. A row that is refused gets its error and
// leaves no trace; any other failure is returned and undoes the batch.
func (w *writer) apply(batch []*request) error {
	for _, r := range batch {
		if r.decide {
			r.decided[processColumn].Value = w.self.number
		}
		if err := w.conn.apply(r); err != nil {
			if r.err = rowError(r, err); r.err == nil {
				return err
			}
		}
	}
	return nil
}

func (c *conn) apply(r *request) error {
	ctx := context.Background()
	if r.probe != nil {
		return r.probe(c)
	}
	if r.decide {
		result, err := c.decide.ExecContext(ctx, r.decided[:])
		if err != nil {
			return err
		}
		if r.seq, err = result.LastInsertId(); err != nil {
			return err
		}
	}
	if !r.finish {
		return nil
	}
	result, err := c.finish.ExecContext(ctx, r.ended[:])
	if err != nil {
		return err
	}
	return oneRow(result)
}

func oneRow(result driver.Result) error {
	n, err := result.RowsAffected()
	if err == nil && n != 1 {
		return ErrUnknown
	}
	return err
}

// rowError is the answer to a request that SQLite refused by itself, nil where
// the failure is not the row's. A decision that is stored while its end is not
// must not stay, so that failure undoes the batch.
func rowError(r *request, err error) error {
	switch {
	case r.seq != 0:
		return nil
	case errors.Is(err, ErrUnknown):
		return err
	case !ofRow(err):
		return nil
	case r.finish && !r.decide:
		return ErrEnded
	}
	return fmt.Errorf("%w: %w", ErrRefused, err)
}

// claim takes the requests of a batch that are still waited for.
func claim(batch []*request) []*request {
	kept := batch[:0]
	for _, r := range batch {
		if r.state.CompareAndSwap(waiting, claimed) {
			kept = append(kept, r)
		}
	}
	return kept
}

func awaited(batch []*request) bool {
	for _, r := range batch {
		if r.state.Load() == waiting {
			return true
		}
	}
	return false
}

// answer tells those who wait. A row's own error goes before the batch's, except
// that a failed batch has stored nothing at all.
func answer(batch []*request, err error) {
	for _, r := range batch {
		if err != nil {
			r.err = err
		}
		r.answer <- struct{}{}
	}
}
