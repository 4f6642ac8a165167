package secrets

import (
	"encoding/json"
	"strings"
	"testing"
)

var prose = strings.Repeat("The quarterly report is ready; please read it before Monday, 10:30, at https://example.com/a?b=c. "+
	"The key figures are below, and the password policy has not changed.\n", 13)[:2048]

func BenchmarkDetectClean2KB(b *testing.B) {
	d := New([]byte("key"))
	b.SetBytes(int64(len(prose)))
	b.ReportAllocs()
	for b.Loop() {
		if found := d.Detect(prose, nil); found != nil {
			b.Fatal(found)
		}
	}
}

func BenchmarkRedactClean2KB(b *testing.B) {
	d := New([]byte("key"))
	body, err := json.Marshal(prose)
	if err != nil {
		b.Fatal(err)
	}
	raw := json.RawMessage(`{"to":"bob@example.com","subject":"Report","body":` + string(body) + `}`)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, changed, err := d.Redact(raw); changed || err != nil {
			b.Fatal(changed, err)
		}
	}
}

func BenchmarkRedactOneKey(b *testing.B) {
	d := New([]byte("key"))
	raw := json.RawMessage(`{"to":"bob@example.com","body":"use ghp_` + mixed(36) + ` for it"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, found, _, err := d.Redact(raw); len(found) != 1 || err != nil {
			b.Fatal(found, err)
		}
	}
}

// BenchmarkHostile1MB reads texts that are made to be slow: each is one
// pattern over and over.
func BenchmarkHostile1MB(b *testing.B) {
	patterns := map[string]string{
		"pem": "-----BEGIN RSA PRIVATE KEY-----", "pem_open": "-----BEGIN PRIVATE KEY", "pem_dashes": "-----BEGIN PRIVATE KEY-----\nAAAA-----END ",
		"jwt": "eyJ.", "jwt_header": ".eyJhbGciOiJIUzI1NiJ9", "jwt_long": ".eyJhbGciOiJIUzI1NiJ9" + strings.Repeat("a", 4000),
		"token": "token=", "token_quote": `token="`, "token_quotes": `token='"`, "token_blank": "token = ", "names": "token", "dashed": "token-", "password": "password is ",
		"url": "://", "url_user": "a://b:c", "bearer": "bearer ", "bearer_long": "bearer " + strings.Repeat("a", 8000), "basic": "basic YWFh", "card": "4111 ",
		"digits": "4111111111111111", "ghp": "ghp_", "sk": "sk-", "akia": " AKIA", "glpat": " glpat-.", "telegram": "12345678:AA", "marks": "[secret:", "pat": " pat12345678901234.",
		"hooks": "hooks.slack.com/services/", "services": "datadog:", "found": " ghp_" + mixed(36), "passwords": "password=hunter2x ", "key": " a key",
	}
	d := New([]byte("key"))
	for name, pattern := range patterns {
		text := strings.Repeat(pattern, 1<<20/len(pattern))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if out, changed := d.RedactText(text); changed == (out == text) {
					b.Fatal("the answer contradicts itself")
				}
			}
		})
	}
}
