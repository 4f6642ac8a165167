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

func TestSuiteOfOperator(t *testing.T) {
	rule := "package callgate.rules.own\n\ndeny contains {\"reason\": \"x\"} if {\n\tinput.call.tool == \"x\"\n\tinput.call.server == \"y\"\n}\n"
	head := "package callgate.rules.own_test\n\nimport data.callgate.rules.own\n\n"
	dir := folder(t, map[string]string{
		"own.rego": rule,
		"own_test.rego": head + "test_holds if own.deny == set() with input as {\"call\": {\"tool\": \"x\"}}\n\n" +
			"test_fails if count(own.deny) == 1 with input as {\"call\": {\"tool\": \"y\"}}\n\n" +
			"test_errs if 1 / count(own.deny) == 1 with input as {}\n",
	})
	report, err := policy.Test(t.Context(), policy.Options{Shipped: rego.Files, Dirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range report.Tests {
		if r.Package == "data.callgate.rules.own_test" {
			got[r.Name] = r.Cause
			if r.Passed != (r.Name == "test_holds") {
				t.Errorf("%+v", r)
			}
		}
	}
	if len(got) != 3 || !strings.Contains(got["test_errs"], "divide by zero") || report.Passed() {
		t.Errorf("causes %q, passed %v", got, report.Passed())
	}
	missed := policy.Place{File: filepath.Join(dir, "own.rego"), Line: 5}
	if report.Coverage >= 100 || !slices.Contains(report.Missed, missed) {
		t.Errorf("coverage %v, missed %v, want %v among it", report.Coverage, report.Missed, missed)
	}
	if (policy.Report{}).Passed() {
		t.Error("no test at all passes")
	}
}

func TestFormat(t *testing.T) {
	dir := folder(t, map[string]string{"good.rego": "package a\n\nb := 1\n", "sub/bad.rego": "package a\nb   :=  1"})
	files, err := policy.Format(os.DirFS(dir))
	if err != nil || len(files) != 1 || files[0].Name != "sub/bad.rego" || string(files[0].Want) != "package a\n\nb := 1\n" {
		t.Errorf("%q, %v", files, err)
	}
	dir = folder(t, map[string]string{"bad.rego": "package\n"})
	if _, err := policy.Format(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), "bad.rego:2: rego_parse_error") {
		t.Errorf("error %v", err)
	}
}
