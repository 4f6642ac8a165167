package policy

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Explanation is why a decision is as it is, and what would change it.
type Explanation struct {
	Decision Decision  `json:"-"`
	Verdict  string    `json:"verdict"`
	Revision string    `json:"revision"`
	Because  []Because `json:"because"` // in the order of the decision's opinions
	Changes  []Change  `json:"changes"` // those that lead to the mildest verdict first
}

// Because is one opinion with the lines that made it.
type Because struct {
	Rule    string   `json:"rule"`
	Verdict string   `json:"verdict"`
	Reason  string   `json:"reason"`
	Nearest string   `json:"nearest,omitempty"`
	Effects []string `json:"effects,omitempty"`
	Lines   []Line   `json:"lines"` // of the rule first, then of its helpers; none for main
}

// Line is a line of a rule with what it read.
type Line struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Text  string `json:"text"`
	Reads []Read `json:"reads"`
}

// Read is a value of the input or of the data.
type Read struct {
	Path  string          `json:"path"`            // such as input.findings[0].level
	Value json.RawMessage `json:"value,omitempty"` // absent where there was none
}

// maxLines bounds the lines behind one opinion.
const maxLines = 60

// Explain decides as Decide does and says why. It evaluates apart from the
// decisions of calls, takes many times as long as one, and remembers nothing.
// The error is that of Decide.
func (e *Engine) Explain(ctx context.Context, in *Input) (Explanation, error) {
	trial := *e
	trial.memo, trial.timeout = nil, e.timeout*patience
	d, err := trial.Decide(ctx, in)
	if err != nil {
		return Explanation{}, err
	}
	value, err := in.value(everything)
	if err != nil {
		return Explanation{}, &Error{Kind: Malformed, Cause: err}
	}
	w := &witness{parents: map[uint64]uint64{}}
	if _, err := e.query.Eval(ctx, rego.EvalBaseCache(e.world(value)), rego.EvalParsedInput(value), rego.EvalQueryTracer(w)); err != nil {
		return Explanation{}, failure(ctx, err)
	}
	x := Explanation{Decision: d, Verdict: d.Verdict.String(), Revision: d.Revision, Because: []Because{}}
	for _, o := range d.Opinions {
		l := lines{e: e, witness: w, input: value, seen: map[*ast.Rule]bool{}}
		x.Because = append(x.Because, Because{
			Rule: o.Rule, Verdict: o.Verdict.String(), Reason: o.Reason, Nearest: o.Nearest, Effects: o.Effects, Lines: l.of(o, in),
		})
	}
	x.Changes = trial.changes(ctx, in, d)
	return x, nil
}

// witness notes what rules came to while they are evaluated.
type witness struct {
	exits   []exit
	parents map[uint64]uint64
}

// exit is one time that a body of a rule held.
type exit struct {
	rule   *ast.Rule
	query  uint64
	locals *ast.ValueMap
	key    *ast.Term // what it put into its set; nil where it is no set
}

// Enabled makes the evaluator report.
func (w *witness) Enabled() bool { return true }

// Config asks for the values of variables.
func (w *witness) Config() topdown.TraceConfig { return topdown.TraceConfig{PlugLocalVars: true} }

// TraceEvent is called at each step.
func (w *witness) TraceEvent(step topdown.Event) {
	w.parents[step.QueryID] = step.ParentID
	rule, ok := step.Node.(*ast.Rule)
	if step.Op != topdown.ExitOp || !ok {
		return
	}
	out := exit{rule: rule, query: step.QueryID, locals: step.Locals}
	if rule.Head.Key != nil {
		out.key = step.Plug(rule.Head.Key)
	}
	w.exits = append(w.exits, out)
}

// within reports whether a query was made for another one, or is it.
func (w *witness) within(query, outer uint64) bool {
	for ; query != outer; query = w.parents[query] {
		if parent, ok := w.parents[query]; !ok || parent == query {
			return false
		}
	}
	return true
}

