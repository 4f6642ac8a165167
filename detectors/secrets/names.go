package secrets

import (
	"math"
	"strings"

	"callgate/detectors"
)

// telling are parts of names whose value is a secret, in lower case and
// without signs; passwords may be words, the others look random.
var (
	passwordNames = []string{"password", "passwd", "passphrase", "passwort", "contrasena", "motdepasse", "userpass", "dbpass", "pwd"}
	tokenNames    = []string{"secret", "token", "apikey", "accesskey", "authkey", "privatekey", "secretkey", "signingkey", "encryptionkey",
		"credential", "clientkey", "apisecret", "authorization", "sessionid", "accountkey", "masterkey", "webhookkey", "connectionstring"}
	// harmlessNames are parts of names that look telling and are not.
	harmlessNames = []string{"page", "next", "cursor", "continu", "sync", "count", "max", "min", "limit", "total", "usage", "tokenizer", "type", "name", "policy",
		"length", "hash", "field", "prompt", "completion", "csrf", "scope", "expir", "url", "uri", "path", "file", "arn", "id_token_signed"}
)

// vendors are names of services whose keys have no prefix: what is assigned to
// a name with one of them and looks random is a key.
var vendors = []string{"adafruit", "adobe", "airtable", "algolia", "alibaba", "artifactory", "asana", "atlassian", "auth0", "aws", "azure", "beamer", "bitbucket",
	"bitly", "bittrex", "box", "braintree", "clickup", "cloudflare", "codecov", "coinbase", "cohere", "confluence", "confluent", "contentful", "databricks", "datadog",
	"discord", "docker", "droneci", "dropbox", "etsy", "facebook", "fastly", "finicity", "finnhub", "firebase", "flickr", "freshbooks", "gitlab", "gitter", "gocardless",
	"google", "grafana", "heroku", "hubspot", "infracost", "instagram", "intercom", "intra42", "jira", "jfrog", "kraken", "kucoin", "launchdarkly", "linear", "linkedin",
	"lob", "looker", "mailchimp", "mailgun", "mapbox", "mattermost", "messagebird", "netlify", "newrelic", "notion", "npm", "nytimes", "newyorktimes", "octopus", "okta",
	"openai", "pagerduty", "paypal", "plaid", "postmark", "privateai", "rapidapi", "segment", "sendbird", "sendgrid", "sentry", "settlemint", "shopify", "sidekiq", "snyk",
	"sonar", "spotify", "square", "squarespace", "stripe", "sumo", "telegram", "telegr", "travis", "trello", "twilio", "twitch", "twitter", "vimeo", "yandex", "zendesk", "zoom"}

// assignment looks at the name before and the value after a colon or an equals
// sign.
func (f *finder) assignment(i int) {
	name, isURL := f.nameBefore(i)
	if name == "" || isURL {
		return
	}
	kind := kindOf(name)
	if kind == noName {
		return
	}
	start, end := f.valueAfter(i)
	if start == end || !kind.accepts(f.text[start:end], f.text[start-1]) {
		return
	}
	f.add(kind.rule(), detectors.Medium, start, end)
}

// kind is what a name says of its value.
type kind int

const (
	noName kind = iota
	passwordName
	tokenName
	vendorName
)

func (k kind) rule() string {
	return [...]string{"", "assigned_password", "assigned_secret", "assigned_key"}[k]
}

// kindOf judges a name as written.
func kindOf(name string) kind {
	const longest = 64
	if len(name) > longest || len(name) < 3 {
		return noName
	}
	if !mayTell(name) {
		return noName
	}
	plain := plainName(name)
	switch {
	case within(plain, harmlessNames):
		return noName
	case within(plain, passwordNames):
		return passwordName
	case within(plain, tokenNames):
		return tokenName
	case within(plain, vendors):
		return vendorName
	}
	return noName
}

// starts holds the first three letters of each telling part and vendor.
var starts = func() (t [1 << 15]bool) {
	for _, list := range [][]string{passwordNames, tokenNames, vendors} {
		for _, part := range list {
			t[trigram(part[0], part[1], part[2])] = true
		}
	}
	return t
}()

func trigram(a, b, c byte) int { return int(a&31)<<10 | int(b&31)<<5 | int(c&31) }

// mayTell reports whether any part may be in a name, over signs between its
// letters. It may say yes too often, never no.
func mayTell(name string) bool {
	var a, b byte
	for i := range len(name) {
		if c := name[i]; alnum(c) {
			if a != 0 && starts[trigram(a, b, c)] {
				return true
			}
			a, b = b, c
		}
	}
	return false
}

