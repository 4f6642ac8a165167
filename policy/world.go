package policy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

var (
	speakersTerm = ast.InternedTerm("speakers")
	completeTerm = ast.InternedTerm("complete")
	settingsTerm = ast.InternedTerm("settings")
)

// world is all the data of one evaluation; the store behind it is empty. What
// depends on the input has a place of its own.
type world struct {
	data     ast.Value
	speakers *ast.Term
	complete bool
}

// facts are the lists without which rules would find nothing to object to.
var facts = []ast.Ref{
	inputPath("findings"), inputPath("targets"), inputPath("tool", "schema_errors"), inputPath("tool", "drift"),
	inputPath("call", "effects"), inputPath("call", "domains"), inputPath("call", "traits"), inputPath("call", "programs"),
}

func inputPath(words ...string) ast.Ref {
	var ref ast.Ref
	for _, word := range words {
		ref = append(ref, ast.InternedTerm(word))
	}
	return ref
}

func (e *Engine) world(input ast.Value) world {
	lacks := func(fact ast.Ref) bool { return find(input, fact) == nil }
	return world{data: e.data, speakers: e.silence.speaking(input), complete: !slices.ContainsFunc(facts, lacks)}
}

// Get gives the value at a path, or nil where there is none.
func (w world) Get(ref ast.Ref) ast.Value {
	if len(ref) > 1 {
		switch {
		case ref[1].Equal(speakersTerm):
			return find(w.speakers.Value, ref[2:])
		case len(ref) == 2 && ref[1].Equal(completeTerm):
			return ast.Boolean(w.complete)
		}
	}
	return find(w.data, ref[1:])
}

// Put keeps nothing, since nothing comes from the store.
func (world) Put(ast.Ref, ast.Value) {}
