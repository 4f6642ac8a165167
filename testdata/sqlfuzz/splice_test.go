package sqlfuzz

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

var pieces = regexp.MustCompile(`\s+|\w+|'[^']*'|"[^"]*"|.`)

// splices is how many texts TestSplices makes.
const splices = 5000

// TestSplices makes statements out of pieces of the seeds, with keywords where
// names were, and holds those that PostgreSQL still parses against the reader.
func TestSplices(t *testing.T) {
	all := seeds(t)
	vocabulary := strings.Fields("by key no set partition using table into for on as lock next value from share order over " +
		"update delete insert begin commit analyze a t 1 ( ) , * ; . = - ` @ [ ] # $$ 'x' \"x\" -- /* */ \n")
	for _, text := range all {
		vocabulary = append(vocabulary, pieces.FindAllString(text, -1)...)
	}
	chance := rand.New(rand.NewPCG(1, 2))
	parsed, changed := 0, 0
	for range splices {
		tokens := pieces.FindAllString(all[chance.IntN(len(all))], -1)
		if other := pieces.FindAllString(all[chance.IntN(len(all))], -1); chance.IntN(3) == 0 {
			at, from := chance.IntN(len(tokens)), chance.IntN(len(other))
			tokens = append(append(append([]string{}, tokens[:at]...), other[from:]...), tokens[at:]...)
		}
		for range 1 + chance.IntN(3) {
			i, piece := chance.IntN(len(tokens)), vocabulary[chance.IntN(len(vocabulary))]
			switch chance.IntN(3) {
			case 0:
				tokens[i] = piece
			case 1:
				tokens[i] += " " + piece + " "
			default:
				tokens[i] = ""
			}
		}
		text := strings.Join(tokens, "")
		found, err := Changes(text)
		if err != nil {
			continue
		}
		parsed++
		if len(found) == 0 {
			continue
		}
		changed++
		if reads(text) {
			t.Errorf("said to read, but has %q: %s", found, text)
		}
	}
	if parsed < splices/10 || changed < splices/20 {
		t.Errorf("of %d texts %d parsed, %d changed", splices, parsed, changed)
	}
}
