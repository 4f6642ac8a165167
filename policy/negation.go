package policy

import (
	"maps"

	"github.com/open-policy-agent/opa/v1/ast"
)

// negation is of a body that looks at one value: it binds variables to it and
// tests it once, so that its condition holds exactly where the body does.
func (p places) negation(body ast.Body) []condition {
	if p.picks(body) {
		return nil
	}
	inner := places{at: maps.Clone(p.at), seen: p.seen.Copy(), fixed: maps.Clone(p.fixed), fold: p.fold}
	for _, e := range body[:len(body)-1] {
		if !inner.binds(e) {
			return nil
		}
	}
	last := body[len(body)-1]
	needs := inner.needs(last)
	if len(needs) == 0 {
		return nil
	}
	test := needs[len(needs)-1]
	if !inner.exact(last, test) {
		return nil
	}
	if test.each && p.goesOver(test) {
		test.outside = true // of that element, which is any
	} else {
		test.negated = true
	}
	return []condition{test}
}

// picks reports whether a body takes elements by a variable of outside: then it
// is of one element, though it does not look so.
func (p places) picks(body ast.Body) bool {
	found := false
	ast.WalkRefs(body, func(ref ast.Ref) bool {
		for _, step := range ref[1:] {
			v, isVar := step.Value.(ast.Var)
			found = found || isVar && p.seen.Contains(v)
		}
		return false
	})
	return found
}

// binds recognises "variable = value", of a variable that is new, and learns it.
func (p places) binds(e *ast.Expr) bool {
	if !e.IsEquality() || len(e.With) > 0 {
		return false
	}
	v, isVar := e.Operand(0).Value.(ast.Var)
	if p.seen.Contains(v) || !isVar {
		return false
	}
	p.seen.Add(v)
	if value := p.known(e.Operand(1)); value != nil {
		p.fixed[v] = value
		return true
	}
	at, ok := p.of(e.Operand(1))
	if !ok || at.vague {
		return false
	}
	p.at[v] = at
	return true
}

// known is the value of a reference to what does not depend on the input, or
// nil.
func (p places) known(t *ast.Term) ast.Value {
	ref, ok := t.Value.(ast.Ref)
	if !ok {
		return nil
	}
	ground := ref.Copy()
	for i, step := range ref[1:] {
		v, _ := step.Value.(ast.Var)
		if value := p.fixed[v]; value != nil {
			ground[i+1] = ast.NewTerm(value)
		}
	}
	if !ground.IsGround() {
		return nil
	}
	return p.fold(ground)
}

// exact reports whether an expression holds just where its condition does:
// where it tests one value against texts and flags, or asks for it.
func (p places) exact(e *ast.Expr, test condition) bool {
	for _, one := range test.among {
		switch one.(type) {
		case ast.String, ast.Boolean:
		default:
			if !test.data {
				return false
			}
		}
	}
	if term, ok := e.Terms.(*ast.Term); ok {
		at, known := p.of(term)
		return known && !at.vague && test.truthy
	}
	if test.under != nil {
		return true
	}
	tested := 0
	for _, t := range e.Operands() {
		at, ok := p.of(t)
		if ok && at.vague {
			return false
		}
		if ok {
			tested++
		} else if !constant(t) {
			return false
		}
	}
	return tested == 1 && test.among != nil && !test.outside && !test.negated
}

// goesOver reports whether a condition is of elements that a variable outside
// stands for.
func (p places) goesOver(test condition) bool {
	for _, at := range p.at {
		if at.each && at.data == test.data && at.path.Equal(test.path) {
			return true
		}
	}
	return false
}
