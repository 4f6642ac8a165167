package policy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Change is something that would change a decision. It was tried: the verdict
// is what the policy says then.
type Change struct {
	Kind    string   `json:"kind"` // see the constants; together for several in one
	Do      string   `json:"do"`
	Lifts   []string `json:"lifts"` // the rules whose objections go
	Verdict string   `json:"verdict"`
}

// Kinds of changes, the least intrusive first.
const (
	byApproval = "approval" // a person says yes
	byScope    = "scope"    // the operator gives the caller a scope
	byFact     = "fact"     // the call is made differently, or is known to be other than it seems
	bySetting  = "setting"  // the operator sets a rule another way
	bySwitch   = "switch"   // the operator switches a rule off
	together   = "together"
)

var changeKinds = []string{byApproval, byScope, byFact, together, bySetting, bySwitch}

const (
	maxTrials   = 160 // decisions that are tried for one explanation
	maxTogether = 6   // changes in one
)

// candidate is a change that might help.
type candidate struct {
	kind, do string
	input    func(*Input)          // nil where the input stays
	engine   func(*Engine) *Engine // nil where the policy stays
}

// tried is a candidate with what it led to.
type tried struct {
	candidate
	engine *Engine
	in     *Input
	d      Decision
}

// changes searches for what would lift the objections of a decision.
func (e *Engine) changes(ctx context.Context, in *Input, d Decision) []Change {
	found := []Change{}
	if d.Verdict == Allow {
		return found
	}
	candidates := e.candidates(in, d)
	for _, c := range candidates[:min(len(candidates), maxTrials)] {
		t, err := e.try(ctx, in, c)
		if err != nil {
			continue
		}
		if lifts := lifted(d, t.d); t.d.Verdict > d.Verdict || len(lifts) > 0 && t.d.Verdict == d.Verdict {
			found = append(found, Change{Kind: c.kind, Do: c.do, Lifts: lifts, Verdict: t.d.Verdict.String()})
		}
	}
	if !slices.ContainsFunc(found, func(c Change) bool { return c.Verdict == Allow.String() && c.Kind != bySwitch }) {
		if c, ok := e.combined(ctx, in, d); ok {
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b Change) int {
		if n := slices.Index(verdictNames[:], b.Verdict) - slices.Index(verdictNames[:], a.Verdict); n != 0 {
			return n
		}
		return slices.Index(changeKinds, a.Kind) - slices.Index(changeKinds, b.Kind)
	})
	return found
}

func (e *Engine) try(ctx context.Context, in *Input, c candidate) (tried, error) {
	t := tried{candidate: c, engine: e, in: in}
	if c.engine != nil {
		t.engine = c.engine(e)
	}
	if c.input != nil {
		changed := *in
		c.input(&changed)
		t.in = &changed
	}
	var err error
	t.d, err = t.engine.Decide(ctx, t.in)
	return t, err
}

// lifted names the rules that objected before and do so no more.
func lifted(before, after Decision) []string {
	rules := []string{}
	for _, o := range before.Opinions {
		still := slices.ContainsFunc(after.Opinions, func(x Opinion) bool { return x.Rule == o.Rule && x.Verdict == o.Verdict })
		if o.Verdict != Allow && !still && !slices.Contains(rules, o.Rule) {
			rules = append(rules, o.Rule)
		}
	}
	return rules
}

// combined takes one change after the other, each time one that lifts an
// objection or leads to a milder verdict.
func (e *Engine) combined(ctx context.Context, in *Input, d Decision) (Change, bool) {
	at := tried{engine: e, in: in, d: d}
	var steps []string
	for len(steps) < maxTogether && at.d.Verdict != Allow {
		next, ok := at.step(ctx)
		if !ok {
			return Change{}, false
		}
		steps = append(steps, next.do)
		at = next
	}
	if len(steps) < 2 || at.d.Verdict != Allow {
		return Change{}, false
	}
	return Change{Kind: together, Do: strings.Join(steps, "; and "), Lifts: lifted(d, at.d), Verdict: at.d.Verdict.String()}, true
}

func (at tried) step(ctx context.Context) (tried, bool) {
	candidates := at.engine.candidates(at.in, at.d)
	for _, c := range candidates[:min(len(candidates), maxTrials)] {
		next, err := at.engine.try(ctx, at.in, c)
		if err == nil && (next.d.Verdict > at.d.Verdict || len(lifted(at.d, next.d)) > 0 && next.d.Verdict == at.d.Verdict) {
			return next, true
		}
	}
	return tried{}, false
}

// candidates lists what might help, the least intrusive first.
func (e *Engine) candidates(in *Input, d Decision) []candidate {
	all := []candidate{}
	if slices.ContainsFunc(d.Opinions, func(o Opinion) bool { return o.Verdict == Ask }) && !in.Call.Approved {
		all = append(all, candidate{kind: byApproval, do: "a person approves the call", input: func(in *Input) { in.Call.Approved = true }})
	}
	all = append(all, scopes(in)...)
	all = append(all, aboutFacts(in)...)
	var objecting []RuleInfo
	for _, r := range e.rules {
		if objects(d, r.Name) {
			objecting = append(objecting, r)
		}
	}
	words := in.words()
	for _, r := range objecting {
		all = append(all, aboutSettings(e, r, words)...)
	}
	for _, r := range objecting {
		all = append(all, tune(r.Name, "enabled", false, bySwitch, "switch the rule "+r.Name+" off"))
	}
	return all
}

