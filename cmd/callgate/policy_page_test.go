package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"callgate/policy"
	"callgate/rego"
)

const policyPath = "../../POLICY.md"

// TestPolicyPage keeps the table of the shipped rules equal to what the rules
// say of themselves, and tries the page's rule and configuration.
func TestPolicyPage(t *testing.T) {
	before, err := os.ReadFile(policyPath)
	if err != nil {
		t.Fatal(err)
	}
	page := put(t, string(before), "rules", ruleTable(t))
	if *update {
		if err := os.WriteFile(policyPath, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if page != string(before) {
		t.Error("the rules are not what POLICY.md says: run go test ./cmd/callgate -run 'TestReadme|TestPolicyPage' -update")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "policy"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"policy/night.rego": block(t, page, "rego"), "callgate.yaml": block(t, page, "yaml")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	succeeds(t, "", "serve", "--check", "--config", filepath.Join(dir, "callgate.yaml"))
}

// ruleTable says of each rule what it is for and how it is set.
func ruleTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| rule | risk | what it is about | settings in `balanced` (`strict`) |\n|---|---|---|---|\n")
	balanced, strict := rulesUnder(t, "balanced"), rulesUnder(t, "strict")
	for i, r := range balanced {
		about, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(r.Description), "\n", " "), ". ")
		fmt.Fprintf(&b, "| `%s` | %s | %s. | %s |\n", r.Name, r.Risk, strings.TrimSuffix(about, "."), settingsOf(r, strict[i]))
	}
	return b.String()
}

func settingsOf(r, strict policy.RuleInfo) string {
	var parts []string
	for name, value := range r.Settings {
		part, harder := name+" "+inJSON(value), inJSON(strict.Settings[name])
		switch {
		case name == "enabled" && value == true:
			continue
		case harder != inJSON(value):
			part += " (" + harder + ")"
		}
		parts = append(parts, "`"+part+"`")
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

func inJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // settings come from JSON
	}
	return string(text)
}

func rulesUnder(t *testing.T, profile string) []policy.RuleInfo {
	t.Helper()
	e, err := policy.Load(t.Context(), policy.Options{Shipped: rego.Files, Profile: profile})
	if err != nil {
		t.Fatal(err)
	}
	return e.Rules()
}
