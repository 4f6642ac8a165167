package audit

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"time"

	"modernc.org/sqlite"
)

// roomConns bounds the connections of one room.
const roomConns = 4

// Tables gives another room tables of its own in the file of the record. First
// it runs the room's migrations that the file has not seen: files below
// migrations/, in the order of their names. Each room has a version of its own,
// and any number of processes may do this at once.
//
// A transaction of the pool takes the write lock when it begins, waiting for it
// up to Options.BusyTimeout, and is on the disk when Commit returns nil. One
// with sql.TxOptions.ReadOnly takes no lock and sees the file as it was at its
// first query. The pool is closed with the store.
//
// Errors are ErrVersion, where a newer program has written the tables, and the
// causes of ErrUnavailable.
func (s *Store) Tables(ctx context.Context, room string, files fs.FS) (*sql.DB, error) {
	if err := s.migrateRoom(ctx, room, files); err != nil {
		return nil, fmt.Errorf("audit: tables of %s: %w: %w", room, kindOf(err), err)
	}
	connector, err := openRoom(s.w.path, s.w.busy)
	if err != nil {
		return nil, fmt.Errorf("audit: tables of %s: %w", room, err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(roomConns)
	db.SetMaxIdleConns(roomConns)
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.closed {
		return nil, errors.Join(fmt.Errorf("audit: tables of %s: %w", room, ErrClosed), db.Close())
	}
	s.rooms = append(s.rooms, db)
	return db, nil
}

// migrateRoom waits for the locks that other starting processes hold.
func (s *Store) migrateRoom(ctx context.Context, room string, files fs.FS) error {
	ctx, cancel := context.WithTimeout(ctx, s.w.busy)
	defer cancel()
	for {
		err := migrateOnce(ctx, s.w.path, room, files)
		if err == nil || !errors.Is(kindOf(err), ErrBusy) || !pause(ctx) {
			return err
		}
	}
}

func migrateOnce(ctx context.Context, path, room string, files fs.FS) error {
	c, err := connect(ctx, path)
	if err != nil {
		return err
	}
	return errors.Join(c.migrateRoom(ctx, room, files), c.close())
}

// closeRooms closes the pools of other rooms.
func (s *Store) closeRooms() error {
	var errs []error
	for _, db := range s.rooms {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

// roomConnector opens the connections of a room.
type roomConnector struct {
	driver.Connector
	path string
	busy time.Duration
}

func openRoom(path string, busy time.Duration) (*roomConnector, error) {
	connector, err := sqlite.NewConnector(dsn(path, url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {strconv.FormatInt(lockWait.Milliseconds(), 10)},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_defensive":    {"1"},
		"_foreign_keys": {"1"},
		"_txlock":       {"immediate"},
	}))
	if err != nil {
		return nil, err
	}
	return &roomConnector{Connector: connector, path: path, busy: busy}, nil
}

// Connect implements driver.Connector.
func (r *roomConnector) Connect(ctx context.Context) (driver.Conn, error) {
	info, err := os.Stat(r.path)
	if err != nil {
		return nil, err
	}
	c, err := r.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := c.(fullConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("audit: a connection of the driver is a %T", c), c.Close())
	}
	// From here on BeginTx waits for locks.
	if _, err := full.ExecContext(ctx, "PRAGMA busy_timeout=3", nil); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &roomConn{fullConn: full, path: r.path, busy: r.busy, file: info}, nil
}

// fullConn is what a connection of the driver can do. All of it has to be
// there, or database/sql falls back to forms without a context.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// roomConn is a connection that is given up when another file has come in the
// place of the one that it has open.
type roomConn struct {
	fullConn
	path string
	busy time.Duration
	file os.FileInfo
}

// BeginTx implements driver.ConnBeginTx. It looks for the lock more often than
// SQLite does, which would hardly get its turn while calls are recorded.
func (c *roomConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	wait, cancel := context.WithTimeout(ctx, c.busy)
	defer cancel()
	for {
		tx, err := c.fullConn.BeginTx(ctx, o)
		if err == nil || !errors.Is(kindOf(err), ErrBusy) || !pause(wait) {
			return tx, err
		}
	}
}

// ResetSession implements driver.SessionResetter: it runs before each use.
func (c *roomConn) ResetSession(ctx context.Context) error {
	info, err := os.Stat(c.path)
	if err != nil || !os.SameFile(info, c.file) {
		return driver.ErrBadConn
	}
	return c.fullConn.ResetSession(ctx)
}
