package secrets

import (
	"strings"

	"callgate/detectors"
)

// token makes the rule of a key that is one of the prefixes and a body of
// atLeast to atMost bytes of set.
func token(name string, set *byteSet, atLeast, atMost int, prefixes ...string) rule {
	return rule{name: name, severity: detectors.High, literals: prefixes, match: after(set, atLeast, atMost)}
}

// after matches a body after the literal. The body is all that follows of the
// set: a longer one is something else.
func after(set *byteSet, atLeast, atMost int) func(t string, at, body int) (int, int) {
	return func(t string, at, body int) (int, int) {
		end := runUpTo(t, body, set, atMost)
		if n := end - body; n < atLeast || n > atMost || !begins(t, at) || !random(t[body:end]) {
			return 0, 0
		}
		return at, end
	}
}

// around matches what stands directly before the literal and after it.
func around(before *byteSet, fewest, most int, set *byteSet, atLeast, atMost int) func(t string, at, body int) (int, int) {
	return func(t string, at, body int) (int, int) {
		start := at
		for start > 0 && at-start <= most && before[t[start-1]] {
			start--
		}
		end := runUpTo(t, body, set, atMost)
		if at-start < fewest || at-start > most || end-body < atLeast || end-body > atMost || !begins(t, start) || !random(t[body:end]) {
			return 0, 0
		}
		return start, end
	}
}

// begins reports that no word goes on into i: what stands before is no letter
// or digit, or belongs to an escape such as \n or %3D.
func begins(t string, i int) bool {
	switch {
	case i == 0 || !alnum[t[i-1]]:
		return true
	case i >= 2 && t[i-2] == '\\':
		return true
	}
	return i >= 3 && t[i-3] == '%' && anyHex[t[i-2]] && anyHex[t[i-1]]
}

// random reports that a body was drawn, not written: it has a digit or changes
// its case often, has several different bytes, and is no example.
func random(body string) bool {
	return (has(body, &digits) || turns(body) >= len(body)/4) && distinct(body) >= min(8, (len(body)+1)/2) && !placeholder(body)
}

// turns counts how often the case changes: words change theirs seldom.
func turns(v string) int {
	n := 0
	for i := 1; i < len(v); i++ {
		if upper[v[i]] != upper[v[i-1]] {
			n++
		}
	}
	return n
}

// beforeHex gives a short prefix with each digit that may follow it.
func beforeHex(prefix string) []string {
	var all []string
	for _, c := range "0123456789abcdef" {
		all = append(all, prefix+string(c))
	}
	return all
}

// plainKey matches "sk-" alone, which several makers use. Names of packages
// begin so too; they have no capitals and no long run of hex digits.
func plainKey(t string, at, body int) (int, int) {
	const shortest, longest = 20, 255
	end := runUpTo(t, body, &dash, longest)
	key := t[body:end]
	if len(key) < shortest || len(key) > longest || at > 0 && dash[t[at-1]] || !begins(t, at) || !random(key) {
		return 0, 0
	}
	if only(key, &lowerHex) && len(key) >= 32 || has(key, &upper) && has(key, &lower) {
		return at, end
	}
	return 0, 0
}

// ownKey matches the keys of callers of this program: "cg_", 8 letters of
// base32, "_", 43 of base64url.
func ownKey(t string, at, body int) (int, int) {
	const id, secret = 8, 43
	end := runUpTo(t, body, &dash, id+1+secret)
	if end-body != id+1+secret || t[body+id] != '_' || !only(t[body:body+id], &base32) || !begins(t, at) || !random(t[body:end]) {
		return 0, 0
	}
	return at, end
}

// azureSecret matches a client secret of Entra ID: three bytes, a digit, "Q~"
// and 31 to 34 more.
func azureSecret(t string, at, body int) (int, int) {
	start := at - 3
	end := runUpTo(t, body, &tilde, 34)
	if start < 0 || end-body < 31 || end-body > 34 || !only(t[start:at], &tilde) || !begins(t, start) || !random(t[body:end]) {
		return 0, 0
	}
	return start, end
}

// airtable matches "pat", 14 letters and digits, a dot and 64 hex digits.
func airtable(t string, at, body int) (int, int) {
	const id, secret = 14, 64
	dot := runUpTo(t, body, &alnum, id)
	if dot-body != id || dot == len(t) || t[dot] != '.' || !begins(t, at) {
		return 0, 0
	}
	end := runUpTo(t, dot+1, &lowerHex, secret)
	if end-dot-1 != secret {
		return 0, 0
	}
	return at, end
}

// digitsThen gives a literal after each digit.
func digitsThen(literal string) []string {
	var all []string
	for c := range strings.SplitSeq("0 1 2 3 4 5 6 7 8 9", " ") {
		all = append(all, c+literal)
	}
	return all
}
