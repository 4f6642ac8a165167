package effects

import (
	"encoding/json"
	"slices"

	"github.com/tidwall/gjson"

	"callgate/detectors/code"
	"callgate/detectors/money"
)

// Facts are what one call would do, by its tool and its arguments.
type Facts struct {
	Effects  []string // sorted; empty only for a tool that does nothing but carry calls, all of which could be read
	Domains  []string
	Source   string // of the effects: as in Verdict, or "arguments" where these changed them
	Evidence string // what decided; never a text of the arguments
	Traits   []string
	Programs []string // what a command line in the arguments runs
	Targets  []Target // whom or what it reaches, by role and place
	Money    *money.Payment
}

// Call judges a call of the tool that v is of. Sources count in this order:
// the operator's word, which the arguments do not change; the catalogue; the
// arguments; annotations, which only add; the words of the tool.
//
// A program in the arguments takes the place of the words that only say that it
// runs: a SELECT reads, whatever "execute_sql" sounds like. All other words
// stay. An argument that merely may be a program, or that the tool does not
// declare, never takes anything away.
//
// Arguments that are no JSON object, are nested deeper than 64 or hold more than
// 4,096 values with a role are unreadable: unknown and opaque, and nothing of
// them counts. Call is pure. Neither the order of members nor white space
// changes what it gives; it takes any bytes. Its result is shared with v and may
// not be changed. Values of targets may be secrets, for the caller to mark.
func (j *Judge) Call(v Verdict, arguments json.RawMessage) Facts {
	p := v.plan
	if p == nil {
		p = &plan{fixed: true, base: v.Effects, open: j.lexicon.roles.open(Words{}, v.Domains)}
	}
	f := Facts{Effects: v.Effects, Domains: v.Domains, Source: v.Source, Evidence: v.Evidence}
	if len(arguments) == 0 {
		arguments = json.RawMessage(`{}`)
	}
	object := gjson.ParseBytes(arguments)
	if !gjson.ValidBytes(arguments) || !object.IsObject() {
		return f.unreadable(p)
	}
	w := newWalk(j.lexicon.roles, p, object)
	if w.over {
		return f.unreadable(p)
	}
	found := w.programs(object)
	f.Traits, f.Programs = found.Traits, found.Programs
	if !p.fixed {
		f.judge(j, w, &found)
		f.carried(j, p, arguments)
	}
	if slices.Contains(f.Effects, Pay) {
		if !p.fixed && !p.alone && !p.about {
			f.Domains = paid(f.Domains)
		}
		f.Money = w.payment(f.Effects)
	}
	f.Targets = w.targets(f.Effects, found.reached)
	return f
}

// unreadable are the facts of arguments that can not be read.
func (f Facts) unreadable(p *plan) Facts {
	f.Traits = []string{code.Opaque}
	for _, role := range targetRoles {
		f.Targets = append(f.Targets, Target{Role: role})
	}
	if !p.fixed {
		f.add("arguments: unreadable", Unknown)
	}
	if slices.Contains(f.Effects, Pay) {
		f.Money = &money.Payment{}
	}
	return f
}

// add adds effects that the arguments show.
func (f *Facts) add(why string, effects ...string) {
	all := union(f.Effects, effects)
	if slices.Equal(all, f.Effects) {
		return
	}
	f.Effects, f.Source = all, "arguments"
	f.Evidence += "; " + why
}

// judge joins what the arguments say to what is known of the tool.
func (f *Facts) judge(j *Judge, w *walk, found *programs) {
	p := w.plan
	f.Effects = p.base
	switch {
	case found.some:
		f.Effects = union(minus(p.base, found.instead), found.Effects)
		f.Evidence += "; " + found.Evidence
		if !slices.Equal(f.Effects, p.base) {
			f.Source = "arguments"
		}
	case p.alone && len(p.base) == 0 && p.entry.Carries == nil:
		f.Traits = []string{code.Opaque}
		f.add("no argument that decides", Unknown)
	}
	if !p.alone {
		r := reading{effects: slices.Clone(f.Effects)}
		j.lexicon.args(&r, w.given, false)
		j.lexicon.args(&r, w.given, true)
		for _, effect := range r.effects {
			f.add("given: "+effect, effect)
		}
	}
	if slices.Contains(f.Effects, Write) && w.invites() {
		f.add("recipients", Send)
	}
	if p.hint != "" && !found.decides && harmless(p.base) {
		f.Effects = union(f.Effects, []string{Write})
	}
}

// invites reports a value that is a recipient whatever else the call does.
func (w *walk) invites() bool {
	return slices.ContainsFunc(w.hits, func(h hit) bool {
		r := &w.book.rules[h.rule]
		return r.Role == "recipients" && len(r.Effects) == 0 && (r.stated || w.plan.open[h.rule])
	})
}
