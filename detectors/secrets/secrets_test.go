package secrets

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"callgate/detectors"
)

// token makes the body of a token that looks random but is the same each time.
func token(n int) string {
	const letters = "7bQ2xKf9LmZ4tWc8RvJ3pNh6YsD5gAe1"
	return strings.Repeat(letters, n/len(letters)+1)[:n]
}

// hexToken is the same in hexadecimal.
func hexToken(n int) string { return strings.Repeat("3fa94c7b1e08d265", n/16+1)[:n] }

const pemKey = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB\nq7\n-----END EC PRIVATE KEY-----"

// ruleTexts holds, for each rule, texts with a secret between « and » and
// texts without any.
var ruleTexts = map[string]struct{ catch, spare []string }{
	"aws_access_key":    {[]string{"id «AKIAIOSFODNN7EXAMPLE», ok", `line\n«AKIAQ2X7WER4TYUI8OPA»`}, []string{"AKIA", "MAKIAIOSFODNN7EXAMPLE", "AKIAXXXXXXXXXXXXXXXX"}},
	"github_token":      {[]string{"push with «ghp_" + token(36) + "».", "«github_pat_" + token(60) + "»"}, []string{"ghp_short", "the prefix ghp_ marks them"}},
	"gitlab_token":      {[]string{"«glpat-" + token(20) + "»"}, []string{"glpat-"}},
	"slack_token":       {[]string{"«xoxb-" + token(30) + "»"}, []string{"xoxb-"}},
	"stripe_key":        {[]string{"«sk_live_" + token(24) + "»"}, []string{"sk_live_"}},
	"google_api_key":    {[]string{"«AIza" + token(35) + "»"}, []string{"AIzawa"}},
	"anthropic_key":     {[]string{"«sk-ant-api03-" + token(80) + "»"}, []string{"sk-ant-"}},
	"openai_key":        {[]string{"«sk-proj-" + token(40) + "»", "«sk-" + token(48) + "»"}, []string{"sk-learn and sk-" + token(8)}},
	"npm_token":         {[]string{"«npm_" + token(36) + "»"}, []string{"npm_config_registry"}},
	"jwt":               {[]string{"«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P»"}, []string{"eyJhbGciOiJIUzI1NiJ9"}},
	"private_key":       {[]string{"«" + pemKey + "»", "x «-----BEGIN RSA PRIVATE KEY-----\nMII»"}, []string{"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----", "-----"}},
	"bearer_credential": {[]string{"Authorization: Bearer «" + token(30) + "»"}, []string{"Bearer tokens are sent in headers", "bearer of bad news"}},
	"basic_credential":  {[]string{"authorization: basic «" + token(20) + "»"}, []string{"Basic understanding of things"}},
	"url_password":      {[]string{"postgres://app:«s3cr3t-pw»@db.example.com/x"}, []string{"https://example.com/@user", "ssh://git@example.com/x", "a:b@c", "postgres://app:${PW}@db.example.com"}},
	"assigned_password": {[]string{`password = "«hunter2hunter2»"`, "DB_PASSWORD=«Tr0ub4dor»", `pwd: «abc12345»`}, []string{"password: required", "password = os.environ['X']", "Password: ", "passwords: 12", `password = "${PW}"`}},
	"assigned_secret":   {[]string{`api_key: "«` + token(24) + `»"`, "client_secret=«" + token(32) + "»&x=1", `"x-api-key":"«` + token(32) + `»"`}, []string{"max_tokens: 4096", "next_page_token=" + token(40), "token: the smallest unit", "secret: yes"}},
	"assigned_key":      {[]string{`adobe_id = "«` + hexToken(32) + `»"`}, []string{"commit = " + hexToken(40), "dropbox = installed"}},
	"telegram_token":    {[]string{"bot «123456789:AAF" + token(32) + "»"}, []string{"at 12345678:AB"}},
	"card_number":       {[]string{"pay with «4111 1111 1111 1111» now", "«5555555555554444»"}, []string{"4111 1111 1111 1112", "order 1234567890123456", "41111111111111111111111111"}},
}

func TestRules(t *testing.T) {
	d := New([]byte("key"))
	ran := 0
	for rule, c := range ruleTexts {
		for _, marked := range c.catch {
			ran++
			before, rest, _ := strings.Cut(marked, "«")
			secret, after, _ := strings.Cut(rest, "»")
			found := d.Detect(before+secret+after, &detectors.Setting{})
			if len(found) != 1 || found[0].Rule != rule || found[0].Start != len(before) || found[0].End != len(before)+len(secret) {
				t.Errorf("%s in %q: %+v", rule, marked, found)
			}
		}
		for _, s := range c.spare {
			ran++
			for _, f := range d.Detect(s, &detectors.Setting{}) {
				if f.Rule == rule {
					t.Errorf("%s fired on %q: %+v", rule, s, f)
				}
			}
		}
	}
	if ran < 60 {
		t.Fatalf("ran %d cases", ran)
	}
}

func TestMemberNames(t *testing.T) {
	d := New(nil)
	cases := []struct {
		pointer, text, rule string
	}{
		{"/user/password", "correct-horse", "member_password"},
		{"/apiKey", token(20), "member_secret"},
		{"/a~1token", token(20), "member_secret"},
		{"/password", "required", ""},
		{"/password", "${PASSWORD}", ""},
		{"/nextPageToken", token(40), ""},
		{"/token_count", "123456789012", ""},
		{"/passwordless", "", ""},
		{"/note", "correct-horse", ""},
	}
	for _, c := range cases {
		found := d.Detect(c.text, &detectors.Setting{Pointer: c.pointer})
		switch {
		case c.rule == "" && len(found) != 0:
			t.Errorf("%s %q: %+v", c.pointer, c.text, found)
		case c.rule != "" && (len(found) != 1 || found[0].Rule != c.rule || found[0].End != len(c.text)):
			t.Errorf("%s %q: %+v, want %s", c.pointer, c.text, found, c.rule)
		}
	}
}

