package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	nameForm  = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	keyForm   = regexp.MustCompile(`^v1:[a-z2-7]{8}:[A-Za-z0-9_-]{22}:[A-Za-z0-9_-]{43}$`)
	envForm   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	tokenForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	hostForm  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,253}$`)
)

// IsName reports whether s may name a server or a caller.
func IsName(s string) bool { return nameForm.MatchString(s) }

func name(s string) verdict {
	if IsName(s) {
		return verdict{}
	}
	return verdict{CodeName, "is not a name", "1 to 64 of the letters a-z, digits, _ and -"}
}

func toolName(s string) verdict {
	if s == "" || len(s) > 256 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return verdict{CodeName, "is not the name of a tool", "1 to 256 bytes without control characters"}
	}
	return verdict{}
}

// wordOf accepts the words of a closed set.
func wordOf(what string, set []string) rule {
	return func(s string) verdict {
		if slices.Contains(set, s) {
			return verdict{}
		}
		return verdict{CodeWord, fmt.Sprintf("is not a known %s: %s", what, quote(s)), suggest(s, set)}
	}
}

func scope(s string) verdict {
	domain, effect, ok := strings.Cut(s, ":")
	if !ok || strings.Contains(effect, ":") {
		return verdict{CodeScope, "is not a scope: " + quote(s), `write "domain:effect", such as "crm:read" or "*:read"`}
	}
	if domain != "*" && !slices.Contains(Domains, domain) {
		return verdict{CodeScope, "names an unknown domain: " + quote(domain), suggest(domain, Domains)}
	}
	if effect != "*" && !slices.Contains(Effects, effect) {
		return verdict{CodeScope, "names an unknown effect: " + quote(effect), suggest(effect, Effects)}
	}
	return verdict{}
}

// keyHash never repeats what it is given: it may be a key.
func keyHash(s string) verdict {
	switch {
	case keyForm.MatchString(s):
		return verdict{}
	case strings.HasPrefix(s, "cg_"):
		return verdict{CodeKey, "holds a key, not its hash", "take the key out, make a new one with `callgate key new` and put the hash here"}
	}
	return verdict{CodeKey, "is not a keyed hash", "make one with `callgate key new`"}
}

func address(s string) verdict {
	bad := verdict{CodeAddress, "is not an address to listen on: " + quote(s), "host:port, such as 127.0.0.1:7070"}
	h, port, err := net.SplitHostPort(s)
	if err != nil {
		return bad
	}
	if p, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(p, 10) != port {
		return bad
	}
	if _, err := netip.ParseAddr(h); err != nil && h != "" && !hostForm.MatchString(h) {
		return bad
	}
	return verdict{}
}

func host(s string) verdict {
	h := s
	if before, port, err := net.SplitHostPort(s); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err == nil {
			h = before
		}
	}
	if _, err := netip.ParseAddr(strings.Trim(h, "[]")); err == nil || hostForm.MatchString(h) {
		return verdict{}
	}
	return verdict{CodeAddress, "is not a host: " + quote(s), "a host name, with a port or without, such as callgate.example.com"}
}

func origin(s string) verdict {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || s != u.Scheme+"://"+u.Host {
		return verdict{CodeURL, "is not an origin", "scheme and host only, such as https://console.example.com"}
	}
	return verdict{}
}

// upstream never repeats what it is given: a URL may hold a token.
func upstream(s string) verdict {
	bad := func(what string) verdict {
		return verdict{CodeURL, what, "such as https://crm.example.com/mcp"}
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return bad("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("must begin with http:// or https://")
	case u.Hostname() == "":
		return bad("has no host")
	case u.User != nil:
		return verdict{CodeURL, "holds user information", "send it in headers, as a reference such as ${secret:env:NAME}"}
	case u.Fragment != "":
		return bad("has a fragment, which no server receives")
	}
	return verdict{}
}

// ownHeaders belong to the connection or to the protocol, not to the operator.
var ownHeaders = []string{
	"connection", "content-length", "content-type", "accept", "host", "keep-alive", "te", "trailer",
	"transfer-encoding", "upgrade", "mcp-session-id", "mcp-protocol-version", "last-event-id",
}

func headerName(s string) verdict {
	if !tokenForm.MatchString(s) {
		return verdict{CodeText, "is not the name of a header", ""}
	}
	if slices.Contains(ownHeaders, strings.ToLower(s)) {
		return verdict{CodeText, "is a header that Callgate sets itself", "take it out"}
	}
	return verdict{}
}

func headerValue(s string) verdict {
	if strings.ContainsFunc(s, func(r rune) bool { return (r < ' ' && r != '\t') || r == 0x7f }) {
		return verdict{CodeText, "holds a line break or another control character", ""}
	}
	return verdict{}
}

func envName(s string) verdict {
	if envForm.MatchString(s) {
		return verdict{}
	}
	return verdict{CodeName, "is not the name of an environment variable", "letters, digits and _, not beginning with a digit"}
}

func argument(s string) verdict {
	if strings.ContainsRune(s, 0) {
		return verdict{CodeText, "holds a NUL character", ""}
	}
	return verdict{}
}

func folderThere(p string) verdict {
	f, err := os.Open(p)
	if err != nil {
		return verdict{CodeUnreachable, fmt.Sprintf("cannot be read: %s: %s", quote(p), cause(err)), "paths are relative to the configuration file"}
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.IsDir() {
		return verdict{CodeUnreachable, "is not a folder: " + quote(p), ""}
	}
	return verdict{}
}

func fileThere(p string) verdict {
	info, err := os.Stat(p)
	if err != nil {
		return verdict{CodeUnreachable, fmt.Sprintf("cannot be read: %s: %s", quote(p), cause(err)), "paths are relative to the configuration file"}
	}
	if !info.Mode().IsRegular() {
		return verdict{CodeUnreachable, "is not a file: " + quote(p), ""}
	}
	return verdict{}
}

// stateFile accepts a file that is there, or could be made in a folder that is.
func stateFile(p string) verdict {
	if info, err := os.Stat(p); err == nil && !info.Mode().IsRegular() {
		return verdict{CodeUnreachable, "is not a file: " + quote(p), ""}
	}
	if info, err := os.Stat(filepath.Dir(p)); err != nil || !info.IsDir() {
		return verdict{CodeUnreachable, "is in a folder that is not there: " + quote(filepath.Dir(p)), "make the folder first"}
	}
	return verdict{}
}
