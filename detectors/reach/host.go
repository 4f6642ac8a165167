package reach

import (
	"net/netip"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

var parser = whatwg.NewParser()

// special are the schemes whose hosts browsers read as names of the network.
var special = map[string]bool{"http": true, "https": true, "ws": true, "wss": true, "ftp": true}

// URL reads an address as browsers do: a URL, a host with or without a port,
// or what a tool would make one of. Hosts in schemes that browsers do not know
// are read in the same way. A file: URL is a path, a mailto: URL a mailbox, and
// what stays where it is, such as "/next", nothing.
func URL(text string) Place {
	text = strings.Trim(text, "\t\n\f\r ")
	if len(text) > Longest || control(text) {
		return unreadable(text)
	}
	if ip, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return Place{Kind: Host, Written: text, Within: networks(ip)}
	}
	if slashes := text[:len(text)-len(strings.TrimLeft(text, `/\`))]; len(slashes) > 1 {
		return host("http:"+text, text)
	} else if slashes != "" || text == "" || strings.ContainsAny(text[:1], "?#.") {
		return Place{Kind: Nothing}
	}
	scheme, rest, ok := strings.Cut(text, ":")
	switch lower := strings.ToLower(scheme); {
	case !ok || !schemeName(scheme) || port(rest):
		return host("http://"+text, text)
	case special[lower]:
		return host(text, rest)
	case lower == "file":
		return filePath(rest)
	case lower == "mailto":
		return one(Mailboxes(strings.SplitN(rest, "?", 2)[0]), text)
	case lower == "data", lower == "about", lower == "blob", lower == "javascript":
		return Place{Kind: Nothing}
	case strings.HasPrefix(rest, "//"):
		return host("http:"+rest, rest)
	}
	return unreadable(text)
}

// host parses a URL of a scheme that browsers know; rest is what is written
// after its scheme.
func host(url, rest string) Place {
	if at, ok := copyTarget(rest); ok {
		url, rest = "http://"+at, at
	}
	u, err := parser.Parse(url)
	if err != nil {
		return unreadable(rest)
	}
	name := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	written := authority(rest)
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return Place{Kind: Host, Written: written, Within: networks(ip)}
	}
	if !plain(name) {
		return unreadable(rest)
	}
	return Place{Kind: Host, Written: written, Within: domains(name)}
}

// copyTarget reads "user@host:path", as git and scp write it.
func copyTarget(text string) (string, bool) {
	before, after, ok := strings.Cut(text, ":")
	user, name, at := strings.Cut(before, "@")
	if !ok || !at || strings.ContainsAny(before, `/\?#`) || port(after) || user == "" || strings.Contains(after, "@") {
		return "", false
	}
	return name, true
}

// authority is the host as written, without who logs in.
func authority(rest string) string {
	rest = strings.TrimLeft(rest, `/\`)
	if end := strings.IndexAny(rest, `/\?#`); end >= 0 {
		rest = rest[:end]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	return strings.ToValidUTF8(rest[:min(len(rest), shown)], "\ufffd")
}

// plain reports a host name that every resolver takes as it is.
func plain(name string) bool {
	if name == "" || len(name) > 253 || name[0] == '.' || name[len(name)-1] == '.' || strings.Contains(name, "..") {
		return false
	}
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

func schemeName(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || (s[i] < '0' || s[i] > '9') && s[i] != '+' && s[i] != '-' && s[i] != '.') {
			return false
		}
	}
	return s != ""
}

// port reports what follows a host's colon: a number, and then no more of the
// host.
func port(s string) bool {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	return end > 0 && end <= 5 && (end == len(s) || strings.IndexByte(`/\?#`, s[end]) >= 0)
}

// control reports bytes that readers drop, or end a text at.
func control(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0
}

// one gives the only place of a list; several are unreadable here.
func one(places []Place, text string) Place {
	if len(places) != 1 {
		return unreadable(text)
	}
	return places[0]
}
