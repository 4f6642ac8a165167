// Package effects judges what a tool would do and to what, and what one call of
// it would do: from what the operator said, from catalogues of known tools, from
// the call's arguments, and from the words of the tool's name, description and
// argument names.
//
// A server chooses all of a tool's words, so they are hints, and they are read
// for the worse:
//   - All deeds in a name count; a word that is a noun as often as a deed counts
//     unless another deed stands before it. A description is asked for what a
//     name leaves open, and adds deeds that change something.
//   - A catalogue's entry is found by the tool's name, since a server's own name
//     proves nothing. It stands alone only where it pins the hash of the tool's
//     input schema, so that name and arguments are those of the known tool.
//     Everywhere else its effects and those of the lexicon count together, and a
//     lexicon without a reading adds unknown: a known name alone never loosens
//     what the words say.
//   - Annotations add effects and take none away. A server that says that all is
//     read only is not believed.
//   - A tool without a known word is unknown.
//   - A program in the arguments (SQL, a command line, an HTTP method, GraphQL)
//     takes the place of the words that only say that it runs, where the tool's
//     words say that it is one. It takes nothing else away.
//
// Only the operator's word replaces a reading. A tool that lies in all its
// words, or does more than they say, is not found out here, nor is a host name
// without a scheme, or the name of a person, in an argument whose name says
// nothing of it.
package effects

import (
	"encoding/json"

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

const finance = "finance"

// Words is what is known of a tool.
type Words struct {
	Server      string // the operator's name for the server
	Name        string
	Description string
	Annotations json.RawMessage // an object; anything else says nothing
	Arguments   []string        // names of the arguments
	URLs        []string        // those of them that the schema says to be URIs
	Schema      string          // SchemaHash of the input schema; "" where it is not known
}

// WordsOf takes what counts from a tool's definition.
func WordsOf(server, name, description string, inputSchema, annotations json.RawMessage) Words {
	w := Words{Server: server, Name: name, Description: description, Annotations: annotations, Schema: SchemaHash(inputSchema)}
	if w.Schema == "" {
		return w
	}
	gjson.GetBytes(inputSchema, "properties").ForEach(func(argument, about gjson.Result) bool {
		w.Arguments = append(w.Arguments, argument.String())
		if format := about.Get("format").String(); format == "uri" || format == "url" {
			w.URLs = append(w.URLs, argument.String())
		}
		return true
	})
	return w
}

// Override is what the operator said of a tool. Nil or empty fields say
// nothing; each of the others replaces its part of the verdict.
type Override struct {
	Effects   []string
	Domains   []string
	DraftTwin string
}

// Verdict is what a tool does. Its lists are sorted; Effects and Domains are
// never empty. It is shared: nobody may change it.
type Verdict struct {
	Effects    []string // of any call that the tool could get
	Least      []string // of the mildest call that it could get
	Domains    []string
	Source     string   // of the effects: "operator", "catalogue", "lexicon" or "none"
	Evidence   string   // what decided: words of the lexicon and names of the catalogue only
	DraftTwin  string   // the tool that does the same as a draft; "" for none
	Results    []string // what its results are: "untrusted", "private"
	Catalogued bool     // an entry of the catalogue stood alone: its schema is the pinned one

	plan *plan // how its calls are read; nil for a tool whose effects the protocol fixes
}

// Judge knows the lexicon and the catalogues. It is immutable and safe for
// concurrent use.
type Judge struct {
	lexicon *lexicon
	shelf   shelf
}

// New reads the lexicon, in the form of rego/facts/lexicon.json, and
// catalogues. An unknown member and a word outside the closed sets are errors
// that name the entry; two catalogues that differ about one tool are an error
// that names both. Faults of the catalogues come as Faults.
func New(lexicon []byte, catalogues ...File) (*Judge, error) {
	words, err := readLexicon(lexicon)
	if err != nil {
		return nil, err
	}
	tools, err := readCatalogues(catalogues)
	if err != nil {
		return nil, err
	}
	return &Judge{lexicon: words, shelf: tools}, nil
}
