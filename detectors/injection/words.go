package injection

import "strings"

// verbsOf gives the verbs that ask for an effect.
var verbsOf = map[string]class{
	"send": send, "pay": pay, "delete": remove, "execute": execute, "write": write,
	"draft": write, "admin": write | remove | execute, "unknown": 0, "read": 0,
}

// verbsAtHand gives the verbs that ask for something that a tool at hand does.
func (r *reader) verbsAtHand() class {
	if !r.toolsKnown {
		r.toolsKnown = true
		for i := range r.at.Tools {
			for _, effect := range r.at.Tools[i].Effects {
				r.toolVerbs |= verbsOf[effect]
			}
		}
	}
	return r.toolVerbs
}

func (r *reader) isTool(word string) bool {
	for i := range r.at.Tools {
		if name := r.at.Tools[i].Name; len(name) == len(word) && strings.EqualFold(name, word) {
			return true
		}
	}
	return false
}

// camel reports a capital after a small letter, as in sendMail.
func camel(word string) bool {
	for i := 1; i < len(word); i++ {
		if word[i] >= 'A' && word[i] <= 'Z' && word[i-1] >= 'a' && word[i-1] <= 'z' {
			return true
		}
	}
	return false
}

// account reports the shape of an IBAN or of a hexadecimal wallet address.
func account(word string) bool {
	if len(word) >= 40 && strings.HasPrefix(word, "0x") {
		return true
	}
	if len(word) < 15 || len(word) > 34 {
		return false
	}
	for i := range 4 {
		digit := word[i] >= '0' && word[i] <= '9'
		capital := word[i] >= 'A' && word[i] <= 'Z'
		if i < 2 && !capital || i >= 2 && !digit {
			return false
		}
	}
	return true
}

// leet maps digits to the letters that they are written for.
var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t")

// unleet looks a word up whose letters are partly digits.
func unleet(word string) class {
	const shortest, longest = 4, 20
	if len(word) < shortest || len(word) > longest {
		return 0
	}
	digits := 0
	for i := range len(word) {
		switch {
		case word[i] >= '0' && word[i] <= '9':
			digits++
		case word[i] == '_':
			return 0
		}
	}
	if digits == 0 || digits == len(word) {
		return 0
	}
	plain := leet.Replace(word)
	return lookup(plain, hashOf(plain))
}

// parts takes the words of a name such as system_message one by one.
func (r *reader) parts(name string) {
	start := r.pos - len(name)
	for len(name) > 0 {
		part, rest, _ := strings.Cut(name, "_")
		if found := lookup(part, hashOf(part)); found != 0 {
			r.event(found, start, start+len(part))
			r.words++
		}
		start += len(part) + 1
		name = rest
	}
}

// weighty are the words that a text cannot do without when it overrides
// another, so that they are known with a wrong letter too.
var weighty = strings.Fields("instruction instructions previous previously disregard guidelines directives password")

// near holds each weighty word and all that it becomes when a letter is left
// out, with the classes of the word.
var near = func() map[string]class {
	m := map[string]class{}
	for _, word := range weighty {
		c := lookup(word, hashOf(word))
		m[word] = c
		for i := 1; i < len(word); i++ {
			m[word[:i]+word[i+1:]] = c
		}
	}
	return m
}()

// misspelt looks up a word that is a weighty one but for a letter that is
// left out, put in or wrong. The first letter is right.
func misspelt(word string) class {
	const shortest, longest = 7, 13
	if len(word) < shortest || len(word) > longest {
		return 0
	}
	var plain [longest]byte
	for i := range len(word) {
		plain[i] = wordBytes[word[i]]
	}
	switch plain[0] {
	case 'i':
		if plain[1] != 'n' && plain[2] != 'n' && plain[1] != 's' {
			return 0
		}
	case 'p', 'd', 'g':
	default:
		return 0
	}
	if c := near[string(plain[:len(word)])]; c != 0 {
		return c
	}
	var without [longest]byte
	for i := 1; i < len(word); i++ {
		copy(without[:], plain[:i])
		copy(without[i:], plain[i+1:len(word)])
		if c := near[string(without[:len(word)-1])]; c != 0 {
			return c
		}
	}
	return 0
}

// spelled reads a word whose letters stand apart, as in "i g n o r e": it
// looks ahead from the first letter and takes them all when they spell a word
// that the lexicon knows.
func (r *reader) spelled() class {
	const shortest, longest = 5, 16
	start := r.pos - 1
	if start >= 2 && wordBytes[r.text[start-2]] != 0 && r.single(start-2) {
		return 0 // inside a run that was looked at
	}
	letters := make([]byte, 0, longest)
	i := start
	for i < len(r.text) && len(letters) < longest && r.single(i) {
		letters = append(letters, wordBytes[r.text[i]])
		i += 2
	}
	for n := len(letters); n >= shortest; n-- {
		word := string(letters[:n])
		if c := lookup(word, hashOf(word)); c != 0 {
			r.pos = start + 2*n - 1
			return c
		}
	}
	return 0
}

// single reports whether the letter at i stands by itself.
func (r *reader) single(i int) bool {
	return wordBytes[r.text[i]] != 0 && (i == 0 || wordBytes[r.text[i-1]] == 0) &&
		(i+1 == len(r.text) || wordBytes[r.text[i+1]] == 0)
}
