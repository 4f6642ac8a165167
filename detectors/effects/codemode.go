package effects

import (
	"slices"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"
)

// AtHand finds tools by the names that programs have for them: in any case, and
// with any signs or none between the words.
type AtHand map[string][]string

// NewAtHand takes the names of tools.
func NewAtHand(tools []string) AtHand {
	hand := AtHand{}
	for _, tool := range tools {
		if key := bare(tool); key != "" {
			hand[key] = append(hand[key], tool)
		}
	}
	return hand
}

// bare keeps the letters and digits of a name, in lower case.
func bare(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// named gives the tools at hand whose names are in a program, sorted. A program
// can also make up a name as it runs, so it is opaque whatever it names.
func (s *shape) named(arguments gjson.Result, hand AtHand) ([]Carried, bool) {
	var calls []Carried
	for _, program := range s.program(arguments) {
		if program.value.Type != gjson.String {
			return nil, false
		}
		for word := range words(program.value.Str) {
			for _, tool := range hand[word] {
				calls = append(calls, Carried{Tool: tool, ToolAt: program.at})
			}
		}
	}
	slices.SortFunc(calls, func(a, b Carried) int { return strings.Compare(a.Tool, b.Tool) })
	calls = slices.CompactFunc(calls, func(a, b Carried) bool { return a.Tool == b.Tool })
	return calls, true
}

// words gives what may be names in a program: runs of letters, digits and
// underscores, and the same with dots, dashes and slashes between.
func words(program string) map[string]bool {
	found := map[string]bool{}
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '$' }
	for long := range strings.FieldsFuncSeq(program, func(r rune) bool { return !part(r) && !strings.ContainsRune("-./:", r) }) {
		if len(long) <= longestName {
			found[bare(long)] = true
		}
		for short := range strings.FieldsFuncSeq(long, func(r rune) bool { return !part(r) }) {
			if len(short) <= longestName {
				found[bare(short)] = true
			}
		}
	}
	return found
}
