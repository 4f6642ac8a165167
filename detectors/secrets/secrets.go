// Package secrets finds keys, tokens, passwords and card numbers in text, and
// puts marks in their places.
//
// It guarantees that a finding never holds the text of what was found, that
// the same secret has the same fingerprint wherever it stands, that redacting
// what was redacted changes nothing, and that the work is linear in the length
// of the text. It knows keys by the form that their makers publish, and other
// secrets by the name to which they belong: a password that is a plain word in
// a sentence is missed. It asks nobody whether a key is live, and it undoes no
// encoding but that of JSON strings.
package secrets

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"callgate/detectors"
)

// Detector is the family. It is read only and safe for concurrent use.
type Detector struct {
	key []byte
}

// New prepares a detector. key makes the fingerprints: without it nobody can
// test a guess against one.
func New(key []byte) *Detector {
	return &Detector{key: append([]byte(nil), key...)}
}

// Detect implements detectors.Detector. Findings are in order of place and do
// not overlap. The last part of at.Pointer is taken as the member's name, so
// that a bare value under "password" is known. at may be nil.
func (d *Detector) Detect(text string, at *detectors.Setting) []detectors.Finding {
	name, pointer := "", ""
	if at != nil {
		name, pointer = lastName(at.Pointer), at.Pointer
	}
	if name == text {
		name = "" // the text is the name itself
	}
	hits := find(text, name)
	if hits == nil {
		return nil
	}
	found := make([]detectors.Finding, 0, len(hits))
	for _, h := range hits {
		found = append(found, d.finding(text, h, pointer, false))
	}
	return found
}

// RedactText puts a mark in place of each secret in s. It reports whether
// there was one.
func (d *Detector) RedactText(s string) (string, bool) {
	hits := find(s, "")
	if hits == nil {
		return s, false
	}
	var b strings.Builder
	last := 0
	for _, h := range hits {
		b.WriteString(s[last:h.start])
		b.WriteString(d.mark(s, h))
		last = h.end
	}
	b.WriteString(s[last:])
	return b.String(), true
}

func (d *Detector) finding(text string, h hit, pointer string, key bool) detectors.Finding {
	return detectors.Finding{
		Detector: "secrets", Rule: h.rule.name, Severity: h.rule.severity, Pointer: pointer, Key: key,
		Start: h.start, End: h.end, Fingerprint: d.fingerprint(text[h.start:h.end]),
	}
}

// fingerprintSize is in bytes: 64 bits tell the secrets of one installation
// apart.
const fingerprintSize = 8

func (d *Detector) fingerprint(secret string) string {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte(secret))
	return hex.EncodeToString(mac.Sum(nil)[:fingerprintSize])
}

// A mark is "[secret:RULE:FINGERPRINT]".
const markOpen = "[secret:"

func (d *Detector) mark(text string, h hit) string {
	return markOpen + h.rule.name + ":" + d.fingerprint(text[h.start:h.end]) + "]"
}

// longestRule bounds the names of rules, and so the length of a mark.
const longestRule = 32

// markAt gives the length of the mark that begins text, or 0.
func markAt(text string) int {
	if !strings.HasPrefix(text, markOpen) {
		return 0
	}
	i := runUpTo(text, len(markOpen), &ruleBytes, longestRule)
	end := i + 1 + 2*fingerprintSize
	if i == len(markOpen) || end >= len(text) || text[i] != ':' || text[end] != ']' || !only(text[i+1:end], &lowerHex) {
		return 0
	}
	return end + 1
}

var ruleBytes = setOf("_", &lower)

// lastName gives the last part of a JSON pointer that is no index.
func lastName(pointer string) string {
	for pointer != "" {
		cut := strings.LastIndexByte(pointer, '/')
		part := pointer[cut+1:]
		if part != "" && !only(part, &digits) {
			return unescapeToken.Replace(part)
		}
		pointer = pointer[:max(cut, 0)]
	}
	return ""
}

var unescapeToken = strings.NewReplacer("~1", "/", "~0", "~")
