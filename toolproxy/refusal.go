package toolproxy

import (
	"errors"
	"fmt"
)

// Code is the stable name of a reason to refuse. It is the same in a wire's
// answer, in the record, in a metric and in the documentation.
type Code string

// The closed set of codes. The README's error table documents each of them and
// a test keeps the two alike.
const (
	CodeInvalidJSON     Code = "invalid_json"     // not one JSON value, or truncated
	CodeInvalidUTF8     Code = "invalid_utf8"     // bytes or escapes that are not Unicode text
	CodeDuplicateKey    Code = "duplicate_key"    // a key twice, or twice but for its case
	CodeTooLarge        Code = "too_large"        // over the size cap
	CodeTooDeep         Code = "too_deep"         // nested over the depth cap
	CodeBatch           Code = "batch"            // a JSON-RPC batch
	CodeInvalidMessage  Code = "invalid_message"  // JSON, but not a message of the wire
	CodeHeaderMismatch  Code = "header_mismatch"  // headers and body disagree
	CodeOrigin          Code = "forbidden_origin" // Host or Origin is not this listener's
	CodeUnauthenticated Code = "unauthenticated"  // no caller, or an unknown key
	CodeUnknownServer   Code = "unknown_server"   // no such upstream is configured
	CodeSlowClient      Code = "slow_client"      // the request did not arrive in time
	CodeOverload        Code = "overload"         // a limit on calls or processes is reached

	CodeDenied        Code = "denied"         // policy objects
	CodeAsk           Code = "ask"            // a person must approve
	CodeNotApproved   Code = "not_approved"   // a person was asked and refused
	CodeTooManyAsked  Code = "too_many_asked" // as many questions of the caller wait as may
	CodePolicyError   Code = "policy_error"   // policy gave no well-formed decision
	CodePolicyTimeout Code = "policy_timeout" // policy took too long
	CodeDetectorError Code = "detector_error" // a detector failed
	CodeInternal      Code = "internal"       // a stage failed in an unforeseen way

	CodeRecordUnavailable Code = "record_unavailable" // the record cannot be written

	CodeUpstreamUnavailable Code = "upstream_unavailable" // no connection, or the process is gone
	CodeUpstreamTimeout     Code = "upstream_timeout"     // no answer in time
	CodeUpstreamInvalid     Code = "upstream_invalid"     // an answer that the gate or the wire refuses
	CodeUpstreamTooLarge    Code = "upstream_too_large"   // an answer over the size cap
	CodeResultWithheld      Code = "result_withheld"      // policy objects to the result
	CodeCancelled           Code = "cancelled"            // the caller went away
)

// Codes lists every code, in the order of the documentation.
var Codes = []Code{
	CodeInvalidJSON, CodeInvalidUTF8, CodeDuplicateKey, CodeTooLarge, CodeTooDeep, CodeBatch,
	CodeInvalidMessage, CodeHeaderMismatch, CodeOrigin, CodeUnauthenticated, CodeUnknownServer,
	CodeSlowClient, CodeOverload,
	CodeDenied, CodeAsk, CodeNotApproved, CodeTooManyAsked, CodePolicyError, CodePolicyTimeout, CodeDetectorError, CodeInternal,
	CodeRecordUnavailable,
	CodeUpstreamUnavailable, CodeUpstreamTimeout, CodeUpstreamInvalid, CodeUpstreamTooLarge,
	CodeResultWithheld, CodeCancelled,
}

// Refusal is the firewall's answer in place of a result. Its text is made of
// fixed words, rule names and ids only, so that an agent learns nothing about
// the cause and nothing of an attacker's text is repeated to a model.
type Refusal struct {
	Code     Code
	Stage    string   // the step that refused: "gate", "identity", "policy", "audit", ...
	Decision string   // "deny" or "ask"
	Rules    []string // names of the rules that spoke
	Record   string   // id of the audit record; empty when nothing could be recorded
	Question string   // id of what a person is asked; empty for nothing
	Message  string   // fixed words for the agent
	Hint     string   // the nearest allowed action, or the next step
	Cause    error    // for the operator's record only; never sent to the agent
}

// Error gives the words that the agent may see.
func (r *Refusal) Error() string {
	if r.Message == "" {
		return fmt.Sprintf("refused by callgate (%s)", r.Code)
	}
	return r.Message
}

// Unwrap gives the operator's cause to errors.Is and errors.As.
func (r *Refusal) Unwrap() error { return r.Cause }

// Refuse makes a denial of a stage with a cause for the operator.
func Refuse(code Code, stage string, cause error) *Refusal {
	return &Refusal{Code: code, Stage: stage, Decision: "deny", Cause: cause}
}

// AsRefusal finds the Refusal in an error chain.
func AsRefusal(err error) (*Refusal, bool) {
	var r *Refusal
	ok := errors.As(err, &r)
	return r, ok
}