// plainName is a name in lower case without signs.
func plainName(name string) string {
	var out [64]byte
	n := 0
	for i := 0; i < len(name) && n < len(out); i++ {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			out[n] = c
			n++
		}
	}
	return string(out[:n])
}

func within(name string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// nameBefore gives the name that ends before i, over quotes, blanks and the
// signs of longer operators such as := and ||=.
func (f *finder) nameBefore(i int) (name string, isURL bool) {
	if strings.HasPrefix(f.text[i:], "://") {
		return "", true
	}
	const longest = 64
	end := i
	for end > 0 && i-end < 8 && strings.IndexByte(" \t\"'`:=|?>)]", f.text[end-1]) >= 0 {
		end--
	}
	start := end
	for start > 0 && end-start < longest && (alnum(f.text[start-1]) || strings.IndexByte("_-.", f.text[start-1]) >= 0) {
		start--
	}
	return f.text[start:end], false
}

// valueAfter gives the value that is assigned at i.
func (f *finder) valueAfter(i int) (start, end int) {
	const longest = 4096
	start = i + 1
	for start < len(f.text) && start-i < 10 && strings.IndexByte(" \t\"'`=>:\\(,|?", f.text[start]) >= 0 {
		start++
	}
	end = start
	quote := f.text[start-1]
	quoted := quote == '"' || quote == '\'' || quote == '`'
	for end < len(f.text) && end-start < longest {
		c := f.text[end]
		if c == '\n' || c == '\r' || f.escape(end) || quoted && c == quote || !quoted && strings.IndexByte(" \t\"'`,;&)<>|", c) >= 0 {
			break
		}
		end++
	}
	for end > start && strings.IndexByte("\\.,", f.text[end-1]) >= 0 {
		end--
	}
	return start, end
}

// escape reports an escape sequence, as in JSON text that is itself a string.
func (f *finder) escape(i int) bool {
	return f.text[i] == '\\' && i+1 < len(f.text) && strings.IndexByte("nrt\"", f.text[i+1]) >= 0
}

// accepts reports whether a value is a secret under such a name; before is the
// byte in front of it.
func (k kind) accepts(value string, before byte) bool {
	if placeholder(value) {
		return false
	}
	letters, numbers := mix(value)
	switch k {
	case passwordName:
		quoted := before == '"' || before == '\''
		return len(value) >= 6 && strings.IndexByte(value, ' ') < 0 && (numbers > 0 && letters > 0 || quoted && len(value) >= 8 && letters < len(value))
	case tokenName:
		return len(value) >= 12 && letters > 0 && numbers > 0 && strings.IndexByte(value, ' ') < 0 && entropy(value) >= 3
	default:
		return len(value) >= 16 && numbers > 1 && letters > 0 && word(value) && entropy(value) >= 3
	}
}

// mix counts ASCII letters and digits.
func mix(s string) (letters, numbers int) {
	for i := range len(s) {
		switch class[s[i]] {
		case letterByte:
			letters++
		case digitByte:
			numbers++
		}
	}
	return letters, numbers
}

// word reports a value without the signs of code and prose.
func word(s string) bool {
	for i := range len(s) {
		if !alnum(s[i]) && strings.IndexByte("-_=+/.~:", s[i]) < 0 {
			return false
		}
	}
	return true
}

// placeholder reports what stands for a value: a reference, a mark, an
// example.
func placeholder(value string) bool {
	if value == "" || dull(value) || strings.Contains(value, markStart) {
		return true
	}
	switch value[0] {
	case '$', '{', '<', '%', '*', '[', '(':
		return true
	}
	lowered := strings.ToLower(value)
	for _, sign := range []string{"your", "xxxx", "process.env", "os.environ", "getenv", "placeholder", "redacted", "changeme", "://", "function", "()", "${", "{{"} {
		if strings.Contains(lowered, sign) {
			return true
		}
	}
	return false
}

// entropy is Shannon's, in bits a character.
func entropy(s string) float64 {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	bits := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// member judges a whole text by the name of the member that holds it.
func member(text, name string) (hit, bool) {
	const shortest, longest = 6, 4096
	if len(text) < shortest || len(text) > longest || name == "" {
		return hit{}, false
	}
	k := kindOf(name)
	if k != passwordName && k != tokenName || markEnd(text, 0) == len(text) || !k.accepts(text, '"') {
		return hit{}, false
	}
	return hit{rule: "member_" + [...]string{"", "password", "secret"}[k], severity: detectors.Medium, end: len(text)}, true
}
