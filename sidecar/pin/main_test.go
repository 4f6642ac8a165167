package pin

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

// clock goes on by a second each time that it is read.
type clock struct{ seconds atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 11, 23, 12, 0, int(c.seconds.Add(1)), 0, time.UTC)
}

func newTestStore(t testing.TB) *Store {
	t.Helper()
	db, _ := create(t)
	return New(db, new(clock).now)
}

// version is a print; n tells the descriptions apart.
func version(n int) Print {
	return Print{
		Description: fmt.Sprintf("%064x", n), Schema: strings.Repeat("5", 64), Annotations: strings.Repeat("a", 64), Effects: "send write",
	}
}

func mustCheck(t testing.TB, s *Store, tool string, p Print) State {
	t.Helper()
	state, err := s.Check(context.Background(), "mail", tool, p)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// drifts checks in what a definition differs from the pin.
func drifts(t testing.TB, s *Store, p Print, want ...string) {
	t.Helper()
	if got := mustCheck(t, s, "send_message", p); !got.Pinned || !reflect.DeepEqual(got.Drift, want) {
		t.Errorf("%+v, want drift of %v", got, want)
	}
}

func count(t testing.TB, db *sql.DB, query string) (n int) {
	t.Helper()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
