package effects

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

var (
	allEffects = []string{Read, Draft, Write, Delete, Send, Execute, Pay, Admin, Unknown}
	allDomains = []string{"mail", "calendar", "chat", "crm", finance, "files", "code", "web", "database", "identity", Other}
	allRoles   = []string{"recipients", "urls", "paths", "amount", "payee"}
)

// entry is a known tool. Arguments, where they are listed, are all that it
// takes.
type entry struct {
	Effects   []string            `json:"effects"`
	Domains   []string            `json:"domains"`
	DraftTwin string              `json:"draft_twin"`
	Arguments []string            `json:"arguments"`
	Roles     map[string][]string `json:"roles"`
}

// catalogue maps the names of known tools to their entries.
type catalogue map[string]*entry

func readCatalogue(raw []byte) (catalogue, error) {
	var file struct {
		Comment string `json:"comment"`
		Sets    []struct {
			Source string            `json:"source"`
			Tools  map[string]*entry `json:"tools"`
		} `json:"sets"`
	}
	if err := strict(raw, &file); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	c := catalogue{}
	for _, set := range file.Sets {
		for name, tool := range set.Tools {
			if err := tool.check(); err != nil {
				return nil, fmt.Errorf("catalogue: %s: %s: %w", set.Source, name, err)
			}
			c[name] = merge(c[name], tool)
		}
	}
	return c, nil
}

// merge keeps, of two tools with one name, all that either does. The two can
// not be told apart, so neither stands alone.
func merge(a, b *entry) *entry {
	if a == nil {
		return b
	}
	return &entry{Effects: union(a.Effects, b.Effects), Domains: union(a.Domains, b.Domains)}
}

// lists reports that the entry lists its arguments, and the given ones are some
// of them. None at all is some only of none: a tool may take what it does not
// declare.
func (e *entry) lists(arguments []string) bool {
	if e.Arguments == nil || len(arguments) == 0 && len(e.Arguments) > 0 {
		return false
	}
	return !slices.ContainsFunc(arguments, func(name string) bool { return !slices.Contains(e.Arguments, name) })
}

func (e *entry) check() error {
	if e == nil {
		return errors.New("no entry")
	}
	for role, names := range e.Roles {
		if !slices.Contains(allRoles, role) {
			return fmt.Errorf("%q is no role", role)
		}
		if len(names) == 0 {
			return fmt.Errorf("role %q names no argument", role)
		}
	}
	return errors.Join(among(e.Effects, allEffects), among(e.Domains, allDomains))
}

// among refuses an empty list and a word that is not known.
func among(words, known []string) error {
	if len(words) == 0 {
		return errors.New("an empty list")
	}
	for _, word := range words {
		if !slices.Contains(known, word) {
			return fmt.Errorf("%q is not one of %v", word, known)
		}
	}
	return nil
}

// strict reads one JSON value with the members that the target has.
func strict(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the value")
	}
	return nil
}
