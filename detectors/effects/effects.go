// Package effects judges what a tool would do and to what: from what the
// operator said, from a catalogue of known tools, and from the words of the
// tool's name, description and argument names.
//
// A server chooses all of a tool's words, so they are hints, and they are read
// for the worse:
//   - All deeds in a name count; a word that is a noun as often as a deed counts
//     unless another deed stands before it. A description is asked for what a
//     name leaves open, and adds deeds that change something.
//   - A catalogue entry is found by the tool's name, since a server's own name
//     proves nothing. It stands alone only where it lists the tool's arguments
//     and the tool declares some of these and no other, so that name and
//     arguments are those of the known tool. Everywhere else its effects and
//     those of the lexicon count together, and a lexicon without a reading adds
//     unknown: a known name alone never loosens what the words say.
//   - Annotations add effects and take none away. A server that says that all is
//     read only is not believed.
//   - A tool without a known word is unknown.
//
// Only the operator's word replaces a reading. A tool that lies in all its
// words, or does more than they say, is not found out here.
package effects

import (
	"encoding/json"
	"slices"
)

// The closed set of effects.
const (
	Read    = "read"
	Draft   = "draft"
	Write   = "write"
	Delete  = "delete"
	Send    = "send"
	Execute = "execute"
	Pay     = "pay"
	Admin   = "admin"
	Unknown = "unknown"
)

// Other is the domain of a tool of which none is known.
const Other = "other"

const finance = "finance"

// Words is what is known of a tool.
type Words struct {
	Server      string // the operator's name for the server
	Name        string
	Description string
	Annotations json.RawMessage // an object; anything else says nothing
	Arguments   []string        // names of the arguments
}

// Override is what the operator said of a tool. Nil or empty fields say
// nothing; each of the others replaces its part of the verdict.
type Override struct {
	Effects   []string
	Domains   []string
	DraftTwin string
}

// Verdict is what a tool does. Effects and Domains are sorted and never empty.
type Verdict struct {
	Effects   []string
	Domains   []string
	Source    string // of the effects: "operator", "catalogue", "lexicon" or "none"
	Evidence  string // what decided: words of the lexicon and names of the catalogue only
	DraftTwin string // the tool that does the same as a draft; "" for none

	// Roles maps "recipients", "urls", "paths", "amount" and "payee" to the
	// names of the arguments that hold them; nil where they are not known.
	Roles map[string][]string
}

// Judge knows the lexicon and the catalogue. It is immutable and safe for
// concurrent use.
type Judge struct {
	lexicon   *lexicon
	catalogue catalogue
}

// New reads the lexicon and the catalogue, in the form of the files in
// rego/facts. An unknown member and a word outside the closed sets are errors
// that name the entry.
func New(lexicon, catalogue []byte) (*Judge, error) {
	words, err := readLexicon(lexicon)
	if err != nil {
		return nil, err
	}
	tools, err := readCatalogue(catalogue)
	if err != nil {
		return nil, err
	}
	return &Judge{lexicon: words, catalogue: tools}, nil
}

// Of judges a tool. The operator's word stands as it is; operator may be nil.
func (j *Judge) Of(w Words, operator *Override) Verdict {
	v := tighten(j.own(w), w.Annotations)
	if operator == nil {
		return v
	}
	if len(operator.Effects) > 0 {
		v.Effects, v.Source, v.Evidence = sorted(operator.Effects), "operator", "configuration"
	}
	if len(operator.Domains) > 0 {
		v.Domains = sorted(operator.Domains)
	}
	if operator.DraftTwin != "" {
		v.DraftTwin = operator.DraftTwin
	}
	return v
}

// Undefined judges a tool of which nothing but a caller's word for its name is
// known: it is unknown unless the operator said otherwise.
func (j *Judge) Undefined(operator *Override) Verdict {
	return j.Of(Words{}, operator)
}

// own joins catalogue and lexicon, as the package comment says.
func (j *Judge) own(w Words) Verdict {
	said := j.lexicon.judge(w)
	entry := j.catalogue[w.Name]
	if entry == nil {
		return said
	}
	v := Verdict{Effects: sorted(entry.Effects), Domains: sorted(entry.Domains), Source: "catalogue",
		Evidence: "catalogue: " + w.Name, DraftTwin: entry.DraftTwin, Roles: cloned(entry.Roles)}
	if !entry.lists(w.Arguments) {
		v.Effects = union(v.Effects, said.Effects)
		v.Domains = union(v.Domains, without(said.Domains, Other))
		v.Evidence += "; " + said.Evidence
	}
	return v
}

func cloned(roles map[string][]string) map[string][]string {
	if roles == nil {
		return nil
	}
	out := make(map[string][]string, len(roles))
	for role, names := range roles {
		out[role] = slices.Clone(names)
	}
	return out
}

func union(a, b []string) []string {
	return sorted(slices.Concat(a, b))
}

// sorted gives a sorted copy without repeats.
func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func without(list []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == word })
}
