package audit

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// scan reads a row of selectCalls.
func scan(rows *sql.Rows) (r Record, err error) {
	var at int64
	var latency, upstream sql.NullInt64
	err = rows.Scan(&r.Seq, &r.ID, &at, words(&r.Surface), words(&r.Stage), words(&r.Caller), words(&r.Session),
		words(&r.Server), words(&r.Tool), column[[]string]{&r.Effects}, column[[]string]{&r.Domains}, words(&r.EffectSource),
		&r.Decision, words(&r.Code), words(&r.Step), column[[]string]{&r.Rules}, column[[]string]{&r.Reasons}, words(&r.Cause),
		&r.Observed, raw(&r.Findings), words(&r.Revision), raw(&r.Input), raw(&r.Rewritten), words(&r.Approval),
		outcome(&r.End.Outcome), words(&r.End.Code), words(&r.End.Cause), column[[]string]{&r.End.Rules}, raw(&r.End.Findings), &latency, &upstream)
	r.Time = time.UnixMicro(at).UTC()
	r.End.Latency = time.Duration(latency.Int64) * time.Microsecond
	r.End.Upstream = time.Duration(upstream.Int64) * time.Microsecond
	return r, err
}

// column reads a text column into a value; NULL is the zero value.
type column[T any] struct{ into *T }

// Scan implements sql.Scanner.
func (c column[T]) Scan(v any) error {
	var text string
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		text = v
	case []byte:
		text = string(v)
	default:
		return fmt.Errorf("%w: a %T where text belongs", ErrCorrupt, v)
	}
	switch into := any(c.into).(type) {
	case *string:
		*into = text
	case *Outcome:
		*into = Outcome(text)
	case *json.RawMessage:
		*into = json.RawMessage(text)
	case *[]string:
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return fmt.Errorf("%w: a list: %w", ErrCorrupt, err)
		}
	}
	return nil
}

func words(s *string) column[string]                   { return column[string]{s} }
func raw(doc *json.RawMessage) column[json.RawMessage] { return column[json.RawMessage]{doc} }
func outcome(o *Outcome) column[Outcome]               { return column[Outcome]{o} }
