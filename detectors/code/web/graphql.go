package web

import (
	"slices"
	"strings"
	"unicode"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"callgate/detectors/code"
)

// The limits. A document beyond one of them is opaque.
const (
	maxDocument = 64 << 10 // bytes
	maxTokens   = 10_000
	maxFields   = 1_000 // fields at the top of operations, with those of fragments
)

// GraphQL reads a document and the name of the operation in it that is to run.
// Without a name all operations count. A document that cannot be parsed, or has
// no operation of the name, may write and is opaque. Every one reaches the
// network. The effects of a mutation are write, and delete where a field at its
// top is named for that.
func GraphQL(document, operation string) code.Reading {
	if len(document) > maxDocument {
		return unread("too long")
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: document}, maxTokens)
	if err != nil {
		return unread("cannot be parsed")
	}
	var all []code.Reading
	for _, op := range doc.Operations {
		if operation == "" || op.Name == operation {
			all = append(all, read(op, doc.Fragments))
		}
	}
	if len(all) == 0 {
		return unread("no such operation")
	}
	joined := code.Join(all...)
	return code.Reading{Effects: joined.Effects, Traits: joined.Traits, Evidence: "graphql: " + strings.Join(joined.Effects, " ")}
}

func unread(why string) code.Reading {
	return code.Reading{Effects: []string{"write"}, Traits: []string{code.Network, code.Opaque}, Evidence: "graphql: " + why}
}

// read reads one operation.
func read(op *ast.OperationDefinition, fragments ast.FragmentDefinitionList) code.Reading {
	r := code.Reading{Effects: []string{"read"}, Traits: []string{code.Network}}
	if op.Operation != ast.Mutation {
		return r
	}
	r.Effects = []string{"write"}
	t := top{fragments: fragments, seen: map[string]bool{}}
	t.walk(op.SelectionSet)
	if t.removes {
		r.Effects = []string{"delete", "write"}
	}
	if t.unclear {
		r.Traits = append(r.Traits, code.Opaque)
	}
	return r
}

// top goes through the fields at the top of an operation.
type top struct {
	fragments ast.FragmentDefinitionList
	seen      map[string]bool // fragments
	fields    int
	removes   bool
	unclear   bool
}

func (t *top) walk(set ast.SelectionSet) {
	for _, s := range set {
		if t.fields++; t.fields > maxFields {
			t.unclear = true
			return
		}
		switch s := s.(type) {
		case *ast.Field:
			t.removes = t.removes || removing(s.Name)
		case *ast.InlineFragment:
			t.walk(s.SelectionSet)
		case *ast.FragmentSpread:
			t.spread(s.Name)
		}
	}
}

func (t *top) spread(name string) {
	f := t.fragments.ForName(name)
	switch {
	case f == nil:
		t.unclear = true
	case !t.seen[name]:
		t.seen[name] = true
		t.walk(f.SelectionSet)
	}
}

// removals are the words that say that a mutation deletes.
var removals = []string{"delete", "remove", "destroy", "purge", "erase", "drop", "clear", "wipe", "truncate"}

// removing tells whether one of the words of a field's name is a removal:
// deletePost, post_delete, bulkRemove.
func removing(name string) bool {
	var word strings.Builder
	for _, r := range name + "_" {
		if r == '_' || unicode.IsUpper(r) {
			if slices.Contains(removals, word.String()) {
				return true
			}
			word.Reset()
		}
		if r != '_' {
			word.WriteRune(unicode.ToLower(r))
		}
	}
	upper := strings.ToUpper(name) == name
	return upper && slices.ContainsFunc(removals, func(w string) bool { return slices.Contains(strings.Split(strings.ToLower(name), "_"), w) })
}
