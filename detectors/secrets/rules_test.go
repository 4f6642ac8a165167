package secrets

import (
	"strings"
	"testing"

	"callgate/detectors"
)

// Bodies that look drawn, built so that no line of this file is a key.

func fill(alphabet string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteByte(alphabet[(i*7+i/3)%len(alphabet)])
	}
	return b.String()
}

func mixed(n int) string { return fill("7bQ2xKf9LmZ4tWc8RvJ3pNh6YsD5gAe1", n) }
func hexa(n int) string  { return fill("3fa94c7b1e08d265", n) }
func caps(n int) string  { return fill("7BQ2XKF9LMZ4TWC8RVJ3PNH6YSD5GAE", n) }

func pemKey(label, line string) string {
	body := mixed(64) + line + mixed(64) + line + mixed(22) + "=="
	return "-----BEGIN " + label + "-----" + line + body + line + "-----END " + label + "-----"
}

const (
	jwtHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
	jwtClaims = "eyJzdWIiOiJ1c2VyLTEyMyJ9"
)

// ruleTexts holds, for each rule, texts with the secret between « and », and
// texts in which no rule may find anything.
var ruleTexts = map[string]struct{ catch, spare []string }{
	"private_key": {
		[]string{"key:\n«" + pemKey("RSA PRIVATE KEY", "\n") + "»\nend", "«" + pemKey("PRIVATE KEY", `\n`) + "»", "«" + pemKey("OPENSSH PRIVATE KEY", " ") + "»",
			"«-----BEGIN EC PRIVATE KEY-----\n" + mixed(64) + "\n" + mixed(64) + "» and the rest"},
		[]string{pemKey("CERTIFICATE", "\n"), pemKey("PUBLIC KEY", "\n"), "-----BEGIN PRIVATE KEY----- opens a file",
			"-----BEGIN PRIVATE KEY-----\nrm -rf / --no-preserve-root\n-----END PRIVATE KEY-----"}},
	"aws_access_key_id": {
		[]string{"id «AKIA" + caps(16) + "», ok", `line\n«ASIA` + caps(16) + "»", "?k%3D«AKIA" + caps(16) + "»"},
		[]string{"AKIA", "AKIA" + strings.Repeat("X", 16), "AKIA" + "IOSFODNN7EXAMPLE", "MAKIA" + caps(16), "AKIA" + caps(30)}},
	"aws_secret_key": {
		[]string{"AWS_SECRET_ACCESS_KEY=«" + mixed(40) + "»", `"secretAccessKey": "«` + mixed(39) + `/»"`},
		[]string{"aws_secret_access_key = ${AWS_SECRET}", "sha1 " + hexa(40)}},
	"github_token": {
		[]string{"push with «ghp_" + mixed(36) + "».", "«github_pat_" + mixed(22) + "_" + mixed(59) + "»"},
		[]string{"ghp_short", "the prefix ghp_ marks them", "ghp_" + strings.Repeat("x", 36)}},
	"gitlab_token":    {[]string{"«glpat-" + mixed(20) + "»"}, []string{"glpat-", "glpat-your-token-goes-here-now"}},
	"slack_token":     {[]string{"«xoxb-" + "123456789012-" + mixed(24) + "»"}, []string{"xoxb-", "xoxb-your-slack-bot-token"}},
	"webhook_url":     {[]string{"https://«hooks.slack.com/services/T" + caps(8) + "/B" + caps(8) + "/" + mixed(24) + "»"}, []string{"https://hooks.slack.com/services/", "hooks.slack.com/services/T000/B000/XXXXXXXXXXXX"}},
	"stripe_key":      {[]string{"«sk_live_" + mixed(24) + "»", "«rk_live_" + mixed(40) + "»"}, []string{"sk_live_", "sk_live_xxxxxxxxxxxx", "task_live_update"}},
	"google_api_key":  {[]string{"«AIza" + mixed(35) + "»"}, []string{"AIza" + mixed(60), "Daizanagi"}},
	"anthropic_key":   {[]string{"«sk-ant-api03-" + mixed(80) + "»"}, []string{"sk-ant-", "sk-ant-api03-your-key-goes-here-please"}},
	"openai_key":      {[]string{"«sk-proj-" + mixed(60) + "»", "«sk-" + mixed(48) + "»", "«sk-" + hexa(32) + "»"}, []string{"sk-learn-contrib-py3-extras-package", "task-" + mixed(30), "sk-" + strings.Repeat("x", 48)}},
	"npm_token":       {[]string{"//registry.example.com/:_authToken=«npm_" + mixed(36) + "»"}, []string{"npm_config_registry", "npm_package_dependencies_something_v1"}},
	"pypi_token":      {[]string{"«pypi-AgEIcHlwaS5vcmc" + mixed(60) + "»"}, []string{"pypi-AgE", "pypi-publish-action"}},
	"sendgrid_key":    {[]string{"«SG." + mixed(22) + "." + mixed(43) + "»"}, []string{"SG.", "MSG.length"}},
	"twilio_key":      {[]string{"«SK" + hexa(32) + "»"}, []string{"SK" + hexa(40), "DESK" + hexa(32)}},
	"twilio_account":  {[]string{"«AC" + hexa(32) + "»"}, []string{"MAC" + hexa(32)}},
	"telegram_token":  {[]string{"bot «123456789:AA" + mixed(33) + "»"}, []string{"at 12345678:AA", "12:AA" + mixed(33)}},
	"callgate_key":    {[]string{"key «cg_" + fill("abcdefg2345", 8) + "_" + mixed(43) + "»"}, []string{"cg_calls_total", "cg_abcdefgh_short"}},
	"terraform_token": {[]string{"«" + mixed(14) + ".atlasv1." + mixed(67) + "»"}, []string{"x.atlasv1.y"}},
	"azure_storage_key": {
		[]string{"AccountName=a;AccountKey=«" + mixed(86) + "==»;EndpointSuffix=core.windows.net"}, []string{"AccountKey=<key>;"}},
	"azure_client_secret": {[]string{"«abc8Q~" + mixed(34) + "»"}, []string{"abc8Q~", "Q~" + mixed(34)}},
	"jwt": {
		[]string{"x «" + jwtHeader + "." + jwtClaims + "." + mixed(43) + "» y", "«" + jwtHeader + "." + jwtClaims + ".»"},
		[]string{jwtHeader, jwtHeader + "." + jwtClaims, "eyJuYW1lIjoieCJ9.eyJuYW1lIjoieCJ9." + mixed(43), "data:image/png;base64,iVBORw0KGgo" + mixed(80)}},
	"bearer_token": {
		[]string{"Authorization: Bearer «" + mixed(32) + "»", "curl -H 'authorization: bearer «" + mixed(20) + "»'"},
		[]string{"Bearer tokens are sent in headers", "Authorization: Bearer ${TOKEN}", "Authorization: Bearer <your token>", "a bearer representative-of-everyone"}},
	"basic_credentials": {
		[]string{"Authorization: Basic «YWRtaW46aHVudGVyMng=»"},
		[]string{"Basic understanding of things", "Basic authentication", "basic cGxhaW4gdGV4dA=="}},
	"url_password": {
		[]string{"postgres://app:«s3cr3t-pw»@db.example.com/x", "redis://:«kX9pQ2zz»@cache.example.com", "https://bob:«pa@ss1»@example.com"},
		[]string{"https://example.com/@user", "ssh://git@example.com/x", "postgres://app:${PW}@db.example.com", "postgres://user:password@localhost/db",
			"https://example.com:8080/a?b=c:d@e"}},
	"password": {
		[]string{`password = "«hunter2hunter2»"`, "DB_PASSWORD=«Tr0ub4dor»", "pwd: «abc12345»", "My password is «hunter2x».", "--password «s3cr3tpw» --user x",
			"<password>«hunter2x»</password>", `{\"password\":\"«hunter2x»\"}`, `config['passwd'] = '«hunter2x»'`, "MYSQL_PASS=«zz9plural»",
			`<add key="ClearTextPassword" value="«zIjBW3G4»" />`, `password: str = "«hunter2x»"`, "?user=a&password=«hunter2x»&b=c"},
		[]string{"password: required", "password = os.environ['PW1']", "Password: ", `password = "${PW}"`, "password=$PASSWORD", "password: ********",
			"Your password is safe with us", "The password is required, 12 characters", "enter a password: at least 8 characters", "def f(password: str, n: int = 10):",
			`password = getpass.getpass("Password: ")`, "password = changeme123", "compass=north12", "password: {{ vault_pw1 }}", "password_file=/run/secrets/pw1",
			"password=/etc/../etc/shadow1", "bypass: 12345678a", "a password of 12 letters"}},
	"credential": {
		[]string{`api_key: "«` + mixed(24) + `»"`, "client_secret=«" + mixed(32) + "»&x=1", `"x-api-key":"«` + hexa(32) + `»"`, "The API key is «" + mixed(20) + "».",
			"TOKEN='«" + mixed(20) + "»'", "access_token=«" + hexa(40) + "»", "authToken => «" + mixed(18) + "»", "Authorization: «" + mixed(30) + "»"},
		[]string{"max_tokens: 4096", "next_page_token=" + mixed(40), "token: the smallest unit", "secret: yes", "key = " + hexa(40), "primary_key: user_id_2",
			"token = tokenizer.next_token2", "token: oauth2Token", "api_key=YOUR_API_KEY_1", "api_key=<token-2>", "secret_name: prod-db-01", "token: prod-db-01-eu-west-2",
			"api_key = process.env.API_KEY_2", "Authorization: required", "secret=../../etc/passwd1", "token_endpoint=https://example.com/token1", "partition_key=" + mixed(20)}},
	"service_key": {
		[]string{"DATADOG_ID=«" + hexa(32) + "»", `heroku: "«` + mixed(32) + `»"`},
		[]string{"discord: joined-in-2024", "datadog image: " + hexa(40), "datadog_image_sha=" + hexa(40), "heroku_app=a43444ac-2552-688e-adad-85ddd2272227",
			"sentry = installed"}},
	"card_number": {
		[]string{"pay with «4111 1111 1111 1111» now", "«5555555555554444»", "amex «3782-822463-10005».", "«6011111111111117»"},
		[]string{"4111 1111 1111 1112", "order 1234567890123456", strings.Repeat("41", 15), "0.4111111111111111", "4111-1111 1111-1111", "id-4111111111111111",
			"0000 0000 0000 0000", "4111 1111 1111 1111 1111"}},
}

