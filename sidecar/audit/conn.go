package audit

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"modernc.org/sqlite"
)

// conn is one connection that writes. It speaks to the driver without the pool
// of database/sql between, which would cost more than the insert itself. It is
// not safe for concurrent use.
type conn struct {
	driver driver.Conn
	full   bool // synchronous is FULL, else NORMAL

	begin, commit, rollback driver.StmtExecContext
	decide, finish          driver.StmtExecContext
	stmts                   []driver.Stmt // all of these
}

// lockWait is how long a statement waits for a lock while a connection is set
// up. Whoever sets it up tries again.
const lockWait = 100 * time.Millisecond

// connect opens the file for writing. The file exists. The write-ahead log is
// copied into it every 8,000 pages: each copy holds one commit up for some
// milliseconds, and a longer log takes longer to read again after a crash.
func connect(ctx context.Context, path string) (*conn, error) {
	connector, err := sqlite.NewConnector(dsn(path, url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {strconv.FormatInt(lockWait.Milliseconds(), 10)},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_defensive":    {"1"},
		"_pragma":       {"wal_autocheckpoint(8000)", "cache_size(-16000)"},
	}))
	if err != nil {
		return nil, err
	}
	d, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{driver: d, full: true}, nil
}

func (c *conn) close() error {
	// SQLite keeps a connection with open statements half alive, and its locks.
	for _, s := range c.stmts {
		_ = s.Close()
	}
	return c.driver.Close()
}

// exec runs one statement or a script.
func (c *conn) exec(ctx context.Context, query string, args ...driver.Value) (driver.Result, error) {
	return c.driver.(driver.ExecerContext).ExecContext(ctx, query, ordered(args))
}

// integer runs a query and gives the first column of its only row.
func (c *conn) integer(ctx context.Context, query string, args ...driver.Value) (int64, error) {
	var n int64
	err := c.each(ctx, query, func(row []driver.Value) error {
		v, ok := row[0].(int64)
		if !ok {
			return fmt.Errorf("%w: not a number", ErrCorrupt)
		}
		n = v
		return nil
	}, args...)
	return n, err
}

// each calls yield with each row of a query. The row is used again.
func (c *conn) each(ctx context.Context, query string, yield func([]driver.Value) error, args ...driver.Value) (err error) {
	rows, err := c.driver.(driver.QueryerContext).QueryContext(ctx, query, ordered(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(row); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := yield(row); err != nil {
			return err
		}
	}
}

// inTx runs do in one transaction that may write.
func (c *conn) inTx(ctx context.Context, do func() error) error {
	if _, err := c.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := do()
	if err == nil {
		_, err = c.exec(ctx, "COMMIT")
	}
	if err != nil {
		// Where SQLite has rolled back by itself this says that there is no transaction.
		_, _ = c.exec(context.Background(), "ROLLBACK")
	}
	return err
}

// prepare compiles the statements of the hot path.
func (c *conn) prepare(ctx context.Context) error {
	for _, s := range []struct {
		into  *driver.StmtExecContext
		query string
	}{
		{&c.begin, "BEGIN IMMEDIATE"},
		{&c.commit, "COMMIT"},
		{&c.rollback, "ROLLBACK"},
		{&c.decide, insertDecided},
		{&c.finish, insertEnded},
	} {
		stmt, err := c.driver.(driver.ConnPrepareContext).PrepareContext(ctx, s.query)
		if err != nil {
			return err
		}
		c.stmts = append(c.stmts, stmt)
		*s.into = stmt.(driver.StmtExecContext)
	}
	return nil
}

// durable chooses whether the next commit waits for the disk. SQLite takes the
// setting between transactions only.
func (c *conn) durable(full bool) error {
	if c.full == full {
		return nil
	}
	level := "NORMAL"
	if full {
		level = "FULL"
	}
	if _, err := c.exec(context.Background(), "PRAGMA synchronous="+level); err != nil {
		return err
	}
	c.full = full
	return nil
}

// ordered numbers arguments as the driver wants them.
func ordered(args []driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(args))
	for i, v := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named
}
