package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// objects reports whether a rule spoke, and not for the call.
func objects(d Decision, rule string) bool {
	return slices.ContainsFunc(d.Opinions, func(o Opinion) bool { return o.Rule == rule && o.Verdict != Allow })
}

// patience is how many times longer than a decision a trial may take: the
// machine may be busy while a policy is loaded.
const patience = 20

// selfTest tries the known-bad calls of every rule that is switched on. None
// may be allowed, and the rule itself must stand in the way. A trial that takes
// too long ends the test, since the others would too.
func (e *Engine) selfTest(ctx context.Context) Faults {
	trial := *e
	trial.timeout *= patience
	var faults Faults
	for _, b := range badCalls(e.rules) {
		d, err := trial.Decide(ctx, &b.in)
		switch {
		case err != nil:
			faults = append(faults, Fault{File: "policy", Code: "self_test", Message: fmt.Sprintf("%s gets no decision: %v", b.what, err)})
			if failed, ok := errors.AsType[*Error](err); ok && failed.Kind == Timeout {
				return faults
			}
		case d.Verdict == Allow || !objects(d, b.rule):
			faults = append(faults, Fault{File: "policy", Code: "self_test", Message: fmt.Sprintf("the rule %s lets %s pass", b.rule, b.what)})
		}
	}
	return faults
}
