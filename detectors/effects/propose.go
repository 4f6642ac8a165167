package effects

import "slices"

// Propose gives an entry for a tool as its words suggest it, for a person to
// judge. Effects and domains are what counts for the tool now, which for a
// judge without catalogues are its words alone; roles are what the names of its
// arguments say.
func (j *Judge) Propose(w Words) Entry {
	v := j.Of(w, nil)
	e := Entry{Schema: w.Schema, Effects: v.Effects, Domains: v.Domains}
	book := j.lexicon.roles
	for _, argument := range w.Arguments {
		for _, i := range book.of([]byte(letters(argument))) {
			r := &book.rules[i]
			if !v.plan.open[i] || r.Maybe || len(r.Effects) > 0 && !meet(r.Effects, v.Effects) || slices.Contains(e.Roles[r.Role], argument) {
				continue
			}
			if e.Roles == nil {
				e.Roles = map[string][]string{}
			}
			e.Roles[r.Role] = append(e.Roles[r.Role], argument)
		}
	}
	return e
}
