package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind says how a decision failed.
type Kind string

// The closed set of kinds.
const (
	Timeout    Kind = "timeout"    // the deadline passed, or the caller's context ended
	Evaluation Kind = "evaluation" // a builtin failed, rules conflict, or the evaluator panicked
	Undefined  Kind = "undefined"  // the policy gave no decision
	Malformed  Kind = "malformed"  // the input, or the decision, is not well-formed
)

// Error is why there is no decision. It is for the operator; the call is
// denied.
type Error struct {
	Kind  Kind
	Cause error
}

// Error gives the kind and the cause.
func (e *Error) Error() string { return fmt.Sprintf("policy %s: %v", e.Kind, e.Cause) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

func malformed(format string, args ...any) *Error {
	return &Error{Kind: Malformed, Cause: fmt.Errorf(format, args...)}
}

// Fault is one thing that keeps a policy from being loaded.
type Fault struct {
	File    string // as given; "settings" or "profile" where it is no file
	Line    int    // 0 where there is none
	Code    string // stable, such as "not_a_set"; from OPA they start with "rego_"
	Message string
	Fix     string // the next step; may be empty
}

// String gives the fault on one line.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	fmt.Fprintf(&b, ": %s: %s", f.Code, f.Message)
	if f.Fix != "" {
		fmt.Fprintf(&b, " (fix: %s)", f.Fix)
	}
	return b.String()
}

// Faults are all the faults of a policy, ordered by file and line.
type Faults []Fault

// Error lists the faults, one a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return "the policy has faults:\n  " + strings.Join(lines, "\n  ")
}

// err is f in order, or nil where there are none.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	slices.SortFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(f)
}
