package exfil

import (
	"net/netip"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"
	"golang.org/x/net/publicsuffix"

	"callgate/detectors/reach"
)

// address is a URL taken apart as a browser would.
type address struct {
	scheme    string
	user      string // as written, without the password
	password  bool
	host      string // canonical: lower case, ASCII, addresses in their usual notation
	written   string // the authority as written
	path      string
	query     string
	fragment  string
	authority int  // length of ":" to the end of the authority, as written
	broken    bool // no browser would open it
	relative  bool
	nested    bool
}

// readAddress takes raw apart; colon is where its scheme ends.
func readAddress(parser whatwg.Parser, raw, scheme string, colon int) address {
	a := address{scheme: scheme}
	rest := raw[colon+1:]
	body := strings.TrimLeft(rest, `/\`)
	end := strings.IndexAny(body, `/\?#`)
	if end < 0 {
		end = len(body)
	}
	a.written, a.authority = body[:end], 1+len(rest)-len(body)+end
	if plainAuthority(a.written) && strings.HasPrefix(rest, "//") {
		a.host = strings.ToLower(a.written)
		a.split(body[end:])
		return a
	}
	a.parse(parser, raw[:colon+a.authority]+"/")
	a.split(body[end:])
	return a
}

// split takes path, query and fragment apart.
func (a *address) split(rest string) {
	rest, a.fragment, _ = strings.Cut(rest, "#")
	a.path, a.query, _ = strings.Cut(rest, "?")
}

// plainAuthority reports an authority that every reader takes for the same
// host: a name of ASCII letters whose last label is no number. It may say no
// too often.
func plainAuthority(s string) bool {
	last := s[strings.LastIndexByte(s, '.')+1:]
	if last == "" || last[0]|0x20 < 'a' || last[0]|0x20 > 'z' || strings.Contains(s, "xn--") {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || !hostByte(c) && c != '.' {
			return false
		}
	}
	return true
}

// parse reads scheme and authority as a browser does. What follows is not
// parsed: it is only looked at for what it carries.
func (a *address) parse(parser whatwg.Parser, raw string) {
	u, err := parser.Parse(raw)
	if err != nil {
		a.broken = true
		a.host = strings.ToLower(strings.Trim(a.written, "[]"))
		if before, _, ok := strings.Cut(a.host, ":"); ok && strings.Contains(before, ".") {
			a.host = before
		}
		return
	}
	a.host = strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	a.user, a.password = unescape(u.Username()), u.Password() != ""
}

// ip gives the address that the host is, in whatever notation.
func (a *address) ip() (netip.Addr, bool) {
	host := strings.TrimRight(strings.Trim(a.host, "[]"), "!")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip, true
	}
	if a.broken {
		// Left open in the text, as in "http://[::1".
		ip, err := netip.ParseAddr(strings.TrimSuffix(host, "]"))
		return ip, err == nil
	}
	return embedded(a.host)
}

var (
	shared   = netip.MustParsePrefix("100.64.0.0/10")
	thisNet  = netip.MustParsePrefix("0.0.0.0/8")
	reserved = []netip.Prefix{netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("fec0::/10")}
)

// inside says which kind of inside an address is: "metadata", "loopback",
// "private", or "" for none. The ranges are those of the IANA special-purpose
// registries.
func (d *Detector) inside(ip netip.Addr) string {
	ip = reach.Inner(ip)
	switch {
	case d.hosts[ip.String()] == "metadata":
		return "metadata"
	case ip.IsLoopback(), ip.IsUnspecified(), ip.Is4() && thisNet.Contains(ip):
		return "loopback"
	case ip.IsPrivate(), ip.IsLinkLocalUnicast(), ip.IsMulticast(), ip.Is4() && shared.Contains(ip):
		return "private"
	}
	for _, prefix := range reserved {
		if prefix.Contains(ip) {
			return "private"
		}
	}
	return ""
}

// embedded finds the address that services such as nip.io read out of a name:
// four numbers with dots or dashes in front of the service's own domain.
func embedded(host string) (netip.Addr, bool) {
	labels := strings.FieldsFunc(host, func(r rune) bool { return r == '.' || r == '-' })
	for i := 0; i+4 < len(labels); i++ {
		if ip, err := netip.ParseAddr(strings.Join(labels[i:i+4], ".")); err == nil {
			return ip, true
		}
	}
	return netip.Addr{}, false
}

// registrable gives the domain that somebody registered, which says who is
// called without what the labels before it carry.
func registrable(host string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return host[max(0, len(host)-64):]
	}
	return domain
}

// unescape undoes percent-encoding once and leaves what is no encoding.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) && hexDigit(s[i+2]) {
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

func hexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
