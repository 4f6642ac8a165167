package policy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// alternatives are what a rule depends on: one of them has to hold, and of it
// each condition, by its place among all. None at all means never.
type alternatives [][]int

// maxAlternatives bounds them for one body. Where there would be more, some of
// the conditions are forgotten, which asks a rule too often, never too seldom.
const maxAlternatives = 16

// gatherer derives conditions from compiled rules. Only the beginning of a body
// counts, up to the first expression that could fail: what stands behind it is
// not reached where a condition before it does not hold, so leaving the rule
// out is the same as asking it.
type gatherer struct {
	compiler   *ast.Compiler
	data       ast.Value // what does not change with the input is settled once
	conditions []condition
}

// silent derives for each speaker on what its bodies depend.
func silent(c *ast.Compiler, data ast.Value, speakers []speaker) *silence {
	g := &gatherer{compiler: c, data: data}
	for i := range speakers {
		s := &speakers[i]
		ref := ast.MustParseRef("data.callgate.rules").Append(ast.StringTerm(s.rule)).Append(ast.StringTerm(s.verdict))
		s.bodies = g.any(c.GetRulesExact(ref))
	}
	return newSilence(speakers, g.conditions)
}

// any gives what it takes for one of several rules to come to something.
func (g *gatherer) any(rules []*ast.Rule) alternatives {
	some := alternatives{}
	for _, r := range rules {
		for ; r != nil; r = r.Else {
			some = append(some, g.body(r.Body)...)
		}
	}
	if len(some) > maxAlternatives {
		return alternatives{nil}
	}
	return some
}

// body gives what it takes for a body to hold.
func (g *gatherer) body(body ast.Body) alternatives {
	needs, known := alternatives{nil}, newPlaces(g.fold)
	for i, e := range body {
		if rules := g.asked(e); rules != nil {
			needs = both(needs, g.any(rules))
		}
		needs = both(needs, g.members(body[i:]))
		if !g.harmless(e) {
			return needs
		}
		for _, c := range known.needs(e) {
			switch {
			case !c.data:
				needs = both(needs, alternatives{{g.place(c)}})
			case !c.holds(g.data):
				return alternatives{}
			}
		}
	}
	return needs
}

// both joins what two things take.
func both(a, b alternatives) alternatives {
	if len(a)*len(b) > maxAlternatives {
		return a
	}
	joined := alternatives{}
	for _, x := range a {
		for _, y := range b {
			all := slices.Concat(x, y)
			slices.Sort(all)
			joined = append(joined, slices.Compact(all))
		}
	}
	return joined
}

// place is where a condition stands among all.
func (g *gatherer) place(c condition) int {
	i := slices.IndexFunc(g.conditions, c.equal)
	if i < 0 {
		i = len(g.conditions)
		g.conditions = append(g.conditions, c)
	}
	return i
}

// asked gives the rules that have to come to something for an expression to
// hold.
func (g *gatherer) asked(e *ast.Expr) []*ast.Rule {
	if len(e.With) > 0 || e.Negated {
		return nil
	}
	var terms []*ast.Term
	switch t := e.Terms.(type) {
	case *ast.Term:
		terms = []*ast.Term{t}
	case []*ast.Term:
		if e.IsEquality() && (g.harmlessTerm(e.Operand(0)) || g.harmlessTerm(e.Operand(1))) {
			terms = e.Operands()
		}
	}
	for _, t := range terms {
		ref, _ := t.Value.(ast.Ref)
		rules := g.rules(ref)
		if len(rules) > 0 && (rules[0].Head.RuleKind() == ast.SingleValue || len(ref) > len(rules[0].Ref())) {
			return rules
		}
	}
	return nil
}

// rules are those that a reference leads to, if they are no functions.
func (g *gatherer) rules(ref ast.Ref) []*ast.Rule {
	if len(ref) == 0 || !ref[0].Equal(ast.DefaultRootDocument) {
		return nil
	}
	rules := g.compiler.GetRulesForVirtualDocument(ref.GroundPrefix())
	if slices.ContainsFunc(rules, func(r *ast.Rule) bool { return len(r.Head.Args) > 0 || len(r.Ref()) > len(ref) }) {
		return nil
	}
	return rules
}

// members is for "set := a rule; item in set" where the rule may fail: it does
// not where none of its bodies is come to, and then the set is empty.
func (g *gatherer) members(body ast.Body) alternatives {
	if len(body) < 2 || !body[0].IsEquality() || len(body[0].With)+len(body[1].With) > 0 || body[1].Negated {
		return alternatives{nil}
	}
	set, isVar := body[0].Operand(0).Value.(ast.Var)
	ref, isRef := body[0].Operand(1).Value.(ast.Ref)
	if !isVar || !isRef || !body[1].IsCall() || body[1].Operator().String() != ast.Member.Name || ast.Compare(body[1].Operand(1).Value, set) != 0 {
		return alternatives{nil}
	}
	if rules := g.rules(ref); len(rules) > 0 {
		return g.any(rules)
	}
	return alternatives{nil}
}

// fold is the value of a reference that is the same for every input: to the
// settings, or to a helper that is written out. It is nil for any other.
func (g *gatherer) fold(ref ast.Ref) ast.Value {
	if !ref.HasPrefix(ast.DefaultRootRef) {
		return nil
	}
	if len(ref) > 1 && ref[1].Equal(settingsTerm) {
		return find(g.data, ref[1:])
	}
	rules := g.rules(ref)
	if len(rules) != 1 || rules[0].Default || rules[0].Else != nil || rules[0].Head.RuleKind() != ast.SingleValue ||
		!constant(rules[0].Head.Value) || !rules[0].Body.Equal(unconditional) {
		return nil
	}
	return find(rules[0].Head.Value.Value, ref[len(rules[0].Ref()):])
}

var unconditional = ast.NewBody(ast.NewExpr(ast.BooleanTerm(true)))
