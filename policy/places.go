package policy

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// place is where in the input or the data a value comes from, as a condition
// that asks for nothing but that it is there. A vague one only says what has
// to be there for the value to be, not where the value is.
type place struct {
	condition
	vague bool
}

// places says of the variables of one body where their values come from.
type places struct {
	at    map[ast.Var]place
	seen  ast.VarSet            // all that were met so far
	fixed map[ast.Var]ast.Value // those whose value does not depend on the input
	fold  func(ast.Ref) ast.Value
}

func newPlaces(fold func(ast.Ref) ast.Value) places {
	return places{at: map[ast.Var]place{}, seen: ast.NewVarSet(), fixed: map[ast.Var]ast.Value{}, fold: fold}
}

// needs gives what an expression depends on, and learns the variables that it
// binds.
func (p places) needs(e *ast.Expr) []condition {
	defer func() { p.seen.Update(e.Vars(ast.VarVisitorParams{})) }()
	switch terms := e.Terms.(type) {
	case *ast.Not:
		return p.negation(terms.Body)
	case *ast.Term:
		needs := p.there(terms)
		for i := range needs {
			needs[i].truthy = true
		}
		return needs
	case []*ast.Term:
		switch e.Operator().String() {
		case ast.Equality.Name, ast.Equal.Name:
			return p.equality(e.Operand(0), e.Operand(1))
		case ast.Member.Name:
			return p.membership(e.Operand(0), e.Operand(1))
		case ast.NotEqual.Name:
			return p.difference(e.Operand(0), e.Operand(1))
		case ast.LessThan.Name:
			return p.comparison(e.Operand(0), e.Operand(1))
		}
		return p.there(e.Operands()...)
	}
	return nil
}

// there asks that the values are there.
func (p places) there(terms ...*ast.Term) []condition {
	var needs []condition
	for _, t := range terms {
		if at, ok := p.of(t); ok {
			needs = append(needs, at.condition)
		}
	}
	return needs
}

func (p places) equality(a, b *ast.Term) []condition {
	needs := p.there(a, b)
	for _, pair := range [][2]*ast.Term{{a, b}, {b, a}} {
		at, ok := p.of(pair[0])
		if !ok || at.vague {
			continue
		}
		if constant(pair[1]) {
			at.among = []ast.Value{pair[1].Value}
			return []condition{at.condition}
		}
		if v, isVar := pair[1].Value.(ast.Var); isVar {
			if _, bound := p.at[v]; !bound {
				p.at[v] = at
			}
		}
	}
	return needs
}

// difference is "value != other", of another that is written out.
func (p places) difference(value, other *ast.Term) []condition {
	needs := p.there(value, other)
	at, ok := p.of(value)
	if !ok || at.vague || !constant(other) {
		return needs
	}
	at.among = []ast.Value{other.Value}
	at.outside, at.negated = at.each, !at.each
	return append(needs, at.condition)
}

// comparison is "value < limit", of a limit that is known.
func (p places) comparison(value, limit *ast.Term) []condition {
	needs := p.there(value, limit)
	at, ok := p.of(value)
	v, _ := limit.Value.(ast.Var)
	if under, isNumber := p.fixed[v].(ast.Number); ok && !at.vague && isNumber {
		at.under = under
		return append(needs, at.condition)
	}
	return needs
}

// membership is "item in list".
func (p places) membership(item, list *ast.Term) []condition {
	needs := p.there(item, list)
	if at, ok := p.of(list); ok && !at.vague && !at.each && constant(item) {
		at.each, at.among = true, []ast.Value{item.Value}
		return append(needs, at.condition)
	}
	at, ok := p.of(item)
	if !ok || at.vague || !constant(list) {
		return needs
	}
	at.among = []ast.Value{}
	switch v := list.Value.(type) {
	case *ast.Array:
		v.Foreach(func(t *ast.Term) { at.among = append(at.among, t.Value) })
	case ast.Set:
		v.Foreach(func(t *ast.Term) { at.among = append(at.among, t.Value) })
	case ast.Object:
		v.Foreach(func(_, t *ast.Term) { at.among = append(at.among, t.Value) })
	}
	return append(needs, at.condition)
}

// of is the place of a term.
func (p places) of(t *ast.Term) (place, bool) {
	switch v := t.Value.(type) {
	case ast.Var:
		at, ok := p.at[v]
		return at, ok
	case ast.Ref:
		head, ok := v[0].Value.(ast.Var)
		if !ok {
			return place{}, false
		}
		at, ok := p.at[head]
		switch {
		case v[0].Equal(ast.InputRootDocument):
			at, ok = place{}, true
		case v[0].Equal(ast.DefaultRootDocument):
			at, ok = place{condition: condition{data: true}}, len(v) > 1 && v[1].Equal(settingsTerm)
		}
		return at.below(v[1:]), ok
	}
	return place{}, false
}

// below follows a path from a place. Of a list that is gone over any element
// will do; a second such step, and one that is no word, is not followed.
func (at place) below(path ast.Ref) place {
	for _, step := range path {
		_, word := step.Value.(ast.String)
		_, variable := step.Value.(ast.Var)
		switch {
		case at.vague:
			return at
		case (word || isIndex(step)) && at.each:
			at.member = at.member.Append(step)
		case word || isIndex(step):
			at.path = at.path.Append(step)
		case variable && !at.each:
			at.each = true
		default:
			at.vague = true
		}
	}
	return at
}

// isIndex reports whether a step is to an element of a list by its number.
func isIndex(step *ast.Term) bool {
	n, ok := step.Value.(ast.Number)
	if !ok {
		return false
	}
	_, whole := n.Int()
	return whole && !strings.ContainsAny(string(n), ".eE-")
}
