package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// RuleInfo describes one rule as loaded.
type RuleInfo struct {
	Name        string         `json:"name"`
	Title       string         `json:"title"`
	Description string         `json:"description"`
	Risk        string         `json:"risk"`
	Shipped     bool           `json:"shipped"`
	Tested      bool           `json:"tested"`   // tests came with it
	Says        []string       `json:"says"`     // the verdicts for which it has something to say
	Reads       []string       `json:"reads"`    // paths of the input, its helpers' included
	Settings    map[string]any `json:"settings"` // as in force; "enabled" is one of them
	Declared    []Setting      `json:"declared"` // the same settings as METADATA has them, by name
	Example     *Example       `json:"example,omitempty"`
}

// Setting is one setting of a rule as its METADATA declares it.
type Setting struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Default     any    `json:"default"`
	OneOf       []any  `json:"one_of,omitempty"` // of a list, each item; absent where any value of the default's kind will do
	Form        string `json:"form,omitempty"`   // what each text is: host, domain or mailbox
}

// On reports whether the rule is asked.
func (r RuleInfo) On() bool { return r.Settings["enabled"] != false }

// infos lists the rules by name with their settings in force.
func (b *bundle) infos() []RuleInfo {
	inputs := b.inputs()
	var infos []RuleInfo
	for _, name := range slices.Sorted(maps.Keys(b.rules)) {
		r := b.rules[name]
		info := RuleInfo{
			Name: name, Title: r.title, Description: r.description, Risk: r.Risk, Shipped: r.shipped,
			Says: []string{}, Settings: b.rule(name), Declared: []Setting{}, Example: r.Example,
		}
		for _, s := range b.sources {
			info.Tested = info.Tested || s.test && ruleName(s.module.Package) == name+"_test"
		}
		for _, verdict := range verdictNames {
			if slices.ContainsFunc(b.sources, func(s source) bool { return s.speaks(name, verdict) }) {
				info.Says = append(info.Says, verdict)
			}
		}
		info.Reads = inputs.below("data.callgate.rules." + name)
		for key, s := range r.declared() {
			info.Declared = append(info.Declared, Setting{Name: key, Description: strings.TrimSpace(s.Description), Default: s.Default, OneOf: s.OneOf, Form: s.Form})
		}
		slices.SortFunc(info.Declared, func(a, b Setting) int { return cmp.Compare(a.Name, b.Name) })
		infos = append(infos, info)
	}
	return infos
}

// readings is what rules read: what of the input and which other rules, by
// "data.PACKAGE.RULE".
type readings map[string][]string

func (b *bundle) inputs() readings {
	all := readings{}
	defined := b.defined()
	for _, s := range b.sources {
		if s.test {
			continue
		}
		for _, u := range s.uses(defined[s.pkg()]) {
			from := s.pkg() + "." + u.rule
			all[from] = append(all[from], u.String())
		}
	}
	return all
}

// below lists what of the input the rules of a package read, by way of other
// rules too.
func (r readings) below(pkg string) []string {
	seen, reads := map[string]bool{}, map[string]bool{}
	var follow func(rule string)
	follow = func(rule string) {
		if seen[rule] {
			return
		}
		seen[rule] = true
		for _, path := range r[rule] {
			if rest, ok := strings.CutPrefix(path, "input."); ok {
				reads[rest] = true
			} else if path == "input" {
				reads["everything"] = true
			}
			for other := range r {
				if path == other || strings.HasPrefix(path, other+".") {
					follow(other)
				}
			}
		}
	}
	for rule := range r {
		if strings.HasPrefix(rule, pkg+".") {
			follow(rule)
		}
	}
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(reads))))
}
