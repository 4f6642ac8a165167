package effects

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

var allEffects = []string{Read, Draft, Write, Delete, Send, Execute, Pay, Admin, Unknown}

var allDomains = []string{"mail", "calendar", "chat", "crm", "finance", "files", "code", "web", "database", "identity", Other}

var allRoles = []string{"recipients", "urls", "paths", "amount", "payee"}

// lexicon is what words mean.
type lexicon struct {
	verbs   map[string][]string // effects of a word for a deed
	things  map[string]bool     // of these, the words that are as often things
	phrases map[string][]string // effects of two words in a row
	payable map[string]bool     // what makes creating it a payment
	guarded map[string]bool     // what makes writing it administration
	domains map[string][]string
}

func readLexicon(raw []byte) (lexicon, error) {
	var file struct {
		Sources     string              `json:"sources"`
		Verbs       map[string][]string `json:"verbs"`
		Things      []string            `json:"things"`
		Phrases     map[string][]string `json:"phrases"`
		PayThings   []string            `json:"pay_things"`
		AdminThings []string            `json:"admin_things"`
		Domains     map[string][]string `json:"domains"`
	}
	if err := strict(raw, &file); err != nil {
		return lexicon{}, fmt.Errorf("lexicon: %w", err)
	}
	for _, check := range []struct {
		words map[string][]string
		known []string
	}{{file.Verbs, allEffects}, {file.Phrases, allEffects}, {file.Domains, allDomains}} {
		for word, meanings := range check.words {
			if err := among(meanings, check.known); err != nil {
				return lexicon{}, fmt.Errorf("lexicon: %q: %w", word, err)
			}
		}
	}
	return lexicon{verbs: file.Verbs, things: setOf(file.Things), phrases: file.Phrases, payable: setOf(file.PayThings),
		guarded: setOf(file.AdminThings), domains: file.Domains}, nil
}

// entry is a tool of a known server.
type entry struct {
	Effects   []string            `json:"effects"`
	Domains   []string            `json:"domains"`
	DraftTwin string              `json:"draft_twin"`
	Roles     map[string][]string `json:"roles"`
}

// catalogue finds entries by server and tool, or by tool alone.
type catalogue struct {
	byServer map[string]map[string]*entry
	byTool   map[string]*entry
}

func readCatalogue(raw []byte) (catalogue, error) {
	var file struct {
		Servers []struct {
			Names  []string          `json:"names"`
			Source string            `json:"source"`
			Tools  map[string]*entry `json:"tools"`
		} `json:"servers"`
	}
	if err := strict(raw, &file); err != nil {
		return catalogue{}, fmt.Errorf("catalogue: %w", err)
	}
	c := catalogue{byServer: map[string]map[string]*entry{}, byTool: map[string]*entry{}}
	for _, server := range file.Servers {
		for name, tool := range server.Tools {
			if err := tool.check(); err != nil {
				return catalogue{}, fmt.Errorf("catalogue: %s: %s: %w", server.Source, name, err)
			}
			c.byTool[name] = merge(c.byTool[name], tool)
		}
		for _, name := range server.Names {
			c.byServer[name] = server.Tools
		}
	}
	return c, nil
}

// merge keeps, of two tools with the same name, all that either does.
func merge(a, b *entry) *entry {
	if a == nil {
		return b
	}
	return &entry{Effects: union(a.Effects, b.Effects), Domains: union(a.Domains, b.Domains)}
}

// find gives the entry of a tool and whether the operator's name for the
// server led to it.
func (c *catalogue) find(server, tool string) (found *entry, byServer bool) {
	if e := c.byServer[server][tool]; e != nil {
		return e, true
	}
	return c.byTool[tool], false
}

func (e *entry) check() error {
	if e == nil {
		return fmt.Errorf("no entry")
	}
	if err := among(e.Effects, allEffects); err != nil {
		return err
	}
	for role := range e.Roles {
		if !slices.Contains(allRoles, role) {
			return fmt.Errorf("%q is no role", role)
		}
	}
	return among(e.Domains, allDomains)
}

// among refuses an empty list and a word that is not known.
func among(words, known []string) error {
	if len(words) == 0 {
		return fmt.Errorf("an empty list")
	}
	for _, word := range words {
		if !slices.Contains(known, word) {
			return fmt.Errorf("%q is not one of %v", word, known)
		}
	}
	return nil
}

func strict(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

func setOf(words []string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, word := range words {
		set[word] = true
	}
	return set
}
