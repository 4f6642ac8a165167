package effects

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// File is a catalogue file, as shipped or as an operator wrote it. Name is for
// the faults.
type File struct {
	Name string
	Data []byte
}

// claim is one entry and where it stands.
type claim struct {
	entry *Entry
	of    *faultList // its file
	at    jsontext.Pointer
}

// shelf maps the name of a tool and the hash of its schema to what is claimed
// of it.
type shelf map[string]map[string]claim

// readCatalogues reads all files. Two claims of one tool that differ are a
// fault: nothing says which of them is right.
func readCatalogues(files []File) (shelf, error) {
	all, faults := shelf{}, faultList{}
	for _, file := range files {
		c, err := ReadCatalogue(file.Name, file.Data)
		if err != nil {
			faults.found = append(faults.found, err.(Faults)...) //nolint:errorlint // ReadCatalogue returns nothing else.
			continue
		}
		of := &faultList{file: file.Name, raw: file.Data}
		for name, e := range c.Tools {
			all.add(name, claim{entry: normal(e), of: of, at: jsontext.Pointer("/tools").AppendToken(name)}, &faults)
		}
	}
	return all, faults.err()
}

func (s shelf) add(name string, c claim, faults *faultList) {
	if s[name] == nil {
		s[name] = map[string]claim{}
	}
	known, twice := s[name][c.entry.Schema]
	if !twice {
		s[name][c.entry.Schema] = c
		return
	}
	if reflect.DeepEqual(known.entry, c.entry) {
		return
	}
	c.of.add(c.at, "two_claims", fmt.Sprintf("%s:%d says something else of the same tool", known.of.file, lineOf(known.of.raw, known.at)),
		"make the two equal, or take one out; entries with different schemas are different tools")
	faults.found = append(faults.found, c.of.found...)
	c.of.found = nil
}

// normal is an entry whose lists are sorted and free of repeats, so that equal
// claims are equal.
func normal(e Entry) *Entry {
	e.Effects, e.Domains, e.Results = sorted(e.Effects), sorted(e.Domains), sorted(e.Results)
	roles := make(map[string][]string, len(e.Roles))
	for role, arguments := range e.Roles {
		roles[role] = sorted(arguments)
	}
	e.Roles = roles
	return &e
}

// find gives the entry that a tool's name and schema pin, which stands alone;
// or else all entries of that name joined, which do not. Where the arguments of
// a pinned tool hold programs and calls says nothing of another tool.
func (s shelf) find(name, schema string) (e *Entry, alone bool) {
	claims := s[name]
	if c, ok := claims[schema]; ok && schema != "" {
		return c.entry, true
	}
	for _, hash := range slices.Sorted(maps.Keys(claims)) {
		next := *claims[hash].entry
		if hash != "" {
			next.Carries, next.Minor, next.Roles = nil, false, maps.Clone(next.Roles)
			maps.DeleteFunc(next.Roles, func(role string, _ []string) bool { return slices.Contains(deciding, role) })
		}
		e = merge(e, &next)
	}
	return e, false
}

// domains gives those of a tool that no schema pins, whose own words speak of
// some: with them all that is claimed of its name. Where one of the pinned tools
// of that name has the very same, the others are other tools.
func (s shelf) domains(name string, own []string) []string {
	var pinned []string
	agreed := false
	if c, ok := s[name][""]; ok {
		own = union(c.entry.Domains, without(own, Other))
	}
	for hash, c := range s[name] {
		if hash != "" {
			agreed = agreed || slices.Equal(c.entry.Domains, own)
			pinned = union(pinned, c.entry.Domains)
		}
	}
	if agreed && !slices.Contains(own, Other) {
		return own
	}
	return union(pinned, without(own, Other))
}

// merge keeps, of two tools with one name, all that either does. They can not
// be told apart, so of two draft twins neither is believed.
func merge(a, b *Entry) *Entry {
	if a == nil {
		return b
	}
	roles := map[string][]string{}
	for _, role := range roleNames {
		if both := union(a.Roles[role], b.Roles[role]); len(both) > 0 {
			roles[role] = both
		}
	}
	e := &Entry{Effects: union(a.Effects, b.Effects), Domains: union(a.Domains, b.Domains), Results: union(a.Results, b.Results),
		Roles: roles, Minor: a.Minor && b.Minor, DraftTwin: cmp.Or(a.DraftTwin, b.DraftTwin), Carries: cmp.Or(a.Carries, b.Carries)}
	if b.DraftTwin != "" && e.DraftTwin != b.DraftTwin {
		e.DraftTwin = ""
	}
	return e
}
