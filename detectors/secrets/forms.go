package secrets

import (
	stdbase64 "encoding/base64"
	"encoding/json"
	"strings"

	"callgate/detectors"
)

// formRules are secrets whose form is a grammar: keys in PEM (RFC 7468), JSON
// web tokens (RFC 7519), HTTP credentials (RFC 6750, RFC 7617), passwords in
// URLs (RFC 3986), webhooks whose path is the secret.
var formRules = []rule{
	{name: "private_key", severity: detectors.High, literals: []string{"-----BEGIN "}, match: pem},
	{name: "jwt", severity: detectors.High, literals: []string{"eyJ"}, match: jwt},
	{name: "webhook_url", severity: detectors.High, literals: []string{"hooks.slack.com/services/", "hooks.slack.com/workflows/",
		"hooks.slack.com/triggers/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"}, fold: true, match: webhook},
	{name: "bearer_token", severity: detectors.Medium, literals: []string{"bearer "}, fold: true, weak: true, match: bearer},
	{name: "basic_credentials", severity: detectors.Medium, literals: []string{"basic "}, fold: true, weak: true, match: basic},
	{name: "url_password", severity: detectors.Medium, literals: []string{"://"}, weak: true, match: userinfo},
}

const dashes = "-----"

// pem matches a private key from its first line to its last. The line breaks
// may be escaped or gone. What is in between has to be base64 in the main, so
// that nothing else hides in it.
func pem(t string, at, body int) (int, int) {
	label := strings.Index(t[body:min(len(t), body+64)], dashes)
	if label < 0 || !strings.Contains(t[body:body+label], "PRIVATE KEY") {
		return 0, 0
	}
	first := body + label + len(dashes)
	last := strings.Index(t[first:], dashes)
	if last < 0 {
		return pemCut(t, at, first)
	}
	last += first
	tail := last + len(dashes)
	if !strings.HasPrefix(t[tail:], "END ") || !armored(t[first:last]) {
		return pemCut(t, at, first)
	}
	end := strings.Index(t[tail:min(len(t), tail+80)], dashes)
	if end < 0 {
		return at, last
	}
	return at, tail + end + len(dashes)
}

// longWord is the least length of a line of base64, but for the last.
const longWord = 16

// armored reports that most of a key's body is lines of base64.
func armored(body string) bool {
	long, all := 0, 0
	for i := 0; i < len(body); {
		if between(body[i]) {
			i++
			continue
		}
		end := max(i+1, run(body, i, &base64))
		all += end - i
		if end-i >= longWord {
			long += end - i
		}
		i = end
	}
	return long >= 2*longWord && long*10 >= all*6
}

// between reports what stands between the lines, also where the key is itself
// a string in JSON or in source.
func between(c byte) bool { return spacing[c] || c == '\\' || c == '"' }

// pemCut matches a key whose last line is missing: its lines of base64.
func pemCut(t string, at, first int) (int, int) {
	end, long := first, 0
	for i := first; i < len(t); i = end {
		for i < len(t) && between(t[i]) {
			if t[i] == '\\' {
				i++ // and the letter of the escape
			}
			i++
		}
		i = min(i, len(t))
		stop := run(t, i, &base64)
		if stop-i < longWord {
			break
		}
		long += stop - i
		end = stop
	}
	if long < 2*longWord {
		return 0, 0
	}
	return at, end
}

// jwt matches three parts of base64url, or the five of an encrypted one, of
// which the first is a header that names an algorithm. The last may be empty.
func jwt(t string, at, _ int) (int, int) {
	const longestHeader = 4096
	header := runUpTo(t, at, &dash, longestHeader)
	if header-at > longestHeader || header >= len(t) || t[header] != '.' || !begins(t, at) || !namesAlgorithm(t[at:header]) {
		return 0, 0
	}
	end, parts := header, 1
	for parts < 5 && end < len(t) && t[end] == '.' {
		next := run(t, end+1, &dash)
		if next == end+1 && parts > 2 {
			break
		}
		end = next
		parts++
	}
	if parts < 3 || end-header < 16 {
		return 0, 0
	}
	return at, end
}

func namesAlgorithm(header string) bool {
	raw, err := stdbase64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return false
	}
	var h struct {
		Algorithm *string `json:"alg"`
	}
	return json.Unmarshal(raw, &h) == nil && h.Algorithm != nil
}

// bearer matches the credentials after the scheme's name. The name is a word
// of prose too, so what follows has to look drawn.
func bearer(t string, at, body int) (int, int) {
	const shortest, longest = 12, 8192
	start := body
	for start < len(t) && t[start] == ' ' && start-body < 4 {
		start++
	}
	end := runUpTo(t, start, &token68, longest)
	if !begins(t, at) || end-start < shortest || end-start > longest || path(t[start:end]) || !drawn(t[start:end]) {
		return 0, 0
	}
	return start, end
}

// basic matches base64 that holds a user and a password.
func basic(t string, at, body int) (int, int) {
	const longest = 1024
	end := runUpTo(t, body, &base64, longest)
	if !begins(t, at) || end-body < 8 || end-body > longest {
		return 0, 0
	}
	raw, err := stdbase64.RawStdEncoding.DecodeString(strings.TrimRight(t[body:end], "="))
	if err != nil || strings.ContainsFunc(string(raw), unprintable) {
		return 0, 0
	}
	if _, password, ok := strings.Cut(string(raw), ":"); !ok || placeholder(password) {
		return 0, 0
	}
	return body, end
}

func unprintable(r rune) bool { return r < ' ' || r == 0x7F || r == '\uFFFD' }

// userinfo matches the password of a URL's user.
func userinfo(t string, at, body int) (int, int) {
	const longest = 512
	end := body
	for end < len(t) && end-body < longest && !authorityEnd[t[end]] {
		end++
	}
	host := strings.LastIndexByte(t[body:end], '@')
	if host < 0 || at == 0 || !alnum[t[at-1]] {
		return 0, 0
	}
	user, password, _ := strings.Cut(t[body:body+host], ":")
	if len(password) < 3 || placeholder(password) || label(password) || strings.EqualFold(user, password) {
		return 0, 0
	}
	start := body + len(user) + 1
	return start, start + len(password)
}

var authorityEnd = setOf("/?#\"'<>\\`\x00", &spacing)

// webhook matches the path of a webhook with its host.
func webhook(t string, at, body int) (int, int) {
	const shortest, longest = 20, 256
	end := runUpTo(t, body, &pathBytes, longest)
	if end-body < shortest || end-body > longest || !strings.Contains(t[body:end], "/") || !random(t[body:end]) {
		return 0, 0
	}
	return at, end
}
