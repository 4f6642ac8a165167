package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// rule is what the METADATA of a rule package declares.
type rule struct {
	title, description string
	shipped            bool

	Risk     string             `json:"risk"`
	Default  *bool              `json:"default"` // switched on where no setting says otherwise; absent means true
	Settings map[string]setting `json:"settings"`
	Example  *Example           `json:"example"`
}

// setting is one declared setting of a rule.
type setting struct {
	Description string `json:"description"`
	Default     any    `json:"default"`
	OneOf       []any  `json:"one_of"` // of a list, what each item may be
	Form        string `json:"form"`   // what each text is; a key of forms
}

// Example is a call on which a rule speaks.
type Example struct {
	Call     json.RawMessage `json:"call"`               // members of an input, over those of a blameless call
	Settings map[string]any  `json:"settings,omitempty"` // of the rule, over the balanced profile
	Says     string          `json:"says"`               // deny, ask or transform
}

// The members that METADATA may have below custom, and the words of some.
var (
	customMembers  = []string{"risk", "default", "settings", "example"}
	settingMembers = []string{"description", "default", "one_of", "form"}
	exampleMembers = []string{"call", "settings", "says"}
	risks          = []string{"low", "medium", "high", "critical"}
)

// notes reads the custom METADATA of one file, and gathers what is wrong.
type notes struct {
	source
	at     *ast.Annotations
	faults Faults
}

// describe reads the package METADATA of a rule.
func (b *bundle) describe(s source) Faults {
	r := b.rules[ruleName(s.module.Package)]
	if s.test || r == nil {
		return nil
	}
	i := slices.IndexFunc(s.module.Annotations, func(a *ast.Annotations) bool { return a.Scope == "package" })
	if i < 0 {
		return nil
	}
	n := notes{source: s, at: s.module.Annotations[i]}
	r.title, r.description = n.at.Title, strings.TrimSpace(n.at.Description)
	n.members("custom", n.at.Custom, customMembers)
	custom, err := json.Marshal(n.at.Custom)
	if err == nil {
		err = util.UnmarshalJSON(custom, r)
	}
	if err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			err = fmt.Errorf("custom.%s is a %s, which it cannot be", wrong.Field, wrong.Value)
		}
		n.fault("custom", "custom holds risk, default (true or false), settings: {NAME: {description, default, one_of, form}} and example: {call, says}", "%s", err)
		return n.faults
	}
	n.check(r)
	return n.faults
}

func (n *notes) check(r *rule) {
	if r.Risk != "" && !slices.Contains(risks, r.Risk) {
		n.fault("risk", choice(r.Risk, risks), "risk is no known word")
	}
	settings, _ := n.at.Custom["settings"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(r.Settings)) {
		members, _ := settings[name].(map[string]any)
		n.members(name, members, settingMembers)
		s := r.Settings[name]
		switch {
		case name == "enabled":
			n.fault(name, "write default: true or false beside settings", "every rule has the setting enabled")
		case s.Default == nil:
			n.fault(name, "give it a default", "the setting %s has no default", name)
		case !ofTexts(s.Default):
			n.fault(name, "write texts, or an object", "the setting %s is a list of other things than texts", name)
		case s.Form != "" && forms[s.Form] == nil:
			n.fault(name, choice(s.Form, slices.Sorted(maps.Keys(forms))), "the form of the setting %s is no known word", name)
		default:
			if wrong, fix := s.misfit(s.Default); wrong != "" {
				n.fault(name, fix, "the default of the setting %s %s", name, wrong)
			}
		}
	}
	if r.Example != nil {
		example, _ := n.at.Custom["example"].(map[string]any)
		n.members("example", example, exampleMembers)
		if says := []string{"deny", "ask", "transform"}; !slices.Contains(says, r.Example.Says) {
			n.fault("example", choice(r.Example.Says, says), "the example does not say what the rule says")
		}
	}
}

// members finds names that nobody reads.
func (n *notes) members(of string, has map[string]any, known []string) {
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if !slices.Contains(known, name) {
			n.fault(name, choice(name, known), "%s has no member %q", of, name)
		}
	}
}

func (n *notes) fault(key, fix, format string, args ...any) {
	n.faults = append(n.faults, Fault{File: n.file, Line: n.line(key), Code: "metadata", Message: fmt.Sprintf(format, args...), Fix: fix})
}

// line is where in the METADATA of a package a key stands, or where that begins.
func (s source) line(key string) int {
	end := s.module.Package.Location.Row
	pattern := regexp.MustCompile(`^#\s+"?` + regexp.QuoteMeta(key) + `"?\s*:`)
	begin := 0
	for i, text := range strings.Split(string(s.text), "\n") {
		switch row := i + 1; {
		case row >= end:
			return begin
		case strings.HasPrefix(text, "# METADATA"):
			begin = row
		case begin > 0 && pattern.MatchString(text):
			return row
		}
	}
	return begin
}
