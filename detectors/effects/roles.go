package effects

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// roleRule gives a role to arguments by their names. It counts where what it
// asks for is there; an empty list asks for nothing.
type roleRule struct {
	Role    string   `json:"role"`
	Names   []string `json:"names"`
	Endings []string `json:"endings"` // of names that no rule has
	Inside  []string `json:"inside"`  // members that hold the value, where it is an object
	Words   []string `json:"words"`   // one of them is in the name of the tool or its server
	Effects []string `json:"effects"` // the call has one of them
	Domains []string `json:"domains"` // the tool is about one of them
	Instead []string `json:"instead"` // effects of the tool's words that mean no more than that the program runs
	Maybe   bool     `json:"maybe"`   // it is a program only if it opens like one, and the words are of the tool's own name
	Minor   bool     `json:"minor"`   // amounts are in minor units
	inside  set
	stated  bool // by a catalogue, not by a name
}

// roleBook finds the rules of a name. Looking up costs the same however many
// rules there are.
type roleBook struct {
	rules   []roleRule
	byName  map[string][]int
	endings []ending
	stated  map[string][]int // per role the rule of what a catalogue says has it
	texts   set              // names of arguments that are prose, whatever they look like
	lines   set              // names of arguments that are lines of a message's head
	labels  set              // names of arguments that say nothing of what is paid
	scales  set              // names of arguments that say how often, or in what unit
	senders set              // names of arguments that say who sends
	person  int              // the rule of a recipient that is found by its form
	openers set              // first words of SQL statements
	counted set              // names that a rule of arguments asks for
}

type ending struct {
	text  string
	rules []int
}

func newRoleBook(f *lexiconFile) (*roleBook, error) {
	b := &roleBook{rules: slices.Clone(f.Roles), byName: map[string][]int{}, stated: map[string][]int{}, texts: setOf(f.Texts),
		lines: setOf(f.Lines), labels: setOf(f.Labels), scales: setOf(f.Scales), senders: setOf(f.Senders), openers: setOf(f.SQLOpeners), counted: set{}}
	inside := map[string]set{}
	for i := range b.rules {
		r := &b.rules[i]
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("roles: rule %d: %w", i, err)
		}
		r.inside = setOf(r.Inside)
		if inside[r.Role] == nil {
			inside[r.Role] = r.inside
		}
		for _, name := range r.Names {
			b.byName[name] = append(b.byName[name], i)
		}
		for _, text := range r.Endings {
			b.endings = append(b.endings, ending{text, []int{i}})
		}
	}
	for _, rule := range f.Arguments {
		for _, names := range rule.Has {
			maps.Copy(b.counted, setOf(names))
		}
	}
	b.person = len(b.rules)
	b.rules = append(b.rules, roleRule{Role: "recipients", Effects: []string{Send, Draft, Admin}})
	for _, role := range roleNames {
		b.stated[role] = []int{len(b.rules)}
		b.rules = append(b.rules, roleRule{Role: role, inside: inside[role], stated: true})
	}
	return b, nil
}

func (r *roleRule) check() error {
	if !slices.Contains(roleNames, r.Role) {
		return fmt.Errorf("%q is no role", r.Role)
	}
	if len(r.Names) == 0 && len(r.Endings) == 0 {
		return fmt.Errorf("%s names no argument", r.Role)
	}
	for _, effect := range slices.Concat(r.Effects, r.Instead) {
		if !slices.Contains(allEffects, effect) {
			return fmt.Errorf("%q is no effect", effect)
		}
	}
	for _, domain := range r.Domains {
		if !slices.Contains(allDomains, domain) {
			return fmt.Errorf("%q is no domain", domain)
		}
	}
	return nil
}

// of gives the rules of an argument's name as letters spells it.
func (b *roleBook) of(name []byte) []int {
	if rules, ok := b.byName[string(name)]; ok {
		return rules
	}
	for i := range b.endings {
		if e := &b.endings[i]; len(name) > len(e.text) && string(name[len(name)-len(e.text):]) == e.text {
			return e.rules
		}
	}
	return nil
}

// open tells which rules a tool's words and domains let count.
func (b *roleBook) open(w Words, domains []string) []bool {
	own := setOf(tokens(w.Name))
	words := setOf(append(tokens(w.Server), tokens(w.Name)...))
	out := make([]bool, len(b.rules))
	for i := range b.rules {
		r := &b.rules[i]
		in := words
		if r.Maybe {
			in = own
		}
		out[i] = (len(r.Words) == 0 || slices.ContainsFunc(r.Words, func(word string) bool { return in[word] })) &&
			(len(r.Domains) == 0 || meet(r.Domains, domains))
	}
	return out
}

// instead gives the effects of a tool's words that a program in one of its
// arguments would replace.
func (b *roleBook) instead(p *plan, arguments []string) []string {
	var out []string
	for _, argument := range arguments {
		for _, i := range b.of([]byte(letters(argument))) {
			if p.open[i] {
				out = append(out, b.rules[i].Instead...)
			}
		}
	}
	return out
}

// opensLikeSQL tells prose from a statement: prose begins with a word that
// begins no statement. What begins with a sign may be either, and counts as a
// statement.
func (b *roleBook) opensLikeSQL(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n(;\ufeff")
	end := strings.IndexFunc(text, func(r rune) bool {
		return (r|0x20 < 'a' || r|0x20 > 'z') && r < 0x80 && r != '_' && (r < '0' || r > '9')
	})
	if end < 0 {
		end = len(text)
	}
	return end == 0 && text != "" || end <= longestOpener && b.openers[strings.ToLower(text[:end])]
}

const longestOpener = 32
