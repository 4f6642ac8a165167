package policy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// conditions are gathered from compiled rules. Only the beginning of a body
// counts, up to the first expression that could fail: what stands behind it is
// not reached where a condition before it does not hold, so leaving the rule
// out is the same as asking it.
type gatherer struct {
	compiler   *ast.Compiler
	conditions []condition
}

// silent derives for each speaker on what its bodies depend.
func silent(c *ast.Compiler, speakers []speaker) *silence {
	g := &gatherer{compiler: c}
	for i := range speakers {
		s := &speakers[i]
		ref := ast.MustParseRef("data.callgate.rules").Append(ast.StringTerm(s.rule)).Append(ast.StringTerm(s.verdict))
		for _, rule := range c.GetRulesExact(ref) {
			s.bodies = append(s.bodies, g.body(rule.Body))
		}
		if len(s.bodies) == 0 {
			s.bodies = [][]int{nil} // not found: it is always asked
		}
	}
	return newSilence(speakers, g.conditions)
}

// body gives the conditions of one body.
func (g *gatherer) body(body ast.Body) []int {
	var needs []int
	known := places{}
	for _, e := range body {
		if !g.harmless(e) {
			break
		}
		for _, c := range known.needs(e) {
			needs = append(needs, g.place(c))
		}
		needs = append(needs, g.helper(e)...)
	}
	slices.Sort(needs)
	return slices.Compact(needs)
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

func (c condition) equal(other condition) bool {
	return c.each == other.each && c.path.Equal(other.path) && c.member.Equal(other.member) &&
		(c.among == nil) == (other.among == nil) && slices.EqualFunc(c.among, other.among, ast.ValueEqual)
}

// helper gives the conditions of a rule that an expression asks for, where it
// has a single body.
func (g *gatherer) helper(e *ast.Expr) []int {
	term, ok := e.Terms.(*ast.Term)
	if !ok {
		return nil
	}
	ref, ok := term.Value.(ast.Ref)
	if !ok || !ref.IsGround() {
		return nil
	}
	if rules := g.compiler.GetRulesExact(ref); len(rules) == 1 {
		return g.body(rules[0].Body)
	}
	return nil
}

// operators never fail, whatever they are given.
var operators = []string{
	ast.Equality.Name, ast.Equal.Name, ast.NotEqual.Name, ast.Member.Name, ast.MemberWithKey.Name,
	ast.LessThan.Name, ast.LessThanEq.Name, ast.GreaterThan.Name, ast.GreaterThanEq.Name,
}

// harmless reports whether an expression can only hold or not: it calls nothing
// that fails and asks for no rule that does.
func (g *gatherer) harmless(e *ast.Expr) bool {
	if len(e.With) > 0 || e.Negated {
		return false
	}
	switch terms := e.Terms.(type) {
	case *ast.Not:
		return g.allHarmless(terms.Body)
	case *ast.Term:
		return g.harmlessTerm(terms)
	case []*ast.Term:
		return slices.Contains(operators, e.Operator().String()) && !slices.ContainsFunc(e.Operands(), func(t *ast.Term) bool { return !g.harmlessTerm(t) })
	}
	return false
}

func (g *gatherer) allHarmless(body ast.Body) bool {
	return !slices.ContainsFunc(body, func(e *ast.Expr) bool { return !g.harmless(e) })
}

// harmlessTerm accepts constants, variables and references; a comprehension may
// hold anything.
func (g *gatherer) harmlessTerm(t *ast.Term) bool {
	switch v := t.Value.(type) {
	case ast.Ref:
		return g.harmlessRef(v)
	case ast.Var:
		return true
	}
	return constant(t)
}

func (g *gatherer) harmlessRef(ref ast.Ref) bool {
	for _, step := range ref[1:] {
		if _, isVar := step.Value.(ast.Var); !isVar && !constant(step) {
			return false
		}
	}
	if !ref[0].Equal(ast.DefaultRootDocument) {
		return true
	}
	ground := ref.GroundPrefix()
	if exact := g.compiler.GetRulesExact(ground); len(exact) > 0 {
		return g.harmlessRules(exact)
	}
	return len(g.compiler.GetRules(ground)) == 0 // plain data
}

// harmlessRules accepts a helper that has one value only, so that its bodies
// cannot contradict each other.
func (g *gatherer) harmlessRules(rules []*ast.Rule) bool {
	for _, r := range rules {
		h := r.Head
		if h.RuleKind() != ast.SingleValue || len(h.Args) > 0 || r.Default || r.Else != nil ||
			!constant(h.Value) || !h.Value.Equal(rules[0].Head.Value) || !g.allHarmless(r.Body) {
			return false
		}
	}
	return true
}

// constant reports whether a term is written out wholly.
func constant(t *ast.Term) bool {
	switch v := t.Value.(type) {
	case ast.Null, ast.Boolean, ast.Number, ast.String:
		return true
	case *ast.Array:
		return !v.Until(func(item *ast.Term) bool { return !constant(item) })
	case ast.Set:
		return !v.Until(func(item *ast.Term) bool { return !constant(item) })
	case ast.Object:
		return !v.Until(func(key, value *ast.Term) bool { return !constant(key) || !constant(value) })
	}
	return false
}
