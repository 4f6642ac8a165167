package effects

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestTokens(t *testing.T) {
	for name, want := range map[string]string{
		"getUser": "get user", "get_user": "get user", "get-user": "get user", "get.user/v2": "get user v",
		"GetHTTPResponse": "get http response", "HTTPGet": "http get", "SQLQuery": "sql query", "GETUSER": "getuser",
		"list2users": "list users", "__x__": "x", "": "", "42": "", "ÄndereÖl": "ändere öl", "readQRCode": "read qr code",
	} {
		if got := strings.Join(tokens(name), " "); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestSentence(t *testing.T) {
	for description, want := range map[string]string{
		"Lists files. Deletes none.":               "lists files",
		"Reads e.g. this":                          "reads e g",
		"Opens example.com and reads":              "opens example com and reads",
		"Belongs to X. Tool description: Posts it": "posts it",
		"\n  Gets\nDeletes":                        "gets",
		"":                                         "",
		strings.Repeat("a ", 40):                   strings.TrimSpace(strings.Repeat("a ", openingWords)),
		strings.Repeat("x", longestSentence) + " cut": strings.Repeat("x", longestSentence),
	} {
		if got := strings.Join(sentence(description), " "); got != want {
			t.Errorf("%q is %q, want %q", description, got, want)
		}
	}
}

// FuzzTokens checks that tokens are the letters of the name, in order and in
// lower case, in words that are not empty.
func FuzzTokens(f *testing.F) {
	for _, name := range []string{"getHTTPResponse_v2", "a.b/c-d", "ǅabc", "İstanbul", "\xff\xfe", "ſend"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) > longestName || !utf8.ValidString(name) {
			return
		}
		found := tokens(name)
		if slices.Contains(found, "") {
			t.Fatalf("%q has an empty word: %q", name, found)
		}
		kept := strings.Map(func(r rune) rune {
			if !unicode.IsLetter(r) {
				return -1
			}
			return r
		}, name)
		if got := strings.Join(found, ""); got != strings.ToLower(kept) {
			t.Fatalf("%q is %q", name, found)
		}
	})
}
