package injection

import (
	"strings"

	"callgate/detectors"
)

// event is a word that the lexicon knows, or a shape that stands for one.
type event struct {
	class      class
	word       int // its number among all words
	start, end int
}

// sentenceEvents is how many events one sentence may have before it is
// matched in parts, and kept is how many of them the next part sees again.
const sentenceEvents, kept = 96, 16

// reader goes through a text once.
type reader struct {
	text    string
	at      *detectors.Setting
	pos     int
	words   int
	leading bool // the next word is in a place of command
	last    int  // word of the last polite event
	union   class
	events  [sentenceEvents]event
	count   int
	signals []signal
	comment int // end of the markup comment that pos is in

	toolsKnown bool
	toolVerbs  class
}

func (r *reader) read() {
	r.leading, r.last = true, -10
	for r.pos < len(r.text) {
		c := r.text[r.pos]
		if wordBytes[c] != 0 {
			r.word()
			continue
		}
		r.sign(c)
	}
	r.endSentence()
}

// word takes one word and notes what the lexicon says of it.
func (r *reader) word() {
	start, h, plain := r.pos, uint32(hashStart), true
	i := start
	for ; i < len(r.text); i++ {
		c := wordBytes[r.text[i]]
		if c == 0 {
			break
		}
		plain = plain && c >= 'a'
		h = (h ^ uint32(c)) * hashPrime
	}
	r.pos = i
	word := r.text[start:i]
	r.words++
	found := class(0)
	if len(word) == 1 {
		found = r.spelled()
	}
	if found == 0 {
		found = lookup(word, h)
	}
	if found == 0 && len(word) > 1 {
		found = r.otherWord(word, plain)
	}
	if found != 0 {
		r.event(found, start, r.pos)
	}
	r.leading = false
}

// otherWord looks at what is no plain word: digits for letters, names of tools
// and account numbers.
func (r *reader) otherWord(word string, plain bool) class {
	if plain && strings.IndexByte(word, '_') < 0 && !camel(word) {
		return misspelt(word)
	}
	switch {
	case account(word):
		return target
	case r.isTool(word):
		return known
	case strings.IndexByte(word, '_') >= 0:
		r.parts(word)
		return 0
	}
	return unleet(word)
}

func (r *reader) event(c class, start, end int) {
	if c&effectVerb != 0 && (r.leading || r.words-r.last <= 2) {
		c |= order
	}
	if c&polite != 0 {
		r.last = r.words
	}
	if r.count == sentenceEvents {
		r.match()
		r.count = copy(r.events[:], r.events[sentenceEvents-kept:])
	}
	r.union |= c
	r.events[r.count] = event{class: c, word: r.words, start: start, end: end}
	r.count++
}

// sign takes a byte between words.
func (r *reader) sign(c byte) {
	switch c {
	case '"', '*', '(', ')', ']':
		r.leading = true
	case '\n':
		r.leading = true
		if r.pos+1 < len(r.text) && r.text[r.pos+1] == '\n' {
			r.endSentence()
		}
	case '.', '!', '?', ';':
		if r.pos+1 == len(r.text) || r.text[r.pos+1] <= ' ' || r.text[r.pos+1] == '"' || r.text[r.pos+1] == '<' {
			r.endSentence()
		}
	case ':':
		r.leading = true
		if r.count > 0 && r.events[r.count-1].end == r.pos {
			r.events[r.count-1].class &^= order // the name of a field
		}
		r.speaker()
		r.link()
	case '@':
		r.address()
	case '<', '[', '#', '|', '{', '>':
		if r.token(c) {
			return
		}
		if c == '#' && (r.pos == 0 || r.text[r.pos-1] != '#') {
			r.heading()
		}
		r.leading = true
	}
	r.pos++
}

// endSentence matches the rules on the sentence that ends here.
func (r *reader) endSentence() {
	r.leading = true
	if r.count > 0 {
		r.match()
		r.count, r.union = 0, 0
	}
}

// link notes the target that "://" or "mailto:" makes of the word before.
func (r *reader) link() {
	if strings.HasPrefix(r.text[r.pos:], "://") {
		end := r.pos + 3
		for end < len(r.text) && r.text[end] > ' ' && r.text[end] != '"' && r.text[end] != '<' && r.text[end] != ')' {
			end++
		}
		r.words++
		r.event(target, r.pos, end)
		r.pos = end - 1
	}
}

// address notes the target that an @ between words makes.
func (r *reader) address() {
	if r.pos > 0 && wordBytes[r.text[r.pos-1]] != 0 && r.pos+1 < len(r.text) && wordBytes[r.text[r.pos+1]] != 0 {
		r.event(target, r.pos-1, r.pos+2)
	}
}

// match runs the rules on the events of one sentence.
func (r *reader) match() {
	for i := range rules {
		rule := &rules[i]
		if !possible(rule, r.union) || !rule.where.holds(r.at.Direction) {
			continue
		}
		for first := range r.count {
			if r.events[first].class&rule.steps[0].class == 0 {
				continue
			}
			if last := r.rest(rule.steps[1:], first); last >= 0 {
				r.matched(rule, first, last)
				break
			}
		}
	}
}

func possible(rule *rule, union class) bool {
	for i := range rule.steps {
		if rule.steps[i].class&union == 0 {
			return false
		}
	}
	return true
}

// rest finds the remaining steps after the event at and gives the last one's
// event, or -1. Gaps bound how far it looks.
func (r *reader) rest(steps []step, at int) int {
	if len(steps) == 0 {
		return at
	}
	for next := at + 1; next < r.count && r.events[next].word <= r.events[at].word+steps[0].gap+1; next++ {
		if r.events[next].class&steps[0].class == 0 {
			continue
		}
		if last := r.rest(steps[1:], next); last >= 0 {
			return last
		}
	}
	return -1
}

func (r *reader) matched(rule *rule, first, last int) {
	weight := rule.weight
	if rule.request && r.at.Direction == detectors.ResultText && r.events[first].class&r.verbsAtHand() != 0 {
		weight += rule.weight
	}
	r.signal(rule.name, weight, r.events[first].start, r.events[last].end)
}

func (p places) holds(direction detectors.Direction) bool {
	switch p {
	case notInToolText:
		return direction != detectors.Description
	case onlyToolText:
		return direction == detectors.Description
	}
	return true
}
