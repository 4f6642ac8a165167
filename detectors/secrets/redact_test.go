package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"callgate/detectors"
)

// redacted redacts raw and checks what has to hold for every value: the
// output is JSON, holds none of the secrets that were found, and redacting it
// again changes nothing.
func redacted(t *testing.T, d *Detector, raw string) (string, []detectors.Finding) {
	t.Helper()
	out, found, changed, err := d.Redact(json.RawMessage(raw))
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	if !json.Valid(out) || changed != (len(found) > 0) || changed == (string(out) == raw) {
		t.Fatalf("%q gave %q, changed %v, %+v", raw, out, changed, found)
	}
	again, more, changed, err := d.Redact(out)
	if err != nil || changed || string(again) != string(out) {
		t.Fatalf("%q gave %q, then %q, %+v, %v", raw, out, again, more, err)
	}
	return string(out), found
}

func TestRedact(t *testing.T) {
	d := New([]byte("key"))
	github := "ghp_" + mixed(36)
	mark := func(rule, secret string) string { return "[secret:" + rule + ":" + d.fingerprint(secret) + "]" }
	gh := mark("github_token", github)
	drawn := mixed(24)
	cases := []struct{ name, raw, want string }{
		{"clean", ` {"a" : [1, 2.50, "x\u0041", null, true] }`, ` {"a" : [1, 2.50, "x\u0041", null, true] }`},
		{"leaf", `{"n":9007199254740993,"a":"use ` + github + ` now","b":"\u0041"}`, `{"n":9007199254740993,"a":"use ` + gh + ` now","b":"\u0041"}`},
		{"escapes beside it", `["\u00e9\ud83d\ude00 ` + github + `\u002f\n"]`, `["\u00e9\ud83d\ude00 ` + gh + `\u002f\n"]`},
		{"escapes in it", `["\u0067hp_` + mixed(36) + `"]`, `["` + gh + `"]`},
		{"name", `{"` + github + `":1}`, `{"` + gh + `":1}`},
		{"member", `{"a":{"password":"correct-h0rse"}}`, `{"a":{"password":"` + mark("password", "correct-h0rse") + `"}}`},
		{"list under a member", `{"api_keys":["` + drawn + `"]}`, `{"api_keys":["` + mark("credential", drawn) + `"]}`},
		{"name and value", `[{"name":"DB_PASSWORD","value":"hunter2x"}]`, `[{"name":"DB_PASSWORD","value":"` + mark("password", "hunter2x") + `"}]`},
		{"bare string", `"` + github + `"`, `"` + gh + `"`},
		{"again without its name", `{"note":"it is ` + drawn + `!","token":"` + drawn + `"}`,
			`{"note":"it is ` + mark("credential", drawn) + `!","token":"` + mark("credential", drawn) + `"}`},
		{"a word is not hidden elsewhere", `{"password":"transfer-9","method":"transfer-9"}`, `{"password":"` + mark("password", "transfer-9") + `","method":"transfer-9"}`},
		{"key inside a password", `{"password":"` + github + `"}`, `{"password":"` + gh + `"}`},
		{"JSON inside", `{"body":"{\"password\":\"hunter2x\"}"}`, `{"body":"{\"password\":\"` + mark("password", "hunter2x") + `\"}"}`},
		{"half a mark", `{"a":"password=[secret:x hunter2x"}`, `{"a":"password=[secret:x hunter2x"}`},
		{"mark before a key", `["` + gh + github + `"]`, `["` + gh + gh + `"]`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := redacted(t, d, c.raw); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestRedactGivesTheSameBytes(t *testing.T) {
	raw := json.RawMessage(`{"a":"nothing here"}`)
	out, found, changed, err := New(nil).Redact(raw)
	if err != nil || changed || found != nil || &out[0] != &raw[0] {
		t.Errorf("%s, %+v, %v, %v", out, found, changed, err)
	}
}

func TestRedactRefuses(t *testing.T) {
	for _, raw := range []string{"", "{", `{"a"}`, `["a" 1]`, strings.Repeat("[", 300) + strings.Repeat("]", 300)} {
		out, found, changed, err := New(nil).Redact(json.RawMessage(raw))
		if !errors.Is(err, ErrInvalid) || out != nil || found != nil || changed {
			t.Errorf("%.20q gave %s, %v", raw, out, err)
		}
	}
}

func TestFindings(t *testing.T) {
	d := New([]byte("key"))
	github := "ghp_" + mixed(36)
	_, found := redacted(t, d, `{"a/b":[{"`+github+`":"\u00e9 `+github+`"}]}`)
	pointer := "/a~1b/0/" + github
	want := []detectors.Finding{
		{Detector: "secrets", Rule: "github_token", Severity: detectors.High, Pointer: pointer, Key: true, Start: 0, End: 40, Fingerprint: d.fingerprint(github)},
		{Detector: "secrets", Rule: "github_token", Severity: detectors.High, Pointer: pointer, Start: 3, End: 43, Fingerprint: d.fingerprint(github)},
	}
	if len(found) != 2 || found[0] != want[0] || found[1] != want[1] {
		t.Errorf("%+v", found)
	}
}

func TestFingerprint(t *testing.T) {
	github := "ghp_" + mixed(36)
	a, again, other := New([]byte("a")).Detect(github, nil), New([]byte("a")).Detect("x "+github, nil), New([]byte("b")).Detect(github, nil)
	if len(a) != 1 || len(again) != 1 || len(other) != 1 {
		t.Fatalf("%+v, %+v, %+v", a, again, other)
	}
	if a[0].Fingerprint != again[0].Fingerprint || a[0].Fingerprint == other[0].Fingerprint || len(a[0].Fingerprint) != 16 {
		t.Errorf("%+v, %+v, %+v", a, again, other)
	}
}

func TestMemberNames(t *testing.T) {
	d := New(nil)
	cases := []struct{ pointer, text, rule string }{
		{"/user/password", "correct-h0rse", "password"},
		{"/user/password", "letmeinplease", "password"},
		{"/apiKey", mixed(20), "credential"},
		{"/a~1token/0", mixed(20), "credential"},
		{"/env/AWS_SECRET_ACCESS_KEY", mixed(40), "aws_secret_key"},
		{"/password", "required", ""},
		{"/password", "Passwort", ""},
		{"/password", "${PASSWORD}", ""},
		{"/password", "password", ""},
		{"/password", "/etc/shadow1", ""},
		{"/password", "[secret:password:0123456789abcdef]", ""},
		{"/nextPageToken", mixed(40), ""},
		{"/token_count", "123456789012", ""},
		{"/token", "hello", ""},
		{"/note", "correct-h0rse", ""},
		{"/DB_PASSWORD_2", "DB_PASSWORD_2", ""},
	}
	for _, c := range cases {
		found := d.Detect(c.text, &detectors.Setting{Pointer: c.pointer})
		switch {
		case c.rule == "" && len(found) != 0:
			t.Errorf("%s %q: %+v", c.pointer, c.text, found)
		case c.rule != "" && (len(found) != 1 || found[0].Rule != c.rule || found[0].End != len(c.text) || found[0].Pointer != c.pointer):
			t.Errorf("%s %q: %+v, want %s", c.pointer, c.text, found, c.rule)
		}
	}
}

func TestRedactText(t *testing.T) {
	d := New([]byte("key"))
	for _, text := range []string{"", "nothing", "password=hunter2x and ghp_" + mixed(36), "password=[secret:x hunter2x9"} {
		once, changed := d.RedactText(text)
		twice, again := d.RedactText(once)
		if changed != (once != text) || again || twice != once {
			t.Errorf("%q gave %q, then %q", text, once, twice)
		}
	}
	if got, changed := d.RedactText("dial tcp: postgres://app:s3cr3tpw@db.example.com refused"); !changed || strings.Contains(got, "s3cr3tpw") {
		t.Errorf("%q", got)
	}
}

func FuzzRedact(f *testing.F) {
	f.Add(`{"a":"password=hunter2x","b":["ghp_7bQ2xKf9LmZ4tWc8RvJ3pNh6YsD5gAe17bQ2"]}`)
	f.Add(`["\ud83d\ude00 token=\"abc123def456\"", "[secret:password:0123456789abcdef]", "\ud800"]`)
	f.Add(`{"password":"a1b2c3d4 https://u:p4ss@h Bearer a1b2c3d4e5f6g7 4111 1111 1111 1111"}`)
	f.Add(`["-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC"]`)
	for _, texts := range ruleTexts {
		for _, text := range append(texts.catch, texts.spare...) {
			quoted, err := json.Marshal(strings.NewReplacer("«", "", "»", "").Replace(text))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(quoted))
		}
	}
	d := New([]byte("key"))
	f.Fuzz(func(t *testing.T, raw string) {
		if !json.Valid([]byte(raw)) {
			if _, _, changed, err := d.Redact(json.RawMessage(raw)); err == nil && changed {
				t.Fatalf("%q is no JSON and was redacted", raw)
			}
			return
		}
		out, found := redacted(t, d, raw)
		leaves := leavesOf(t, raw)
		for _, finding := range found {
			secret := leaves[leafKey{finding.Pointer, finding.Key}][finding.Start:finding.End]
			if finding.Severity == detectors.High && finding.Rule != "private_key" && strings.Contains(out, secret) {
				t.Fatalf("%q is still in %q", secret, out)
			}
		}
		for _, finding := range found {
			checkGone(t, out, finding)
		}
	})
}

type leafKey struct {
	pointer string
	key     bool
}

func leavesOf(t *testing.T, raw string) map[leafKey]string {
	t.Helper()
	leaves := map[leafKey]string{}
	w := walker{raw: raw}
	if err := w.walk(func(l leaf) { leaves[leafKey{w.pointer(), l.key}] = l.text }); err != nil {
		t.Fatal(err)
	}
	return leaves
}

// checkGone checks that the mark of a finding stands in the output.
func checkGone(t *testing.T, out string, f detectors.Finding) {
	t.Helper()
	if !strings.Contains(out, "[secret:"+f.Rule+":"+f.Fingerprint+"]") {
		t.Fatalf("no mark of %+v in %q", f, out)
	}
}

// FuzzUnescape compares the reader of strings with the standard library's.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{`a\u0041\n`, `\ud83d\ude00`, `\ud83d`, `\ud83dx\ude00`, `\\\/\"`, `\ud83d\ud83d\ude00`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var want string
		quoted := []byte(`"` + body + `"`)
		if json.Unmarshal(quoted, &want) != nil || bytes.ContainsRune(quoted, '\uFFFD') || !bytes.Equal(bytes.ToValidUTF8(quoted, nil), quoted) {
			return
		}
		if got := unescape(body); got != want {
			t.Fatalf("%q gave %q, want %q", body, got, want)
		}
		if at := rawOffset(body, 0, len(want)); at != len(body) {
			t.Fatalf("%q ends at %d", body, at)
		}
	})
}
