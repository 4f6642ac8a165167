package approval

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Ask gives the question of a binding that has neither expired nor been used:
// the one that waits, or one that was answered meanwhile. Where there is none
// it makes one. Errors are ErrTooMany and ErrInvalid.
func (d *Desk) Ask(ctx context.Context, b Binding, about About) (Question, error) {
	if err := b.check(); err != nil {
		return Question{}, fmt.Errorf("approval: ask: %w", err)
	}
	if len(about.Input) > 0 && !json.Valid(about.Input) {
		return Question{}, fmt.Errorf("approval: ask: %w: the input is not JSON", ErrInvalid)
	}
	q, err := inForce(ctx, d.db, b, d.now())
	if err == nil && q.State == None {
		err = d.write(ctx, func(tx *sql.Tx) error {
			q, err = d.askOnce(ctx, tx, b, about)
			return err
		})
	}
	if err != nil {
		return Question{}, fmt.Errorf("approval: ask: %w", err)
	}
	return q, nil
}

// askOnce makes the question unless another process has made it meanwhile.
func (d *Desk) askOnce(ctx context.Context, tx *sql.Tx, b Binding, about About) (Question, error) {
	now := d.now()
	q, err := inForce(ctx, tx, b, now)
	if err != nil || q.State != None {
		return q, err
	}
	var waiting int
	if err := tx.QueryRowContext(ctx, countWaiting, b.Caller, now.UnixMicro()).Scan(&waiting); err != nil {
		return Question{}, err
	}
	if waiting >= d.maxPending {
		return Question{}, fmt.Errorf("%w: %d", ErrTooMany, waiting)
	}
	q = Question{
		ID: newID(), Binding: b, About: about, State: Pending,
		Asked: instant(now.UnixMicro()), Expires: instant(now.Add(d.expire).UnixMicro()),
	}
	_, err = tx.ExecContext(ctx, insertQuestion, q.ID, q.Asked.UnixMicro(), q.Expires.UnixMicro(),
		b.Caller, b.Session, b.Server, b.Tool, b.Digest, b.Revision,
		list(about.Rules), list(about.Reasons), list(about.Effects), list(about.Domains), orNull(about.Record), orNull(string(about.Input)))
	return q, err
}

// newID gives an id that is short enough to type and has 50 random bits.
func newID() string { return "q-" + strings.ToLower(rand.Text()[:10]) }

// Take uses up the approval of a binding. The state is Approved when this call,
// and no other, may run now; the question then names who approved it and why.
// Otherwise it is Pending, Denied, or None, with the question that says so.
// After an error nothing may run, although the approval may have been used up.
func (d *Desk) Take(ctx context.Context, b Binding) (Question, State, error) {
	if err := b.check(); err != nil {
		return Question{}, None, fmt.Errorf("approval: take: %w", err)
	}
	q, err := inForce(ctx, d.db, b, d.now())
	if err == nil && q.State == Approved {
		err = d.write(ctx, func(tx *sql.Tx) error {
			q, err = d.takeOnce(ctx, tx, b)
			return err
		})
	}
	if err != nil {
		return Question{}, None, fmt.Errorf("approval: take: %w", err)
	}
	return q, q.State, nil
}

// Look gives the question of a binding that has neither expired nor been used,
// and uses nothing up. Its State is None where there is none.
func (d *Desk) Look(ctx context.Context, b Binding) (Question, error) {
	if err := b.check(); err != nil {
		return Question{}, fmt.Errorf("approval: look: %w", err)
	}
	q, err := inForce(ctx, d.db, b, d.now())
	if err != nil {
		return Question{}, fmt.Errorf("approval: look: %w", err)
	}
	return q, nil
}

// takeOnce looks again under the write lock: another process may have taken the
// approval, or its time may be over.
func (d *Desk) takeOnce(ctx context.Context, tx *sql.Tx, b Binding) (Question, error) {
	now := d.now()
	q, err := inForce(ctx, tx, b, now)
	if err != nil || q.State != Approved {
		return q, err
	}
	q.Used = instant(now.UnixMicro())
	_, err = tx.ExecContext(ctx, insertUse, now.UnixMicro(), q.ID)
	return q, err
}

// Answer answers a question that waits. Errors are ErrUnknown, ErrAnswered,
// ErrExpired and ErrInvalid.
func (d *Desk) Answer(ctx context.Context, id string, a Answer) (Question, error) {
	if err := a.check(); err != nil {
		return Question{}, fmt.Errorf("approval: answer %s: %w", id, err)
	}
	var q Question
	err := d.write(ctx, func(tx *sql.Tx) (err error) {
		q, err = d.answerOnce(ctx, tx, id, a)
		return err
	})
	if err != nil {
		return Question{}, fmt.Errorf("approval: answer %s: %w", id, err)
	}
	return q, nil
}

func (d *Desk) answerOnce(ctx context.Context, tx *sql.Tx, id string, a Answer) (Question, error) {
	now := d.now()
	q, err := find(ctx, tx, id, now)
	if err != nil {
		return q, err
	}
	switch {
	case !q.Answer.Time.IsZero():
		return q, ErrAnswered
	case q.State != Pending:
		return q, ErrExpired
	}
	q.Answer = a
	q.Answer.Time = instant(now.UnixMicro())
	q.State = q.stateAt(now)
	_, err = tx.ExecContext(ctx, insertAnswer, now.UnixMicro(), a.Approved, a.By, a.Why, a.Via, q.ID)
	return q, err
}

func (a Answer) check() error {
	for _, text := range []struct {
		name, words string
		most        int
	}{{"who answers", a.By, MaxBy}, {"why", a.Why, MaxWhy}, {"by which way", a.Via, MaxBy}} {
		switch {
		case strings.TrimSpace(text.words) == "":
			return fmt.Errorf("%w: it does not say %s", ErrInvalid, text.name)
		case len(text.words) > text.most:
			return fmt.Errorf("%w: %s has %d bytes, at most %d are kept", ErrInvalid, text.name, len(text.words), text.most)
		case !utf8.ValidString(text.words):
			return fmt.Errorf("%w: %s is not valid UTF-8", ErrInvalid, text.name)
		}
	}
	return nil
}

// write runs do in one transaction, which holds the write lock from its begin.
func (d *Desk) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
