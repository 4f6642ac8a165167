package approval

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens the tables as the record's store does.
func open(t testing.TB, path string, params string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+
		"?_txlock=immediate&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_busy_timeout=20000"+params)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// create makes a file with the tables and opens it.
func create(t testing.TB) (db *sql.DB, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "callgate.db")
	db = open(t, path, "")
	names, err := fs.Glob(Migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	for _, name := range names {
		script, err := Migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(string(script)); err != nil {
			t.Fatal(err)
		}
	}
	return db, path
}

// clock is moved by hand.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.micros.Store(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMicro(c.micros.Load()) }
func (c *clock) advance(d time.Duration) { c.micros.Add(d.Microseconds()) }

const expire = 15 * time.Minute

func newTestDesk(t testing.TB) (*Desk, *clock) {
	t.Helper()
	db, _ := create(t)
	c := newClock()
	return New(db, Options{Expire: expire, MaxPending: 3, Now: c.now}), c
}

// payment is a binding; n tells the arguments of different calls apart.
func payment(n int) Binding {
	return Binding{
		Caller: "sales-agent", Session: "s-1", Server: "bank", Tool: "create_payment",
		Digest: strings.Repeat("0", 60) + fmt.Sprintf("%04x", n), Revision: "0f3c9a",
	}
}

func about() About {
	return About{
		Rules: []string{"financial_write_ban"}, Reasons: []string{"payments need a person"}, Effects: []string{"pay"},
		Domains: []string{"finance"}, Record: "01a20a62-0002-7000-8000-000000000002",
		Input: []byte(`{"call":{"arguments":{"amount":9007199254740993}}}`),
	}
}

func yes() Answer { return Answer{Approved: true, By: "ann", Why: "agreed by phone", Via: "cli"} }
func no() Answer  { return Answer{By: "ann", Why: "not agreed", Via: "cli"} }

func mustAsk(t testing.TB, d *Desk, b Binding) Question {
	t.Helper()
	q, err := d.Ask(context.Background(), b, about())
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func mustAnswer(t testing.TB, d *Desk, id string, a Answer) Question {
	t.Helper()
	q, err := d.Answer(context.Background(), id, a)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// taken checks what Take says.
func taken(t testing.TB, d *Desk, b Binding, want State) Question {
	t.Helper()
	q, got, err := d.Take(context.Background(), b)
	if err != nil || got != want {
		t.Fatalf("take: %q, %v, want %q", got, err, want)
	}
	return q
}
