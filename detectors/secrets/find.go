package secrets

import (
	"cmp"
	"slices"
	"strings"

	"callgate/detectors"
)

// rule is one kind of secret.
type rule struct {
	name     string
	severity detectors.Severity
	literals []string // one of them stands in every secret of the kind, or before it
	fold     bool     // the literals have no case
	weak     bool     // known by what stands around it: it yields to rules that know the form
	// match judges a literal at text[at:body] and gives the secret's span; an
	// end of 0 means none. Over all literals of a text it takes linear time.
	// Names of assignments have none: the scan judges them.
	match func(text string, at, body int) (start, end int)
}

// hit is one secret in a text.
type hit struct {
	rule       *rule
	start, end int
}

// mask stands in a text for what is no longer looked at: marks, and secrets
// that were found. No rule takes it as part of anything.
const mask = '\x00'

// mostRounds bounds how often a text is read again after something in it was
// masked. Each round but the last finds what the one before had overlapped.
const mostRounds = 6

// find gives the secrets in text in order of place, without overlap. name is
// the member's name under which the text stands, or empty.
//
// What is found is masked, and the rest is read again as a later reader would
// see it with marks in it. So redacting twice changes nothing.
func find(text, name string) []hit {
	kind := kindOf(name)
	rest := maskMarks(text)
	var found []hit
	for range mostRounds {
		s := scan{text: rest}
		s.run()
		s.member(kind, name)
		kept := s.best()
		if len(kept) == 0 {
			break
		}
		rest = maskHits(rest, kept)
		found = append(found, kept...)
	}
	if found == nil {
		return nil
	}
	found = append(found, hunt(rest, quarryOf(text, found, nil))...)
	sortHits(found)
	return found
}

// scan reads one text once.
type scan struct {
	text   string
	strong []hit
	weak   []hit
	ends   [len(quotes) + 1]stretch // where values end
	dealt  int                      // end of the last name that was judged
}

// run judges every literal in the text.
func (s *scan) run() {
	t := s.text
	var h uint32
	for i := 0; i < len(t); i++ {
		h = h<<8&0xFFFFFF | uint32(t[i]|0x20)
		if slot := slotOf(h); index.may(slot) && i >= 2 {
			s.at(i-2, slot)
		}
	}
}

// at judges the literals that may begin at i.
func (s *scan) at(i int, slot uint32) {
	if digits[s.text[i]] && digits[s.text[i+1]] {
		s.try(&cardRule, i, i)
		return
	}
	for _, e := range index.entries[slot] {
		end := i + len(e.literal)
		if end > len(s.text) {
			continue
		}
		if have := s.text[i:end]; have == e.literal || e.rule.fold && strings.EqualFold(have, e.literal) {
			s.try(e.rule, i, end)
		}
	}
}

func (s *scan) try(r *rule, at, body int) {
	if r.match == nil {
		s.assignment(at)
		return
	}
	if start, end := r.match(s.text, at, body); end != 0 {
		s.note(r, start, end)
	}
}

func (s *scan) note(r *rule, start, end int) {
	if r.weak {
		s.weak = append(s.weak, hit{r, start, end})
	} else {
		s.strong = append(s.strong, hit{r, start, end})
	}
}

// best gives the hits to keep: the weak ones only where no strong one is left
// to find, and of two that overlap the first, of two from one place the
// longer.
func (s *scan) best() []hit {
	all := s.strong
	if len(all) == 0 {
		all = s.weak
	}
	slices.SortStableFunc(all, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
	kept := all[:0]
	for _, h := range all {
		if len(kept) == 0 || h.start >= kept[len(kept)-1].end {
			kept = append(kept, h)
		}
	}
	return kept
}

func sortHits(hits []hit) {
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.start, b.start) })
}

// maskMarks masks the marks in text.
func maskMarks(text string) string {
	i := strings.Index(text, markOpen)
	if i < 0 {
		return text
	}
	masked := []byte(text)
	for i < len(text) {
		n := markAt(text[i:])
		clear(masked[i : i+n])
		i += max(n, 1)
		next := strings.Index(text[i:], markOpen)
		if next < 0 {
			break
		}
		i += next
	}
	return string(masked)
}

func maskHits(text string, hits []hit) string {
	masked := []byte(text)
	for _, h := range hits {
		clear(masked[h.start:h.end])
	}
	return string(masked)
}