// scopes gives the scopes that the call may lack, one by one and all at once.
func scopes(in *Input) []candidate {
	domains := in.Call.Domains
	if len(domains) == 0 {
		domains = []string{"other"}
	}
	var lacking []string
	for _, effect := range in.Call.Effects {
		for _, domain := range domains {
			if scope := domain + ":" + effect; !slices.Contains(in.Caller.Scopes, scope) {
				lacking = append(lacking, scope)
			}
		}
	}
	var all []candidate
	give := func(do string, given ...string) {
		all = append(all, candidate{kind: byScope, do: do, input: func(in *Input) {
			in.Caller.Scopes = append(slices.Clone(in.Caller.Scopes), given...)
		}})
	}
	for _, scope := range lacking {
		give("give the caller the scope "+scope, scope)
	}
	if len(lacking) > 1 {
		give("give the caller the scopes "+strings.Join(lacking, ", "), lacking...)
	}
	return all
}

// aboutSettings gives other values of a rule's settings.
func aboutSettings(e *Engine, r RuleInfo, words []string) []candidate {
	var all []candidate
	for _, s := range r.Declared {
		set := func(value any) {
			all = append(all, tune(r.Name, s.Name, value, bySetting, fmt.Sprintf("set rules.%s.%s to %s", r.Name, s.Name, written(value))))
		}
		switch value := e.origin.rule(r.Name)[s.Name].(type) {
		case bool:
			if s.Name != "enabled" {
				set(!value)
			}
		case string:
			for _, one := range s.OneOf {
				if one != any(value) {
					set(one)
				}
			}
		case []any:
			fitting := slices.DeleteFunc(slices.Clone(words), func(word string) bool {
				wrong, _ := setting{OneOf: s.OneOf, Form: s.Form}.misfit(word)
				return wrong != ""
			})
			all = append(all, aboutList(r.Name, s.Name, value, fitting)...)
		}
	}
	return all
}

// aboutList gives a list with one text more or less, of those that the call
// has to do with.
func aboutList(rule, name string, list []any, words []string) []candidate {
	var all []candidate
	for _, word := range words {
		at := slices.Index(list, any(word))
		if at >= 0 {
			less := slices.Delete(slices.Clone(list), at, at+1)
			all = append(all, tune(rule, name, less, bySetting, fmt.Sprintf("take %q out of rules.%s.%s", word, rule, name)))
			continue
		}
		all = append(all, tune(rule, name, append(slices.Clone(list), word), bySetting, fmt.Sprintf("add %q to rules.%s.%s", word, rule, name)))
	}
	return all
}

func tune(rule, name string, value any, kind, do string) candidate {
	return candidate{kind: kind, do: do, engine: func(e *Engine) *Engine { return e.tuned(rule, name, value) }}
}

// tuned is an Engine with one setting changed. It shares all that was compiled,
// since a setting is data; a rule that is switched off is not asked.
func (e *Engine) tuned(rule, name string, value any) *Engine {
	b := *e.origin
	b.settings = maps.Clone(b.settings)
	rules := maps.Clone(b.settings["rules"].(map[string]any))
	values := maps.Clone(b.rule(rule))
	values[name] = value
	rules[rule], b.settings["rules"] = values, rules
	b.data = maps.Clone(b.data)
	b.data["settings"] = lookups(b.settings)
	data, err := ast.InterfaceToValue(b.data)
	if err != nil {
		panic(err) // it is made of what was loaded
	}
	changed := *e
	changed.origin, changed.data, changed.memo = &b, data, nil
	changed.silence = silent(b.compiler, data, slices.DeleteFunc(b.speakers(), func(s speaker) bool { return e.mute(s) }))
	return &changed
}

// mute reports whether a rule is not even compiled, so that switching it on
// takes a new Engine.
func (e *Engine) mute(s speaker) bool {
	return !slices.ContainsFunc(e.silence.speakers, func(x speaker) bool { return x.rule == s.rule && x.verdict == s.verdict })
}

// words are texts of an input that a list in the settings may name.
func (in *Input) words() []string {
	var all []string
	add := func(words ...string) {
		for _, word := range words {
			if word != "" && !slices.Contains(all, word) && len(all) < 16 {
				all = append(all, word)
			}
		}
	}
	for _, t := range in.Targets {
		add(t.Within[:min(len(t.Within), 3)]...)
	}
	add(in.Call.Programs...)
	add(in.Tool.Drift...)
	if in.Money != nil {
		add(in.Money.Payee, in.Money.Currency)
	}
	add(in.Caller.Name, in.Call.Server)
	add(in.Call.Domains...)
	add(in.Call.Effects...)
	return all
}
