package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"
)

// followEvery is how often Follow looks whether anything was written.
const followEvery = 200 * time.Millisecond

// Follow gives the entries that are decided after q.AfterSeq, oldest first, and
// goes on with new ones as they come, of all processes, until ctx is done or
// the consumer stops. A call that is open when it is given is given a second
// time when it has ended. q.Limit and q.Oldest have no meaning here.
func (r *Reader) Follow(ctx context.Context, q Query) iter.Seq2[Record, error] {
	q.Limit, q.Oldest = 0, true
	return func(yield func(Record, error) bool) {
		err := r.follow(ctx, q, func(record Record) bool { return yield(record, nil) })
		if err != nil && ctx.Err() == nil {
			yield(Record{}, fmt.Errorf("audit: follow: %w", asFailure(err)))
		}
	}
}

// errStopped means that the consumer wants no more.
var errStopped = errors.New("stopped")

func (r *Reader) follow(ctx context.Context, q Query, give func(Record) bool) error {
	watch, err := r.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer watch.Close()
	f := follower{reader: r, query: q, give: give, open: map[int64]bool{}}
	if err := watch.QueryRowContext(ctx, "SELECT coalesce(max(pos), 0) FROM ended").Scan(&f.pos); err != nil {
		return err
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for version := int64(-1); ; {
		changed, err := dataVersion(ctx, watch)
		if err != nil {
			return err
		}
		if changed != version {
			version = changed
			if err := f.round(ctx); err != nil {
				if errors.Is(err, errStopped) {
					return nil
				}
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// dataVersion changes when another connection has written to the file.
func dataVersion(ctx context.Context, c *sql.Conn) (version int64, err error) {
	err = c.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version)
	return version, err
}

// follower remembers what Follow has given.
type follower struct {
	reader *Reader
	query  Query
	give   func(Record) bool
	open   map[int64]bool // entries given as open
	pos    int64          // ends that were looked at
}

// round gives what is new: first the ends of calls given as open, then new calls.
func (f *follower) round(ctx context.Context) error {
	if err := f.ends(ctx); err != nil {
		return err
	}
	for record, err := range f.reader.List(ctx, f.query) {
		if err != nil {
			return err
		}
		if !f.give(record) {
			return errStopped
		}
		f.query.AfterSeq = record.Seq
		if record.End.Outcome == Pending {
			f.open[record.Seq] = true
		}
	}
	return nil
}

func (f *follower) ends(ctx context.Context) error {
	ended, pos, err := f.newEnds(ctx)
	if err != nil {
		return err
	}
	f.pos = pos
	for _, seq := range ended {
		record, err := f.reader.bySeq(ctx, seq)
		if err != nil {
			return err
		}
		delete(f.open, seq)
		if !f.give(record) {
			return errStopped
		}
	}
	return nil
}

// newEnds numbers the calls that were given as open and have ended since.
func (f *follower) newEnds(ctx context.Context) (seqs []int64, pos int64, err error) {
	rows, err := f.reader.db.QueryContext(ctx, "SELECT pos, seq FROM ended WHERE pos > ? ORDER BY pos", f.pos)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	pos = f.pos
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&pos, &seq); err != nil {
			return nil, 0, err
		}
		if f.open[seq] {
			seqs = append(seqs, seq)
		}
	}
	return seqs, pos, rows.Err()
}

func (r *Reader) bySeq(ctx context.Context, seq int64) (Record, error) {
	rows, err := r.db.QueryContext(ctx, selectCalls+" WHERE d.seq = ?", seq)
	if err != nil {
		return Record{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		return Record{}, errors.Join(ErrUnknown, rows.Err())
	}
	return scan(rows)
}
