package policy

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"callgate/rego"
)

func badUnder(t *testing.T, profile string, rules map[string]any) []bad {
	t.Helper()
	e, err := Load(t.Context(), Options{Shipped: rego.Files, Profile: profile, Settings: map[string]any{"rules": rules}, Timeout: time.Minute})
	if err != nil {
		t.Fatalf("under %v: %v", rules, err)
	}
	return badCalls(e.rules)
}

// TestTrialsOfEachRule holds that each shipped rule that stops anything under
// a profile is tried, and that every rule has trials.
func TestTrialsOfEachRule(t *testing.T) {
	silent := map[string][]string{
		"balanced": {"quiet_hours", "read_vs_write", "recipients"},
		"strict":   {"quiet_hours"},
	}
	for profile, want := range silent {
		got := slices.Collect(maps.Keys(trials))
		for _, b := range badUnder(t, profile, map[string]any{}) {
			got = slices.DeleteFunc(got, func(name string) bool { return name == b.rule })
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("without a trial under %s: %v, want %v", profile, got, want)
		}
	}
	b, faults := collect(Options{Shipped: rego.Files})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if known := slices.Sorted(maps.Keys(b.rules)); !slices.Equal(known, slices.Sorted(maps.Keys(trials))) {
		t.Errorf("rules %v have other names than the trials", known)
	}
}

// TestTrialsHoldUnderAnyWord loads the policy with every word that a setting may
// be: a ban whose part is switched off by it must not fail its own trial.
func TestTrialsHoldUnderAnyWord(t *testing.T) {
	b, faults := collect(Options{Shipped: rego.Files})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	words := 0
	for i := range 5 {
		rules := map[string]any{}
		for name, r := range b.rules {
			values := map[string]any{}
			for key, s := range r.Settings {
				if s.OneOf == nil {
					continue
				}
				words++
				if values[key] = s.OneOf[i%len(s.OneOf)]; kind(s.Default) == "a list" {
					values[key] = []any{values[key]}
				}
			}
			rules[name] = values
		}
		badUnder(t, "balanced", rules)
	}
	if words < 80 {
		t.Errorf("%d words tried", words)
	}
}

// TestTrialsHoldUnderOddSettings loads settings that name the trials' own words,
// that open what they can, or that say little.
func TestTrialsHoldUnderOddSettings(t *testing.T) {
	own := []string{"example.com", stranger}
	for _, rules := range []map[string]any{
		{
			"egress":     map[string]any{"private": true, "allowed": own},
			"recipients": map[string]any{"others": "ask", "allowed": own},
			"execute":    map[string]any{"programs": own},
			"tool_drift": map[string]any{"deny": []string{}, "ask": []string{}},
			"financial_write_ban": map[string]any{
				"exception_callers": []string{"self-test"}, "exception_payees": own, "exception_currency": "XTS",
				"exception_max_amount": 100, "exception_window": "day", "exception_max_total": 1000,
			},
			"spend_limits":    map[string]any{"max_payment": map[string]any{"XTS": 100}, "first_payee": "allow"},
			"least_privilege": map[string]any{"enabled": false},
			"quiet_hours":     map[string]any{"enabled": true, "days": []string{}},
		},
		{
			"egress":        map[string]any{"banned": own},
			"recipients":    map[string]any{"banned": own},
			"read_vs_write": map[string]any{"ask_domains": []string{"*"}, "read_only_servers": []string{"*"}, "read_only_callers": []string{"self-test"}},
			"draft_vs_send": map[string]any{"enabled": false},
			"quiet_hours":   map[string]any{"enabled": true, "effects": []string{"read"}, "from": "12:00", "to": "12:01", "zone": "America/New_York", "days": []string{"sunday"}},
		},
		{
			"quiet_hours": map[string]any{"enabled": true, "from": "never"},
		},
	} {
		if badUnder(t, "balanced", rules) == nil {
			t.Errorf("no trial under %v", rules)
		}
	}
}

// TestTrialsFindAZoneThatIsNone has the engine say so before the first call.
func TestTrialsFindAZoneThatIsNone(t *testing.T) {
	quiet := map[string]any{"quiet_hours": map[string]any{"enabled": true, "zone": "Mars/Base"}}
	_, err := Load(t.Context(), Options{Shipped: rego.Files, Settings: map[string]any{"rules": quiet}, Timeout: time.Minute})
	if err == nil || !strings.Contains(err.Error(), "unknown time zone Mars/Base") {
		t.Errorf("error %v", err)
	}
}
