// Package policy loads, checks and evaluates Rego. It turns one Input into
// exactly one Decision; whatever goes wrong on the way is a denial.
package policy

import (
	"encoding/json"
	"time"
)

// InputVersion is the version of Input; it changes when a policy would have to.
const InputVersion = 1

// Input is what a policy judges: one call, or one result, with the facts that
// were derived from it. Its JSON form is described by rego/schemas/input.json
// and is what the record stores, so that a decision can be replayed.
type Input struct {
	Version  int       `json:"version"`
	Now      time.Time `json:"now"`
	Call     Call      `json:"call"`
	Tool     Tool      `json:"tool"`
	Caller   Caller    `json:"caller"`
	Session  Session   `json:"session"`
	Targets  []Target  `json:"targets"`
	Findings []Finding `json:"findings"`
	Origins  []Origin  `json:"origins"`
	Money    *Money    `json:"money,omitempty"`  // set when the call would pay
	Result   *Result   `json:"result,omitempty"` // set when a result is judged, not a call
}

// Call is the call as policy sees it. Secrets in Arguments are already marks.
type Call struct {
	ID           string          `json:"id"`
	Surface      string          `json:"surface"`
	Stage        string          `json:"stage"`
	Server       string          `json:"server"`
	Tool         string          `json:"tool"`
	Arguments    json.RawMessage `json:"arguments"`
	Effects      []string        `json:"effects"`
	Domains      []string        `json:"domains"`
	EffectSource string          `json:"effect_source"` // operator, protocol, catalogue, arguments, lexicon, none
	Evidence     string          `json:"evidence,omitempty"`
	Via          string          `json:"via"`      // the tool that carries this call in its arguments; "" for none
	Tools        []string        `json:"tools"`    // every tool that the call makes run; Tool is one of them
	Traits       []string        `json:"traits"`   // of a program in the arguments: opaque, bulk, privileged, network
	Programs     []string        `json:"programs"` // what a command line in the arguments runs
	Approved     bool            `json:"approved"` // a person approved this very call
	Listing      bool            `json:"listing"`  // no real call: could the caller ever make one?
}

// Tool is what is known of the tool's definition.
type Tool struct {
	Known           bool            `json:"known"`
	DescriptionHash string          `json:"description_hash"`
	Pinned          bool            `json:"pinned"`
	Drift           []string        `json:"drift"`
	Annotations     json.RawMessage `json:"annotations"` // an object; {} where there are none
	SchemaErrors    []SchemaError   `json:"schema_errors"`
	DraftTwin       string          `json:"draft_twin"` // tool that does the same as a draft; "" for none
	Results         []string        `json:"results"`    // what its results are: untrusted, private
}

// SchemaError is one fault of the arguments against the tool's own schema.
type SchemaError struct {
	Pointer string `json:"pointer"`
	Fault   string `json:"fault"` // the schema keyword that failed
}

// Caller is who calls.
type Caller struct {
	Name   string          `json:"name"`
	Auth   string          `json:"auth"`
	Roles  []string        `json:"roles"`
	Scopes []string        `json:"scopes"`
	Claims json.RawMessage `json:"claims"` // an object; {} where there are none
}

// Session is what the conversation has done so far.
type Session struct {
	ID     string           `json:"id"`
	Calls  int              `json:"calls"`
	Labels []string         `json:"labels"`
	Recent []string         `json:"recent"` // "server/tool", newest last
	Totals map[string]int64 `json:"totals"`
}

// Finding mirrors detectors.Finding.
type Finding struct {
	Detector    string `json:"detector"`
	Rule        string `json:"rule"`
	Severity    string `json:"severity"`
	Level       int    `json:"level"` // the severity as a number, 0 to 4, for comparisons
	Direction   string `json:"direction"`
	Pointer     string `json:"pointer"`
	Start       int    `json:"start"`
	End         int    `json:"end"`
	Fingerprint string `json:"fingerprint"`
	Detail      string `json:"detail"`
}

// Origin says where an argument's value was first seen in the session.
type Origin struct {
	Pointer string `json:"pointer"`
	Source  string `json:"source"` // user, system, result, unseen
}

// Target is whom or what a call reaches: one value of one argument.
type Target struct {
	Role    string   `json:"role"`    // recipient, payee, host, path
	Pointer string   `json:"pointer"` // into the arguments
	Value   string   `json:"value"`   // as written
	Within  []string `json:"within"`  // Value in its normal form and all that contains it, the closest first
}

// Money is what a payment would move and what was paid before.
type Money struct {
	Known    bool              `json:"known"`            // amount and currency could be read
	Amount   json.Number       `json:"amount,omitempty"` // exact decimal, in units of Currency; absent where it is not known
	Currency string            `json:"currency"`         // ISO 4217; "" where it is not known
	Payee    string            `json:"payee"`            // in its normal form; "" where it is not known
	First    bool              `json:"first"`            // the caller never paid this payee before
	Windows  map[string]Window `json:"windows"`          // what went before in the last hour, day, week, month (30 days)
}

// Window is what a caller paid in one span of time until now, in the currency
// of the payment.
type Window struct {
	Caller Sum `json:"caller"` // to anybody
	Payee  Sum `json:"payee"`  // to this payee
}

// Sum is how much and how often.
type Sum struct {
	Amount json.Number `json:"amount"`
	Calls  int         `json:"calls"`
}

// Result is what came back, where a result is judged.
type Result struct {
	IsError bool `json:"is_error"`
	Bytes   int  `json:"bytes"`
}
