package policy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

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
	if rules := g.rules(ref); len(rules) > 0 {
		return g.harmlessRules(rules)
	}
	return len(g.compiler.GetRules(ground)) == 0 // plain data
}

// harmlessRules accepts sets, and helpers that have one value only, so that
// their bodies cannot contradict each other.
func (g *gatherer) harmlessRules(rules []*ast.Rule) bool {
	for _, r := range rules {
		h := r.Head
		if len(h.Ref()) != 1 || r.Default || r.Else != nil || !g.allHarmless(r.Body) {
			return false
		}
		if h.RuleKind() == ast.MultiValue {
			if !g.harmlessTerm(h.Key) {
				return false
			}
			continue
		}
		if !constant(h.Value) || !h.Value.Equal(rules[0].Head.Value) {
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
