package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"
)

// Query says which entries List gives. The zero value is all of them, newest
// first. Every field narrows; equality is exact.
type Query struct {
	Caller   string
	Server   string
	Tool     string
	Decision string
	Session  string
	Since    time.Time // decided at this time or later
	Until    time.Time // decided before this time
	AfterSeq int64     // decided after this entry in the one order
	Limit    int       // at most so many; 0 for no limit
	Oldest   bool      // oldest first
}

// A page is read in one go and handed out after the statement has ended, so that
// a slow consumer does not hold back the cleaning of the write-ahead log.
const (
	pageRows  = 500
	pageBytes = 4 << 20
)

const selectCalls = `SELECT d.seq, d.id, d.time, d.surface, d.stage, d.caller, d.session, d.server, d.tool,
	d.effects, d.domains, d.effect_source, d.decision, d.code, d.step, d.rules, d.reasons, d.cause, d.observed,
	d.findings, d.revision, d.input, d.rewritten, d.approval, e.outcome, e.code, e.cause, e.rules, e.findings, e.latency_us, e.upstream_us
	FROM decided d LEFT JOIN ended e ON e.seq = d.seq`

// List gives the entries that match, in the one order of decisions. It reads
// page by page: an entry that is decided while the consumer works is given
// when its turn comes. After an error nothing follows.
func (r *Reader) List(ctx context.Context, q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		cursor := int64(math.MaxInt64)
		if q.Oldest {
			cursor = q.AfterSeq
		}
		for given := 0; q.Limit == 0 || given < q.Limit; {
			page, more, err := r.page(ctx, q, cursor, given)
			for _, record := range page {
				if !yield(record, nil) {
					return
				}
				cursor = record.Seq
			}
			given += len(page)
			if err != nil {
				yield(Record{}, fmt.Errorf("audit: list: %w", asFailure(err)))
			}
			if err != nil || !more {
				return
			}
		}
	}
}

// page reads entries beyond the cursor; more is false when there are no others.
func (r *Reader) page(ctx context.Context, q Query, cursor int64, given int) (page []Record, more bool, err error) {
	limit := pageRows
	if q.Limit > 0 {
		limit = min(limit, q.Limit-given)
	}
	where, args := q.where(cursor)
	rows, err := r.db.QueryContext(ctx, selectCalls+where+" LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for size := 0; size < pageBytes && rows.Next(); {
		record, err := scan(rows)
		if err != nil {
			return page, false, err
		}
		page = append(page, record)
		size += len(record.Input) + len(record.Rewritten) + len(record.Findings)
	}
	return page, len(page) > 0, errors.Join(rows.Err(), rows.Close())
}

// where is the condition and the order of a query beyond a cursor.
func (q Query) where(cursor int64) (string, []any) {
	b := strings.Builder{}
	var args []any
	and := func(condition string, arg any) {
		b.WriteString(" AND " + condition)
		args = append(args, arg)
	}
	after := q.AfterSeq
	if q.Oldest {
		after = cursor
	} else {
		and("d.seq < ?", cursor)
	}
	if q.Since.IsZero() {
		and("d.seq > ?", after)
	} else {
		// Times do not always grow with the order, so the index gives a place to
		// begin and not the order. SQLite would not choose it by itself.
		and("d.seq > max(?, (SELECT min(seq) - 1 FROM decided INDEXED BY decided_time WHERE time >= ?))", after)
		args = append(args, q.Since.UnixMicro())
	}
	for _, f := range []struct{ condition, value string }{
		{"d.caller = ?", q.Caller}, {"d.server = ?", q.Server}, {"d.tool = ?", q.Tool}, {"d.session = ?", q.Session},
		{"d.decision = ?", q.Decision},
	} {
		if f.value != "" {
			and(f.condition, f.value)
		}
	}
	if q.Decision != "" && q.Decision != "allow" {
		b.WriteString(" AND d.decision <> 'allow'") // what the index is on
	}
	if !q.Since.IsZero() {
		and("d.time >= ?", q.Since.UnixMicro())
	}
	if !q.Until.IsZero() {
		and("d.time < ?", q.Until.UnixMicro())
	}
	order := " ORDER BY d.seq DESC"
	if q.Oldest {
		order = " ORDER BY d.seq"
	}
	return " WHERE" + strings.TrimPrefix(b.String(), " AND") + order, args
}

// shortest prefix of an id that Record takes.
const shortest = 8

// Record gives the entry with an id, or with the only id that begins with the
// given one, which then has 8 characters or more. Errors are ErrUnknown and
// ErrAmbiguous.
func (r *Reader) Record(ctx context.Context, id string) (Record, error) {
	condition, args := " WHERE d.id = ?", []any{id}
	if len(id) >= shortest {
		condition, args = " WHERE d.id >= ? AND d.id < ? ORDER BY d.id LIMIT 2", []any{id, id + "\U0010FFFF"}
	}
	rows, err := r.db.QueryContext(ctx, selectCalls+condition, args...)
	if err != nil {
		return Record{}, fmt.Errorf("audit: entry %q: %w", id, asFailure(err))
	}
	defer rows.Close()
	var found []Record
	for rows.Next() {
		record, err := scan(rows)
		if err != nil {
			return Record{}, fmt.Errorf("audit: entry %q: %w", id, asFailure(err))
		}
		found = append(found, record)
	}
	if err := rows.Err(); err != nil {
		return Record{}, fmt.Errorf("audit: entry %q: %w", id, asFailure(err))
	}
	switch {
	case len(found) == 0:
		return Record{}, fmt.Errorf("audit: entry %q: %w", id, ErrUnknown)
	case len(found) > 1 && found[0].ID != id:
		return Record{}, fmt.Errorf("audit: entry %q: %w: %s, %s", id, ErrAmbiguous, found[0].ID, found[1].ID)
	}
	return found[0], nil
}

// Last gives the number of the newest decision, 0 for an empty record.
func (r *Reader) Last(ctx context.Context) (int64, error) {
	var seq sql.NullInt64
	if err := r.db.QueryRowContext(ctx, "SELECT max(seq) FROM decided").Scan(&seq); err != nil {
		return 0, fmt.Errorf("audit: last: %w", asFailure(err))
	}
	return seq.Int64, nil
}
