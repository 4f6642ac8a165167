// Package approval keeps the questions that a person must answer before a call
// may run, and the answers.
//
// A question is bound: it stands for one call of one caller and session, to one
// tool, with arguments of one digest, under one policy revision. An approval is
// good for one run of exactly that call, by whichever process of the file takes
// it first. Both end when the question expires: after that it can neither be
// answered nor used.
//
// Questions, answers and uses are rows of append-only tables in the file of the
// record; what a person was shown stays readable. Triggers refuse changes; they
// stop mistakes, not somebody who may write the file.
//
// The package does not decide which call needs a person, does not compute
// digests, and does not redact: it stores what it is given. It does not check
// who answers; that is for the way by which the answer came.
package approval

import (
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Migrations make the tables; they are run by who opens the database.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Errors that speak of one question. Any other error is of the database, and
// nothing is known to be stored after it.
var (
	// ErrTooMany is returned by Ask where as many questions of the caller wait
	// as may.
	ErrTooMany = errors.New("too many questions of this caller wait for an answer")
	// ErrUnknown is returned by Answer and Find where no question has the id.
	ErrUnknown = errors.New("no such question")
	// ErrAnswered is returned by Answer for a question that has an answer.
	ErrAnswered = errors.New("the question was answered already")
	// ErrExpired is returned by Answer for a question whose time is over.
	ErrExpired = errors.New("the question has expired")
	// ErrInvalid is returned by Answer for an answer without who, why or by
	// which way, or with too long a one; and by Ask and Take for a binding that
	// does not name a call.
	ErrInvalid = errors.New("not complete")
)

// Bounds of an answer, in bytes.
const (
	MaxWhy = 1000
	MaxBy  = 200
)

// Binding is the call that a question stands for. Two bindings are the same
// when all of their texts are. Session and Server may be empty.
type Binding struct {
	Caller   string
	Session  string
	Server   string
	Tool     string
	Digest   string // SHA-256 of the arguments in canonical form, 64 hexadecimal digits
	Revision string // of the policy that asks
}

func (b Binding) check() error {
	if b.Caller == "" || b.Tool == "" || b.Revision == "" {
		return fmt.Errorf("%w: a question needs caller, tool and revision", ErrInvalid)
	}
	if len(b.Digest) != 64 {
		return fmt.Errorf("%w: the digest of the arguments has %d characters", ErrInvalid, len(b.Digest))
	}
	return nil
}

// About is what a person is shown. It is no part of the binding.
type About struct {
	Rules   []string
	Reasons []string
	Effects []string
	Domains []string
	Record  string          // id of the record in which the call was asked about
	Input   json.RawMessage // what policy judged, with secrets as marks
}

// State says where a question stands. The zero value is None.
type State string

// The closed set of states.
const (
	None     State = ""         // there is no question
	Pending  State = "pending"  // it waits for an answer
	Approved State = "approved" // the call may run once
	Denied   State = "denied"   // the call may not run
	Used     State = "used"     // it was approved, and the call has run
	Expired  State = "expired"  // nobody answered in time, or the approval was not used in time
)

// Answer is what a person said.
type Answer struct {
	Approved bool
	By       string    // who; 1 to MaxBy bytes
	Why      string    // 1 to MaxWhy bytes
	Via      string    // the way by which the answer came, such as "cli"; 1 to MaxBy bytes
	Time     time.Time // set by the desk
}

// Question is one question with its answer.
type Question struct {
	ID string // "q-" and ten characters of a-z and 2-7
	Binding
	About
	Asked   time.Time
	Expires time.Time // from this moment on it can be neither answered nor used
	State   State     // when it was read
	Answer  Answer    // the zero value until there is one
	Used    time.Time // zero where the approval was not used
}

// stateAt says where a question stands at a time. A denial is shown as one for
// ever; it is in force until Expires.
func (q *Question) stateAt(now time.Time) State {
	answered := !q.Answer.Time.IsZero()
	switch {
	case !q.Used.IsZero():
		return Used
	case answered && !q.Answer.Approved:
		return Denied
	case !now.Before(q.Expires):
		return Expired
	case answered:
		return Approved
	}
	return Pending
}

// Options bound what waits. The zero value of a field means its default.
type Options struct {
	Expire     time.Duration    // how long a question may be answered and its approval be used; 0 means 15 minutes
	MaxPending int              // how many questions of one caller may wait; 0 means 100
	Now        func() time.Time // nil means time.Now
}

// Desk is where questions wait. It is safe for concurrent use, and any number
// of processes may have a Desk on one file.
type Desk struct {
	db         *sql.DB
	expire     time.Duration
	maxPending int
	now        func() time.Time
}

// New makes a desk over tables that Migrations have made. The transactions of
// db have to take the write lock when they begin and be durable at Commit.
func New(db *sql.DB, o Options) *Desk {
	d := &Desk{db: db, expire: o.Expire, maxPending: o.MaxPending, now: o.Now}
	if d.expire <= 0 {
		d.expire = 15 * time.Minute
	}
	if d.maxPending <= 0 {
		d.maxPending = 100
	}
	if d.now == nil {
		d.now = time.Now
	}
	return d
}
