package effects

import (
	"slices"
	"strings"
)

// plan is how the calls of one tool are read. It is made once per tool and
// immutable.
type plan struct {
	fixed   bool     // the operator, or the protocol, said the effects: arguments change nothing
	alone   bool     // the catalogue's entry stands alone: no name of an argument is guessed at
	base    []string // effects of each call, before its arguments are read
	hint    string   // the annotation by which a tool that only reads writes; "" for none
	about   bool     // the operator said the domains
	takes   set      // names of the arguments that the tool declares
	entry   *Entry   // what the catalogue knows; nil for nothing
	places  []place  // of its roles
	open    []bool   // per rule of the lexicon's roles: the tool's words let it count
	urls    set      // arguments that the schema says to be URIs, as letters spells them
	carrier carrying // by the tool's name, that its arguments carry other calls
}

// place is one argument that a catalogue gives a role.
type place struct {
	role string
	path []string
}

// declares reports a pointer into an argument that the tool declares. What a
// tool does not declare it may ignore, so such a value takes nothing away.
func (p *plan) declares(pointer string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	return p.takes[unescape.Replace(first)]
}

// unescape undoes the escapes of a reference token (RFC 6901).
var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// everything is the most that a program in an argument of a role could do.
var everything = map[string][]string{
	"sql": {Delete, Execute, Read, Write}, "command": {Execute}, "argv": {Execute}, "code": {Execute},
	"method": {Delete, Read, Send, Write}, "graphql": {Delete, Read, Send, Write}, "mode": {Read, Write},
}

// Of judges a tool. The operator's word stands as it is; operator may be nil.
func (j *Judge) Of(w Words, operator *Override) Verdict {
	v := j.own(w)
	p := v.plan
	if operator != nil && len(operator.Domains) > 0 {
		v.Domains, p.about = sorted(operator.Domains), true
	}
	if operator != nil && operator.DraftTwin != "" {
		v.DraftTwin = operator.DraftTwin
	}
	if operator != nil && len(operator.Effects) > 0 {
		v.Effects, v.Source, v.Evidence = sorted(operator.Effects), "operator", "configuration"
		p.fixed, p.base, v.Least = true, v.Effects, v.Effects
	}
	p.open = j.lexicon.roles.open(w, v.Domains)
	if !p.fixed {
		v.Least = j.least(p, w.Arguments)
	}
	return v
}

// Undefined judges a tool of which nothing but a caller's word for its name is
// known: it is unknown unless the operator said otherwise.
func (j *Judge) Undefined(operator *Override) Verdict {
	return j.Of(Words{}, operator)
}

// own joins catalogue, lexicon and annotations, as the package comment says.
func (j *Judge) own(w Words) Verdict {
	v, base := j.lexicon.judge(w)
	p := &plan{base: base, takes: setOf(w.Arguments), hint: hint(w.Annotations), urls: set{}, carrier: j.lexicon.carriers.named(w.Name)}
	for _, name := range w.URLs {
		p.urls[letters(name)] = true
	}
	v.plan = p
	own := v.Domains
	if e, alone := j.shelf.find(w.Name, w.Schema); e != nil {
		v.join(e, alone, w.Name)
		if !alone {
			v.Domains = j.shelf.domains(w.Name, own)
		}
	}
	if p.hint != "" && harmless(v.Effects) {
		v.Effects = []string{Read, Write}
		v.Evidence += "; " + p.hint
	}
	return v
}

// join takes in what the catalogue knows of a tool.
func (v *Verdict) join(e *Entry, alone bool, name string) {
	p, most := v.plan, e.Effects
	for role := range e.Roles {
		most = union(most, everything[role])
	}
	if e.Carries != nil {
		most = union(most, []string{Execute})
	}
	switch evidence := "catalogue: " + name; {
	case alone:
		v.Effects, v.Domains, p.base = most, e.Domains, e.Effects
		v.Source, v.Evidence = "catalogue", evidence
	case len(most) > 0:
		v.Effects, p.base = union(most, v.Effects), union(e.Effects, p.base)
		v.Source, v.Evidence = "catalogue", evidence+"; "+v.Evidence
	}
	v.DraftTwin, v.Results, v.Catalogued = e.DraftTwin, e.Results, alone
	p.alone, p.entry = alone, e
	for _, role := range roleNames {
		for _, argument := range e.Roles[role] {
			tokens, _ := path(argument) // checked when the catalogue was read
			p.places = append(p.places, place{role: role, path: tokens})
		}
	}
}

// least gives the effects of the mildest call: its program, if it takes one,
// reads.
func (j *Judge) least(p *plan, arguments []string) []string {
	effects, decided := p.base, p.alone && len(p.base) == 0
	if !p.alone {
		instead := j.lexicon.roles.instead(p, arguments)
		if p.carrier == carries {
			instead = append(instead, carrierEffects...)
		}
		effects, decided = minus(effects, instead), len(instead) > 0
	}
	switch {
	case decided && len(effects) == 0 && p.alone && p.entry.runs():
		return []string{Execute}
	case decided && len(effects) == 0:
		return []string{Read}
	}
	if !decided && p.hint != "" && harmless(effects) {
		return []string{Read, Write}
	}
	return effects
}

func union(a, b []string) []string {
	return sorted(slices.Concat(a, b))
}

// sorted gives a sorted copy without repeats.
func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func without(list []string, word string) []string { return minus(list, []string{word}) }

func minus(list, words []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(words, s) })
}
