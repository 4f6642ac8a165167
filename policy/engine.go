package policy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// DefaultTimeout is how long a decision may take where Options say nothing.
const DefaultTimeout = time.Second

// query is the one thing that is asked of the policy.
const query = "data.callgate.main.decision"

// unmeasured spares evaluations the timers that nobody reads.
var unmeasured = rego.EvalMetrics(metrics.NoOp())

// Options say what an Engine is made of.
type Options struct {
	Shipped  fs.FS          // main.rego, scopes.rego, rules/, profiles/, schemas/
	Dirs     []string       // folders with rules of the operator; .rego files are found at any depth
	Archives []Archive      // rules and data of the operator beside Dirs
	OwnTests bool           // whether Load also runs the operator's tests, all of which have to pass
	Profile  string         // name of a file in profiles/; empty means "balanced"
	Settings map[string]any // over the profile: {"mode": ..., "rules": {NAME: {SETTING: ...}}}
	Timeout  time.Duration  // of one decision; 0 means DefaultTimeout
}

// Engine decides by one policy. It never changes and is safe for concurrent
// use; a changed policy is a new Engine.
type Engine struct {
	query    rego.PreparedEvalQuery
	reads    *reads
	memo     *memo
	silence  *silence
	origin   *bundle // for explanations
	data     ast.Value
	rules    []RuleInfo
	known    map[string]bool // names that may speak
	observe  bool
	revision string
	timeout  time.Duration
}

// Load reads, checks, compiles and tries a policy. The error is Faults, all of
// them, where the policy is at fault. It has no side effect.
func Load(ctx context.Context, o Options) (*Engine, error) {
	b, faults := collect(o)
	faults = append(faults, b.compile()...)
	if o.OwnTests && len(faults) == 0 {
		faults = b.ownTests(ctx)
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	e, err := b.engine(ctx, o.Timeout)
	if err != nil {
		return nil, err
	}
	if err := e.selfTest(ctx).err(); err != nil {
		return nil, err
	}
	return e, nil
}

func (b *bundle) engine(ctx context.Context, timeout time.Duration) (*Engine, error) {
	prepared, err := rego.New(
		rego.Query(query),
		rego.Compiler(b.compiler),
		rego.Capabilities(capabilities()),
		rego.Store(inmem.New()), // empty: all data is in the world of an evaluation
		rego.StrictBuiltinErrors(true),
		rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t, nil }),
	).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare the policy: %w", err)
	}
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	data, err := ast.InterfaceToValue(b.data)
	if err != nil {
		return nil, fmt.Errorf("prepare the settings: %w", err)
	}
	origin := *b // without what only tests need
	origin.sources = slices.DeleteFunc(slices.Clone(b.sources), func(s source) bool { return s.test })
	e := &Engine{
		origin: &origin, query: prepared, reads: inputReads(b.compiler.Modules), silence: silent(b.compiler, data, b.speakers()), data: data,
		rules: b.infos(), known: map[string]bool{"main": true},
		observe: b.observe(), revision: b.revision(), timeout: timeout,
	}
	e.memo = newMemo(e.reads)
	for _, r := range e.rules {
		e.known[r.Name] = true
	}
	return e, nil
}

// Decide judges one input. Whatever goes wrong, a panic included, gives the
// zero Decision, which denies, and an *Error. The deadline is the sooner of
// the Engine's and that of ctx. Decisions share what they hold; nobody may
// change it.
func (e *Engine) Decide(ctx context.Context, in *Input) (d Decision, err error) {
	defer func() {
		if p := recover(); p != nil {
			d, err = Decision{}, &Error{Kind: Evaluation, Cause: fmt.Errorf("panic: %v", p)}
		}
	}()
	value, err := in.value(e.reads)
	if err != nil {
		return Decision{}, &Error{Kind: Malformed, Cause: err}
	}
	if d, ok := e.memo.find(value); ok {
		return d, nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	stop := topdown.NewCancel()
	defer context.AfterFunc(ctx, stop.Cancel)()
	results, err := e.query.Eval(ctx, rego.EvalBaseCache(e.world(value)), unmeasured, rego.EvalParsedInput(value), rego.EvalExternalCancel(stop))
	if err != nil || ctx.Err() != nil {
		return Decision{}, failure(ctx, err)
	}
	term, err := single(results)
	if err != nil {
		return Decision{}, err
	}
	d, err = e.reread(term, in)
	if err != nil {
		return Decision{}, err
	}
	d.Revision = e.revision
	e.memo.keep(in, value, d)
	return d, nil
}

// failure names what went wrong in an evaluation.
func failure(ctx context.Context, err error) error {
	if ctx.Err() != nil || topdown.IsCancel(err) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Kind: Timeout, Cause: errors.Join(context.Cause(ctx), err)}
	}
	return &Error{Kind: Evaluation, Cause: err}
}

// single is the one value of a result, where there is exactly one.
func single(results rego.ResultSet) (*ast.Term, error) {
	if len(results) == 0 {
		return nil, &Error{Kind: Undefined, Cause: errors.New(query + " is undefined")}
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, malformed("%d results, want one", len(results))
	}
	term, ok := results[0].Expressions[0].Value.(*ast.Term)
	if !ok {
		return nil, malformed("the result is a %T", results[0].Expressions[0].Value)
	}
	return term, nil
}

// Revision is the hex digest of the modules and data that decide, whatever
// order and place they were loaded from.
func (e *Engine) Revision() string { return e.revision }

// Rules lists the rules by name.
func (e *Engine) Rules() []RuleInfo { return e.rules }

// Observe reports whether refusals are to be recorded but not enforced.
func (e *Engine) Observe() bool { return e.observe }

// Remembers reports whether decisions are remembered by what rules see.
func (e *Engine) Remembers() bool { return e.memo != nil }

// Forgetful names the rules for which no decision is remembered: those that are
// on and read what differs from call to call.
func (e *Engine) Forgetful() []string {
	names := []string{}
	for _, r := range e.rules {
		if r.On() && slices.ContainsFunc(r.Reads, changes) {
			names = append(names, r.Name)
		}
	}
	return names
}
