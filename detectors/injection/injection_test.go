package injection

import (
	"testing"

	"callgate/detectors"
	"callgate/detectors/text"
)

// fires reports whether a rule of that name matches the text.
func fires(name, s string, direction detectors.Direction) bool {
	form := text.Prepare(s)
	r := reader{text: form.Text, at: &detectors.Setting{Direction: direction,
		Tools: []detectors.AtHand{{Name: "send_money", Effects: []string{"pay"}}}}}
	r.read()
	for _, sig := range r.signals {
		if sig.name == name {
			return true
		}
	}
	return false
}

func TestEachRule(t *testing.T) {
	all := rules
	defer func() { rules = all }()
	ran := 0
	for i := range all {
		rule := all[i]
		rules = []ruleT{rule}
		direction := detectors.ResultText
		if rule.where == onlyToolText {
			direction = detectors.Description
		}
		if len(rule.catch) == 0 || len(rule.spare) == 0 {
			t.Errorf("rule %d %s has no texts", i, rule.name)
		}
		for _, s := range rule.catch {
			ran++
			if !fires(rule.name, s, direction) {
				t.Errorf("rule %d %s missed %q", i, rule.name, s)
			}
		}
		for _, s := range rule.spare {
			ran++
			if fires(rule.name, s, direction) {
				t.Errorf("rule %d %s fired on %q", i, rule.name, s)
			}
		}
	}
	if ran < 100 {
		t.Fatalf("ran %d cases", ran)
	}
}

type ruleT = rule
