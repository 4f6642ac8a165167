package policy

import (
	"strings"
	"testing"
)

// TestFormsAreFound: what calls reach is written as a setting may name it.
func TestFormsAreFound(t *testing.T) {
	for form, texts := range map[string][]string{
		"host":    {"example.com", "com", "localhost", "a_b.example.com", "8.8.8.8", "0.0.0.0/0", "10.0.0.0/8", "2001:db8::1", "2001:db8::/32", "xn--bcher-kva.test", "3com.test"},
		"domain":  {"example.com", "com"},
		"mailbox": {"eve@example.com", "eve+x@example.com", "example.com", "#general", "bob smith", "b\u00fccher"},
	} {
		for _, text := range texts {
			if wrong, fix := (setting{Form: form}).misfit([]any{text}); wrong != "" {
				t.Errorf("%s %q %s: %s", form, text, wrong, fix)
			}
		}
	}
}

// FuzzForms: what is told to write in place of a text is accepted.
func FuzzForms(f *testing.F) {
	for _, text := range []string{"", "*", "*.bad.test", ".", "a..b", "http://a@b:1/x", "[::1]:80", "::ffff:1.2.3.4/100", "1.2.3", "Eve@B.test", "@b", "a@", "*@*.b", "B\u00dcCHER.test", "%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for form := range forms {
			wrong, fix := (setting{Form: form}).misfit(text)
			if better, ok := strings.CutPrefix(fix, "write "); ok && wrong != "" && !strings.Contains(better, " such as ") {
				if wrong, _ := (setting{Form: form}).misfit(better); wrong != "" {
					t.Errorf("%s: for %q told to write %q, which %s", form, text, better, wrong)
				}
			}
		}
	})
}
