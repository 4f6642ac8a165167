package policy_test

import (
	"testing"

	"callgate/policy"
	"callgate/rego"
)

func TestShippedRegoTests(t *testing.T) {
	report, err := policy.Test(t.Context(), policy.Options{Shipped: rego.Files})
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]int{}
	for _, r := range report.Tests {
		packages[r.Package]++
		if !r.Passed {
			t.Errorf("%s:%d: %s.%s: %s", r.Place.File, r.Place.Line, r.Package, r.Name, r.Cause)
		}
	}
	for _, rule := range load(t, policy.Options{}).Rules() {
		if packages["data.callgate.rules."+rule.Name+"_test"] == 0 {
			t.Errorf("rule %s has no tests", rule.Name)
		}
	}
	if packages["data.callgate.main_test"] == 0 || packages["data.callgate.scopes_test"] == 0 {
		t.Error("main or scopes has no tests")
	}
	if report.Coverage != 100 {
		t.Errorf("the tests cover %.1f percent of the shipped rules; missed: %v", report.Coverage, report.Missed)
	}
}

func TestShippedFormat(t *testing.T) {
	unformatted, err := policy.Format(rego.Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range unformatted {
		t.Errorf("%s is not as opa fmt writes it; run callgate policy fmt --write rego", f.Name)
	}
}
