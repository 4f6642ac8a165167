package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// declared gives every setting of a rule with its default.
func (r *rule) declared() map[string]setting {
	on := r.Default == nil || *r.Default
	all := map[string]setting{"enabled": {Description: "whether the rule is asked", Default: on}}
	maps.Copy(all, r.Settings)
	return all
}

// speakers lists, verdict by verdict, the rules that are on and have a set of
// its name. No others are asked, so no rule looks at its own switch.
func (b *bundle) speakers() []speaker {
	var all []speaker
	for _, verdict := range verdictNames {
		for _, name := range slices.Sorted(maps.Keys(b.rules)) {
			if b.on(name) && slices.ContainsFunc(b.sources, func(s source) bool { return s.speaks(name, verdict) }) {
				all = append(all, speaker{rule: name, verdict: verdict})
			}
		}
	}
	return all
}

// asked is data.speakers where all of them are asked.
func asked(speakers []speaker) map[string]any {
	names := map[string]any{}
	for _, s := range speakers {
		list, _ := names[s.verdict].([]any)
		names[s.verdict] = append(list, s.rule)
	}
	return names
}

func (s source) speaks(name, verdict string) bool {
	return !s.test && ruleName(s.module.Package) == name && slices.ContainsFunc(s.module.Rules, func(r *ast.Rule) bool {
		return r.Head.Ref()[0].Value.Compare(ast.Var(verdict)) == 0
	})
}

// settle makes the data that policy sees: the defaults of the rules, over them
// the profile, over that the operator's settings.
func (b *bundle) settle(o Options) Faults {
	rules := map[string]any{}
	for name, r := range b.rules {
		values := map[string]any{}
		for key, s := range r.declared() {
			values[key] = s.Default
		}
		rules[name] = values
	}
	settings := map[string]any{"mode": "enforce", "rules": rules}
	b.settings = settings
	profile, faults := readProfile(o)
	faults = append(faults, b.lay(settings, profile, "profile")...)
	own, err := plainJSON(o.Settings)
	if err != nil {
		return append(faults, Fault{File: "settings", Code: "setting_type", Message: err.Error()})
	}
	faults = append(faults, b.lay(settings, own, "settings")...)
	b.data = map[string]any{"settings": lookups(settings), "speakers": asked(b.speakers()), "complete": false}
	return faults
}

// lookups puts in place of each list of texts an object that has them as keys,
// so that a rule looks a text up however long the list is.
func lookups(value any) any {
	switch v := value.(type) {
	case map[string]any:
		members := make(map[string]any, len(v))
		for key, member := range v {
			members[key] = lookups(member)
		}
		return members
	case []any:
		keys := make(map[string]any, len(v))
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return v
			}
			keys[text] = true
		}
		return keys
	}
	return value
}

// ofTexts reports whether a value is a list of texts, if it is a list at all.
// Others could not be looked up.
func ofTexts(value any) bool {
	list, _ := value.([]any)
	return !slices.ContainsFunc(list, func(item any) bool { _, ok := item.(string); return !ok })
}

func readProfile(o Options) (map[string]any, Faults) {
	name := o.Profile
	if name == "" {
		name = "balanced"
	}
	var profile map[string]any
	file := "profiles/" + name + ".json"
	err := readJSON(o.Shipped, file, &profile)
	if err == nil {
		return profile, nil
	}
	if !fs.ValidPath(file) || errors.Is(err, fs.ErrNotExist) {
		return nil, Faults{{File: "profile", Code: "unknown_profile", Message: fmt.Sprintf("there is no profile %q", name),
			Fix: "use observe, balanced or strict"}}
	}
	return nil, Faults{{File: file, Code: "unreadable", Message: err.Error()}}
}

// lay puts one layer of settings over what is there.
func (b *bundle) lay(settings, layer map[string]any, from string) Faults {
	var faults Faults
	fault := func(code, fix, format string, args ...any) {
		faults = append(faults, Fault{File: from, Code: code, Message: fmt.Sprintf(format, args...), Fix: fix})
	}
	for key, value := range layer {
		switch rules, isObject := value.(map[string]any); {
		case key == "mode" && (value == "enforce" || value == "observe"):
			settings["mode"] = value
		case key == "mode":
			fault("setting_type", "use enforce or observe", "mode is no known word")
		case key == "rules" && isObject:
			for name, own := range rules {
				faults = append(faults, b.layRule(settings["rules"].(map[string]any), name, own, from)...)
			}
		case key == "rules":
			fault("setting_type", "rules: {NAME: {SETTING: VALUE}}", "rules is no object")
		default:
			fault("unknown_setting", "settings hold mode and rules", "there is no setting %q", key)
		}
	}
	return faults
}

func (b *bundle) layRule(all map[string]any, name string, own any, from string) Faults {
	fault := func(code, fix, format string, args ...any) Faults {
		return Faults{{File: from, Code: code, Message: fmt.Sprintf(format, args...), Fix: fix}}
	}
	r := b.rules[name]
	if r == nil {
		known := slices.Sorted(maps.Keys(b.rules))
		return fault("unknown_setting", choice(name, known), "rules.%s: there is no such rule", name)
	}
	layer, ok := own.(map[string]any)
	if !ok {
		return fault("setting_type", "rules: {NAME: {SETTING: VALUE}}", "rules.%s is no object", name)
	}
	var faults Faults
	for key, value := range layer {
		s, known := r.declared()[key]
		switch {
		case !known:
			keys := slices.Sorted(maps.Keys(r.declared()))
			faults = append(faults, fault("unknown_setting", choice(key, keys), "rules.%s.%s: the rule has no such setting", name, key)...)
		case kind(value) != kind(s.Default):
			faults = append(faults, fault("setting_type", fmt.Sprintf("write %s, such as %s", kind(s.Default), written(s.Default)), "rules.%s.%s is %s, want %s", name, key, kind(value), kind(s.Default))...)
		case !ofTexts(value):
			faults = append(faults, fault("setting_type", "put what is no text in quotes", "rules.%s.%s is a list of other things than texts", name, key)...)
		default:
			if wrong, fix := s.misfit(value); wrong != "" {
				faults = append(faults, fault("setting_type", fix, "rules.%s.%s %s", name, key, wrong)...)
				continue
			}
			all[name].(map[string]any)[key] = value
		}
	}
	return faults
}

// choice helps with a name that is not among the known ones.
func choice(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "use one of " + strings.Join(known, ", ")
}

// kind names the JSON type of a value.
func kind(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case string:
		return "a text"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}

// written is a value as JSON.
func written(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// plainJSON brings settings of any decoder into the form of JSON.
func plainJSON(settings map[string]any) (map[string]any, error) {
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	var plain map[string]any
	return plain, util.UnmarshalJSON(text, &plain)
}

func readJSON(files fs.FS, name string, into any) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	return util.NewJSONDecoder(bytes.NewReader(text)).Decode(into)
}
