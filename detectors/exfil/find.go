package exfil

import (
	"net/netip"
	"strings"

	"callgate/detectors"
)

// scan goes through one text.
type scan struct {
	d     *Detector
	at    *detectors.Setting
	text  string
	found []detectors.Finding
	known []detectors.Finding // found before, in another form of the text

	host   int // end of the last authority: names in it have been looked at
	token  int // end of the last URL
	nested int // URLs that began inside it
}

// Bounds that keep the work linear: how much of one URL is read, and how many
// may begin inside another.
const (
	longestURL = 8192
	mostNested = 8
)

func (s *scan) run() {
	for i := 0; i < len(s.text); i++ {
		switch s.text[i] {
		case ':':
			s.colon(i)
		case '.':
			s.dot(i)
		case '/':
			s.slashes(i)
		case '%':
			s.percent(i)
		}
	}
}

// colon looks at what may be the colon of a scheme.
func (s *scan) colon(i int) {
	start := i
	for start > 0 && i-start < 20 && schemeByte(s.text[start-1]) {
		start--
	}
	if start == i || i+1 == len(s.text) {
		return
	}
	scheme, rest := strings.ToLower(s.text[start:i]), s.text[i+1:]
	switch {
	case slash(rest[0]) && len(rest) > 1 && (slash(rest[1]) || web[scheme]):
		s.absolute(start, i, scheme)
	case web[scheme] && hostByte(rest[0]) && strings.IndexByte(rest[:min(len(rest), 64)], '.') > 0:
		s.absolute(start, i, scheme)
	case scheme == "javascript" || scheme == "vbscript" || scheme == "data":
		s.inline(start, i, scheme)
	}
}

// web are the schemes that browsers read without slashes too.
var web = map[string]bool{"http": true, "https": true, "ws": true, "wss": true, "ftp": true}

func schemeByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '-'
}

func slash(c byte) bool { return c == '/' || c == '\\' }

// hostByte reports bytes that a bare host is made of.
func hostByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c >= 0x80
}

func (s *scan) absolute(start, colon int, scheme string) {
	if start < s.token {
		if s.nested++; s.nested > mostNested {
			return
		}
	} else {
		s.nested = 0
	}
	end := s.urlEnd(colon + 1)
	if end > s.token {
		s.token = end
	}
	raw := s.text[start:end]
	if strings.HasPrefix(s.text[colon:], `:\/\/`) {
		raw = strings.ReplaceAll(raw, `\/`, "/")
	}
	a := readAddress(s.d.parser, raw, scheme, colon-start)
	s.host = max(s.host, min(end, colon+a.authority))
	s.address(&a, start, end)
}

// urlEnd gives the end of the URL that goes on at i: it ends at white space,
// quotes and brackets that no URL holds, and not in a mark of the sentence.
func (s *scan) urlEnd(i int) int {
	start, open := i, 0
	for ; i < len(s.text) && i-start < longestURL; i++ {
		c := s.text[i]
		if c <= ' ' || c == 0x7F || strings.IndexByte("<>\"'`|^", c) >= 0 || c == ')' && open == 0 {
			break
		}
		switch c {
		case '(':
			open++
		case ')':
			open--
		}
	}
	for i > start && strings.IndexByte(".,;!?*}\\", s.text[i-1]) >= 0 {
		i--
	}
	return i
}

// slashes looks at a URL without a scheme, as in <img src="//host/path">.
func (s *scan) slashes(i int) {
	if i+2 >= len(s.text) || s.text[i+1] != '/' || !hostByte(s.text[i+2]) || i < s.token {
		return
	}
	if i > 0 && strings.IndexByte("\"'(=<` ", s.text[i-1]) < 0 {
		return
	}
	end := s.urlEnd(i)
	authority, _, _ := strings.Cut(s.text[i+2:end], "/")
	if !strings.Contains(authority, ".") {
		return
	}
	s.token = end
	a := readAddress(s.d.parser, "http:"+s.text[i:end], "http", 4)
	a.relative = true
	s.host = i + 2 + len(authority)
	s.address(&a, i, end)
}

