package effects

import (
	"slices"
	"strings"
	"unicode"
)

// judge reads a tool's name, then the deeds that its description opens with.
func (l *lexicon) judge(w Words) Verdict {
	name := tokens(w.Name)
	found := l.inName(name)
	opening := l.inDescription(w.Description)
	found.add(opening)
	l.qualify(&found, name, w.Arguments)
	v := Verdict{Effects: sorted(found.effects), Domains: l.domainsOf(w, name), Source: "lexicon", Evidence: found.evidence()}
	if len(v.Effects) == 0 {
		v.Effects, v.Source, v.Evidence = []string{Unknown}, "none", "no word of the lexicon"
	}
	return v
}

// deeds collects effects and the words they came from.
type deeds struct {
	effects []string
	words   []string
}

func (d *deeds) take(word string, effects []string) {
	d.effects = append(d.effects, effects...)
	if !slices.Contains(d.words, word) {
		d.words = append(d.words, word)
	}
}

func (d *deeds) add(other deeds) {
	d.effects = append(d.effects, other.effects...)
	for _, word := range other.words {
		if !slices.Contains(d.words, word) {
			d.words = append(d.words, word)
		}
	}
}

func (d *deeds) evidence() string { return "lexicon: " + strings.Join(d.words, " ") }

// inName takes every word for a deed. A word that is as often a thing counts
// as a deed at the start, after "and" or "or", or where there is no other.
func (l *lexicon) inName(name []string) deeds {
	var sure, perhaps deeds
	for i, word := range name {
		if i+1 < len(name) {
			if effects := l.phrases[word+" "+name[i+1]]; effects != nil {
				sure.take(word+" "+name[i+1], effects)
			}
		}
		effects := l.verbs[word]
		switch {
		case effects == nil:
		case !l.things[word], i == 0, joins(name[i-1]):
			sure.take(word, effects)
		default:
			perhaps.take(word, effects)
		}
	}
	if len(sure.effects) == 0 {
		return perhaps
	}
	return sure
}

func joins(word string) bool { return word == "and" || word == "or" || word == "then" }

// openingWords is how much of a description's first sentence is read.
const openingWords = 24

// inDescription takes the first deed of the first sentence and those that are
// joined to a deed by "and", "or" or "then".
func (l *lexicon) inDescription(description string) deeds {
	var found deeds
	words := sentence(description)
	for i, word := range words {
		effects := l.verbs[l.lemma(word)]
		first := len(found.effects) == 0
		switch {
		case effects == nil:
		case i > 0 && article(words[i-1]):
		case first && (i == 0 || !l.things[l.lemma(word)] || opens(words[i-1])):
			found.take(l.lemma(word), effects)
		case !first && i > 0 && joins(words[i-1]) && !l.things[l.lemma(word)]:
			found.take(l.lemma(word), effects)
		}
	}
	return found
}

// article reports a word after which no deed stands.
func article(word string) bool {
	switch word {
	case "a", "an", "the", "of", "its", "their", "your", "this", "these", "each", "all", "any":
		return true
	}
	return false
}

// opens reports a word after which a deed stands.
func opens(word string) bool {
	switch word {
	case "to", "can", "will", "tool", "function", "api", "it":
		return true
	}
	return joins(word)
}

// lemma strips an ending from a word so that the lexicon knows it, or gives
// the word itself.
func (l *lexicon) lemma(word string) string {
	for _, ending := range []struct{ cut, put string }{{"", ""}, {"s", ""}, {"es", ""}, {"ies", "y"}, {"ing", ""}, {"ing", "e"}} {
		if stem, ok := strings.CutSuffix(word, ending.cut); ok && l.verbs[stem+ending.put] != nil {
			return stem + ending.put
		}
	}
	return word
}

// qualify corrects the sum of the words by what they stand with: to write a
// draft is to draft, to make a payment is to pay, to write a permission is
// administration, to fetch with a body is to send, and SQL can do anything.
func (l *lexicon) qualify(d *deeds, name, arguments []string) {
	has := func(effect string) bool { return slices.Contains(d.effects, effect) }
	changes := has(Write) || has(Delete)
	if slices.Contains(name, "draft") || slices.Contains(name, "drafts") {
		if has(Write) && !has(Delete) {
			d.effects = append(without(d.effects, Write), Draft)
		}
	}
	for _, word := range name {
		if has(Write) && l.payable[word] {
			d.take(word, []string{Pay})
		}
		if changes && l.guarded[word] {
			d.take(word, []string{Admin})
		}
	}
	for _, argument := range arguments {
		switch strings.ToLower(argument) {
		case "sql", "command", "cmd", "script", "code", "shell":
			if len(d.effects) > 0 {
				d.take(strings.ToLower(argument), []string{Execute})
			}
		case "body", "method", "payload":
			if slices.Contains(name, "fetch") || slices.Contains(name, "http") {
				d.take(strings.ToLower(argument), []string{Send})
			}
		}
	}
}

// domainsOf reads the tool's name and the operator's name for the server, and
// the description where these say nothing.
func (l *lexicon) domainsOf(w Words, name []string) []string {
	var found []string
	for _, word := range append(tokens(w.Server), name...) {
		found = append(found, l.domains[word]...)
	}
	if len(found) == 0 {
		for _, word := range sentence(w.Description) {
			found = append(found, l.domains[word]...)
		}
	}
	if len(found) == 0 {
		return []string{Other}
	}
	return sorted(found)
}

// tokens splits a name at every sign and at every change from a small letter
// to a capital, in lower case and without digits.
func tokens(name string) []string {
	var out []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return out
}

// sentence gives the words of a description's first sentence, without what a
// label such as "Tool description:" puts before it.
func sentence(description string) []string {
	const longest = 600
	if len(description) > longest {
		description = description[:longest]
	}
	if _, after, ok := strings.Cut(description, "ool description:"); ok {
		description = after
	}
	if i := strings.IndexAny(description, ".\n;"); i > 0 {
		description = description[:i]
	}
	words := strings.FieldsFunc(strings.ToLower(description), func(r rune) bool { return !unicode.IsLetter(r) })
	return words[:min(len(words), openingWords)]
}