// lines gathers the lines behind one opinion.
type lines struct {
	e       *Engine
	witness *witness
	input   ast.Value
	seen    map[*ast.Rule]bool
	all     []Line
}

// of finds the bodies that made an opinion.
func (l *lines) of(o Opinion, in *Input) []Line {
	l.all = []Line{}
	for _, out := range l.witness.exits {
		if out.key == nil || ruleName(out.rule.Module.Package) != o.Rule || headName(out.rule) != o.Verdict.String() {
			continue
		}
		element := ast.NewTerm(ast.NewObject(
			[2]*ast.Term{ast.InternedTerm("rule"), ast.StringTerm(o.Rule)},
			[2]*ast.Term{ast.InternedTerm("verdict"), ast.StringTerm(o.Verdict.String())},
			[2]*ast.Term{ast.InternedTerm("said"), out.key},
		))
		if made, err := l.e.opinion(element, in.Result != nil); err == nil && made.same(o) && !l.seen[out.rule] {
			l.rule(out.rule, out.query, out.locals)
		}
	}
	return l.all
}

func (o Opinion) same(other Opinion) bool {
	return o.Reason == other.Reason && o.Nearest == other.Nearest && slices.Equal(o.Effects, other.Effects)
}

// rule adds the lines of one body and of what it asked of other rules.
func (l *lines) rule(rule *ast.Rule, query uint64, locals *ast.ValueMap) {
	if l.seen[rule] {
		return
	}
	l.seen[rule] = true
	p, first := newPlaced(rule, locals), len(l.all)
	l.line(rule.Head.Location, nil)
	var helpers []*ast.Rule
	ast.WalkExprs(rule, func(x *ast.Expr) bool {
		if _, isNot := x.Terms.(*ast.Not); !isNot && x.Location != nil {
			l.line(x.Location, l.reads(x, p))
		}
		return false
	})
	ast.WalkRefs(rule, func(ref ast.Ref) bool {
		if ref[0].Equal(ast.DefaultRootDocument) {
			helpers = append(helpers, l.e.origin.compiler.GetRulesForVirtualDocument(ref.GroundPrefix())...)
		}
		return false
	})
	slices.SortFunc(l.all[first:], func(a, b Line) int { return cmp.Compare(a.Line, b.Line) })
	for _, helper := range helpers {
		l.helper(helper, query)
	}
}

// helper adds the lines of a rule that another one asked: as it held, or, where
// it did not, as it stands.
func (l *lines) helper(rule *ast.Rule, asker uint64) {
	for _, out := range l.witness.exits {
		if out.rule == rule && (len(rule.Head.Args) == 0 || l.witness.within(out.query, asker)) {
			l.rule(rule, out.query, out.locals)
			return
		}
	}
	if !l.held(rule) {
		l.rule(rule, asker, nil)
	}
}

// held reports whether another body of the same rule did.
func (l *lines) held(rule *ast.Rule) bool {
	return slices.ContainsFunc(l.witness.exits, func(out exit) bool { return out.rule.Ref().Equal(rule.Ref()) })
}

// line adds a line, or what is read to a line that is there.
func (l *lines) line(at *ast.Location, reads []Read) {
	if at == nil || len(l.all) >= maxLines {
		return
	}
	i := slices.IndexFunc(l.all, func(x Line) bool { return x.File == at.File && x.Line == at.Row })
	if i < 0 {
		i = len(l.all)
		l.all = append(l.all, Line{File: at.File, Line: at.Row, Text: l.e.origin.text(at.File, at.Row), Reads: []Read{}})
	}
	for _, r := range reads {
		if !slices.ContainsFunc(l.all[i].Reads, func(x Read) bool { return x.Path == r.Path }) {
			l.all[i].Reads = append(l.all[i].Reads, r)
		}
	}
}

// text is a line of a file.
func (b *bundle) text(file string, row int) string {
	for _, s := range b.sources {
		if s.file == file {
			if all := strings.Split(string(s.text), "\n"); row > 0 && row <= len(all) {
				return strings.TrimSpace(all[row-1])
			}
		}
	}
	return ""
}
