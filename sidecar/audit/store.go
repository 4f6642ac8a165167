package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// Options say where the record is and how long a write may wait.
type Options struct {
	Path         string        // the file; required
	BusyTimeout  time.Duration // how long Open and queries wait for a lock; 0 means 5 s
	WriteTimeout time.Duration // how long Decide, Finish and Healthy may take; 0 means 2 s
}

// Store is the record, opened for writing. It is safe for concurrent use, and
// any number of processes may have a Store on one file.
type Store struct {
	*Reader
	wait  time.Duration
	queue chan *request
	done  chan struct{} // closed when the writer has gone
	w     *writer

	gate   sync.RWMutex // held for reading while something is put into queue
	closed bool         // under gate
	rooms  []*sql.DB    // tables of other rooms; under gate
}

// Open opens the record and creates it, with its folder, where there is none.
// Calls that ended processes left open are ended as Interrupted. The caller
// must call Close.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Path == "" {
		return nil, errors.New("audit: no path")
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	o.Path = path
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.WriteTimeout <= 0 {
		o.WriteTimeout = 2 * time.Second
	}
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("audit: create %s: %w", path, err)
	}
	s, err := start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("audit: open %s: %w: %w", path, kindOf(err), err)
	}
	return s, nil
}

// start opens the connections and lets the writer run.
func start(ctx context.Context, o Options) (*Store, error) {
	ctx, cancel := context.WithTimeout(ctx, o.BusyTimeout)
	defer cancel()
	w := newWriter(o)
	// Several processes may create the file at the same moment, and SQLite does
	// not wait for every lock that this takes.
	for err := w.open(ctx, w.create); err != nil; err = w.open(ctx, w.create) {
		if !errors.Is(kindOf(err), ErrBusy) || !pause(ctx) {
			return nil, err
		}
	}
	s := &Store{
		Reader: openPool(o.Path, "rw", o.BusyTimeout),
		wait:   o.WriteTimeout,
		queue:  make(chan *request, 1024),
		done:   make(chan struct{}),
		w:      w,
	}
	go s.run()
	return s, nil
}

// create brings a new or older file to the newest version and ends what ended
// processes left open.
func (w *writer) create(ctx context.Context, c *conn) error {
	if err := migrate(ctx, c); err != nil {
		return err
	}
	return c.sweep(ctx, w.self)
}

// pause waits a moment for a lock; false when ctx is done.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(2 * time.Millisecond):
		return true
	}
}

// Close stores what is queued, notes that this process is done with the file,
// and closes it. A second Close does nothing. Calls that are still open stay
// so until the next Open.
func (s *Store) Close() error {
	s.gate.Lock()
	if s.closed {
		s.gate.Unlock()
		<-s.done
		return nil
	}
	s.closed = true
	close(s.queue)
	s.gate.Unlock()
	<-s.done
	return errors.Join(s.closeRooms(), s.Reader.Close(), s.w.end())
}
