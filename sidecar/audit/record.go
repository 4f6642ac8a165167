// Package audit keeps the record: one entry of each call in SQLite, decided
// before anything is forwarded and finished before anything is answered.
//
// One file holds the record of all of a user's processes. Each process opens
// a Store; one goroutine per Store writes what is queued in groups, one
// transaction each, and answers the writers after the commit. The database
// numbers decisions, so there is one order over all processes.
//
// What a nil error means depends on the class of what was written:
//
//   - A decision other than allow, and an allow with any effect but read, is
//     on the disk: its transaction is committed with synchronous=FULL. It
//     survives a loss of power.
//   - An allowed read and the end of a call are handed to the operating
//     system (synchronous=NORMAL). They survive a crash of the process. A loss
//     of power may take the newest of them, never an older one alone, and the
//     next commit of the first class makes them durable too.
//
// The tables are append-only: a call is a row in decided and, once it has
// ended, a row in ended; the view calls joins them. Triggers refuse changes.
// They stop mistakes, not somebody who may write the file. Other rooms may keep
// tables of their own in the file, which Store.Tables opens for them.
//
// The package does not redact: it stores what it is given. It does not repair
// a damaged file, and it never moves or deletes one.
package audit

import (
	"encoding/json"
	"time"
)

// Outcome says how a call ended. The zero value is Pending: decided, not ended.
type Outcome string

// The closed set of outcomes.
const (
	Pending     Outcome = ""            // open: forwarded or about to be, no end known
	Refused     Outcome = "refused"     // never forwarded
	Decided     Outcome = "decided"     // judged on request only, nothing to forward
	Returned    Outcome = "returned"    // the upstream's answer reached the caller
	Redacted    Outcome = "redacted"    // the answer reached the caller without the suspect passages
	Withheld    Outcome = "withheld"    // the upstream answered, the caller did not get it
	Failed      Outcome = "failed"      // the upstream gave no usable answer
	Cancelled   Outcome = "cancelled"   // the caller went away first
	Interrupted Outcome = "interrupted" // the process ended in between
)

// Record is the audit entry of one call: the decision, which is stored before
// anything leaves, and the end, which is stored before the caller sees it.
type Record struct {
	Seq     int64     // order of decisions over all processes; set by the store
	ID      string    // UUIDv7
	Time    time.Time // when it was decided
	Surface string
	Stage   string
	Caller  string
	Session string
	Server  string
	Tool    string

	Effects      []string
	Domains      []string
	EffectSource string

	Decision  string // deny, ask, transform, allow
	Code      string // why it was refused; empty for an allow
	Step      string // the step of the pipeline that refused; empty for an allow
	Rules     []string
	Reasons   []string
	Cause     string          // the operator's cause, free of secrets
	Observed  bool            // refused by policy, but forwarded because the profile only observes
	Findings  json.RawMessage // array of policy findings
	Revision  string          // of the policy that decided
	Input     json.RawMessage // what was judged, with secrets as marks
	Rewritten json.RawMessage // the call that a transform made of it; nil for none
	Approval  string          // id of the question that was asked, or whose answer was used; empty for none

	End End
}

// End is how the call ended.
type End struct {
	Outcome  Outcome
	Code     string          // why it failed or was withheld
	Cause    string          // the operator's cause, free of secrets
	Rules    []string        // rules that spoke about the result
	Findings json.RawMessage // array of findings in the result
	Latency  time.Duration   // from first byte to the answer
	Upstream time.Duration   // of that, in the upstream
}
