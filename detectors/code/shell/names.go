package shell

import (
	"strings"
	"unicode"
)

// names reads a text that could not be parsed: whatever programs are named in
// it count as if they ran.
func (w *walk) names(text string) {
	for _, word := range words(text) {
		if base, p := lookup(word); p != nil {
			w.done |= p.Does
			w.programs = append(w.programs, base)
			w.known = append(w.known, base)
		}
	}
}

// cmdlets reads the commands of PowerShell that are named in a text some
// program of which could not be told. Their names are like no other words.
func (w *walk) cmdlets(text string) {
	for _, word := range words(text) {
		lower := strings.ToLower(word)
		p := cmdlets[lower]
		if p == nil || !strings.Contains(lower, "-") && !listed(shortCmdlets, lower) {
			continue
		}
		w.done |= p.Does
		w.programs = append(w.programs, lower)
		w.known = append(w.known, lower)
	}
}

// shortCmdlets are short names that are no words of a language.
const shortCmdlets = "iex iwr irm"

// words splits a text at everything that is in no name of a program.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.+", r)
	})
}
