// Package secrets finds credentials in texts: tokens by the prefixes that
// their issuers give them, private keys, values assigned to names that say
// what they are, and card numbers. It reports where and what kind, with a
// keyed fingerprint by which the same secret is known again, and puts marks in
// their place.
//
// Nothing here keeps, returns or prints a secret. It misses secrets that have
// no prefix and no telling name, and those that are encoded.
package secrets

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"callgate/detectors"
)

// Detector is the family. It is read only and safe for concurrent use.
type Detector struct{ key []byte }

// New makes a detector whose fingerprints are keyed: without the key they say
// nothing, with it the same secret has the same fingerprint.
func New(key []byte) *Detector { return &Detector{key: append([]byte(nil), key...)} }

// Detect implements detectors.Detector. The name of the member that holds the
// text, the last token of at.Pointer, counts as evidence.
func (d *Detector) Detect(text string, at *detectors.Setting) []detectors.Finding {
	hits := find(text, memberName(at.Pointer))
	if len(hits) == 0 {
		return nil
	}
	found := make([]detectors.Finding, len(hits))
	for i, h := range hits {
		found[i] = detectors.Finding{Detector: "secrets", Rule: h.rule, Severity: h.severity, Start: h.start, End: h.end,
			Fingerprint: d.fingerprint(text[h.start:h.end])}
	}
	return found
}

// fingerprintBytes is how much of the digest is kept: enough to tell secrets
// of one deployment apart.
const fingerprintBytes = 8

func (d *Detector) fingerprint(secret string) string {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte(secret))
	return hex.EncodeToString(mac.Sum(nil)[:fingerprintBytes])
}

// memberName gives the last token of a pointer.
func memberName(pointer string) string {
	name := pointer[strings.LastIndexByte(pointer, '/')+1:]
	if strings.IndexByte(name, '~') < 0 {
		return name
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}

// hit is one secret in a text.
type hit struct {
	rule       string
	severity   detectors.Severity
	start, end int
}

// mark stands in the place of a secret.
func (d *Detector) mark(text string, h hit) string {
	return markStart + h.rule + ":" + d.fingerprint(text[h.start:h.end]) + "]"
}

const markStart = "[secret:"

// markEnd gives the end of the mark that starts at i, or -1.
func markEnd(text string, i int) int {
	if !strings.HasPrefix(text[i:], markStart) {
		return -1
	}
	j := i + len(markStart)
	for j < len(text) && (text[j] >= 'a' && text[j] <= 'z' || text[j] == '_' || text[j] >= '0' && text[j] <= '9') {
		j++
	}
	const tail = 1 + 2*fingerprintBytes + 1
	if j == i+len(markStart) || len(text)-j < tail || text[j] != ':' || text[j+tail-1] != ']' {
		return -1
	}
	for _, c := range []byte(text[j+1 : j+tail-1]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return -1
		}
	}
	return j + tail
}
