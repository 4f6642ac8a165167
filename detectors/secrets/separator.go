package secrets

import "strings"

// how a name is bound to a value.
type how int

const (
	none   how = iota
	signed     // = or :
	spoken     // "is"
	tagged     // <name>
	flag       // --name value
)

// separator reads what stands between the name t[start:end] and its value. It
// gives where the value begins.
func separator(t string, start, end int) (int, how) {
	i := closing(t, end)
	if i < len(t) && t[i] == '>' && start > 0 && t[start-1] == '<' {
		return i + 1, tagged
	}
	gap := i
	i = blanks(t, i)
	switch {
	case i == len(t):
		return 0, none
	case t[i] == '=' || t[i] == ':' || strings.HasPrefix(t[i:], "||"):
		return typed(t, blanks(t, signs(t, i)))
	case strings.HasPrefix(t[i:], "->"):
		return blanks(t, i+2), signed
	case i == gap:
		return 0, none
	}
	if verb := spokenAt(t, i); verb > 0 {
		return blanks(t, verb), spoken
	}
	if strings.HasPrefix(t[start:end], "--") {
		return i, flag
	}
	return valueMember(t, i)
}

// closing passes over the quote or bracket after a name.
func closing(t string, i int) int {
	if i < len(t) && t[i] == '\\' {
		i++
	}
	for n := 0; n < 2 && i < len(t) && strings.IndexByte(quotes+"]*", t[i]) >= 0; n++ {
		i++
	}
	return i
}

// signs passes over an operator of assignment or comparison.
func signs(t string, i int) int {
	for n := 0; n < 5 && i < len(t) && strings.IndexByte("=:>*|", t[i]) >= 0; n++ {
		i++
	}
	return i
}

// blanks passes over a few blanks.
func blanks(t string, i int) int {
	for n := 0; n < 16 && i < len(t) && (t[i] == ' ' || t[i] == '\t'); n++ {
		i++
	}
	return i
}

// spokenAt gives the end of a verb of assignment at i, or 0.
func spokenAt(t string, i int) int {
	for _, verb := range [...]string{"is ", "is: ", "was ", "ist ", "lautet ", "est ", "es "} {
		if end := i + len(verb); end < len(t) && strings.EqualFold(t[i:end], verb) {
			return end
		}
	}
	return 0
}

// typed passes over a type between the name and the value, as in
// "token: str = ...".
func typed(t string, i int) (int, how) {
	if i < len(t) && (letters[t[i]] || t[i] == '&') {
		end := blanks(t, runUpTo(t, i+1, &typeBytes, 32))
		if end+1 < len(t) && t[end] == '=' && t[end-1] == ' ' && t[end+1] == ' ' {
			return blanks(t, end+1), signed
		}
	}
	return i, signed
}

var typeBytes = setOf("[]|?*", &dotted)

// valueMember passes over the name of a second attribute, as in
// key="password" value="...".
func valueMember(t string, i int) (int, how) {
	const word = "value"
	if len(t)-i < len(word) || !strings.EqualFold(t[i:i+len(word)], word) {
		return 0, none
	}
	i = blanks(t, closing(t, i+len(word)))
	if i == len(t) || t[i] != '=' && t[i] != ':' {
		return 0, none
	}
	return blanks(t, i+1), signed
}
