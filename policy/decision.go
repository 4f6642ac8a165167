package policy

import "encoding/json"

// Verdict is what is to be done with a call. The zero value is Deny, and the
// smaller of two verdicts is the stricter.
type Verdict int

// Verdicts from strictest to mildest.
const (
	Deny Verdict = iota
	Ask
	Transform
	Allow
)

var verdictNames = [...]string{"deny", "ask", "transform", "allow"}

// String gives the word that records and wires use.
func (v Verdict) String() string { return verdictNames[v] }

// Decision is the one answer of a policy. The zero value denies.
type Decision struct {
	Verdict  Verdict
	Opinions []Opinion // everything that any rule said, ordered by verdict, rule, reason
	Revision string    // digest of the modules and data that decided
}

// Opinion is what one rule said for or against a call.
type Opinion struct {
	Verdict Verdict
	Rule    string   // the package name below callgate.rules
	Reason  string   // fixed words of the rule
	Nearest string   // the nearest allowed action, "" for none
	Effects []string // the effects that a grant covers
	Edits   []Edit   // how a transform changes the call
}

// Edit is one change to a call.
type Edit struct {
	Op      string          // "redirect" to another tool, or "set", "remove" or "redact" a value
	Tool    string          // for redirect
	Pointer string          // for the others: RFC 6901 pointer into the arguments
	Value   json.RawMessage // for set
}

// Rules names the rules that spoke with the decision's own verdict, sorted and
// without repeats.
func (d Decision) Rules() []string {
	var names []string
	for _, o := range d.Opinions {
		if o.Verdict == d.Verdict && (len(names) == 0 || names[len(names)-1] != o.Rule) {
			names = append(names, o.Rule)
		}
	}
	return names
}

// Reasons gives the reasons behind the decision's own verdict, in order.
func (d Decision) Reasons() []string {
	var reasons []string
	for _, o := range d.Opinions {
		if o.Verdict == d.Verdict && o.Reason != "" {
			reasons = append(reasons, o.Reason)
		}
	}
	return reasons
}
