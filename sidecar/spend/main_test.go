package spend

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tester is a test, a benchmark or one run of a property.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// open opens the tables as the record's store does.
func open(t testing.TB, path, params string) *sql.DB {
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

func newTestBook(t testing.TB) (*Book, *clock) {
	t.Helper()
	db, _ := create(t)
	c := newClock()
	return New(db, c.now), c
}

var calls atomic.Int64

func payment(payee, amount string) Payment {
	return Payment{
		Call: fmt.Sprintf("call-%d", calls.Add(1)), Caller: "sales-agent", Payee: payee, Currency: "EUR", Amount: decimal.RequireFromString(amount),
	}
}

func mustLook(t tester, b *Book, p Payment) Seen {
	t.Helper()
	seen, err := b.Look(context.Background(), p.Caller, p.Payee, p.Currency)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// mustPay looks and reserves.
func mustPay(t tester, b *Book, p Payment) {
	t.Helper()
	if err := b.Reserve(context.Background(), p, mustLook(t, b, p)); err != nil {
		t.Fatal(err)
	}
}

// line shows the sums of one window.
func line(w Window) string {
	return fmt.Sprintf("%s in %d, %s in %d", w.Caller.Amount, w.Caller.Calls, w.Payee.Amount, w.Payee.Calls)
}
