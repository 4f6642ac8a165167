package effects

import (
	"slices"
	"strings"
)

// opening is what a description's first sentence says that the tool does.
type opening struct {
	deeds  []string
	object []string // the words after the first deed
}

// objectWords is how many words after a deed are taken for what it is done to.
const objectWords = 5

// describe asks the description for its deeds where the name has none, and else
// for those among them that change something.
func (l *lexicon) describe(r *reading, o opening) {
	named := len(r.effects) > 0
	for i, word := range o.deeds {
		effects := l.verbs[word].effects
		if phrase := word + " " + o.thing(); i == 0 && l.phrases[phrase] != nil {
			word, effects = phrase, l.phrases[phrase]
			if named {
				effects = without(effects, Read)
			}
		}
		if !named || !slices.Contains(effects, Read) {
			r.take(word, effects...)
		}
	}
}

// thing is the first word of the object that is no article.
func (o opening) thing() string {
	for _, word := range o.object {
		if !slices.Contains([]string{"a", "an", "the", "any"}, word) {
			return word
		}
	}
	return ""
}

// opening finds the deed that a description opens with, and those that "and",
// "or" or "then" join to it in the same form: "gets a page and deletes it". To
// send a GET request is to read.
func (l *lexicon) opening(description string) opening {
	words := sentence(description)
	start := starts(words, func(word string) bool { return l.known(l.lemma(word)) })
	if start < 0 {
		return opening{}
	}
	o := opening{deeds: []string{l.lemma(words[start])}, object: words[start+1 : min(len(words), start+1+objectWords)]}
	for i := start + 2; i < len(words); i++ {
		if word := l.lemma(words[i]); joins(words[i-1]) && form(words[i]) == form(words[start]) && l.sure(word, words[i+1:]) {
			o.deeds = append(o.deeds, word)
		}
	}
	if get := slices.Index(words, "get"); get > start && get <= start+3 && get+1 < len(words) && words[get+1] == "request" {
		o.deeds = append([]string{"get"}, slices.DeleteFunc(o.deeds, func(word string) bool { return word == "send" || word == "make" })...)
	}
	return o
}

func (l *lexicon) known(word string) bool { return l.verbs[word].effects != nil }

// sure reports a deed that is never a thing, or one that is done to something.
func (l *lexicon) sure(word string, after []string) bool {
	v := l.verbs[word]
	if v.effects == nil || v.kind == deed {
		return v.effects != nil
	}
	return len(after) > 0 && slices.Contains([]string{"a", "an", "the", "it", "them", "its", "this", "that", "all", "your", "to"}, after[0])
}

// starts finds the word that a sentence tells its deed with: the first, or one
// that a word such as "to" leads in after a word such as "tool". It gives -1
// for none: a sentence that opens with an unknown deed is not searched for one
// that is known.
func starts(words []string, known func(string) bool) int {
	framed := false
	for i, word := range words {
		if known(word) && (i == 0 || framed && (leads(words[i-1]) || frames(words[i-1]))) {
			return i
		}
		framed = framed || frames(word)
	}
	return -1
}

func leads(word string) bool {
	switch word {
	case "to", "can", "will", "that", "which", "for", "by", "you", "users":
		return true
	}
	return false
}

func frames(word string) bool {
	switch word {
	case "tool", "function", "api", "method", "endpoint", "service", "utility", "it", "allows", "enables", "lets", "helps", "used", "use", "please":
		return true
	}
	return false
}

func joins(word string) bool { return word == "and" || word == "or" || word == "then" }

// form is the ending of a deed: two deeds of one sentence share it.
func form(word string) string {
	for _, ending := range []string{"ing", "s"} {
		if strings.HasSuffix(word, ending) && !strings.HasSuffix(word, "ss") {
			return ending
		}
	}
	return ""
}

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
