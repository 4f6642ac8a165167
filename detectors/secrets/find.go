package secrets

import (
	"sort"
	"strings"

	"callgate/detectors"
)

// Classes of bytes that the scan stops at.
const (
	otherByte = iota
	letterByte
	digitByte
	assignByte // = and :
	dashByte
	openByte // [, where a mark may start
	atByte
)

var class = func() (t [256]byte) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			t[c] = letterByte
		case c >= '0' && c <= '9':
			t[c] = digitByte
		}
	}
	t['='], t[':'], t['-'], t['['], t['@'] = assignByte, assignByte, dashByte, openByte, atByte
	return t
}()

func alnum(c byte) bool { return class[c] == letterByte || class[c] == digitByte }

// finder goes through one text.
type finder struct {
	text string
	hits []hit
	key  int // where the search for the end of private keys has come to the text's end
}

// find gives the secrets of a text in order, without overlaps. name is that of
// the member that holds the text.
func find(text, name string) []hit {
	f := finder{text: text}
	f.scan()
	if h, ok := member(text, name); ok {
		f.hits = append(f.hits, h)
	}
	return merge(f.hits)
}

func (f *finder) scan() {
	word := false // the byte before belongs to a word
	for i := 0; i < len(f.text); i++ {
		switch c := f.text[i]; class[c] {
		case letterByte, digitByte:
			if !word || f.escaped(i) {
				i = f.wordAt(i)
			}
			word = true
			continue
		case assignByte:
			f.assignment(i)
		case dashByte:
			i = f.pem(i)
		case openByte:
			if end := markEnd(f.text, i); end > 0 {
				i = end - 1
			}
		case atByte:
			f.urlPassword(i)
		}
		word = false
	}
}

// escaped reports that the byte before i is the letter of an escape such as
// \n, as in JSON text that is itself a string.
func (f *finder) escaped(i int) bool {
	return i > 1 && f.text[i-2] == '\\' && strings.IndexByte("nrt", f.text[i-1]) >= 0
}

// wordAt looks for what a word may start and gives the last byte it took.
func (f *finder) wordAt(i int) int {
	if i+1 == len(f.text) {
		return i
	}
	for _, p := range prefixes[index(f.text[i], f.text[i+1])] {
		if end := p.match(f.text, i); end > 0 {
			f.add(p.rule, p.severity, i, end)
			return end - 1
		}
	}
	if class[f.text[i]] == digitByte {
		f.card(i)
		f.telegram(i)
		return i
	}
	f.authorization(i)
	return i
}

func (f *finder) add(rule string, severity detectors.Severity, start, end int) {
	f.hits = append(f.hits, hit{rule, severity, start, end})
}

// merge sorts hits and joins those that overlap under the worst one's name.
func merge(hits []hit) []hit {
	if len(hits) < 2 {
		return hits
	}
	sort.SliceStable(hits, func(i, j int) bool { return hits[i].start < hits[j].start })
	out := hits[:1]
	for _, h := range hits[1:] {
		last := &out[len(out)-1]
		if h.start >= last.end {
			out = append(out, h)
			continue
		}
		last.end = max(last.end, h.end)
		if h.severity > last.severity {
			last.severity, last.rule = h.severity, h.rule
		}
	}
	return out
}
