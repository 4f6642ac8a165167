package exfil

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"golang.org/x/net/idna"

	"callgate/detectors"
)

// Sizes of values in bytes, from which they say something.
const (
	shortestToken = 20   // a value that may be a token
	longToken     = 120  // longer than ids and signatures
	longQuery     = 1500 // longer than forms
	longLabels    = 48   // of a subdomain
	manyLabels    = 4    // dots in it
)

// load is how a value looks.
type load int

const (
	harmless load = iota
	opaque        // random: an id, a signature, or something encrypted
	bulky         // much of it
	readable      // an encoding of text
)

// data judges what a URL carries in its query, fragment, path and subdomains.
func (s *scan) data(a *address, start, end int) {
	if a.broken || a.host == "" {
		return
	}
	worst, where := max(weighParts(a.query, "&;"), weighParts(a.fragment, "&;")), "query"
	if len(a.query)+len(a.fragment) > longQuery {
		worst = max(worst, bulky)
	}
	if l := weighParts(a.path, "/"); l > worst {
		worst, where = l, "path"
	}
	host := a.host
	if strings.EqualFold(a.written, host) {
		host = a.written // in the letters' own case, which encodings need
	}
	if l := weighHost(host); l > worst {
		worst, where = l, "host"
	}
	if worst == harmless {
		return
	}
	s.add("data_"+where, s.severityOf(worst, where, start), start, end, registrable(a.host))
}

// weighParts looks at the values between signs, without the names before an
// equals sign, and gives the worst.
func weighParts(s, signs string) load {
	worst := harmless
	for len(s) >= shortestToken {
		end := strings.IndexAny(s, signs)
		if end < 0 {
			end = len(s)
		}
		value := s[:end]
		if name, after, ok := strings.Cut(value, "="); ok && after != "" && len(name) < shortestToken {
			value = after
		}
		worst = max(worst, weighValue(value))
		s = s[min(len(s), end+1):]
	}
	return worst
}

// severityOf grades a load: what an agent sends out weighs more than what a
// page links to, unless showing the page fetches it.
func (s *scan) severityOf(l load, where string, start int) detectors.Severity {
	out := s.at.Direction == detectors.Argument || s.shown(start)
	switch {
	case l == readable && out:
		return detectors.High
	case l == bulky && out:
		return detectors.Medium
	case l == opaque && !out:
		return detectors.Info
	}
	return detectors.Low
}

// weighValue looks at one value, under every layer of percent-encoding.
func weighValue(value string) load {
	if len(value) < shortestToken {
		return harmless
	}
	layers, needless := 0, 0
	for ; layers < 4 && strings.IndexByte(value, '%') >= 0; layers++ {
		needless += needlessPercents(value)
		value = unescape(value)
	}
	encoded := layers > 2 || needless > 4
	if len(value) >= shortestToken {
		if encodesText(value) {
			return readable
		}
		if encoded {
			return readable
		}
		if random(value) {
			if len(value) > longToken {
				return bulky
			}
			return opaque
		}
		return harmless
	}
	if encoded {
		return readable
	}
	return harmless
}

// needlessPercents counts encoded letters and digits, which no encoder makes.
func needlessPercents(value string) int {
	n := 0
	for i := 0; i+2 < len(value); i++ {
		if value[i] == '%' && hexDigit(value[i+1]) && hexDigit(value[i+2]) {
			if c := unhex(value[i+1])<<4 | unhex(value[i+2]); c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' {
				n++
			}
		}
	}
	return n
}

// encodesText reports whether a value decodes to printable text in one of the usual
// encodings.
func encodesText(value string) bool {
	packed := strings.NewReplacer("-", "", ":", "", " ", "").Replace(value)
	if len(packed)%2 == 0 && hexLetters(packed) {
		if raw, err := hex.DecodeString(packed); err == nil && printable(raw) {
			return true
		}
	}
	bare := strings.TrimRight(value, "=")
	for i, part := range strings.SplitN(bare, ".", 4) {
		if i == 3 || len(part) < shortestToken-4 {
			break
		}
		if base64Text(part) {
			return true
		}
	}
	if upper := strings.ToUpper(bare); upper == bare || strings.ToLower(bare) == bare {
		raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(upper)
		return err == nil && printable(raw)
	}
	return false
}

// hexLetters asks for a digit too: words are no hexadecimal.
func hexLetters(s string) bool {
	digits := 0
	for i := range len(s) {
		if !hexDigit(s[i]) {
			return false
		}
		if s[i] <= '9' {
			digits++
		}
	}
	return digits > len(s)/4
}

func base64Text(s string) bool {
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.RawURLEncoding
	}
	raw, err := encoding.DecodeString(s)
	return err == nil && printable(raw)
}

// printable reports ASCII text of some length and more than a few different
// characters. Random bytes of ten pass once in sixteen thousand times.
func printable(raw []byte) bool {
	const shortest = 10
	if len(raw) < shortest {
		return false
	}
	var seen [2]uint64
	for _, c := range raw {
		if (c < ' ' || c > '~') && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
		seen[c>>6] |= 1 << (c & 63)
	}
	different := 0
	for _, bits := range seen {
		for ; bits != 0; bits &= bits - 1 {
			different++
		}
	}
	return different > 4
}

// random reports a run of letters and digits that no word or slug makes: it
// changes between small letters, capitals and digits at every third character
// or more often, or is long and hexadecimal.
func random(value string) bool {
	if len(value) == 36 && strings.Count(value, "-") == 4 {
		return false // a UUID
	}
	changes, last, digits := 0, 0, 0
	for i := range len(value) {
		kind := 0
		switch c := value[i]; {
		case c >= 'a' && c <= 'z':
			kind = 1
		case c >= 'A' && c <= 'Z':
			kind = 2
		case c >= '0' && c <= '9':
			kind, digits = 3, digits+1
		case c >= 0x80 || c == '/' || c == ' ':
			return false
		default:
			continue
		}
		if kind != last {
			changes++
		}
		last = kind
	}
	return changes*3 >= len(value) && digits > 0
}

// weighHost looks at the labels in front of the registered domain.
func weighHost(host string) load {
	const shortest = 12 // eight characters below the shortest of domains
	if len(host) < shortest || strings.Count(host, ".") < 2 {
		return harmless
	}
	domain := registrable(strings.ToLower(host))
	labels := strings.TrimSuffix(host[:max(0, len(host)-len(domain))], ".")
	if len(labels) < 8 {
		return harmless
	}
	worst, encoded, total := harmless, 0, 0
	for _, label := range strings.Split(labels, ".") {
		total += len(label)
		switch {
		case len(label) >= shortestToken-4 && encodesText(label):
			return readable
		case len(label) >= shortestToken && random(label):
			worst = bulky
		}
		if encodedLabel(label) {
			encoded++
		}
	}
	if encoded >= 3 || encoded >= 2 && total >= longLabels/2 {
		return readable
	}
	if total >= longLabels || strings.Count(labels, ".") >= manyLabels && total >= longLabels/2 {
		return max(worst, bulky)
	}
	return worst
}

// encodedLabel reports a label that looks like a piece of an encoding.
func encodedLabel(label string) bool {
	if len(label) < 8 {
		return false
	}
	if hexLetters(label) {
		return true
	}
	if strings.ToLower(label) == label && strings.ContainsAny(label, "0123456789") {
		return random(label)
	}
	return false
}

// unicodeHost writes a host in its own letters.
func unicodeHost(host string) string {
	if shown, err := idna.Punycode.ToUnicode(host); err == nil {
		return shown
	}
	return host
}
