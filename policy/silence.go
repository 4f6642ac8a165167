package policy

import (
	"math/bits"
	"slices"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/open-policy-agent/opa/v1/ast"
)

// speaker is a rule that has something to say for a verdict, with what that
// takes.
type speaker struct {
	rule, verdict string
	bodies        alternatives
}

// condition is something that can be seen in an input, or in the data, without
// asking a rule: that a value is there, and what it is.
type condition struct {
	data    bool        // of the data, not of the input
	path    ast.Ref     // where to look, without "input" or "data"
	each    bool        // one of the elements there will do
	member  ast.Ref     // what of the element
	among   []ast.Value // what it has to be; nil for whatever is there
	under   ast.Value   // what it has to be less than; nil for no limit
	truthy  bool        // it must not be false
	outside bool        // an element will do of which the rest does not hold
	negated bool        // all the rest must not hold
}

func (c condition) equal(other condition) bool {
	return c.data == other.data && sameValue(c.under, other.under) && c.each == other.each && c.truthy == other.truthy && c.outside == other.outside && c.negated == other.negated &&
		c.path.Equal(other.path) && c.member.Equal(other.member) &&
		(c.among == nil) == (other.among == nil) && slices.EqualFunc(c.among, other.among, ast.ValueEqual)
}

// silence knows of which rules an input cannot make anything: those of which
// every body lacks a condition. It may ask a rule that has nothing to say,
// never leave out one that has, nor one that would fail. It is safe for
// concurrent use.
type silence struct {
	speakers   []speaker
	conditions []condition
	asked      *lru.Cache[string, *ast.Term] // by set of speakers
}

const askedSize = 512 // sets of speakers that are kept

func newSilence(speakers []speaker, conditions []condition) *silence {
	asked, err := lru.New[string, *ast.Term](askedSize)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &silence{speakers: speakers, conditions: conditions, asked: asked}
}

// speaking gives what data.speakers is for one input: for each verdict the
// rules that may have something to say.
func (s *silence) speaking(input ast.Value) *ast.Term {
	known := make([]int8, len(s.conditions)) // 0 not yet looked at, 1 holds, -1 does not
	var room [16]byte
	key := append(room[:0], make([]byte, (len(s.speakers)+7)/8)...)
	for i, speaker := range s.speakers {
		if s.may(speaker, input, known) {
			key[i/8] |= 1 << (i % 8)
		}
	}
	if term, ok := s.asked.Get(string(key)); ok {
		return term
	}
	term := s.term(key)
	s.asked.Add(string(key), term)
	return term
}

func (s *silence) may(speaker speaker, input ast.Value, known []int8) bool {
bodies:
	for _, body := range speaker.bodies {
		for _, i := range body {
			if known[i] == 0 {
				known[i] = -1
				if s.conditions[i].holds(input) {
					known[i] = 1
				}
			}
			if known[i] < 0 {
				continue bodies
			}
		}
		return true
	}
	return false
}

// term makes the object of a set of speakers, who are in the order of verdicts.
func (s *silence) term(key []byte) *ast.Term {
	var names [len(verdictNames)][]*ast.Term
	for i, b := range key {
		for ; b != 0; b &= b - 1 {
			speaker := s.speakers[i*8+bits.TrailingZeros8(b)]
			for v, word := range verdictNames {
				if word == speaker.verdict {
					names[v] = append(names[v], ast.StringTerm(speaker.rule))
				}
			}
		}
	}
	speakers := ast.NewObject()
	for v, word := range verdictNames {
		if names[v] != nil {
			speakers.Insert(ast.StringTerm(word), ast.ArrayTerm(names[v]...))
		}
	}
	return ast.NewTerm(speakers)
}

func sameValue(a, b ast.Value) bool {
	return a == nil && b == nil || a != nil && b != nil && ast.ValueEqual(a, b)
}

func (c condition) holds(in ast.Value) bool { return c.found(in) != c.negated }

func (c condition) found(in ast.Value) bool {
	at := find(in, c.path)
	if !c.each {
		return c.fits(at)
	}
	switch at := at.(type) {
	case *ast.Array:
		return at.Until(c.fitsElement)
	case ast.Set:
		return at.Until(c.fitsElement)
	case ast.Object:
		return at.Until(func(_, element *ast.Term) bool { return c.fitsElement(element) })
	}
	return false
}

func (c condition) fitsElement(element *ast.Term) bool {
	return c.fits(find(element.Value, c.member)) != c.outside
}

func (c condition) fits(v ast.Value) bool {
	if v == nil || c.truthy && v == ast.Value(ast.Boolean(false)) || c.under != nil && ast.Compare(v, c.under) >= 0 {
		return false
	}
	return c.among == nil || slices.ContainsFunc(c.among, func(one ast.Value) bool { return ast.Compare(one, v) == 0 })
}

// find is the value at a path of constants, or nil.
func find(v ast.Value, path ast.Ref) ast.Value {
	for _, step := range path {
		switch at := v.(type) {
		case ast.Object:
			member := at.Get(step)
			if member == nil {
				return nil
			}
			v = member.Value
		default:
			found, err := v.Find(ast.Ref{step})
			if err != nil {
				return nil
			}
			v = found
		}
	}
	return v
}
