package toolproxy

import "testing"

func TestEveryCodeHasWords(t *testing.T) {
	for _, code := range Codes {
		if r := Refuse(code, "test", nil).Worded(); r.Message == "" {
			t.Errorf("code %s has no words", code)
		}
	}
	if len(words) != len(Codes) {
		t.Errorf("%d codes, words for %d", len(Codes), len(words))
	}
	r := &Refusal{Code: CodeDenied, Hint: "save a draft"}
	if r.Worded().Hint != "save a draft" {
		t.Error("the nearest allowed action was overwritten")
	}
}
