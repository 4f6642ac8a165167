package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// placed says where the variables of one body stood, as paths from input or
// data without variables.
type placed struct {
	locals *ast.ValueMap
	at     map[ast.Var]ast.Ref
}

func newPlaced(rule *ast.Rule, locals *ast.ValueMap) placed {
	p := placed{locals: locals, at: map[ast.Var]ast.Ref{}}
	ast.WalkExprs(rule, func(e *ast.Expr) bool {
		if !e.IsEquality() {
			return false
		}
		for i := range 2 {
			v, isVar := e.Operand(i).Value.(ast.Var)
			ref, isRef := e.Operand(1 - i).Value.(ast.Ref)
			if !isVar || !isRef {
				continue
			}
			if path, exact := p.path(ref); exact {
				p.at[v] = path
			}
		}
		return false
	})
	return p
}

// path puts the values of variables into a reference. Where one is not known
// the path ends before it and is not exact; it is nil where the reference is to
// a rule.
func (p placed) path(ref ast.Ref) (ast.Ref, bool) {
	head, _ := ref[0].Value.(ast.Var)
	path := ast.Ref{ref[0]}
	switch at := p.at[head]; {
	case at != nil:
		path = slices.Clone(at)
	case ref[0].Equal(ast.InputRootDocument):
	case ref[0].Equal(ast.DefaultRootDocument) && len(ref) > 1 && !ref[1].Equal(ast.InternedTerm("callgate")):
	default:
		return nil, false
	}
	for _, step := range ref[1:] {
		v, isVar := step.Value.(ast.Var)
		switch {
		case isVar && p.local(v) != nil:
			step = ast.NewTerm(p.local(v))
		case !constant(step):
			return path, false
		}
		path = path.Append(step)
	}
	return path, true
}

func (p placed) local(v ast.Var) ast.Value {
	if p.locals == nil {
		return nil
	}
	return p.locals.Get(v)
}

// reads lists the values that an expression reads.
func (l *lines) reads(e *ast.Expr, p placed) []Read {
	var all []Read
	ast.WalkRefs(e, func(ref ast.Ref) bool {
		if path, _ := p.path(ref); len(path) > 1 {
			all = append(all, Read{Path: pathText(path), Value: l.value(path)})
		}
		return false
	})
	return all
}

// value is what stands at a path; nil where nothing does. A list of the
// settings is shown as one, though it is a look-up to rules.
func (l *lines) value(path ast.Ref) json.RawMessage {
	from := l.input
	if path[0].Equal(ast.DefaultRootDocument) {
		from = l.e.data
	}
	at := find(from, path[1:])
	if at == nil {
		return nil
	}
	plain, err := ast.JSON(at)
	if err != nil {
		return nil
	}
	if keys, ok := plain.(map[string]any); ok && path[0].Equal(ast.DefaultRootDocument) && len(keys) > 0 {
		if !slices.ContainsFunc(slices.Collect(maps.Values(keys)), func(v any) bool { return v != true }) {
			plain = slices.Sorted(maps.Keys(keys))
		}
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return nil
	}
	return text
}

// pathText writes a path as a person would.
func pathText(path ast.Ref) string {
	var text strings.Builder
	text.WriteString(strings.Trim(path[0].String(), `"`))
	for _, step := range path[1:] {
		if word, ok := step.Value.(ast.String); ok && ast.IsVarCompatibleString(string(word)) {
			text.WriteString("." + string(word))
		} else {
			text.WriteString("[" + step.String() + "]")
		}
	}
	return text.String()
}