func TestFingerprint(t *testing.T) {
	secret := "sk_live_" + token(24)
	at := &detectors.Setting{}
	a, again, other := New([]byte("a")).Detect(secret, at), New([]byte("a")).Detect("x "+secret, at), New([]byte("b")).Detect(secret, at)
	if len(a) != 1 || a[0].Fingerprint != again[0].Fingerprint || a[0].Fingerprint == other[0].Fingerprint || len(a[0].Fingerprint) != 16 {
		t.Errorf("%+v, %+v, %+v", a, again, other)
	}
}

func TestRedact(t *testing.T) {
	d := New([]byte("key"))
	secret := "ghp_" + token(36)
	mark := func(rule, secret string) string { return "[secret:" + rule + ":" + d.fingerprint(secret) + "]" }
	cases := []struct{ name, raw, want string }{
		{"clean", ` {"a" : [1, 2.50, "x\u0041", null] }`, ` {"a" : [1, 2.50, "x\u0041", null] }`},
		{"leaf", `{"n":9007199254740993,"a":"use ` + secret + ` now","b":"\u0041"}`, `{"n":9007199254740993,"a":"use ` + mark("github_token", secret) + ` now","b":"\u0041"}`},
		{"escaped", `{"a":"\u0067hp_` + token(36) + `"}`, `{"a":"` + mark("github_token", secret) + `"}`},
		{"name", `{"` + secret + `":1}`, `{"` + mark("github_token", secret) + `":1}`},
		{"member", `{"password":"correct-horse"}`, `{"password":"` + mark("member_password", "correct-horse") + `"}`},
		{"list", `["` + secret + `","` + secret + `"]`, `["` + mark("github_token", secret) + `","` + mark("github_token", secret) + `"]`},
		{"bare string", `"` + secret + `"`, `"` + mark("github_token", secret) + `"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, found, changed, err := d.Redact(json.RawMessage(c.raw))
			if err != nil || string(got) != c.want || changed != (c.raw != c.want) || changed != (len(found) > 0) {
				t.Errorf("got %s, %v, %v; want %s", got, changed, err, c.want)
			}
		})
	}
	for _, bad := range []string{"", "{", strings.Repeat("[", 300) + strings.Repeat("]", 300)} {
		if got, _, _, err := d.Redact(json.RawMessage(bad)); err == nil || got != nil {
			t.Errorf("%.20q gave %s", bad, got)
		}
	}
}

// TestMayTell checks the shortcut against the lists that it stands for.
func TestMayTell(t *testing.T) {
	for _, list := range [][]string{passwordNames, tokenNames, vendors} {
		for _, part := range list {
			for _, name := range []string{part, strings.ToUpper(part), "x_" + part + "1", part[:2] + "-" + part[2:], part[:1] + "." + part[1:]} {
				if !mayTell(name) {
					t.Errorf("%q cannot tell", name)
				}
			}
		}
	}
}

func FuzzRedact(f *testing.F) {
	secret := "sk_live_" + token(24)
	f.Add(`{"a":"`, `"}`, "password=")
	f.Add(`["[secret:x:0123456789abcdef]`, `"]`, "https://u:")
	f.Add(`{"token":"`, `"}`, "[secret:")
	f.Fuzz(func(t *testing.T, before, after, near string) {
		d := New([]byte("key"))
		body, err := json.Marshal(near + " " + secret + " ")
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range []string{fmt.Sprintf(`{"x":%s,"y":{"password":%s}}`, body, body), before + strings.Trim(string(body), `"`) + after} {
			if !json.Valid([]byte(raw)) {
				continue
			}
			got, _, changed, err := d.Redact(json.RawMessage(raw))
			if err != nil {
				t.Fatal(err)
			}
			if !changed || !json.Valid(got) || strings.Contains(string(got), secret) {
				t.Fatalf("%s gave %s", raw, got)
			}
			twice, _, again, err := d.Redact(got)
			if err != nil || again && string(twice) != string(got) {
				t.Fatalf("%s, then %s (%v)", got, twice, err)
			}
		}
		if text, _ := d.RedactText(near + " " + secret + " " + after); strings.Contains(text, secret) {
			t.Fatalf("text %s", text)
		}
	})
}

var (
	clean     = strings.Repeat("The quarterly report is ready; please read it before: Monday, 10:30 at https://example.com/a?b=c.\n", 21)
	arguments = json.RawMessage(`{"to":"bob@example.com","subject":"Report","body":` + mustQuote(clean) + `}`)
)

func mustQuote(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

func BenchmarkDetectClean2KB(b *testing.B) {
	d, at := New([]byte("key")), &detectors.Setting{}
	b.SetBytes(int64(len(clean)))
	b.ReportAllocs()
	for b.Loop() {
		if found := d.Detect(clean, at); found != nil {
			b.Fatal(found)
		}
	}
}

func BenchmarkRedactClean2KB(b *testing.B) {
	d := New([]byte("key"))
	b.SetBytes(int64(len(arguments)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, changed, err := d.Redact(arguments); changed || err != nil {
			b.Fatal("changed", err)
		}
	}
}
