package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"sync"
	"testing"
	"time"
)

func TestEntriesComeBackAsTheyWere(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, Options{})
	whole := mustDecide(t, s, call())
	if whole.Seq != 1 {
		t.Errorf("the first decision has number %d", whole.Seq)
	}
	got, err := s.Record(ctx, whole.ID)
	if err != nil || !reflect.DeepEqual(got, whole) {
		t.Errorf("open: %v\ngot  %+v\nwant %+v", err, got, whole)
	}
	whole.End = end()
	if err := s.Finish(ctx, whole.ID, whole.End); err != nil {
		t.Fatal(err)
	}
	if got, err = s.Record(ctx, whole.ID); err != nil || !reflect.DeepEqual(got, whole) {
		t.Errorf("ended: %v\ngot  %+v\nwant %+v", err, got, whole)
	}
	bare := mustDecide(t, s, Record{ID: "bare", Time: time.UnixMicro(1).UTC(), Decision: "deny", End: End{Outcome: Refused}})
	if got, err = s.Record(ctx, "bare"); err != nil || !reflect.DeepEqual(got, bare) {
		t.Errorf("refused at once: %v\ngot  %+v\nwant %+v", err, got, bare)
	}
}

func TestEntriesThatCannotBe(t *testing.T) {
	s := openTest(t, Options{})
	stored := mustDecide(t, s, call())
	cases := map[string]func(*Record){
		"no id":             func(r *Record) { r.ID = "" },
		"repeated id":       func(r *Record) { r.ID = stored.ID },
		"no time":           func(r *Record) { r.Time = time.Time{} },
		"unknown decision":  func(r *Record) { r.Decision = "perhaps" },
		"no decision":       func(r *Record) { r.Decision = "" },
		"broken input":      func(r *Record) { r.Input = []byte(`{"a":`) },
		"repeated key":      func(r *Record) { r.Rewritten = []byte(`{"a":1,"a":2}`) },
		"broken findings":   func(r *Record) { r.Findings = []byte(`[`) },
		"unknown outcome":   func(r *Record) { r.End.Outcome = "lost" },
		"broken in the end": func(r *Record) { r.End = End{Outcome: Refused, Findings: []byte(`x`)} },
	}
	for name, spoil := range cases {
		r := call()
		spoil(&r)
		if err := s.Decide(context.Background(), &r); !errors.Is(err, ErrRefused) || errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if last, err := s.Last(context.Background()); err != nil || last != 1 {
		t.Errorf("last is %d, %v", last, err)
	}
}

func TestCallsEndOnce(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, Options{})
	r := mustDecide(t, s, call())
	if err := s.Finish(ctx, "nobody", end()); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown: %v", err)
	}
	if err := s.Finish(ctx, r.ID, End{}); !errors.Is(err, ErrRefused) {
		t.Errorf("no outcome: %v", err)
	}
	if err := s.Finish(ctx, r.ID, end()); err != nil {
		t.Errorf("first: %v", err)
	}
	if err := s.Finish(ctx, r.ID, End{Outcome: Failed}); !errors.Is(err, ErrEnded) {
		t.Errorf("second: %v", err)
	}
	if got, err := s.Record(ctx, r.ID); err != nil || got.End.Outcome != Withheld {
		t.Errorf("%v, %v", got.End, err)
	}
}

// TestBadRowFailsAlone puts good and bad rows into the same batches.
func TestBadRowFailsAlone(t *testing.T) {
	s := openTest(t, Options{})
	taken := mustDecide(t, s, call())
	release := s.hold(t)
	var wg sync.WaitGroup
	errs := make([]error, 60)
	for i := range errs {
		r := call()
		if i%3 == 0 {
			r.ID = taken.ID
		}
		wg.Go(func() { errs[i] = s.Decide(context.Background(), &r) })
	}
	for len(s.queue) < len(errs) {
		runtime.Gosched()
	}
	release()
	wg.Wait()
	for i, err := range errs {
		if bad := i%3 == 0; bad != errors.Is(err, ErrRefused) || (!bad && err != nil) {
			t.Errorf("row %d: %v", i, err)
		}
	}
	if last, err := s.Last(context.Background()); err != nil || last != 41 {
		t.Errorf("last is %d, %v", last, err)
	}
}

func TestTablesOnlyGrow(t *testing.T) {
	s := openTest(t, Options{})
	r := mustDecide(t, s, call())
	if err := s.Finish(context.Background(), r.ID, end()); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"UPDATE decided SET decision = 'allow'", "DELETE FROM decided",
		"UPDATE ended SET outcome = 'returned'", "DELETE FROM ended",
	} {
		err := s.on(true, func(c *conn) error {
			_, err := c.exec(context.Background(), query)
			return err
		})
		if err == nil {
			t.Errorf("%s went through", query)
		}
	}
	if got, err := s.Record(context.Background(), r.ID); err != nil || got.End.Outcome != Withheld || got.Decision != "transform" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestDurabilityByClass asks SQLite how the commit of each class was made.
