package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"modernc.org/sqlite"
)

// Reader answers questions about the record. It never writes, never blocks a
// writer, and is safe for concurrent use.
type Reader struct {
	db *sql.DB
}

// OpenReader opens an existing record for reading; ErrNoFile where there is
// none. Processes may write to it at the same time. The caller must call Close.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("audit: %s: %w", path, ErrNoFile)
	} else if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	} else if info.IsDir() {
		return nil, fmt.Errorf("audit: %s: %w: it is a folder", path, ErrCorrupt)
	}
	r := openPool(path, "ro", 5*time.Second)
	if err := r.checkVersion(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("audit: open %s: %w", path, err), r.Close())
	}
	return r, nil
}

func (r *Reader) checkVersion(ctx context.Context) error {
	var version int64
	if err := r.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return asFailure(err)
	}
	return current(version)
}

// openPool prepares a pool of reading connections; it opens none.
func openPool(path, mode string, busy time.Duration) *Reader {
	connector, err := sqlite.NewConnector(dsn(path, url.Values{
		"mode":          {mode},
		"_busy_timeout": {strconv.FormatInt(busy.Milliseconds(), 10)},
		"_query_only":   {"1"},
		"_defensive":    {"1"},
	}))
	if err != nil {
		panic("audit: " + err.Error()) // the parameters above do not depend on input
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(4)
	return &Reader{db: db}
}

// Close closes the connections. Iterations that have not ended fail.
func (r *Reader) Close() error { return r.db.Close() }

// asFailure names the cause of a failed query.
func asFailure(err error) error {
	if err == nil || primary(err) < 0 {
		return err
	}
	return fmt.Errorf("%w: %w", kindOf(err), err)
}
