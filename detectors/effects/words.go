package effects

import (
	"strings"
	"unicode"
)

// longestName bounds, in bytes, how much of a name is read; protocols allow 128.
const longestName = 512

// tokens splits a name at every sign and at every change from a small letter
// to a capital, in lower case and without digits. Of a run of capitals the last
// one belongs to the small letters after it.
func tokens(name string) []string {
	var out []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(head(name, longestName))
	for i, r := range runes {
		if !unicode.IsLetter(r) {
			end()
			continue
		}
		if i > 0 && unicode.IsUpper(r) {
			after := unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if unicode.IsLower(runes[i-1]) || after {
				end()
			}
		}
		word = append(word, r)
	}
	end()
	return out
}

// How much of a description is read: its first sentence, and of that so many
// bytes and words.
const (
	longestSentence = 600
	openingWords    = 24
)

// sentence gives the words of a description's first sentence in lower case,
// without a label such as "Tool description:" before it.
func sentence(description string) []string {
	description = strings.TrimSpace(head(description, longestSentence))
	if _, after, ok := strings.Cut(description, "ool description:"); ok {
		description = after
	}
	for i, r := range description {
		if i > 0 && (strings.ContainsRune("!?;\n", r) || r == '.' && endsWord(description[i+1:])) {
			description = description[:i]
			break
		}
	}
	words := strings.FieldsFunc(strings.ToLower(description), func(r rune) bool { return !unicode.IsLetter(r) })
	return words[:min(len(words), openingWords)]
}

// endsWord tells a full stop from the dot of "e.g" or "example.com".
func endsWord(rest string) bool { return rest == "" || !unicode.IsLetter(rune(rest[0])) }

func head(text string, size int) string { return text[:min(len(text), size)] }
