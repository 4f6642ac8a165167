package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestFaults lets each cause stand in the way of a living store, and goes on
// when it has gone.
func TestFaults(t *testing.T) {
	exec := func(s *Store, query string) error {
		return s.on(true, func(c *conn) error {
			_, err := c.exec(context.Background(), query)
			return err
		})
	}
	var other *conn
	cases := []struct {
		name  string
		cause error
		begin func(*Store) error
		end   func(*Store) error
	}{
		{"locked", ErrBusy,
			func(s *Store) (err error) { other, err = lock(s.w.path); return err },
			func(*Store) error { return other.close() }},
		{"full", ErrFull,
			func(s *Store) error { return exec(s, "PRAGMA max_page_count=1") },
			func(s *Store) error { return exec(s, "PRAGMA max_page_count=1000000") }},
		{"gone", ErrMissing,
			func(s *Store) error { return os.Rename(s.w.path, s.w.path+".away") },
			func(s *Store) error { return os.Rename(s.w.path+".away", s.w.path) }},
		{"replaced by garbage", ErrCorrupt,
			func(s *Store) error {
				return errors.Join(exchange(s.w.path, s.w.path+".away"), os.WriteFile(s.w.path, make([]byte, 9000), 0o600))
			},
			func(s *Store) error { return exchange(s.w.path+".away", s.w.path) }},
		{"replaced by nothing", ErrVersion,
			func(s *Store) error {
				return errors.Join(exchange(s.w.path, s.w.path+".away"), os.WriteFile(s.w.path, nil, 0o600))
			},
			func(s *Store) error { return exchange(s.w.path+".away", s.w.path) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := openTest(t, Options{WriteTimeout: 200 * time.Millisecond})
			before := mustDecide(t, s, call())
			if err := c.begin(s); err != nil {
				t.Fatal(err)
			}
			refuses(t, s, before.ID, c.cause)
			if err := c.end(s); err != nil {
				t.Fatal(err)
			}
			works(t, s, before.ID)
		})
	}
}

// refuses checks that nothing can be written, for the cause.
func refuses(t *testing.T, s *Store, open string, cause error) {
	t.Helper()
	ctx := context.Background()
	for range 2 {
		r, e := call(), end()
		r.Input, e.Findings = large(), large()
		for name, err := range map[string]error{
			"Decide": s.Decide(ctx, &r), "Finish": s.Finish(ctx, open, e), "Healthy": s.Healthy(ctx),
		} {
			if !errors.Is(err, ErrUnavailable) || !errors.Is(err, cause) {
				t.Errorf("%s: %v, want %v", name, err, cause)
			}
		}
		if r.Seq != 0 {
			t.Errorf("a refused decision has number %d", r.Seq)
		}
	}
}

// works checks that the store serves again and has kept what it had.
func works(t *testing.T, s *Store, open string) {
	t.Helper()
	ctx := context.Background()
	if err := s.Healthy(ctx); err != nil {
		t.Errorf("Healthy: %v", err)
	}
	mustDecide(t, s, call())
	if err := s.Finish(ctx, open, end()); err != nil {
		t.Errorf("Finish: %v", err)
	}
	if last, err := s.Last(ctx); err != nil || last != 2 {
		t.Errorf("last is %d, %v", last, err)
	}
}

// lock takes the write lock on another connection, as another process would.
func lock(path string) (*conn, error) {
	ctx := context.Background()
	c, err := connect(ctx, path)
	if err != nil {
		return nil, err
	}
	_, err = c.exec(ctx, "BEGIN IMMEDIATE")
	return c, err
}

// exchange moves a database with its companions to another name.
func exchange(from, to string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.RemoveAll(to + suffix); err != nil {
			return err
		}
		if err := os.Rename(from+suffix, to+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// TestSpoiltConnection has one failure of each kind that a new connection cures.
func TestSpoiltConnection(t *testing.T) {
	s := openTest(t, Options{})
	before := mustDecide(t, s, call())
	err := s.on(true, func(c *conn) error {
		_, err := c.exec(context.Background(), "PRAGMA query_only=1")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r := call()
	if err := s.Decide(context.Background(), &r); !errors.Is(err, ErrUnavailable) || !errors.Is(err, ErrReadOnly) {
		t.Errorf("read-only connection: %v", err)
	}
	works(t, s, before.ID)
}

func TestDamagedFileIsNotOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callgate.db")
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	mustDecide(t, s, call())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte("SQLite format 4"), file[15:]...)
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), Options{Path: path}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Open: %v", err)
	}
	if _, err := OpenReader(context.Background(), path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("OpenReader: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(damaged) {
		t.Errorf("the damaged file was changed, %v", err)
	}
}

func TestClosedStore(t *testing.T) {
	s := openTest(t, Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r := call()
	for name, err := range map[string]error{
		"Decide": s.Decide(context.Background(), &r), "Finish": s.Finish(context.Background(), r.ID, end()),
		"Healthy": s.Healthy(context.Background()),
	} {
		if !errors.Is(err, ErrUnavailable) || !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCloseStoresWhatIsQueued closes while the writer is held up.
func TestCloseStoresWhatIsQueued(t *testing.T) {
	s := openTest(t, Options{})
	release := s.hold(t)
	stored := make(chan error, 1)
	r := call()
	go func() { stored <- s.Decide(context.Background(), &r) }()
	for len(s.queue) == 0 {
		time.Sleep(time.Millisecond)
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	release()
	if err := <-stored; err != nil {
		t.Error(err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if got, err := readTest(t, s.w.path).Record(context.Background(), r.ID); err != nil || got.Seq != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestNobodyWaits gives up on a writer that does not answer, and finds that the
// abandoned decision was not stored afterwards.
func TestNobodyWaits(t *testing.T) {
	s := openTest(t, Options{WriteTimeout: time.Minute})
	release := s.hold(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := call()
	if err := s.Decide(ctx, &r); !errors.Is(err, ErrUnavailable) || !errors.Is(err, ErrSlow) {
		t.Errorf("given up: %v", err)
	}
	release()
	if next := mustDecide(t, s, call()); next.Seq != 1 {
		t.Errorf("the next decision has number %d", next.Seq)
	}
}
