package exfil

import (
	"strings"

	"callgate/detectors"
	"callgate/detectors/text"
)

// address judges one URL at text[start:end].
func (s *scan) address(a *address, start, end int) {
	s.scheme(a, start, end)
	s.userinfo(a, start, end)
	inside := s.insideHost(a, start, end)
	if !inside {
		s.knownHost(a, start, end)
		s.lookalikeHost(a, start, end)
	}
	s.data(a, start, end)
}

// openers are schemes that reach files or other services when a tool follows
// them blindly.
var openers = map[string]detectors.Severity{
	"file": detectors.High, "gopher": detectors.High, "dict": detectors.High, "tftp": detectors.High, "netdoc": detectors.High,
	"jar": detectors.High, "phar": detectors.High, "php": detectors.High, "expect": detectors.High, "ldap": detectors.Medium,
	"ldaps": detectors.Medium, "smb": detectors.Medium, "sftp": detectors.Medium, "telnet": detectors.Medium, "nntp": detectors.Medium,
	"zip": detectors.Medium, "view-source": detectors.Medium,
}

func (s *scan) scheme(a *address, start, end int) {
	severity, ok := openers[a.scheme]
	if !ok {
		return
	}
	if s.at.Direction != detectors.Argument {
		severity = detectors.Low
	}
	s.add("scheme_"+strings.ReplaceAll(a.scheme, "-", "_"), severity, start, end, "")
}

// inline judges URLs that hold their own content.
func (s *scan) inline(start, colon int, scheme string) {
	end := s.urlEnd(colon + 1)
	body := s.text[colon+1 : end]
	if start > 0 && strings.IndexByte("\"'(=<` ", s.text[start-1]) < 0 || len(body) < 4 {
		return
	}
	switch {
	case scheme != "data":
		if strings.ContainsAny(body, "(=") {
			s.add("scheme_script", detectors.Medium, start, end, "")
		}
	case strings.HasPrefix(body, "text/html"), strings.HasPrefix(body, "text/javascript"), strings.HasPrefix(body, "application/javascript"),
		strings.HasPrefix(body, "image/svg"):
		s.add("scheme_data", detectors.Medium, start, end, "")
	}
}

// userinfo judges what stands before an @: a name that looks like a host is
// there to deceive.
func (s *scan) userinfo(a *address, start, end int) {
	trick := backslashed(s.text[start:end])
	switch {
	case trick, strings.Contains(a.user, ".") && web[a.scheme]:
		s.add("userinfo_host", detectors.High, start, end, registrable(a.host))
	case a.password && a.user != "":
		s.add("userinfo_password", detectors.Medium, start, end, registrable(a.host))
	}
}

// backslashed reports a backslash before an @ where a browser ends the host
// and other readers go on.
func backslashed(url string) bool {
	_, rest, _ := strings.Cut(url, ":")
	rest = strings.TrimLeft(rest, `/\`)
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		rest = rest[:end]
	}
	back := strings.IndexByte(rest, '\\')
	return back >= 0 && strings.IndexByte(rest[back:], '@') >= 0
}

// insideHost reports and judges a host that lies inside: loopback, private,
// metadata, by address or by name.
func (s *scan) insideHost(a *address, start, end int) bool {
	kind := ""
	if ip, ok := a.ip(); ok {
		kind = s.d.inside(ip)
	} else {
		kind = s.d.insideName(a)
	}
	if kind == "" {
		return false
	}
	severity := detectors.High
	if s.at.Direction != detectors.Argument {
		severity = detectors.Low
		if kind == "metadata" {
			severity = detectors.Medium
		}
	}
	s.add("address_"+kind, severity, start, end, "")
	return true
}

// insideName knows the names of the inside: those that RFC 6761, RFC 6762 and
// RFC 9476 keep out of the public tree, ICANN's .internal, and names without a
// dot, which only a local resolver knows.
func (d *Detector) insideName(a *address) string {
	host := strings.TrimSuffix(a.host, ".")
	if kind := d.known(host, ""); kind == "metadata" || kind == "loopback" {
		return kind
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	switch {
	case last == "localhost":
		return "loopback"
	case last == "internal", last == "local", last == "localdomain", last == "lan", last == "intranet", last == "corp", last == "home":
		return "private"
	case host != "" && last == host && web[a.scheme] && !a.relative && !a.broken && strings.IndexByte(host, '{') < 0:
		return "private"
	}
	return ""
}

func (s *scan) knownHost(a *address, start, end int) {
	kind := s.d.known(a.host, a.path)
	if kind == "" {
		return
	}
	severity := kinds[kind]
	if s.at.Direction != detectors.Argument && kind != "callback" && kind != "tunnel" && !s.shown(start) {
		severity = min(severity, detectors.Low) // a page that links to one is no attack
	}
	s.add("host_"+kind, severity, start, end, registrable(a.host))
}

// lookalikeHost judges names whose letters are not what they seem.
func (s *scan) lookalikeHost(a *address, start, end int) {
	written := a.written
	if strings.HasPrefix(a.host, "xn--") || strings.Contains(a.host, ".xn--") {
		written = unicodeHost(a.host)
	}
	ascii := true
	for i := range len(written) {
		ascii = ascii && written[i] < 0x80
	}
	if ascii {
		return
	}
	for _, label := range strings.Split(written, ".") {
		form := text.Prepare(label)
		if len(form.Findings()) > 0 || text.Imitates(label) {
			s.add("host_lookalike", detectors.High, start, end, registrable(a.host))
			return
		}
	}
	if !strings.Contains(a.host, "xn--") {
		s.add("host_disguised", detectors.Medium, start, end, registrable(a.host))
	}
}

// shown reports a URL that a client fetches just by showing the text: the
// source of a Markdown or HTML image.
func (s *scan) shown(start int) bool {
	const far = 200
	before := s.text[max(0, start-far):start]
	if strings.HasSuffix(before, "](") {
		open := strings.LastIndexByte(before, '[')
		return open > 0 && before[open-1] == '!'
	}
	tag := strings.LastIndexByte(before, '<')
	if tag < 0 || strings.IndexByte(before[tag:], '>') >= 0 {
		return false
	}
	name := strings.ToLower(before[tag+1 : min(len(before), tag+7)])
	return strings.HasPrefix(name, "img") || strings.HasPrefix(name, "iframe") || strings.HasPrefix(name, "image") || strings.HasPrefix(name, "link")
}
