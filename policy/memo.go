package policy

import (
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/open-policy-agent/opa/v1/ast"
)

const (
	memoSize     = 1024 // decisions of one Engine
	memoFindings = 4    // inputs with more findings are decided anew
)

// memo remembers decisions by all that rules can see of an input. A policy has
// no clock, no chance and no network, so an input that looks the same to every
// rule gets the same decision; most calls of a tool by a caller do. It is safe
// for concurrent use. A nil memo remembers nothing.
type memo struct {
	seen *lru.Cache[int, remembered]
}

type remembered struct {
	input    ast.Value
	decision Decision
}

// changing is what differs from call to call.
var changing = []string{"now", "session", "call.id", "call.arguments"}

// changes reports whether a path is to what differs, to a part of it, or to
// something that it is part of.
func changes(path string) bool {
	return path == "everything" || slices.ContainsFunc(changing, func(c string) bool {
		return path == c || strings.HasPrefix(path, c+".") || strings.HasPrefix(c, path+".")
	})
}

// newMemo gives no memo to a policy that reads what differs from call to call:
// it would cost and never help.
func newMemo(r *reads) *memo {
	for _, path := range changing {
		at := r
		for word := range strings.SplitSeq(path, ".") {
			at = at.member(word)
		}
		if at != nil {
			return nil
		}
	}
	seen, err := lru.New[int, remembered](memoSize)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &memo{seen: seen}
}

// find gives the decision on an input that looks the same. Inputs whose hashes
// collide are told apart.
func (m *memo) find(input ast.Value) (Decision, bool) {
	if m == nil {
		return Decision{}, false
	}
	r, ok := m.seen.Get(input.Hash())
	if !ok || !ast.ValueEqual(r.input, input) {
		return Decision{}, false
	}
	return r.decision, true
}

// keep remembers a decision. What is kept is never changed.
func (m *memo) keep(in *Input, input ast.Value, d Decision) {
	if m != nil && len(in.Findings) <= memoFindings {
		m.seen.Add(input.Hash(), remembered{input: input, decision: d})
	}
}
