package secrets

import (
	"strings"

	"callgate/detectors"
)

// nameRules hold the words in whose names secrets are kept: name = value,
// "name": "value", name is value, --name value, <name>value.
var nameRules = []rule{
	{literals: []string{"pass", "pwd", "kennwort", "secret", "token", "credential", "key", "authorization"}, fold: true},
	{literals: services, fold: true},
}

// The rules that an assignment turns out to be.
var (
	passwordRule   = rule{name: "password", severity: detectors.Medium, weak: true}
	credentialRule = rule{name: "credential", severity: detectors.Medium, weak: true}
	serviceRule    = rule{name: "service_key", severity: detectors.Medium, weak: true}
	awsSecretRule  = rule{name: "aws_secret_key", severity: detectors.High}
	azureKeyRule   = rule{name: "azure_storage_key", severity: detectors.High}
)

// assignment judges the name around a word such as "token" at i, and the value
// that it is given.
func (s *scan) assignment(i int) {
	start, end := nameAround(s.text, i)
	if end == 0 || end == s.dealt {
		return
	}
	s.dealt = end
	at, how := separator(s.text, start, end)
	if how == none {
		return
	}
	name := s.text[start:end]
	kind := kindOf(name)
	if kind == plain {
		return
	}
	from, to, quoted := s.value(at)
	if to-from > longestValue {
		return
	}
	if how == spoken {
		to = from + len(strings.TrimRight(s.text[from:to], ".!?:"))
	}
	s.judge(kind, name, from, to, quoted || how == tagged)
}

// judge notes the value at text[from:to] if it is a secret of the kind.
func (s *scan) judge(kind kind, name string, from, to int, quoted bool) {
	value := s.text[from:to]
	switch {
	case strings.IndexByte(value, mask) >= 0 || strings.EqualFold(value, name):
	case len(value) == 40 && only(value, &base64) && random(value) && strings.HasSuffix(plainName(name), "secretaccesskey"):
		s.note(&awsSecretRule, from, to)
	case (len(value) == 88 || len(value) == 44) && only(value, &base64) && random(value) && azureNames[plainName(name)]:
		s.note(&azureKeyRule, from, to)
	case kind == password && passwordLike(value, quoted):
		s.note(&passwordRule, from, to)
	case kind == credential && credentialLike(value, quoted):
		s.note(&credentialRule, from, to)
	case kind == service && serviceLike(value):
		s.note(&serviceRule, from, to)
	}
}

var azureNames = map[string]bool{"accountkey": true, "sharedaccesskey": true}

// member judges the whole text as the value of a member.
func (s *scan) member(kind kind, name string) {
	text := s.text
	switch {
	case kind == plain || len(text) > longestValue || strings.IndexByte(text, mask) >= 0:
	case kind == password && bareWord(text):
		s.note(&passwordRule, 0, len(text))
	default:
		s.judge(kind, name, 0, len(text), true)
	}
}

const (
	longestName  = 64
	longestValue = 4096
)

// nameAround gives the name that holds the byte at i. An end of 0 means that
// it is longer than names are.
func nameAround(t string, i int) (start, end int) {
	start = i
	for start > 0 && dotted[t[start-1]] && i-start <= longestName {
		start--
	}
	end = runUpTo(t, i, &dash, longestName)
	if end-start > longestName {
		return 0, 0
	}
	if end-start <= len("keys") && start > 1 && t[start-1] == ' ' { // two words, as in "API key"
		for start--; start > 0 && dash[t[start-1]] && i-start < longestName; {
			start--
		}
	}
	for end > start && t[end-1] == '-' {
		end--
	}
	return start, end
}

// quotes open values. A value without one ends at the next byte that belongs
// to what is around it.
const quotes = "\"'`"

// mostQuotes may open one value: three in a row, or one kind in another.
const mostQuotes = 3

var bareEnd = setOf(",;<>)]}|&\\\x00"+quotes, &spacing)

// stretch is part of a text in which no value ends.
type stretch struct{ from, to int }

// value gives the span of the value that begins at i.
func (s *scan) value(i int) (from, to int, quoted bool) {
	t := s.text
	if i+1 < len(t) && strings.IndexByte("brufBRUF@\\", t[i]) >= 0 && strings.IndexByte(quotes, t[i+1]) >= 0 {
		i++ // the letter of a literal, or the escape of a quote
	}
	quote := len(quotes)
	for n := 0; n < mostQuotes && i < len(t) && strings.IndexByte(quotes, t[i]) >= 0; n++ {
		quote = strings.IndexByte(quotes, t[i])
		i++
	}
	if quote < len(quotes) {
		if end := s.ending(quote, i); end < len(t) && t[end] == quotes[quote] {
			return i, i + len(strings.TrimSuffix(t[i:end], `\`)), true
		}
	}
	return i, s.ending(len(quotes), i), false
}

// ending gives the first byte from i on that ends a value with the quote, or a
// value without one. It is found once for all values that end there, so that
// the work stays linear.
func (s *scan) ending(quote, i int) int {
	known := &s.ends[quote]
	if i >= known.from && i <= known.to {
		return known.to
	}
	to := i
	for to < len(s.text) && !s.endsAt(quote, to) {
		to++
	}
	*known = stretch{i, to}
	return to
}

func (s *scan) endsAt(quote, i int) bool {
	c := s.text[i]
	if quote == len(quotes) {
		return bareEnd[c]
	}
	return c == quotes[quote] || c == '\n' || c == mask
}
