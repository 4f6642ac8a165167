package policy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"callgate/policy"
	"callgate/rego"
)

// TestDraft: what is written passes the check, the tests at full coverage and
// the format.
func TestDraft(t *testing.T) {
	for _, name := range []string{"night", "a1", "x_" + strings.Repeat("y", 62)} {
		files, err := policy.Draft(name, rego.Files)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		for file, text := range files {
			texts[filepath.Join(name, file)] = string(text)
		}
		dir := folder(t, texts)
		o := policy.Options{Shipped: rego.Files, Dirs: []string{dir}}
		for _, r := range load(t, o).Rules() {
			if r.Name == name && (!r.Tested || r.Title == "" || r.Risk == "" || r.Example == nil || len(r.Declared) != 2) {
				t.Errorf("%+v", r)
			}
		}
		if name != "night" {
			continue
		}
		report, err := policy.Test(t.Context(), o)
		if err != nil || !report.Passed() || report.Coverage != 100 {
			t.Errorf("%+v, %v", report, err)
		}
		if unformatted, err := policy.Format(os.DirFS(dir)); err != nil || len(unformatted) > 0 {
			t.Errorf("%s, %v", unformatted, err)
		}
	}
}

func TestDraftRefuses(t *testing.T) {
	for _, name := range []string{"", "a", "Night", "1a", "a-b", "a/b", "../a", "a_", "a_test", "x" + strings.Repeat("y", 64)} {
		if _, err := policy.Draft(name, rego.Files); err == nil || !strings.Contains(err.Error(), "is no name for a rule") {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"schema", "main"} {
		if _, err := policy.Draft(name, rego.Files); err == nil || !strings.Contains(err.Error(), "belongs to the shipped policy") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestExamples: each shipped rule has an example on which it alone speaks.
func TestExamples(t *testing.T) {
	payments := map[string]bool{"financial_write_ban": true, "spend_limits": true} // of which the ban speaks on each
	rules := 0
	for _, r := range load(t, policy.Options{}).Rules() {
		if r.Example == nil {
			t.Errorf("rule %s has no example", r.Name)
			continue
		}
		in, err := r.Example.Input()
		if err != nil {
			t.Errorf("rule %s: %v", r.Name, err)
			continue
		}
		settings := map[string]any{"enabled": true}
		for key, value := range r.Example.Settings {
			settings[key] = value
		}
		e := load(t, policy.Options{Settings: map[string]any{"rules": map[string]any{r.Name: settings}}})
		d, err := e.Decide(t.Context(), in)
		others := slices.DeleteFunc(d.Rules(), func(name string) bool { return name == r.Name || payments[r.Name] && payments[name] })
		if err != nil || d.Verdict.String() != r.Example.Says || !slices.Contains(d.Rules(), r.Name) || len(others) > 0 {
			t.Errorf("rule %s: %v by %v, %v; want %s", r.Name, d.Verdict, d.Rules(), err, r.Example.Says)
		}
		rules++
	}
	if rules < 16 {
		t.Errorf("%d rules with an example", rules)
	}
	blameless, err := policy.Example{Call: []byte("{}")}.Input()
	if err != nil {
		t.Fatal(err)
	}
	if d, err := load(t, policy.Options{}).Decide(t.Context(), blameless); err != nil || d.Verdict != policy.Allow {
		t.Errorf("the call that examples are laid over: %v, %v", d, err)
	}
}

func TestExampleOfOperator(t *testing.T) {
	rule := func(example string) string {
		return "# METADATA\n# custom:\n#   example:\n#     call: " + example + "\n#     says: deny\npackage callgate.rules.own\n\ndeny contains {\"reason\": \"x\"} if input.call.tool == \"x\"\n"
	}
	for example, cause := range map[string]string{
		`{call: {tool: x}}`: "", `{call: {tool: y}}`: "the example gets allow by least_privilege, not deny by own", `{call: {tol: x}}`: "did you mean tool?",
		`{call: {tool: x}}
#     settings: {mots: 1}`: "rules.own.mots: the rule has no such setting",
		`{call: {tool: x}, tool: {schema_errors: [{fault: type}]}}`: "", `{call: {tool: y}, tool: {schema_errors: [{fault: type}]}}`: "the example gets deny by schema, not deny by own",
	} {
		dir := folder(t, map[string]string{"own.rego": rule(example)})
		report, err := policy.Test(t.Context(), policy.Options{Shipped: rego.Files, Dirs: []string{dir}})
		if err != nil {
			t.Fatal(err)
		}
		tried := 0
		for _, r := range report.Tests {
			if r.Package != "data.callgate.rules.own" {
				continue
			}
			tried++
			if r.Name != "example" || r.Place.Line != 3 || r.Passed != (cause == "") || !strings.Contains(r.Cause, cause) {
				t.Errorf("%s: %+v, want %q", example, r, cause)
			}
		}
		if tried != 1 {
			t.Errorf("%s: tried %d times", example, tried)
		}
	}
}
