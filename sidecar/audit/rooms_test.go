package audit

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// notes are the migrations of a room for tests, the first n of them.
func notes(n int) fs.FS {
	scripts := []string{
		"CREATE TABLE notes (words TEXT NOT NULL) STRICT;",
		"ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT 'nobody';",
		"this is no SQL",
	}
	files := fstest.MapFS{"migrations/README": {Data: []byte("not a script")}}
	for i, script := range scripts[:n] {
		files["migrations/000"+string(rune('1'+i))+".sql"] = &fstest.MapFile{Data: []byte(script)}
	}
	return files
}

func mustTables(t *testing.T, s *Store, room string, files fs.FS) *sql.DB {
	t.Helper()
	db, err := s.Tables(context.Background(), room, files)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// write adds a note in a transaction of its own.
func write(ctx context.Context, db *sql.DB, words string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO notes (words) VALUES (?)", words); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func count(t *testing.T, db *sql.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestRoomsHaveVersionsOfTheirOwn(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, Options{})
	first := mustTables(t, s, "first", notes(1))
	if err := write(ctx, first, "old"); err != nil {
		t.Fatal(err)
	}
	second := mustTables(t, s, "first", notes(2))
	if got := count(t, second, "SELECT count(*) FROM notes WHERE words = 'old' AND author = 'nobody'"); got != 1 {
		t.Errorf("%d rows came through the migration", got)
	}
	mustTables(t, s, "other", fstest.MapFS{})
	if got := count(t, second, "SELECT version FROM rooms WHERE room = 'first'"); got != 2 {
		t.Errorf("version %d", got)
	}
	if _, err := s.Tables(ctx, "first", notes(1)); !errors.Is(err, ErrVersion) {
		t.Errorf("an older program: %v", err)
	}
	if _, err := s.Tables(ctx, "first", notes(3)); err == nil {
		t.Error("a broken script went through")
	}
	if got := count(t, second, "SELECT version FROM rooms WHERE room = 'first'"); got != 2 {
		t.Errorf("version %d after a broken script", got)
	}
	mustDecide(t, s, call())
}

// TestConnectionsOfRooms asks SQLite how the connections are set.
func TestConnectionsOfRooms(t *testing.T) {
	s := openTest(t, Options{})
	db := mustTables(t, s, "notes", notes(1))
	for pragma, want := range map[string]int{"synchronous": 2, "foreign_keys": 1, "busy_timeout": 3} {
		if got := count(t, db, "PRAGMA "+pragma); got != want {
			t.Errorf("%s=%d, want %d", pragma, got, want)
		}
	}
	var mode string
	if err := db.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("journal_mode=%s, %v", mode, err)
	}
	if _, err := db.Exec("PRAGMA writable_schema=1"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("DELETE FROM sqlite_schema"); err == nil {
		t.Error("the schema could be deleted")
	}
}

func TestTransactionsOfRooms(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, Options{BusyTimeout: 50 * time.Millisecond})
	db := mustTables(t, s, "notes", notes(1))
	held, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.BeginTx(ctx, nil); !errors.Is(kindOf(err), ErrBusy) {
		t.Errorf("a second writer: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := db.BeginTx(ended, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who is gone: %v", err)
	}
	if err := held.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := write(ctx, db, "after"); err != nil {
		t.Errorf("after the lock: %v", err)
	}
	reading, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	seen := func() (n int) {
		if err := reading.QueryRow("SELECT count(*) FROM notes").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := seen(); got != 1 {
		t.Errorf("%d rows", got)
	}
	if err := write(ctx, db, "beside a reader"); err != nil {
		t.Errorf("beside a reader: %v", err)
	}
	if got := seen(); got != 1 {
		t.Errorf("a reader saw %d rows later", got)
	}
	if err := reading.Rollback(); err != nil {
		t.Fatal(err)
	}
}

// TestWriterWaits lets a writer of a room get its turn when another ends.
func TestWriterWaits(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, Options{})
	db := mustTables(t, s, "notes", notes(1))
	held, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- write(ctx, db, "waited") }()
	for db.Stats().InUse < 2 {
		time.Sleep(time.Millisecond)
	}
	if err := held.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRoomsCloseWithTheStore(t *testing.T) {
	s := openTest(t, Options{})
	db := mustTables(t, s, "notes", notes(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(); err == nil {
		t.Error("the pool is open after Close")
	}
	if _, err := s.Tables(context.Background(), "notes", notes(1)); !errors.Is(err, ErrClosed) {
		t.Errorf("Tables of a closed store: %v", err)
	}
}

// TestRoomOfAReplacedFile puts another record in the place of the file: what is
// in the old one counts no more.
func TestRoomOfAReplacedFile(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, Options{})
	db := mustTables(t, s, "notes", notes(1))
	if err := write(ctx, db, "old"); err != nil {
		t.Fatal(err)
	}
	if err := exchange(s.w.path, s.w.path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := write(ctx, db, "into nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	other := openTest(t, Options{Path: s.w.path})
	mustDecide(t, other, call())
	if err := write(ctx, db, "into a file without the room"); err == nil {
		t.Error("a row was written into the old file")
	}
	again := mustTables(t, other, "notes", notes(1))
	if err := write(ctx, db, "new"); err != nil {
		t.Error(err)
	}
	if got := count(t, again, "SELECT count(*) FROM notes WHERE words = 'new'"); got != 1 {
		t.Errorf("the new file has %d rows", got)
	}
}

// useRoom is what each process of TestRoomOfManyProcesses does.
func useRoom(path string) error {
	ctx := context.Background()
	s, err := Open(ctx, Options{Path: path})
	if err != nil {
		return err
	}
	db, err := s.Tables(ctx, "notes", notes(2))
	for range 20 {
		if err == nil {
			err = write(ctx, db, "from a process")
		}
	}
	return errors.Join(err, s.Close())
}

// TestRoomOfManyProcesses lets processes and stores make the tables at once.
func TestRoomOfManyProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "callgate.db")
	var wg sync.WaitGroup
	for range 3 {
		cmd, _, talk := startChild(t, "room", path)
		wg.Go(func() {
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v\n%s", err, talk)
			}
		})
		wg.Go(func() {
			if err := useRoom(path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	db := mustTables(t, openTest(t, Options{Path: path}), "notes", notes(2))
	if got := count(t, db, "SELECT count(*) FROM notes"); got != 6*20 {
		t.Errorf("%d rows, want %d", got, 6*20)
	}
}

// TestFileOfTheFirstVersion opens a record as the first version wrote it.
func TestFileOfTheFirstVersion(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "callgate.db")
	makeFirstVersion(t, path)
	if _, err := OpenReader(ctx, path); !errors.Is(err, ErrVersion) {
		t.Errorf("OpenReader: %v", err)
	}
	s := openTest(t, Options{Path: path})
	old, err := s.Record(ctx, "old-record")
	if err != nil || old.Approval != "" || old.End.Outcome != Refused || old.Seq != 1 {
		t.Errorf("%+v, %v", old, err)
	}
	next := call()
	next.Approval = "q-abcdefg234"
	next = mustDecide(t, s, next)
	if got, err := s.Record(ctx, next.ID); err != nil || got.Approval != "q-abcdefg234" || got.Seq != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	var asked int
	if err := s.db.QueryRow("SELECT count(*) FROM calls WHERE approval IS NOT NULL AND outcome = 'open'").Scan(&asked); err != nil || asked != 1 {
		t.Errorf("the view shows %d, %v", asked, err)
	}
	for _, query := range []string{"UPDATE decided SET approval = 'q-zzzzzzzzzz'", "DELETE FROM decided"} {
		err := s.on(true, func(c *conn) error {
			_, err := c.exec(ctx, query)
			return err
		})
		if err == nil {
			t.Errorf("%s went through", query)
		}
	}
}

func makeFirstVersion(t *testing.T, path string) {
	t.Helper()
	ctx := context.Background()
	script, err := fs.ReadFile(migrationFiles, "migrations/0001_calls.sql")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := connect(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		string(script), "PRAGMA user_version=1",
		"INSERT INTO decided (id, time, process, decision, observed) VALUES ('old-record', 5, 1, 'deny', 0)",
		"INSERT INTO ended (seq, time, outcome, latency_us, upstream_us) VALUES (1, 6, 'refused', 0, 0)",
	} {
		if _, err := c.exec(ctx, query); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
}
