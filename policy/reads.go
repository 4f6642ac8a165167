package policy

import "github.com/open-policy-agent/opa/v1/ast"

// reads says what of the input some rule looks at; what none does need not be
// built. A nil *reads is nothing.
type reads struct {
	all     bool // the whole value
	members map[string]*reads
}

var everything = &reads{all: true}

// member is what is read of one member of an object.
func (r *reads) member(name string) *reads {
	if r == nil || r.all {
		return r
	}
	return r.members[name]
}

// add notes a path below r, as far as it is written out in words. What is taken
// up in another way, say by a variable, counts as wholly read.
func (r *reads) add(path ast.Ref) {
	if len(path) == 0 {
		r.all = true
		return
	}
	word, ok := path[0].Value.(ast.String)
	if !ok {
		r.all = true
		return
	}
	if r.members == nil {
		r.members = map[string]*reads{}
	}
	if r.members[string(word)] == nil {
		r.members[string(word)] = &reads{}
	}
	r.members[string(word)].add(path[1:])
}

// inputReads gathers what compiled modules read of the input. A mention of the
// input that is no path into it counts as reading everything.
func inputReads(modules map[string]*ast.Module) *reads {
	root := &reads{}
	var visitor *ast.GenericVisitor
	visitor = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Ref:
			if !x[0].Equal(ast.InputRootDocument) {
				return false
			}
			root.add(x[1:])
			for _, step := range x[1:] {
				visitor.Walk(step)
			}
			return true
		case ast.Var:
			root.all = root.all || x.Equal(ast.InputRootDocument.Value)
		}
		return false
	})
	for _, module := range modules {
		visitor.Walk(module)
	}
	return root
}
