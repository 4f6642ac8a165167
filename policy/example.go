package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/util"
)

// blameless is a call that the balanced profile allows; an example of a rule is
// laid over it.
func blameless() *Input {
	return &Input{
		Version: InputVersion, Now: time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC),
		Call: Call{ID: "example", Surface: "mcp", Stage: "execute", Server: "example", Tool: "example", Effects: []string{"read"}, Domains: []string{"crm"},
			EffectSource: "catalogue", Tools: []string{"example"}},
		Tool:   Tool{Known: true, Pinned: true},
		Caller: Caller{Name: "agent", Auth: "key", Scopes: []string{"crm:read"}},
	}
}

// Input is the whole input of an example. What its call leaves out is as in a
// call that the balanced profile allows, and in elements of lists empty. The error is Faults where it has
// members that an input has not.
func (x Example) Input() (*Input, error) {
	text, err := blameless().JSON()
	if err != nil {
		return nil, err
	}
	var whole, part map[string]any
	if err := util.UnmarshalJSON(text, &whole); err != nil {
		return nil, err
	}
	if err := util.UnmarshalJSON(x.Call, &part); err != nil {
		return nil, fmt.Errorf("the call of the example: %w", err)
	}
	if text, err = json.Marshal(merged(whole, any(part))); err != nil {
		return nil, err
	}
	return readInput(text, true)
}

// examples tries the examples of all rules under the balanced profile, each
// with its rule switched on.
func (b *bundle) examples(ctx context.Context, o Options) []TestResult {
	usual := engineOf(o, nil)
	var results []TestResult
	for _, s := range b.sources {
		name := ruleName(s.module.Package)
		if r := b.rules[name]; s.test || r == nil || r.Example == nil || s.line("example") == 0 {
			continue
		}
		engine := usual
		if r := b.rules[name]; r.Default != nil && !*r.Default {
			engine = engineOf(o, map[string]any{"rules": map[string]any{name: map[string]any{"enabled": true}}})
		}
		cause := b.rules[name].Example.try(ctx, name, engine)
		results = append(results, TestResult{Package: s.pkg(), Name: "example", Place: Place{s.file, s.line("example")}, Passed: cause == "", Cause: cause})
	}
	return results
}

// engineOf loads the balanced profile with other settings when it is first
// asked for.
func engineOf(o Options, settings map[string]any) func(context.Context) (*Engine, error) {
	var e *Engine
	return func(ctx context.Context) (*Engine, error) {
		if e != nil {
			return e, nil
		}
		o.Profile, o.Settings = "", settings
		b, faults := collect(o)
		if err := append(faults, b.compile()...).err(); err != nil {
			return nil, err
		}
		var err error
		e, err = b.engine(ctx, o.Timeout*patience)
		return e, err
	}
}

// try says why an example does not hold, or "".
func (x Example) try(ctx context.Context, name string, engine func(context.Context) (*Engine, error)) string {
	e, err := engine(ctx)
	if err != nil {
		return err.Error()
	}
	layer, err := plainJSON(x.Settings)
	if err != nil {
		return err.Error()
	}
	scratch := map[string]any{name: map[string]any{}}
	if err := e.origin.layRule(scratch, name, layer, "the example's settings").err(); err != nil {
		return err.Error()
	}
	for key, value := range layer {
		e = e.tuned(name, key, value)
	}
	in, err := x.Input()
	if err != nil {
		return err.Error()
	}
	d, err := e.Decide(ctx, in)
	if err != nil {
		return err.Error()
	}
	if d.Verdict.String() != x.Says || !slices.Contains(d.Rules(), name) {
		return fmt.Sprintf("the example gets %s by %s, not %s by %s", d.Verdict, strings.Join(d.Rules(), " and "), x.Says, name)
	}
	return ""
}