func TestDurabilityByClass(t *testing.T) {
	const normal, full = 1, 2
	s := openTest(t, Options{})
	cases := []struct {
		decision string
		effects  []string
		want     int64
	}{
		{"allow", []string{"read"}, normal},
		{"allow", []string{"read", "write"}, full},
		{"allow", []string{"read", "read"}, normal},
		{"allow", nil, full},
		{"deny", []string{"read"}, full},
		{"allow", []string{"unknown"}, full},
		{"ask", []string{"read"}, full},
		{"transform", []string{"read"}, full},
	}
	level := func() int64 {
		// The writer is idle until the next request.
		n, err := s.w.conn.integer(context.Background(), "PRAGMA synchronous")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, c := range cases {
		r := call()
		r.Decision, r.Effects = c.decision, c.effects
		r = mustDecide(t, s, r)
		if got := level(); got != c.want {
			t.Errorf("%s %v: synchronous=%d, want %d", c.decision, c.effects, got, c.want)
		}
		if err := s.Finish(context.Background(), r.ID, end()); err != nil {
			t.Fatal(err)
		}
		if got := level(); got != normal {
			t.Errorf("end: synchronous=%d", got)
		}
	}
}

func TestFileIsForTheUserAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "callgate.db")
	openTest(t, Options{Path: path})
	want := map[string]os.FileMode{filepath.Dir(path): 0o700 | os.ModeDir, path: 0o600}
	if runtime.GOOS == "windows" { // permissions are lists there, and inherited
		want = map[string]os.FileMode{filepath.Dir(path): 0o777 | os.ModeDir, path: 0o666}
	}
	for name, mode := range want {
		if info, err := os.Stat(name); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestVersionsOfTheFile(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, Options{})
	err := s.on(true, func(c *conn) error {
		_, err := c.exec(ctx, "PRAGMA user_version=99")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, Options{Path: s.w.path}); !errors.Is(err, ErrVersion) {
		t.Errorf("Open: %v", err)
	}
	if _, err := OpenReader(ctx, s.w.path); !errors.Is(err, ErrVersion) {
		t.Errorf("OpenReader: %v", err)
	}
	err = s.on(true, func(c *conn) error {
		_, err := c.exec(ctx, fmt.Sprintf("PRAGMA user_version=%d", 2))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReaderOfNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenReader(context.Background(), filepath.Join(dir, "callgate.db")); !errors.Is(err, ErrNoFile) {
		t.Errorf("no file: %v", err)
	}
	if _, err := OpenReader(context.Background(), dir); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a folder: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("a reader left %v, %v", entries, err)
	}
}

func TestOpenCallsOfClosedStores(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "callgate.db")
	first, err := Open(ctx, Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	ended, open := mustDecide(t, first, call()), mustDecide(t, first, call())
	if err := first.Finish(ctx, ended.ID, end()); err != nil {
		t.Fatal(err)
	}
	second := openTest(t, Options{Path: path})
	if got, err := second.Record(ctx, open.ID); err != nil || got.End.Outcome != Pending {
		t.Errorf("call of a living store: %q, %v", got.End.Outcome, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	third := openTest(t, Options{Path: path})
	if got, err := third.Record(ctx, open.ID); err != nil || got.End.Outcome != Interrupted {
		t.Errorf("call of a closed store: %q, %v", got.End.Outcome, err)
	}
	if got, err := third.Record(ctx, ended.ID); err != nil || got.End.Outcome != Withheld {
		t.Errorf("ended call: %q, %v", got.End.Outcome, err)
	}
}

func TestWhoIsDead(t *testing.T) {
	self := thisProcess()
	if self.born == "" {
		t.Fatal("this process has no birth")
	}
	cases := map[string]struct {
		change func(*process)
		dead   bool
	}{
		"itself":                  {func(*process) {}, false},
		"another birth":           {func(p *process) { p.born = "1" }, true},
		"birth unknown":           {func(p *process) { p.born = "" }, false},
		"no such pid":             {func(p *process) { p.pid = 1<<22 + 1 }, true},
		"another space":           {func(p *process) { p.space, p.born = "elsewhere", "1" }, false},
		"another start":           {func(p *process) { p.boot += "x" }, self.boot != ""},
		"start unknown, same pid": {func(p *process) { p.boot = "" }, false},
	}
	for name, c := range cases {
		other := self
		c.change(&other)
		if got := self.dead(other); got != c.dead {
			t.Errorf("%s: dead is %v", name, got)
		}
	}
}