// percent looks at a URL whose "://" is percent-encoded.
func (s *scan) percent(i int) {
	const mark = "%3a%2f%2f"
	if len(s.text)-i < len(mark) || !strings.EqualFold(s.text[i:i+len(mark)], mark) {
		return
	}
	start := i
	for start > 0 && i-start < 20 && schemeByte(s.text[start-1]) && !strings.HasSuffix(s.text[:start], "%3D") {
		start--
	}
	end := s.urlEnd(i)
	if amp := strings.IndexByte(s.text[i:end], '&'); amp >= 0 {
		end = i + amp
	}
	if s.nested++; start == i || s.nested > mostNested && i < s.token {
		return
	}
	s.token = max(s.token, end)
	raw := unescape(s.text[start:end])
	scheme := strings.ToLower(s.text[start:i])
	a := readAddress(s.d.parser, raw, scheme, len(scheme))
	a.nested = true
	s.address(&a, start, end)
}

// dot looks at a bare host or address around a dot.
func (s *scan) dot(i int) {
	if i < s.host || i == 0 || i+1 == len(s.text) || !hostByte(s.text[i-1]) || !hostByte(s.text[i+1]) {
		return
	}
	const longestHost = 253
	start, end := i, i+1
	for start > s.host && i-start < longestHost && hostByte(s.text[start-1]) {
		start--
	}
	for end < len(s.text) && end-start < longestHost && (hostByte(s.text[end]) || s.text[end] == '.') {
		end++
	}
	end -= len(s.text[start:end]) - len(strings.TrimRight(s.text[start:end], "."))
	s.host = max(s.host, end)
	s.bare(start, end)
}

// bare judges a host without a scheme: one that is known, or an address.
func (s *scan) bare(start, end int) {
	host := s.text[start:end]
	if ip, err := netip.ParseAddr(host); err == nil {
		s.bareIP(ip, start, end)
		return
	}
	if start < s.token || len(host) < 4 || host[len(host)-1] >= '0' && host[len(host)-1] <= '9' {
		return
	}
	path := ""
	if end < len(s.text) && s.text[end] == '/' && end > s.token {
		path = s.text[end:s.urlEnd(end)]
	}
	lower := strings.ToLower(host)
	kind := s.d.known(lower, path)
	if kind == "" {
		return
	}
	severity := kinds[kind]
	if path == "" && !s.alone(start, end) {
		severity = min(severity, detectors.Medium) // the name of a service in a sentence
	}
	if start > 0 && s.text[start-1] == '@' {
		severity = min(severity, detectors.Medium)
	}
	s.add("host_"+kind, severity, start, end+len(path), registrable(lower))
}

func (s *scan) bareIP(ip netip.Addr, start, end int) {
	kind := s.d.inside(ip)
	if kind == "" {
		return
	}
	severity := detectors.Low
	switch {
	case s.at.Direction != detectors.Argument:
	case kind == "metadata":
		severity = detectors.High
	case s.alone(start, end):
		severity = detectors.Medium
	}
	s.add("address_"+kind, severity, start, end, "")
}

// alone reports that there is nothing else in the text but a port or a path.
func (s *scan) alone(start, end int) bool {
	return strings.TrimSpace(s.text[:start]) == "" && (end == len(s.text) || s.text[end] == ':' || s.text[end] == '/' ||
		strings.TrimSpace(s.text[end:]) == "")
}

// add notes a finding, as mild as the direction makes it.
func (s *scan) add(rule string, severity detectors.Severity, start, end int, detail string) {
	for _, f := range s.known {
		if f.Rule == rule && f.Detail == detail {
			return
		}
	}
	s.found = append(s.found, detectors.Finding{Detector: "exfil", Rule: rule, Severity: severity, Start: start, End: end, Detail: detail})
}
