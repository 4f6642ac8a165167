package policy

import "github.com/open-policy-agent/opa/v1/ast"

// reads says what of the input some rule looks at; what none does need not be
// built. A nil *reads is nothing; the zero value is that something is there.
type reads struct {
	all     bool // the whole value
	members map[string]*reads
	each    *reads // of the elements that a rule goes over
}

var everything = &reads{all: true}

// member is what is read of one member of an object. Who goes over an object
// may come upon each member.
func (r *reads) member(name string) *reads {
	switch {
	case r == nil || r.all:
		return r
	case r.each != nil:
		return everything
	}
	return r.members[name]
}

// element is what is read of each element of a list.
func (r *reads) element() *reads {
	if r == nil || r.all {
		return r
	}
	return r.each
}

// touch notes that a rule asks whether there is something at a path, and gives
// the place. Of a step that is no word it is noted that all may be read.
func (r *reads) touch(path ast.Ref) *reads {
	for _, step := range path {
		word, ok := step.Value.(ast.String)
		if !ok {
			r.all = true
			return r
		}
		if r.members == nil {
			r.members = map[string]*reads{}
		}
		if r.members[string(word)] == nil {
			r.members[string(word)] = &reads{}
		}
		r = r.members[string(word)]
	}
	return r
}

// add notes that a value is used, as far as its path is written out in words.
// What is taken up in another way counts as wholly read.
func (r *reads) add(path ast.Ref) { r.touch(path).all = true }

// over notes that a rule goes over the elements at a path.
func (r *reads) over(path ast.Ref) *reads {
	list := r.touch(path)
	if list.each == nil {
		list.each = &reads{}
	}
	return list.each
}

// inputReads gathers what compiled modules read of the input. A mention of the
// input that is no path into it counts as reading everything.
func inputReads(modules map[string]*ast.Module) *reads {
	root := &reads{}
	for _, module := range modules {
		for _, rule := range module.Rules {
			newReader(root, rule).read(rule)
		}
	}
	return root
}

// reader gathers what one rule reads.
type reader struct {
	root    *reads
	visitor *ast.GenericVisitor
	// Variables that stand for an element of a list of the input, by what is
	// read of it; and the expressions that bind them.
	elements map[ast.Var]*reads
	binding  map[*ast.Expr]ast.Ref
}

func newReader(root *reads, rule *ast.Rule) *reader {
	r := &reader{root: root, elements: map[ast.Var]*reads{}, binding: map[*ast.Expr]ast.Ref{}}
	ast.WalkExprs(rule, func(e *ast.Expr) bool {
		if v, ref, ok := takesElement(e); ok {
			element := r.root.over(ref[1 : len(ref)-1])
			if other := r.elements[v]; other != nil { // elements that are compared with one another
				other.all, element.all = true, true
			}
			r.binding[e], r.elements[v] = ref, element
		}
		return false
	})
	r.visitor = ast.NewGenericVisitor(r.visit)
	return r
}

func (r *reader) read(rule *ast.Rule) { r.visitor.Walk(rule) }

// takesElement recognises "variable = input.a.list[_]".
func takesElement(e *ast.Expr) (ast.Var, ast.Ref, bool) {
	if !e.IsEquality() || len(e.With) > 0 {
		return "", nil, false
	}
	for i := range 2 {
		v, isVar := e.Operand(i).Value.(ast.Var)
		ref, isRef := e.Operand(1 - i).Value.(ast.Ref)
		if isVar && isRef && isElement(ref) {
			return v, ref, true
		}
	}
	return "", nil, false
}

func isElement(ref ast.Ref) bool {
	last := len(ref) - 1
	if last < 2 || !ref[0].Equal(ast.InputRootDocument) {
		return false
	}
	_, isVar := ref[last].Value.(ast.Var)
	return isVar && ref[:last].IsGround()
}

func (r *reader) visit(x any) bool {
	switch x := x.(type) {
	case *ast.Expr:
		if ref, ok := r.binding[x]; ok {
			r.visitor.Walk(ref[len(ref)-1])
			return true
		}
		if term, ok := x.Terms.(*ast.Term); ok && len(x.With) == 0 {
			return r.asks(term)
		}
	case ast.Ref:
		return r.ref(x)
	case ast.Var:
		r.root.all = r.root.all || x.Equal(ast.InputRootDocument.Value)
		if element := r.elements[x]; element != nil {
			element.all = true
		}
	}
	return false
}

// asks notes an expression that only asks whether there is something.
func (r *reader) asks(term *ast.Term) bool {
	ref, ok := term.Value.(ast.Ref)
	if !ok || !ref[0].Equal(ast.InputRootDocument) || len(ref) < 2 || !ref.IsGround() {
		return false
	}
	r.root.touch(ref[1:])
	return true
}

func (r *reader) ref(ref ast.Ref) bool {
	from := r.root
	if !ref[0].Equal(ast.InputRootDocument) {
		head, _ := ref[0].Value.(ast.Var)
		if from = r.elements[head]; from == nil {
			return false
		}
	}
	from.add(ref[1:])
	for _, step := range ref[1:] {
		r.visitor.Walk(step)
	}
	return true
}
