package secrets

import "strings"

// kind is what a name says about its value.
type kind int

const (
	plain      kind = iota
	password        // chosen by people: short and readable
	credential      // drawn by a program
	service         // of a service whose keys show nothing of it
)

// The ends of names, in small letters and without separators.
var (
	passwordNames = []string{"password", "passwords", "passwd", "passphrase", "passcode", "passwort", "kennwort", "motdepasse", "pwd"}

	credentialNames = []string{"secret", "secrets", "token", "credential", "credentials", "apikey", "apikeys", "accesskey", "secretkey",
		"privatekey", "authkey", "accountkey", "encryptionkey", "signingkey", "masterkey", "servicekey", "sharedkey", "sharedaccesskey",
		"sessionkey", "appkey", "applicationkey", "deploykey", "integrationkey", "adminkey", "webhookkey", "hmackey", "licensekey",
		"licencekey", "ssokey", "clientkey", "authorization", "secretkeybase"}

	// harmlessNames end in the same words and hold no secret: places in a
	// list, parts of a text, questions to a person.
	harmlessNames = []string{"pagetoken", "nexttoken", "previoustoken", "prevtoken", "synctoken", "continuationtoken", "cursortoken",
		"pagingtoken", "paginationtoken", "canceltoken", "cancellationtoken", "progresstoken", "eostoken", "bostoken", "padtoken",
		"unktoken", "septoken", "clstoken", "masktoken", "stoptoken", "publictoken", "resetpassword", "forgotpassword", "changepassword"}
)

// services are makers whose keys have no form of their own, so that only the
// maker's name tells.
var services = []string{"adafruit", "airtable", "algolia", "asana", "bitbucket", "bittrex", "braintree", "cloudflare", "codecov", "coinbase",
	"confluent", "contentful", "datadog", "discord", "droneci", "dropbox", "etsy", "facebook", "fastly", "finicity", "finnhub", "flickr",
	"freshbooks", "gitter", "gocardless", "heroku", "hubspot", "intercom", "jfrog", "kraken", "kucoin", "launchdarkly", "linkedin",
	"mailchimp", "mailgun", "mapbox", "meraki", "messagebird", "mattermost", "newrelic", "nytimes", "okta", "pagerduty", "paypal", "plaid",
	"rapidapi", "sendbird", "sentry", "snyk", "spotify", "squarespace", "sumologic", "trello", "twitch", "twitter", "typeform", "yandex",
	"zendesk"}

// publicNames are parts of names whose values look drawn and are no secrets.
var publicNames = []string{"hash", "sha", "md5", "digest", "checksum", "commit", "etag", "image", "version", "url", "uri", "user", "account",
	"guild", "channel", "path", "file"}

// kindOf says what a name promises.
func kindOf(name string) kind {
	if len(name) > longestName || !mayTell(name) {
		return plain
	}
	p := plainName(name)
	switch {
	case endsIn(p, harmlessNames):
		return plain
	case endsIn(p, passwordNames) || shortName(name):
		return password
	case endsIn(p, credentialNames):
		return credential
	case holds(p, services) && !holds(p, publicNames):
		return service
	}
	return plain
}

// mayTell reports that a word of the index may be in a name. It may say yes too
// often, never no: each telling name holds such a word.
func mayTell(name string) bool {
	var h uint32
	for i := range len(name) {
		h = h<<8&0xFFFFFF | uint32(name[i]|0x20)
		if i >= 2 && index.may(slotOf(h)) {
			return true
		}
	}
	return false
}

func endsIn(name string, list []string) bool {
	for _, end := range list {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

func holds(name string, list []string) bool {
	for _, part := range list {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// plainName is a name in small letters, without separators and without a
// number at its end.
func plainName(name string) string {
	var b [longestName]byte
	n := 0
	for i := 0; i < len(name) && n < len(b); i++ {
		if c := name[i]; alnum[c] {
			if upper[c] {
				c |= 0x20
			}
			b[n] = c
			n++
		}
	}
	for n > 0 && digits[b[n-1]] {
		n--
	}
	return string(b[:n])
}

// shortName reports "pass" that stands as a word of its own.
func shortName(name string) bool {
	name = strings.TrimRight(name, "0123456789")
	for _, short := range [...]string{"pass", "Pass", "PASS"} {
		if rest, ok := strings.CutSuffix(name, short); ok {
			return rest == "" || !alnum[rest[len(rest)-1]] || short == "Pass"
		}
	}
	return false
}