// lookalikes are harmless to every rule.
var lookalikes = []string{
	hexa(40), hexa(64), "commit " + hexa(40) + "\nauthor", "sha256:" + hexa(64), "a43444ac-2552-688e-adad-85ddd2272227",
	"data:image/png;base64," + mixed(4000), "integrity sha512-" + mixed(86) + "==", "ETag: \"" + hexa(32) + "\"",
	"Passwords should be long. A token is a unit of text. Secrets are kept in a vault.", "[secret:password:0123456789abcdef]",
	"password=[secret:password:0123456789abcdef]", "Der Schlüssel liegt unter der Matte.", "see https://example.com/reset?step=2",
}

func cut(t *testing.T, marked string) (text string, start, end int) {
	before, rest, ok := strings.Cut(marked, "«")
	secret, after, closed := strings.Cut(rest, "»")
	if !ok || !closed {
		t.Fatalf("no secret is marked in %q", marked)
	}
	return before + secret + after, len(before), len(before) + len(secret)
}

func TestEachRule(t *testing.T) {
	d := New([]byte("key"))
	ran := 0
	for name, texts := range ruleTexts {
		if len(texts.catch) == 0 || len(texts.spare) == 0 {
			t.Errorf("%s has no texts", name)
		}
		for _, marked := range texts.catch {
			ran++
			text, start, end := cut(t, marked)
			found := d.Detect(text, nil)
			if len(found) != 1 || found[0].Rule != name || found[0].Start != start || found[0].End != end {
				t.Errorf("%s in %q: %+v", name, marked, found)
			}
		}
		for _, text := range texts.spare {
			ran++
			if found := d.Detect(text, nil); len(found) != 0 {
				t.Errorf("%s spares %q: %+v", name, text, found)
			}
		}
	}
	if ran < 150 {
		t.Fatalf("ran %d cases", ran)
	}
}

