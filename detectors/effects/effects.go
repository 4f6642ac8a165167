// Package effects judges what a tool would do and to what, from what the
// operator said, from a catalogue of known servers, and from the words of the
// tool's name and description.
//
// A tool's words are an untrusted hint: where two of them disagree both count,
// annotations only ever add, and a tool that says nothing the lexicon knows
// stays unknown. A tool that lies in its name is not found out here.
package effects

import (
	"encoding/json"
	"slices"
	"sort"

	"github.com/tidwall/gjson"
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

// Words is what a server says of a tool.
type Words struct {
	Server      string // the operator's name for the server
	Name        string
	Description string
	Annotations json.RawMessage // an object; nil where there are none
	Arguments   []string        // names of the arguments
}

// Override is what the operator said of a tool. Nil or empty fields say
// nothing.
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

// Judge knows the lexicon and the catalogue. It is read only and safe for
// concurrent use.
type Judge struct {
	lexicon   lexicon
	catalogue catalogue
}

// New reads the lexicon and the catalogue, in the form of the files in
// rego/facts. It refuses unknown members and words outside the closed sets.
func New(lexicon, catalogue []byte) (*Judge, error) {
	words, err := readLexicon(lexicon)
	if err != nil {
		return nil, err
	}
	servers, err := readCatalogue(catalogue)
	if err != nil {
		return nil, err
	}
	return &Judge{lexicon: words, catalogue: servers}, nil
}

// Of judges a tool. The operator's word stands as it is; operator may be nil.
func (j *Judge) Of(w Words, operator *Override) Verdict {
	v := j.tighten(j.own(w), w.Annotations)
	if operator == nil {
		return v
	}
	if len(operator.Effects) > 0 {
		v.Effects, v.Source, v.Evidence = sorted(operator.Effects), "operator", ""
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

// own joins catalogue and lexicon. An entry found by the operator's name for
// the server stands alone; one found by the tool's own name does not undo what
// the lexicon finds in that name.
func (j *Judge) own(w Words) Verdict {
	said := j.lexicon.judge(w)
	entry, byServer := j.catalogue.find(w.Server, w.Name)
	if entry == nil {
		return said
	}
	v := Verdict{Effects: entry.Effects, Domains: entry.Domains, Source: "catalogue", Evidence: "catalogue: " + w.Name,
		DraftTwin: entry.DraftTwin, Roles: entry.Roles}
	if !byServer {
		if said.Source != "none" {
			v.Effects = union(v.Effects, said.Effects)
			v.Evidence += "; " + said.Evidence
		}
		v.Domains = union(v.Domains, without(said.Domains, Other))
	}
	return v
}

// tighten lets annotations add effects. A hint that a tool is harmless says
// nothing: it is the server's own word. A hint that it changes something adds
// write to what looked harmless; how much it changes stays in the annotations,
// where policy reads it.
func (j *Judge) tighten(v Verdict, annotations json.RawMessage) Verdict {
	if harmless := len(without(without(v.Effects, Read), Draft)) == 0; !harmless || len(annotations) == 0 {
		return v
	}
	a := gjson.GetManyBytes(annotations, "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
	if asDefault := a[0].Type == gjson.False && a[1].Type == gjson.True && a[2].Type == gjson.False && a[3].Type == gjson.True; asDefault {
		// All four at the protocol's defaults is what a library writes for an
		// author who said nothing.
		return v
	}
	switch {
	case a[0].Type == gjson.False:
		v.Evidence += "; readOnlyHint: false"
	case a[0].Type != gjson.True && a[1].Type == gjson.True:
		v.Evidence += "; destructiveHint: true"
	default:
		return v
	}
	v.Effects = union(v.Effects, []string{Write})
	return v
}

func union(a, b []string) []string {
	return sorted(append(slices.Clone(a), b...))
}

// sorted gives a sorted copy without repeats.
func sorted(list []string) []string {
	list = slices.Clone(list)
	sort.Strings(list)
	return slices.Compact(list)
}

func without(list []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == word })
}
