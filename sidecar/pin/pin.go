// Package pin remembers how each tool was defined when it was first seen, and
// says what has changed since.
//
// The first sight of a tool pins its definition: trust on first use. A
// definition that differs from the pin in force has drifted, and stays so until
// it is as pinned again or a person accepts the newest one. Pins are rows of an
// append-only table in the file of the record. Sightings are kept too, one for
// each change, of each tool the newest 32; so the newest one is always there to
// be accepted, and a server that changes a definition on every call does not
// fill the disk.
//
// The package keeps digests, not definitions, and does not compute them. It
// does not say what a change means, and cannot tell whether the first sight of
// a tool was an honest one.
package pin

import (
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Migrations make the tables; they are run by who opens the database.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Errors that speak of one tool. Any other error is of the database; after it
// the tool's definition is not known to be the pinned one.
var (
	// ErrUnknown is returned by Accept for a tool that was never seen.
	ErrUnknown = errors.New("no such tool was seen")
	// ErrUnchanged is returned by Accept for a tool whose newest definition is
	// the pinned one.
	ErrUnchanged = errors.New("the tool is as it was pinned")
	// ErrTooMany is returned by Check for a new tool of a server that has shown
	// MaxTools tools.
	ErrTooMany = errors.New("the server has shown too many tools")
	// ErrInvalid is returned by Check for a tool without a name, with too long a
	// one, or with an incomplete print, and by Accept without who or why, or with
	// too long a one.
	ErrInvalid = errors.New("not complete")
)

// Bounds.
const (
	MaxSightings = 32     // kept of one tool; the trigger on the table knows it too
	MaxTools     = 10_000 // pinned of one server
	MaxName      = 512    // bytes of the name of a server or tool
	MaxPart      = 256    // bytes of one part of a print
	MaxWhy       = 1000   // bytes
	MaxBy        = 200    // bytes
)

// Print is a definition in short. Two definitions are the same when all parts
// of their prints are.
type Print struct {
	Description string // digest
	Schema      string // digest
	Annotations string // digest
	Effects     string // words of effects, joined in one order
}

// Fingerprint names a print in 12 hexadecimal digits, for people to compare.
func (p Print) Fingerprint() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{p.Description, p.Schema, p.Annotations, p.Effects}, "\x00")))
	return hex.EncodeToString(sum[:6])
}

// drift names the parts in which a print differs from the pinned one, in order.
func (p Print) drift(pinned Print) (words []string) {
	for _, part := range []struct{ word, now, then string }{
		{"annotations", p.Annotations, pinned.Annotations},
		{"description", p.Description, pinned.Description},
		{"effects", p.Effects, pinned.Effects},
		{"schema", p.Schema, pinned.Schema},
	} {
		if part.now != part.then {
			words = append(words, part.word)
		}
	}
	return words
}

func (p Print) check() error {
	if p.Description == "" || p.Schema == "" || p.Annotations == "" {
		return fmt.Errorf("%w: a part of the print is empty", ErrInvalid)
	}
	for _, part := range []string{p.Description, p.Schema, p.Annotations, p.Effects} {
		if len(part) > MaxPart {
			return fmt.Errorf("%w: a part of the print has %d bytes, at most %d are kept", ErrInvalid, len(part), MaxPart)
		}
	}
	return nil
}

// State is what Check found. The zero value is what an error comes with.
type State struct {
	Pinned bool      // there is a pin, if only since this sight
	Drift  []string  // sorted words of annotations, description, effects, schema; empty where nothing differs
	Since  time.Time // when the pin in force was made
}

// Tool is one tool with its pin in force and what was seen last.
type Tool struct {
	Server string
	Tool   string
	Pinned Print
	Since  time.Time
	By     string // who accepted the pin; "" for the first sight
	Why    string
	Seen   Print
	SeenAt time.Time // when it was first seen so
	Drift  []string  // as in State
}

// Store holds the pins. It is safe for concurrent use, and any number of
// processes may have a Store on one file.
type Store struct {
	db  *sql.DB
	now func() time.Time
}

// New makes a store over tables that Migrations have made. The transactions of
// db have to take the write lock when they begin and be durable at Commit. Now
// may be nil, which means time.Now.
func New(db *sql.DB, now func() time.Time) *Store {
	if now == nil {
		now = time.Now
	}
	return &Store{db: db, now: now}
}

// words checks what a person said.
func words(name, text string, most int) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("%w: it does not say %s", ErrInvalid, name)
	case len(text) > most:
		return fmt.Errorf("%w: %s has %d bytes, at most %d are kept", ErrInvalid, name, len(text), most)
	case !utf8.ValidString(text):
		return fmt.Errorf("%w: %s is not valid UTF-8", ErrInvalid, name)
	}
	return nil
}
