package policy

import (
	"fmt"
	"slices"
)

// maxEach bounds the changes that are about one list of an input.
const maxEach = 8

// aboutFacts gives the call without what a rule may object to: made in another
// way, or known to be other than it seems.
func aboutFacts(in *Input) []candidate {
	var all []candidate
	suppose := func(change func(*Input), format string, args ...any) {
		all = append(all, candidate{kind: byFact, do: fmt.Sprintf(format, args...), input: change})
	}
	for _, detector := range uniq(in.Findings, func(f Finding) string { return f.Detector }) {
		suppose(func(in *Input) {
			in.Findings = without(in.Findings, func(f Finding) bool { return f.Detector == detector })
		}, "make it without what the detector %s found", detector)
	}
	if len(in.Tool.SchemaErrors) > 0 {
		suppose(func(in *Input) { in.Tool.SchemaErrors = nil }, "make it with arguments that fit the tool's schema")
	}
	if len(in.Tool.Drift) > 0 {
		suppose(func(in *Input) { in.Tool.Drift = nil }, "accept the tool's changed definition")
	}
	for _, t := range in.Targets[:min(len(in.Targets), maxEach)] {
		suppose(func(in *Input) {
			in.Targets = without(in.Targets, func(x Target) bool { return x.Role == t.Role && x.Value == t.Value })
		}, "make it without the %s %s", t.Role, t.Value)
	}
	for _, trait := range in.Call.Traits[:min(len(in.Call.Traits), maxEach)] {
		suppose(func(in *Input) {
			in.Call.Traits = without(in.Call.Traits, func(x string) bool { return x == trait })
		}, "make it with a program that is not %s", trait)
	}
	return append(all, aboutEffects(in)...)
}

// aboutEffects gives the call as though it did less.
func aboutEffects(in *Input) []candidate {
	var all []candidate
	effects := func(effects []string, do string) {
		all = append(all, candidate{kind: byFact, do: do, input: func(in *Input) { in.Call.Effects = effects }})
	}
	if len(in.Call.Effects) > 1 {
		for _, effect := range in.Call.Effects {
			effects(without(in.Call.Effects, func(x string) bool { return x == effect }), "make it without the effect "+effect)
		}
	}
	for _, effect := range []string{"draft", "read"} {
		if !slices.Equal(in.Call.Effects, []string{effect}) {
			effects([]string{effect}, "let it only "+effect+", or say in the configuration that the tool does no more")
		}
	}
	return all
}

func without[T any](list []T, is func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), is)
}

func uniq[T any](list []T, name func(T) string) []string {
	var names []string
	for _, item := range list {
		if n := name(item); !slices.Contains(names, n) && len(names) < maxEach {
			names = append(names, n)
		}
	}
	return names
}
