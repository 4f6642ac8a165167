package secrets

import (
	"encoding/json"
	"errors"

	"github.com/tidwall/gjson"

	"callgate/detectors"
)

// ErrInvalid says that what was to be redacted is no JSON or nested too
// deeply. Nothing of it may be kept then.
var ErrInvalid = errors.New("secrets: no JSON that can be redacted")

// Redact puts a mark, "[secret:RULE:FINGERPRINT]", in place of each secret in
// the strings and member names of raw, which has passed the gate. Every other
// byte stays as it is. A key, or a value that looks drawn by chance, is marked
// wherever else in raw it stands. Findings are in order of place and their
// spans are in the strings before the change. Where there is no secret,
// redacted is raw itself. Where err is not nil, redacted is nil.
func (d *Detector) Redact(raw json.RawMessage) (redacted json.RawMessage, findings []detectors.Finding, changed bool, err error) {
	if !gjson.ValidBytes(raw) {
		return nil, nil, false, ErrInvalid
	}
	w := walker{raw: string(raw)}
	var found []leaf
	err = w.walk(func(l leaf) {
		if l.hits = find(l.text, l.name); l.hits != nil {
			l.pointer = w.pointer()
			found = append(found, l)
		}
	})
	if err != nil {
		return nil, nil, false, err
	}
	if found == nil {
		return raw, nil, false, nil
	}
	redacted, findings = d.edit(w.raw, w.elsewhere(found))
	return redacted, findings, true, nil
}

// elsewhere adds the places where what was found stands again.
func (w *walker) elsewhere(found []leaf) []leaf {
	var q *quarry
	for _, l := range found {
		q = quarryOf(l.text, l.hits, q)
	}
	if q == nil {
		return found
	}
	var all []leaf
	known := 0
	_ = w.walk(func(l leaf) { // the first walk has shown that there is no error
		if known < len(found) && found[known].start == l.start {
			l = found[known]
			known++
		}
		more := hunt(maskHits(maskMarks(l.text), l.hits), q)
		if len(more)+len(l.hits) == 0 {
			return
		}
		l.hits, l.pointer = append(l.hits, more...), w.pointer()
		sortHits(l.hits)
		all = append(all, l)
	})
	return all
}

// edit writes the marks into raw.
func (d *Detector) edit(raw string, found []leaf) (json.RawMessage, []detectors.Finding) {
	out := make([]byte, 0, len(raw)+64)
	var findings []detectors.Finding
	copied := 0
	for _, l := range found {
		at, decoded := l.start, 0
		for _, h := range l.hits {
			at = rawOffset(raw, at, h.start-decoded)
			out = append(append(out, raw[copied:at]...), d.mark(l.text, h)...)
			at = rawOffset(raw, at, h.end-h.start)
			copied, decoded = at, h.end
			findings = append(findings, d.finding(l.text, h, l.pointer, l.key))
		}
	}
	return append(out, raw[copied:]...), findings
}

// rawOffset gives the place in a JSON string that is n decoded bytes after at.
func rawOffset(raw string, at, n int) int {
	for n > 0 {
		if raw[at] != '\\' {
			at++
			n--
			continue
		}
		c, next := escape(raw, at)
		n -= len(string(c))
		at = next
	}
	return at
}
