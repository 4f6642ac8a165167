package shell

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"callgate/detectors/code"
)

var errBrackets = errors.New("too many brackets")

// deeds is a set of effects and traits.
type deeds uint16

const (
	read deeds = 1 << iota
	write
	remove
	send
	execute
	admin
	opaque
	bulk
	privileged
	network
)

// deedWords are the words of the contract, in the order of the bits; the first
// six are effects.
var deedWords = []string{"read", "write", "delete", "send", "execute", "admin",
	code.Opaque, code.Bulk, code.Privileged, code.Network}

const effectWords = 6

// UnmarshalText reads words with a space between them.
func (d *deeds) UnmarshalText(text []byte) error {
	for word := range strings.FieldsSeq(string(text)) {
		i := slices.Index(deedWords, word)
		if i < 0 {
			return fmt.Errorf("%q is neither an effect nor a trait", word)
		}
		*d |= 1 << i
	}
	return nil
}

func (d deeds) words(from, to int) (list []string) {
	for i := from; i < to; i++ {
		if d&(1<<i) != 0 {
			list = append(list, deedWords[i])
		}
	}
	slices.Sort(list)
	return list
}

// maxEvidence is the number of programs that the evidence names.
const maxEvidence = 8

// reading puts what was read into the form of the contract.
func (w *walk) reading() code.Reading {
	named := unique(w.known)
	if len(named) > maxEvidence {
		named = append(named[:maxEvidence:maxEvidence], "and others")
	}
	if len(named) == 0 {
		named = []string{"no known program"}
	}
	return code.Reading{
		Effects:  w.done.words(0, effectWords),
		Traits:   w.done.words(effectWords, len(deedWords)),
		Programs: unique(w.programs),
		URLs:     unique(w.urls),
		Evidence: "shell: " + strings.Join(named, " "),
	}
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
