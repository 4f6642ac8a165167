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

// judge reads a tool's words.
func (l *lexicon) judge(w Words) Verdict {
	name := tokens(w.Name)
	r := l.inName(name)
	l.describe(&r, w.Description)
	l.draft(&r, name)
	l.things(&r, name)
	l.args(&r, w.Arguments)
	domains := l.domainsOf(w, name)
	if len(r.effects) == 0 {
		return Verdict{Effects: []string{Unknown}, Domains: domains, Source: "none", Evidence: "no word of the lexicon"}
	}
	if r.has(Pay) {
		domains = union(without(domains, Other), []string{finance})
	}
	return Verdict{Effects: sorted(r.effects), Domains: domains, Source: "lexicon", Evidence: "lexicon: " + strings.Join(r.words, " ")}
}

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

// describe asks the description for its opening deeds where the name has none,
// and else for the deeds among them that change something.
func (l *lexicon) describe(r *reading, description string) {
	named := len(r.effects) > 0
	opening := l.opening(sentence(description))
	for _, word := range opening {
		v := l.verbs[word]
		if !named || !slices.Contains(v.effects, Read) {
			r.take(word, v.effects...)
		}
	}
}

// opening gives the deed that a sentence opens with, and those that "and", "or"
// or "then" join to it.
func (l *lexicon) opening(words []string) []string {
	start := l.start(words)
	if start < 0 {
		return nil
	}
	found := []string{l.lemma(words[start])}
	for i := start + 1; i+1 < len(words); i++ {
		word := l.lemma(words[i+1])
		if joins(words[i]) && l.verbs[word].effects != nil && (l.verbs[word].kind == deed || l.finite(words[i+1])) {
			found = append(found, word)
		}
	}
	return found
}

// start finds the word that a sentence tells its deed with: its first one, or
// the one after a word such as "to" or "can". It gives -1 for none.
func (l *lexicon) start(words []string) int {
	for i, word := range words {
		known := l.verbs[l.lemma(word)].effects != nil
		switch {
		case known && i == 0:
			return i
		case known && opens(words[i-1]):
			return i
		}
	}
	return -1
}

// opens reports a word after which a deed stands.
func opens(word string) bool {
	switch word {
	case "to", "can", "will", "that", "which", "tool", "function", "api", "it", "for", "please", "you", "allows", "by":
		return true
	}
	return false
}

func joins(word string) bool { return word == "and" || word == "or" || word == "then" }

// finite reports a word in the third person: "posts", not "post".
func (l *lexicon) finite(word string) bool { return l.lemma(word) != word }

// lemma strips an ending from a word so that the lexicon knows it, or gives
// the word itself.
func (l *lexicon) lemma(word string) string {
	if _, ok := l.verbs[word]; ok {
		return word
	}
	for _, ending := range []string{"s", "ing"} {
		for _, stem := range stems(word, ending) {
			if _, ok := l.verbs[stem]; ok {
				return stem
			}
		}
	}
	return word
}

// stems lists what a word may be without an ending: "creates" is create,
// "searches" search, "replies" reply, "making" make, "running" run.
func stems(word, ending string) []string {
	stem, ok := strings.CutSuffix(word, ending)
	if !ok || len(stem) < 2 {
		return nil
	}
	if ending == "s" {
		out := []string{stem}
		if es, ok := strings.CutSuffix(stem, "e"); ok {
			out = append(out, es)
		}
		if ies, ok := strings.CutSuffix(stem, "ie"); ok {
			out = append(out, ies+"y")
		}
		return out
	}
	out := []string{stem, stem + "e"}
	if last := len(stem) - 1; stem[last] == stem[last-1] {
		out = append(out, stem[:last])
	}
	return out
}
