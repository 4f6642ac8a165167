package sql

import (
	"slices"
	"strings"

	"callgate/detectors/code"
)

// The effects and traits as bits, in the order of their names.
const (
	admin = 1 << iota
	deletes
	execute
	read
	send
	write
)

const (
	bulk = 1 << iota
	network
	opaque
	privileged
)

var (
	effectNames = [...]string{"admin", "delete", "execute", "read", "send", "write"}
	traitNames  = [...]string{code.Bulk, code.Network, code.Opaque, code.Privileged}
)

// findings is what has been seen of a text so far. It only grows.
type findings struct {
	src             string
	effects, traits uint8
	words           []string // what decided, of the package's own vocabulary
	urls            []string
	looked          int  // tokens looked at for conditions
	places          bool // the strings of this statement are places
	limit           bool // a limit was passed; nothing else counts
	torn            bool // parentheses do not close
}

// note adds what word, which must be of the package's own vocabulary, means.
func (f *findings) note(word string, effects, traits uint8) {
	f.effects |= effects
	f.traits |= traits
	if !slices.Contains(f.words, word) {
		f.words = append(f.words, word)
	}
}

// join adds another way of reading the same text.
func (f *findings) join(other *findings) {
	f.limit = f.limit || other.limit
	f.torn = f.torn && other.torn
	f.urls = append(f.urls, other.urls...)
	f.effects |= other.effects
	f.traits |= other.traits
	for _, word := range other.words {
		f.note(word, 0, 0)
	}
}

// reading is the findings in the words of all readers. The words of the
// evidence are those that make it more than a read, if there are any.
func (f *findings) reading() code.Reading {
	if f.limit {
		return beyondLimit()
	}
	if f.torn {
		f.note("not understood", write, opaque)
	}
	r := code.Reading{Effects: names(f.effects, effectNames[:]), Traits: names(f.traits, traitNames[:])}
	slices.Sort(f.urls)
	r.URLs = slices.Compact(f.urls)
	words := f.words
	if f.effects != read || f.traits != 0 {
		words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return verbs[w].plain() })
	}
	slices.Sort(words)
	r.Evidence = "sql: " + strings.Join(words, ", ")
	return r
}

// names gives the names of the bits that are set.
func names(bits uint8, of []string) []string {
	var list []string
	for i, name := range of {
		if bits&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	return list
}
