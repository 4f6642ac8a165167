package effects

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// kind is how sure it is that a word of a name is a deed.
type kind int

const (
	deed        kind = iota // always
	leading                 // only where no deed stands before it
	mostlyThing             // only where there is no other deed
)

// lexicon is what words mean. It is immutable.
type lexicon struct {
	verbs      map[string]verb
	phrases    map[string][]string // effects of two words in a row
	views      set                 // last words of a name that asks for something
	creates    set                 // deeds that bring something new into being
	sent       set                 // what is sent when it is created
	containers set                 // what a word of sent and payable is only the kind of
	payable    set                 // what makes writing a payment
	guarded    set                 // what makes writing administration
	arguments  []argumentRule
	domains    map[string]noun
	roles      *roleBook
	carriers   carriers
}

type set map[string]bool

type verb struct {
	effects []string
	kind    kind
}

type noun struct {
	domains []string
	weak    bool // counts only where no other noun says more
}

// argumentRule adds an effect to a reading that has one of beside, where one
// name of each list is among the arguments.
type argumentRule struct {
	Has    [][]string `json:"has"`
	Beside []string   `json:"beside"`
	Adds   string     `json:"adds"`
	Given  bool       `json:"given"` // counts for a call only where it gives the arguments
}

// lexiconFile is the form of the file; its comment member says what each is.
type lexiconFile struct {
	Comment     string              `json:"comment"`
	Sources     []string            `json:"sources"`
	Verbs       map[string][]string `json:"verbs"`
	MayBeNouns  []string            `json:"may_be_nouns"`
	MostlyNouns []string            `json:"mostly_nouns"`
	Views       []string            `json:"views"`
	Phrases     map[string][]string `json:"phrases"`
	Creates     []string            `json:"creates"`
	SentThings  []string            `json:"sent_things"`
	Containers  []string            `json:"containers"`
	PayThings   []string            `json:"pay_things"`
	AdminThings []string            `json:"admin_things"`
	Arguments   []argumentRule      `json:"arguments"`
	Domains     map[string][]string `json:"domains"`
	WeakDomains map[string][]string `json:"weak_domains"`
	Roles       []roleRule          `json:"roles"`
	Texts       []string            `json:"texts"`
	Lines       []string            `json:"lines"`
	Labels      []string            `json:"labels"`
	Scales      []string            `json:"scales"`
	Senders     []string            `json:"senders"`
	SQLOpeners  []string            `json:"sql_openers"`
	Carriers    carriersFile        `json:"carriers"`
}

func readLexicon(raw []byte) (*lexicon, error) {
	var file lexiconFile
	if err := strict(raw, &file); err != nil {
		return nil, fmt.Errorf("lexicon: %w", err)
	}
	if err := file.check(); err != nil {
		return nil, fmt.Errorf("lexicon: %w", err)
	}
	l := &lexicon{verbs: map[string]verb{}, phrases: file.Phrases, views: setOf(file.Views), creates: setOf(file.Creates),
		sent: setOf(file.SentThings), containers: setOf(file.Containers), payable: setOf(file.PayThings),
		guarded: setOf(file.AdminThings), arguments: file.Arguments, domains: map[string]noun{}}
	l.carriers = newCarriers(file.Carriers)
	var err error
	if l.roles, err = newRoleBook(&file); err != nil {
		return nil, fmt.Errorf("lexicon: %w", err)
	}
	kinds := map[string]kind{}
	for _, word := range file.MayBeNouns {
		kinds[word] = leading
	}
	for _, word := range file.MostlyNouns {
		kinds[word] = mostlyThing
	}
	for effect, words := range file.Verbs {
		for _, word := range words {
			l.verbs[word] = verb{effects: union(l.verbs[word].effects, []string{effect}), kind: kinds[word]}
		}
	}
	l.learn(file.WeakDomains, true)
	l.learn(file.Domains, false)
	return l, nil
}

// learn takes the nouns of each domain. A noun that is both is not weak.
func (l *lexicon) learn(domains map[string][]string, weak bool) {
	for domain, words := range domains {
		for _, word := range words {
			known := l.domains[word]
			if known.weak && !weak {
				known = noun{}
			}
			l.domains[word] = noun{domains: union(known.domains, []string{domain}), weak: weak}
		}
	}
}

func (f *lexiconFile) check() error {
	verbs := set{}
	for effect, words := range f.Verbs {
		if !slices.Contains(allEffects, effect) {
			return fmt.Errorf("verbs: %q is no effect", effect)
		}
		for _, word := range words {
			verbs[word] = true
		}
	}
	for _, list := range [][]string{f.MayBeNouns, f.MostlyNouns, f.Creates} {
		for _, word := range list {
			if !verbs[word] {
				return fmt.Errorf("%q is no verb", word)
			}
		}
	}
	for phrase, effects := range f.Phrases {
		if err := among(effects, allEffects); err != nil {
			return fmt.Errorf("phrase %q: %w", phrase, err)
		}
	}
	for _, domains := range []map[string][]string{f.Domains, f.WeakDomains} {
		for domain := range domains {
			if !slices.Contains(allDomains, domain) {
				return fmt.Errorf("domains: %q is no domain", domain)
			}
		}
	}
	return f.checkArguments()
}

func (f *lexiconFile) checkArguments() error {
	for i, rule := range f.Arguments {
		if err := among(append([]string{rule.Adds}, rule.Beside...), allEffects); err != nil {
			return fmt.Errorf("arguments: rule %d: %w", i, err)
		}
		if len(rule.Has) == 0 || len(rule.Beside) == 0 || slices.ContainsFunc(rule.Has, func(l []string) bool { return len(l) == 0 }) {
			return fmt.Errorf("arguments: rule %d: an empty list", i)
		}
	}
	return nil
}

func setOf(words []string) set {
	s := make(set, len(words))
	for _, word := range words {
		s[word] = true
	}
	return s
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