func TestLookalikesAreClean(t *testing.T) {
	d := New([]byte("key"))
	for _, text := range lookalikes {
		if found := d.Detect(text, nil); len(found) != 0 {
			t.Errorf("%.80q: %+v", text, found)
		}
	}
}

// sampleOf makes a body that the rule of a token has to accept, by trying the
// lengths and alphabets that tokens have.
func sampleOf(r *rule, literal string) string {
	for n := 1; n <= 400; n++ {
		for _, body := range []string{mixed(n), hexa(n), caps(n)} {
			if start, end := r.match(literal+body, 0, len(literal)); end == len(literal)+n && start == 0 {
				return literal + body
			}
		}
	}
	return ""
}

// TestEachPrefix checks that every prefix of every token is found in a text,
// is not found inside of a word, and is not found with a body that stands for
// one.
func TestEachPrefix(t *testing.T) {
	ran := 0
	special := map[string]bool{"telegram_token": true, "terraform_token": true, "azure_client_secret": true, "airtable_token": true, "callgate_key": true}
	for i := range tokenRules {
		r := &tokenRules[i]
		for _, literal := range r.literals {
			if special[r.name] {
				continue
			}
			ran++
			key := sampleOf(r, literal)
			if key == "" {
				t.Errorf("%s: no key begins with %q", r.name, literal)
				continue
			}
			if hits := find("use "+key+", please", ""); len(hits) != 1 || hits[0].rule.name != r.name && !strings.HasPrefix(literal, "eyJ") {
				t.Errorf("%s: %q gave %v", r.name, literal, hits)
			}
			if hits := find("x"+key, ""); len(hits) != 0 && hits[0].rule == r && hits[0].start <= 1 {
				t.Errorf("%s: %q begins inside of a word", r.name, literal)
			}
			if hits := find(literal+strings.Repeat("x", len(key)-len(literal)), ""); len(hits) != 0 {
				t.Errorf("%s: %q and a body of x is taken for a key", r.name, literal)
			}
		}
	}
	if ran < 150 {
		t.Fatalf("ran %d prefixes", ran)
	}
}

// TestMayTell checks the shortcut against the lists that it stands for.
func TestMayTell(t *testing.T) {
	for _, list := range [][]string{passwordNames, credentialNames, services} {
		for _, name := range list {
			for _, spelled := range []string{name, strings.ToUpper(name), "my_" + name, "x." + name + "2"} {
				if kindOf(spelled) == plain {
					t.Errorf("%q tells nothing", spelled)
				}
			}
		}
	}
}

func TestRuleNames(t *testing.T) {
	all := []*rule{&cardRule, &passwordRule, &credentialRule, &serviceRule, &awsSecretRule, &azureKeyRule}
	for _, list := range [][]rule{tokenRules, formRules} {
		for i := range list {
			all = append(all, &list[i])
		}
	}
	for _, r := range all {
		mark := markOpen + r.name + ":0123456789abcdef]"
		if markAt(mark) != len(mark) {
			t.Errorf("%q is no mark", mark)
		}
		for _, literal := range r.literals {
			if len(literal) < 3 {
				t.Errorf("%s: %q is too short for the index", r.name, literal)
			}
		}
		if r.severity == detectors.Info {
			t.Errorf("%s has no severity", r.name)
		}
	}
}
