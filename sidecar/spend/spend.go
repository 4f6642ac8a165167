// Package spend keeps what callers paid, so that policy can judge a payment by
// what went before it: in the last hour, day, week and month, to anybody and to
// one payee, in one currency.
//
// A payment is reserved before it is made. Reserve stores it only where nothing
// of its caller was stored since Look said what went before; so two payments
// at once, in one process or in two, cannot both fit under one limit. Amounts are
// exact decimals and are added exactly.
//
// A window reaches from its length ago, inclusive, until now: a payment counts
// while it is not older than the window is long. It counts on where the clock was
// set back.
//
// Payments and releases are rows of append-only tables in the file of the
// record. What Look costs depends neither on the history nor on the payments in
// the windows, only on the releases of the last month. The package knows no
// limits, converts no currencies and does not know whether a payment succeeded.
package spend

import (
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// Migrations make the tables; they are run by who opens the database.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Errors of Reserve and Release. Any other error is of the database; after it
// nothing is known to be stored, and the payment must not be made.
var (
	// ErrChanged is returned by Reserve where the caller paid something since
	// Look: look and judge again.
	ErrChanged = errors.New("the caller has paid something else meanwhile")
	// ErrReserved is returned by Reserve for a call that has a payment already.
	ErrReserved = errors.New("the call has a payment already")
	// ErrUnknown is returned by Release for a call without a payment.
	ErrUnknown = errors.New("no such payment")
	// ErrInvalid is returned by Reserve for a payment that cannot be counted: no
	// call or caller, a currency that is not three capital letters, an amount
	// that is negative or too long, or a Seen of something else.
	ErrInvalid = errors.New("the payment cannot be counted")
)

// Bounds of an amount: digits before and after the decimal point.
const (
	MaxWhole  = 20
	MaxPlaces = 18
)

// Names of the windows.
const (
	Hour  = "hour"
	Day   = "day"
	Week  = "week"
	Month = "month" // 30 days
)

// windows are the spans of time that Look sums, by name.
var windows = map[string]time.Duration{
	Hour: time.Hour, Day: 24 * time.Hour, Week: 7 * 24 * time.Hour, Month: 30 * 24 * time.Hour,
}

// Payment is what one call would pay.
type Payment struct {
	Call     string // id of the call; each has one payment at most
	Caller   string
	Payee    string // in its normal form; "" where it is not known
	Currency string // ISO 4217
	Amount   decimal.Decimal
}

// Sum is how much and how often.
type Sum struct {
	Amount decimal.Decimal
	Calls  int
}

func (s Sum) minus(other Sum) Sum {
	return Sum{Amount: s.Amount.Sub(other.Amount), Calls: s.Calls - other.Calls}
}

// Window is what a caller paid in one span of time until now.
type Window struct {
	Caller Sum // to anybody
	Payee  Sum // to the payee that Look was asked about
}

// Seen is what went before a payment, without those that were released.
type Seen struct {
	First   bool              // the caller never paid this payee, in any currency; always true of a payee that is not known
	Windows map[string]Window // Hour, Day, Week and Month, in the currency that Look was asked about
	Version int64             // of the caller's payments

	of key
}

// key is what a Seen speaks of.
type key struct{ caller, payee, currency string }

// Book is what callers paid. It is safe for concurrent use, and any number of
// processes may have a Book on one file.
type Book struct {
	db  *sql.DB
	now func() time.Time
}

// New makes a book over tables that Migrations have made. The transactions of
// db have to take the write lock when they begin and be durable at Commit, and
// those that only read have to see the file as it was when they began. Now may
// be nil, which means time.Now.
func New(db *sql.DB, now func() time.Time) *Book {
	if now == nil {
		now = time.Now
	}
	return &Book{db: db, now: now}
}

// check refuses what could not be counted.
func (p Payment) check(seen Seen) error {
	switch {
	case p.Call == "" || p.Caller == "":
		return fmt.Errorf("%w: it needs a call and a caller", ErrInvalid)
	case !isCurrency(p.Currency):
		return fmt.Errorf("%w: its currency is not three capital letters", ErrInvalid)
	case seen.of != key{p.Caller, p.Payee, p.Currency}:
		return fmt.Errorf("%w: what was looked at is of another caller, payee or currency", ErrInvalid)
	case p.Amount.IsNegative():
		return fmt.Errorf("%w: its amount is negative", ErrInvalid)
	case p.Amount.Exponent() < -MaxPlaces || p.Amount.NumDigits()+int(p.Amount.Exponent()) > MaxWhole:
		return fmt.Errorf("%w: its amount has more than %d digits before or %d after the point", ErrInvalid, MaxWhole, MaxPlaces)
	}
	return nil
}

func isCurrency(s string) bool {
	for _, c := range []byte(s) {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return len(s) == 3
}
