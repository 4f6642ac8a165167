package effects

import (
	"slices"
	"strings"
)

// reading is the effects found so far and the words they came from.
type reading struct {
	effects []string
	words   []string
}

func (r *reading) take(word string, effects ...string) {
	for _, effect := range effects {
		if !slices.Contains(r.effects, effect) {
			r.effects = append(r.effects, effect)
		}
	}
	if !slices.Contains(r.words, word) {
		r.words = append(r.words, word)
	}
}

func (r *reading) has(effects ...string) bool {
	return slices.ContainsFunc(effects, func(effect string) bool { return slices.Contains(r.effects, effect) })
}

// judge reads a tool's words. base is what is left of the effects where no
// argument is given that a call may lack.
func (l *lexicon) judge(w Words) (v Verdict, base []string) {
	name, opening := tokens(w.Name), l.opening(w.Description)
	r := l.inName(name)
	subject := name
	if len(r.effects) == 0 {
		subject = slices.Concat(name, opening.object)
	}
	l.describe(&r, opening)
	l.draft(&r, name)
	l.things(&r, subject)
	declared := set{}
	for _, argument := range w.Arguments {
		declared[letters(argument)] = true
	}
	l.args(&r, declared, false)
	base = sorted(r.effects)
	l.args(&r, declared, true)
	domains := l.domainsOf(w, name)
	if len(r.effects) == 0 {
		unknown := []string{Unknown}
		return Verdict{Effects: unknown, Domains: domains, Source: "none", Evidence: "no word of the lexicon"}, unknown
	}
	if r.has(Pay) {
		domains = paid(domains)
	}
	return Verdict{Effects: sorted(r.effects), Domains: domains, Source: "lexicon", Evidence: "lexicon: " + strings.Join(r.words, " ")}, base
}

// paid adds to the domains of a call that pays.
func paid(domains []string) []string { return union(without(domains, Other), []string{finance}) }

// inName unites the deeds of a name. Words that are a thing as often as a deed
// count as their kind says, and always after "and", "or" and "then".
func (l *lexicon) inName(name []string) reading {
	var found, things reading
	for i := 0; i < len(name); i++ {
		if i+1 < len(name) && l.phrases[name[i]+" "+name[i+1]] != nil {
			phrase := name[i] + " " + name[i+1]
			found.take(phrase, l.phrases[phrase]...)
			i++
			continue
		}
		word, v, ok := l.verb(name[i])
		if !ok {
			continue
		}
		first := len(found.effects) == 0
		switch {
		case v.kind == deed, v.kind == leading && first, i > 0 && joins(name[i-1]):
			found.take(word, v.effects...)
		case v.kind == mostlyThing:
			things.take(word, v.effects...)
		}
	}
	if last := len(name) - 1; len(found.effects) == 0 && last >= 0 && l.views[name[last]] {
		found.take(name[last], Read)
	}
	if len(found.effects) == 0 {
		return things
	}
	return found
}

// verb knows a deed in a name, also with the s of the third person where that
// can not be a plural.
func (l *lexicon) verb(word string) (string, verb, bool) {
	if v, ok := l.verbs[word]; ok {
		return word, v, true
	}
	for _, stem := range stems(word, "s") {
		if v, ok := l.verbs[stem]; ok && v.kind == deed {
			return stem, v, true
		}
	}
	return "", verb{}, false
}
