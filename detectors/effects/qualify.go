package effects

import (
	"slices"
	"strings"
	"unicode"
)

// draft turns writing a draft into drafting. Deleting or sending one stays what
// it is.
func (l *lexicon) draft(r *reading, name []string) {
	if !slices.Contains(name, "draft") && !slices.Contains(name, "drafts") {
		return
	}
	if r.has(Write) && !r.has(Delete, Send) {
		r.effects = without(r.effects, Write)
		r.take("draft", Draft)
	}
}

// things adds what a deed becomes by what it is done to: a message that is
// created is sent, money that is written or sent is paid, and who changes a
// permission administers.
func (l *lexicon) things(r *reading, subject []string) {
	creates := slices.ContainsFunc(r.words, func(word string) bool { return l.creates[word] })
	writes, pays, changes := r.has(Write), r.has(Write, Send), r.has(Write, Delete, Pay)
	for i, word := range subject {
		contained := i+1 < len(subject) && l.containers[subject[i+1]]
		if i > 0 && slices.Contains(r.words, subject[i-1]+" "+word) {
			continue // a phrase, which says all
		}
		if creates && writes && l.sent[word] && !contained {
			r.take(word, Send)
		}
		if pays && l.payable[word] && !contained {
			r.take(word, Pay)
		}
		if changes && l.guarded[word] {
			r.take(word, Admin)
		}
		if i > 0 && changes && l.guarded[subject[i-1]+" "+word] {
			r.take(subject[i-1]+" "+word, Admin)
		}
	}
}

// args adds effects that the names of arguments tell, as letters spells them:
// by the rules that hold only where the arguments are given, or by the others.
func (l *lexicon) args(r *reading, names set, given bool) {
	for _, rule := range l.arguments {
		if rule.Given != given || !r.has(rule.Beside...) {
			continue
		}
		var found []string
		for _, list := range rule.Has {
			if i := slices.IndexFunc(list, func(name string) bool { return names[name] }); i >= 0 {
				found = append(found, list[i])
			}
		}
		if len(found) == len(rule.Has) {
			r.take(strings.Join(found, "+"), rule.Adds)
		}
	}
}

// letters spells an argument's name as the lexicon does: "to_address" and
// "toAddress" are "toaddress".
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// domainsOf reads the nouns of the tool's name and of the operator's name for
// the server together, weak ones where there are no others, and the nouns of
// the description where there are none. Weak ones of a description are too many
// to tell anything, but for money, which is better assumed.
func (l *lexicon) domainsOf(w Words, name []string) []string {
	if by := slices.Index(name, "by"); by > 0 {
		name = name[:by] // what follows is what is looked for with, not what is looked for
	}
	found, weak := l.about(append(tokens(w.Server), name...))
	if len(found) == 0 {
		found = weak
	}
	if len(found) == 0 {
		found, weak = l.about(sentence(w.Description))
		if slices.Contains(weak, finance) {
			found = append(found, finance)
		}
	}
	if len(found) == 0 {
		return []string{Other}
	}
	return sorted(found)
}

// about gives the domains of nouns, those of weak ones apart.
func (l *lexicon) about(words []string) (found, weak []string) {
	for _, word := range words {
		if n := l.domains[word]; n.weak {
			weak = append(weak, n.domains...)
		} else {
			found = append(found, n.domains...)
		}
	}
	return found, weak
}
