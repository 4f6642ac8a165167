package spend

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

const (
	insertPayment = `INSERT INTO spend_payments (call, time, caller, payee, currency, amount, caller_sum, caller_calls, payee_sum, payee_calls)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	insertRelease = `INSERT INTO spend_releases (payment, time, caller, payee, currency, paid, amount)
	SELECT number, ?, caller, payee, currency, time, amount FROM spend_payments WHERE call = ?
	ON CONFLICT (payment) DO NOTHING`

	selectNewest = `SELECT number, time FROM spend_payments WHERE caller = ? ORDER BY number DESC LIMIT 1`
	selectCall   = `SELECT EXISTS (SELECT 1 FROM spend_payments WHERE call = ?)`

	selectPaid = `SELECT EXISTS (SELECT 1 FROM spend_payments p WHERE p.caller = ? AND p.payee = ?
	AND NOT EXISTS (SELECT 1 FROM spend_releases WHERE payment = p.number))`

	selectCallerSum = `SELECT caller_sum, caller_calls FROM spend_payments
	WHERE caller = ? AND currency = ? AND time < ? ORDER BY time DESC, number DESC LIMIT 1`

	selectPayeeSum = `SELECT payee_sum, payee_calls FROM spend_payments
	WHERE caller = ? AND payee = ? AND currency = ? AND time < ? ORDER BY time DESC, number DESC LIMIT 1`

	selectReleased = `SELECT payee, paid, amount FROM spend_releases WHERE caller = ? AND currency = ? AND paid >= ?`
)

// endOfTime is later than every payment, so that "before it" is all of them.
const endOfTime = int64(1<<63 - 1)

// Look says what a caller paid so far, and to a payee, in a currency. It does
// not wait for other processes and does not hold them up.
func (b *Book) Look(ctx context.Context, caller, payee, currency string) (Seen, error) {
	tx, err := b.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Seen{}, fmt.Errorf("spend: look: %w", err)
	}
	seen, err := look(ctx, tx, key{caller, payee, currency}, b.now())
	if err = errors.Join(err, tx.Rollback()); err != nil {
		return Seen{}, fmt.Errorf("spend: look: %w", err)
	}
	return seen, nil
}

func look(ctx context.Context, tx *sql.Tx, of key, now time.Time) (Seen, error) {
	seen := Seen{First: true, Windows: make(map[string]Window, len(windows)), of: of}
	var err error
	if seen.Version, _, err = newest(ctx, tx, of.caller); err != nil {
		return Seen{}, err
	}
	if of.payee != "" {
		var paid bool
		if err := tx.QueryRowContext(ctx, selectPaid, of.caller, of.payee).Scan(&paid); err != nil {
			return Seen{}, err
		}
		seen.First = !paid
	}
	all, err := before(ctx, tx, of, endOfTime)
	if err != nil {
		return Seen{}, err
	}
	for name, span := range windows {
		old, err := before(ctx, tx, of, now.Add(-span).UnixMicro())
		if err != nil {
			return Seen{}, err
		}
		seen.Windows[name] = Window{Caller: all.Caller.minus(old.Caller), Payee: all.Payee.minus(old.Payee)}
	}
	return seen, seen.forget(ctx, tx, now)
}

// newest gives the number and the time of a caller's newest payment, 0 for none.
func newest(ctx context.Context, tx *sql.Tx, caller string) (number, at int64, err error) {
	err = tx.QueryRowContext(ctx, selectNewest, caller).Scan(&number, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, nil
	}
	return number, at, err
}

// before sums what was paid before a time, released or not.
func before(ctx context.Context, tx *sql.Tx, of key, at int64) (w Window, err error) {
	if w.Caller, err = sum(tx.QueryRowContext(ctx, selectCallerSum, of.caller, of.currency, at)); err != nil {
		return w, err
	}
	w.Payee, err = sum(tx.QueryRowContext(ctx, selectPayeeSum, of.caller, of.payee, of.currency, at))
	return w, err
}

func sum(row *sql.Row) (s Sum, err error) {
	var amount string
	if err := row.Scan(&amount, &s.Calls); errors.Is(err, sql.ErrNoRows) {
		return Sum{}, nil
	} else if err != nil {
		return Sum{}, err
	}
	s.Amount, err = decimal.NewFromString(amount)
	return s, err
}

// forget takes the released payments out of the windows.
func (s *Seen) forget(ctx context.Context, tx *sql.Tx, now time.Time) (err error) {
	rows, err := tx.QueryContext(ctx, selectReleased, s.of.caller, s.of.currency, now.Add(-windows[Month]).UnixMicro())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var payee, text string
		var paid int64
		if err := rows.Scan(&payee, &paid, &text); err != nil {
			return err
		}
		amount, err := decimal.NewFromString(text)
		if err != nil {
			return err
		}
		s.take(payee, paid, Sum{Amount: amount, Calls: 1}, now)
	}
	return rows.Err()
}

// take takes one payment out of the windows in which it lies.
func (s *Seen) take(payee string, paid int64, what Sum, now time.Time) {
	for name, span := range windows {
		if paid < now.Add(-span).UnixMicro() {
			continue
		}
		w := s.Windows[name]
		w.Caller = w.Caller.minus(what)
		if payee == s.of.payee {
			w.Payee = w.Payee.minus(what)
		}
		s.Windows[name] = w
	}
}

// Reserve stores a payment that was judged by what was seen. Errors are
// ErrChanged, ErrReserved and ErrInvalid.
func (b *Book) Reserve(ctx context.Context, p Payment, seen Seen) error {
	err := p.check(seen)
	if err == nil {
		err = b.write(ctx, func(tx *sql.Tx) error { return b.reserve(ctx, tx, p, seen) })
	}
	if err != nil {
		return fmt.Errorf("spend: reserve for call %s: %w", p.Call, err)
	}
	return nil
}

func (b *Book) reserve(ctx context.Context, tx *sql.Tx, p Payment, seen Seen) error {
	var reserved bool
	if err := tx.QueryRowContext(ctx, selectCall, p.Call).Scan(&reserved); err != nil {
		return err
	}
	if reserved {
		return ErrReserved
	}
	version, last, err := newest(ctx, tx, p.Caller)
	if err != nil {
		return err
	}
	if version != seen.Version {
		return ErrChanged
	}
	all, err := before(ctx, tx, seen.of, endOfTime)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, insertPayment, p.Call, max(b.now().UnixMicro(), last), p.Caller, p.Payee, p.Currency, p.Amount.String(),
		all.Caller.Amount.Add(p.Amount).String(), all.Caller.Calls+1, all.Payee.Amount.Add(p.Amount).String(), all.Payee.Calls+1)
	return err
}

// Release takes a payment back that was certainly not made; a second time it
// does nothing. The error is ErrUnknown where the call has no payment.
func (b *Book) Release(ctx context.Context, call string) error {
	err := b.write(ctx, func(tx *sql.Tx) error {
		var reserved bool
		if err := tx.QueryRowContext(ctx, selectCall, call).Scan(&reserved); err != nil {
			return err
		}
		if !reserved {
			return ErrUnknown
		}
		_, err := tx.ExecContext(ctx, insertRelease, b.now().UnixMicro(), call)
		return err
	})
	if err != nil {
		return fmt.Errorf("spend: release call %s: %w", call, err)
	}
	return nil
}

// write runs do in one transaction, which holds the write lock from its begin.
func (b *Book) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
