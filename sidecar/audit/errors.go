package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrUnavailable means that nothing is known to be stored. Decide and Finish
// wrap it together with one of the causes below. Nothing may be forwarded or
// answered after it.
var ErrUnavailable = errors.New("the record cannot be written")

// Causes of ErrUnavailable, for the operator.
var (
	ErrBusy     = errors.New("the file is locked by another process")
	ErrFull     = errors.New("there is no space left")
	ErrReadOnly = errors.New("the file may not be written")
	ErrCorrupt  = errors.New("the file is damaged or not a record")
	ErrMissing  = errors.New("the file is gone")
	ErrSlow     = errors.New("the disk did not answer in time")
	ErrDisk     = errors.New("reading or writing the file failed")
	ErrClosed   = errors.New("the record is closed")
)

// Errors that speak of one entry, or of the file as it was found.
var (
	// ErrRefused is returned by Decide and Finish for an entry that can never
	// be stored: a repeated id, an unknown word, broken JSON.
	ErrRefused = errors.New("the entry was refused")
	// ErrUnknown is returned where no entry has the id.
	ErrUnknown = errors.New("no such entry")
	// ErrEnded is returned by Finish for a call that has ended already.
	ErrEnded = errors.New("the call has ended already")
	// ErrAmbiguous is returned by Record for a prefix of several ids.
	ErrAmbiguous = errors.New("several entries begin with this id")
	// ErrNoFile is returned by OpenReader where nothing was recorded yet.
	ErrNoFile = errors.New("there is no record yet")
	// ErrVersion is returned where the file has a shape that this program
	// does not know.
	ErrVersion = errors.New("the record has another version")
)

// unavailable wraps what kept a row from being stored.
func unavailable(cause error) error {
	kind := kindOf(cause)
	if cause == kind { //nolint:errorlint // the kind itself, not an error that wraps it
		return fmt.Errorf("%w: %w", ErrUnavailable, kind)
	}
	return fmt.Errorf("%w: %w: %w", ErrUnavailable, kind, cause)
}

// kindOf names the cause of a failure among the causes of ErrUnavailable.
func kindOf(err error) error {
	for _, kind := range []error{ErrBusy, ErrFull, ErrReadOnly, ErrCorrupt, ErrMissing, ErrSlow, ErrClosed, ErrVersion} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	switch primary(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrBusy
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return ErrReadOnly
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return ErrCorrupt
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrMissing
	case errors.Is(err, fs.ErrPermission):
		return ErrReadOnly
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return ErrSlow
	}
	return ErrDisk
}

// ofRow says whether a failure concerns one row only: SQLite has undone the
// statement and the transaction goes on.
func ofRow(err error) bool {
	switch primary(err) {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH:
		return true
	}
	return false
}

// primary gives SQLite's primary result code, -1 for an error that is not SQLite's.
func primary(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return -1
}
