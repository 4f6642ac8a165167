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
	Findings []Finding `json:"findings"`
	Origins  []Origin  `json:"origins"`
	Money    *Money    `json:"money,omitempty"`
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
	EffectSource string          `json:"effect_source"` // operator, protocol, catalogue, lexicon, none
	Evidence     string          `json:"evidence,omitempty"`
	Listing      bool            `json:"listing"` // no real call: could the caller ever make one?
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

// Money is what a payment would move.
type Money struct {
	Amount   string `json:"amount"` // decimal, in units of Currency
	Currency string `json:"currency"`
	Payee    string `json:"payee"`
}

// Result is what came back, where a result is judged.
type Result struct {
	IsError bool `json:"is_error"`
	Bytes   int  `json:"bytes"`
}
