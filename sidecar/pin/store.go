package pin

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const (
	selectPin = `SELECT time, description, schema, annotations, effects FROM pin_pins
	WHERE server = ? AND tool = ? ORDER BY number DESC LIMIT 1`

	selectSeen = `SELECT time, description, schema, annotations, effects FROM pin_sightings
	WHERE server = ? AND tool = ? ORDER BY number DESC LIMIT 1`

	insertPin = `INSERT INTO pin_pins (time, server, tool, description, schema, annotations, effects, who, why)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

	insertSeen = `INSERT INTO pin_sightings (time, server, tool, description, schema, annotations, effects) VALUES (?, ?, ?, ?, ?, ?, ?)`

	deleteSeen = `DELETE FROM pin_sightings WHERE server = ?1 AND tool = ?2 AND number <= (
	SELECT number FROM pin_sightings WHERE server = ?1 AND tool = ?2 ORDER BY number DESC LIMIT 1 OFFSET ?3)`

	countTools = `SELECT count(DISTINCT tool) FROM pin_pins WHERE server = ?`

	selectTools = `SELECT p.server, p.tool, p.time, p.description, p.schema, p.annotations, p.effects, p.who, p.why,
	s.time, s.description, s.schema, s.annotations, s.effects
	FROM pin_pins p JOIN pin_sightings s ON s.server = p.server AND s.tool = p.tool
	WHERE p.number = (SELECT max(number) FROM pin_pins WHERE server = p.server AND tool = p.tool)
	AND s.number = (SELECT max(number) FROM pin_sightings WHERE server = p.server AND tool = p.tool)
	ORDER BY p.server, p.tool`
)

// sight is a print and when it was stored; the zero value where there is none.
type sight struct {
	Print
	at time.Time
}

// Check says how a definition stands to the pin of its tool. It pins a tool
// that was never seen, and keeps a definition that is another than the last
// time. A definition that is as the last time costs two reads. Errors are
// ErrTooMany and ErrInvalid.
func (s *Store) Check(ctx context.Context, server, tool string, p Print) (State, error) {
	state, err := s.check(ctx, server, tool, p)
	if err != nil {
		return State{}, fmt.Errorf("pin: tool %.80q of %.80q: %w", tool, server, err)
	}
	return state, nil
}

func (s *Store) check(ctx context.Context, server, tool string, p Print) (State, error) {
	if tool == "" || len(tool) > MaxName || len(server) > MaxName {
		return State{}, fmt.Errorf("%w: a name is empty or has more than %d bytes", ErrInvalid, MaxName)
	}
	if err := p.check(); err != nil {
		return State{}, err
	}
	pinned, seen, err := last(ctx, s.db, server, tool)
	if err == nil && (pinned.at.IsZero() || seen.Print != p) {
		err = s.write(ctx, func(tx *sql.Tx) error {
			pinned, err = s.keep(ctx, tx, server, tool, p)
			return err
		})
	}
	if err != nil {
		return State{}, err
	}
	return State{Pinned: true, Drift: p.drift(pinned.Print), Since: pinned.at}, nil
}

// keep stores a definition that is new, and pins it where there is no pin. It
// looks again under the write lock, and gives the pin in force.
func (s *Store) keep(ctx context.Context, tx *sql.Tx, server, tool string, p Print) (sight, error) {
	pinned, seen, err := last(ctx, tx, server, tool)
	if err != nil {
		return sight{}, err
	}
	now := s.now().UnixMicro()
	if pinned.at.IsZero() {
		if err := s.pinFirst(ctx, tx, server, tool, p, now); err != nil {
			return sight{}, err
		}
		pinned = sight{p, instant(now)}
	}
	if seen.Print == p {
		return pinned, nil
	}
	if _, err := tx.ExecContext(ctx, insertSeen, now, server, tool, p.Description, p.Schema, p.Annotations, p.Effects); err != nil {
		return sight{}, err
	}
	_, err = tx.ExecContext(ctx, deleteSeen, server, tool, MaxSightings)
	return pinned, err
}

func (s *Store) pinFirst(ctx context.Context, tx *sql.Tx, server, tool string, p Print, now int64) error {
	var tools int
	if err := tx.QueryRowContext(ctx, countTools, server).Scan(&tools); err != nil {
		return err
	}
	if tools >= MaxTools {
		return fmt.Errorf("%w: %d", ErrTooMany, tools)
	}
	_, err := tx.ExecContext(ctx, insertPin, now, server, tool, p.Description, p.Schema, p.Annotations, p.Effects, nil, nil)
	return err
}

// Accept pins the definition of a tool that was seen last, and gives the tool as
// it stands then. Errors are ErrUnknown, ErrUnchanged and ErrInvalid.
func (s *Store) Accept(ctx context.Context, server, tool, by, why string) (Tool, error) {
	t := Tool{Server: server, Tool: tool, By: by, Why: why}
	err := errors.Join(words("who accepts", by, MaxBy), words("why", why, MaxWhy))
	if err == nil {
		err = s.write(ctx, func(tx *sql.Tx) error { return s.accept(ctx, tx, &t) })
	}
	if err != nil {
		return Tool{}, fmt.Errorf("pin: accept %.80q of %.80q: %w", tool, server, err)
	}
	return t, nil
}

func (s *Store) accept(ctx context.Context, tx *sql.Tx, t *Tool) error {
	pinned, seen, err := last(ctx, tx, t.Server, t.Tool)
	switch {
	case err != nil:
		return err
	case seen.at.IsZero():
		return ErrUnknown
	case seen.Print == pinned.Print:
		return ErrUnchanged
	}
	now := s.now().UnixMicro()
	t.Pinned, t.Since, t.Seen, t.SeenAt = seen.Print, instant(now), seen.Print, seen.at
	_, err = tx.ExecContext(ctx, insertPin, now, t.Server, t.Tool,
		seen.Description, seen.Schema, seen.Annotations, seen.Effects, t.By, t.Why)
	return err
}

// List gives the tools that were seen, by server and name; only those that have
// drifted where drifted is true.
func (s *Store) List(ctx context.Context, drifted bool) (all []Tool, err error) {
	rows, err := s.db.QueryContext(ctx, selectTools)
	if err != nil {
		return nil, fmt.Errorf("pin: list: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var t Tool
		var since, seenAt int64
		var by, why sql.NullString
		p, n := &t.Pinned, &t.Seen
		if err := rows.Scan(&t.Server, &t.Tool, &since, &p.Description, &p.Schema, &p.Annotations, &p.Effects, &by, &why,
			&seenAt, &n.Description, &n.Schema, &n.Annotations, &n.Effects); err != nil {
			return nil, fmt.Errorf("pin: list: %w", err)
		}
		t.Since, t.SeenAt, t.By, t.Why, t.Drift = instant(since), instant(seenAt), by.String, why.String, n.drift(*p)
		if !drifted || len(t.Drift) > 0 {
			all = append(all, t)
		}
	}
	return all, rows.Err()
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// last gives the pin in force of a tool, and what was seen last. The pin is read
// first: without the write lock the other may be newer, never older.
func last(ctx context.Context, db querier, server, tool string) (pinned, seen sight, err error) {
	if pinned, err = sightOf(db.QueryRowContext(ctx, selectPin, server, tool)); err != nil {
		return pinned, seen, err
	}
	seen, err = sightOf(db.QueryRowContext(ctx, selectSeen, server, tool))
	return pinned, seen, err
}

func sightOf(row *sql.Row) (s sight, err error) {
	var at int64
	err = row.Scan(&at, &s.Description, &s.Schema, &s.Annotations, &s.Effects)
	if errors.Is(err, sql.ErrNoRows) {
		return sight{}, nil
	}
	s.at = instant(at)
	return s, err
}

// write runs do in one transaction, which holds the write lock from its begin.
func (s *Store) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
