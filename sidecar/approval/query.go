package approval

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	insertQuestion = `INSERT INTO approval_questions (id, asked, expires, caller, session, server, tool, digest, revision,
	rules, reasons, effects, domains, record, input) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	insertAnswer = `INSERT INTO approval_answers (question, time, approved, who, why, via)
	SELECT number, ?, ?, ?, ?, ? FROM approval_questions WHERE id = ?`

	insertUse = `INSERT INTO approval_uses (question, time) SELECT number, ? FROM approval_questions WHERE id = ?`

	countWaiting = `SELECT count(*) FROM approval_questions q WHERE q.caller = ? AND q.expires > ?
	AND NOT EXISTS (SELECT 1 FROM approval_answers WHERE question = q.number)`

	selectHead = `SELECT q.id, q.asked, q.expires, q.caller, q.session, q.server, q.tool, q.digest, q.revision,
	q.rules, q.reasons, q.effects, q.domains, q.record, `
	selectTail = `, a.time, a.approved, a.who, a.why, a.via, u.time FROM approval_questions q
	LEFT JOIN approval_answers a ON a.question = q.number LEFT JOIN approval_uses u ON u.question = q.number`
	selectBrief = selectHead + "NULL" + selectTail
	selectWhole = selectHead + "q.input" + selectTail

	whereInForce = ` WHERE q.caller = ? AND q.digest = ? AND q.expires > ? AND q.session = ? AND q.server = ? AND q.tool = ?
	AND q.revision = ? AND u.question IS NULL ORDER BY q.number DESC LIMIT 1`
)

// Filter says which questions List gives. The zero value is those that wait for
// an answer.
type Filter struct {
	All   bool // answered and expired ones too
	Limit int  // the newest so many; 0 for no limit
}

// List gives questions, newest first, without their Input.
func (d *Desk) List(ctx context.Context, f Filter) ([]Question, error) {
	now := d.now()
	where, args := " WHERE q.expires > ? AND a.question IS NULL", []any{now.UnixMicro()}
	if f.All {
		where, args = "", nil
	}
	limit := -1 // none
	if f.Limit > 0 {
		limit = f.Limit
	}
	found, err := questions(ctx, d.db, now, selectBrief+where+" ORDER BY q.number DESC LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("approval: list: %w", err)
	}
	return found, nil
}

// Find gives the question with an id, which may be written in capitals too; the
// error is ErrUnknown where there is none.
func (d *Desk) Find(ctx context.Context, id string) (Question, error) {
	q, err := find(ctx, d.db, id, d.now())
	if err != nil {
		return q, fmt.Errorf("approval: question %s: %w", id, err)
	}
	return q, nil
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func find(ctx context.Context, db querier, id string, now time.Time) (Question, error) {
	found, err := questions(ctx, db, now, selectWhole+" WHERE q.id = ?", strings.ToLower(strings.TrimSpace(id)))
	if err != nil || len(found) == 1 {
		return first(found), err
	}
	return Question{}, ErrUnknown
}

// inForce gives the question of a binding that is neither expired nor used. The
// zero question says that there is none.
func inForce(ctx context.Context, db querier, b Binding, now time.Time) (Question, error) {
	found, err := questions(ctx, db, now, selectWhole+whereInForce,
		b.Caller, b.Digest, now.UnixMicro(), b.Session, b.Server, b.Tool, b.Revision)
	return first(found), err
}

func first(found []Question) Question {
	if len(found) == 0 {
		return Question{}
	}
	return found[0]
}

// questions reads rows of selectBrief or selectWhole; their states are those at
// now.
func questions(ctx context.Context, db querier, now time.Time, query string, args ...any) (all []Question, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		q, err := scan(rows)
		if err != nil {
			return nil, err
		}
		q.State = q.stateAt(now)
		all = append(all, q)
	}
	return all, rows.Err()
}

func scan(rows *sql.Rows) (q Question, err error) {
	var asked, expires int64
	var lists [4]sql.NullString
	var record, input, who, why, via sql.NullString
	var answered, used sql.NullInt64
	var approved sql.NullBool
	err = rows.Scan(&q.ID, &asked, &expires, &q.Caller, &q.Session, &q.Server, &q.Tool, &q.Digest, &q.Revision,
		&lists[0], &lists[1], &lists[2], &lists[3], &record, &input, &answered, &approved, &who, &why, &via, &used)
	if err != nil {
		return q, err
	}
	for i, into := range []*[]string{&q.Rules, &q.Reasons, &q.Effects, &q.Domains} {
		if !lists[i].Valid {
			continue
		}
		if err := json.Unmarshal([]byte(lists[i].String), into); err != nil {
			return q, fmt.Errorf("a list of question %s: %w", q.ID, err)
		}
	}
	q.Asked, q.Expires = instant(asked), instant(expires)
	q.Record = record.String
	if input.Valid {
		q.Input = json.RawMessage(input.String)
	}
	if answered.Valid {
		q.Answer = Answer{Approved: approved.Bool, By: who.String, Why: why.String, Via: via.String, Time: instant(answered.Int64)}
	}
	if used.Valid {
		q.Used = instant(used.Int64)
	}
	return q, nil
}

// list gives a JSON array, nil for an empty one.
func list(items []string) any {
	if len(items) == 0 {
		return nil
	}
	text, err := json.Marshal(items)
	if err != nil {
		panic("approval: " + err.Error()) // texts always have a form
	}
	return string(text)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
