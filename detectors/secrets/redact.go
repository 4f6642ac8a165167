package secrets

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"callgate/detectors"
)

// ErrInvalid says that what was to be redacted is no JSON, or nested too
// deeply; nothing of it may be stored then.
var ErrInvalid = errors.New("secrets: not JSON that can be redacted")

// maxDepth is how deep values may nest, more than the gate lets through.
const maxDepth = 256

// RedactText puts a mark, "[secret:RULE:FINGERPRINT]", in the place of each
// secret and reports whether there was any. Doing it twice changes nothing
// more.
func (d *Detector) RedactText(text string) (string, bool) {
	hits := find(text, "")
	if len(hits) == 0 {
		return text, false
	}
	return d.replace(text, hits), true
}

func (d *Detector) replace(text string, hits []hit) string {
	var out strings.Builder
	last := 0
	for _, h := range hits {
		out.WriteString(text[last:h.start])
		out.WriteString(d.mark(text, h))
		last = h.end
	}
	out.WriteString(text[last:])
	return out.String()
}

// Redact puts marks in the place of the secrets in the strings and member
// names of raw, which has passed the gate. Bytes of strings without a secret
// stay as they are. The findings' spans are those of the text before. Where
// err is not nil, redacted is nil.
func (d *Detector) Redact(raw json.RawMessage) (redacted json.RawMessage, findings []detectors.Finding, changed bool, err error) {
	if !gjson.ValidBytes(raw) {
		return nil, nil, false, ErrInvalid
	}
	e := editor{d: d, text: string(raw)}
	if !e.value(0) {
		return nil, nil, false, ErrInvalid
	}
	if len(e.found) == 0 {
		return raw, nil, false, nil
	}
	return append(e.out, e.text[e.copied:]...), e.found, true, nil
}

// editor walks JSON that is known to be valid and copies it as far as it has
// changed.
type editor struct {
	d       *Detector
	text    string
	at      int
	pointer []byte
	out     []byte
	copied  int // bytes of text that are in out
	found   []detectors.Finding
}

func (e *editor) value(depth int) bool {
	e.space()
	switch e.text[e.at] {
	case '{', '[':
		return depth < maxDepth && e.container(depth)
	case '"':
		e.leaf(false)
	default:
		for e.at < len(e.text) && strings.IndexByte(",]} \t\r\n", e.text[e.at]) < 0 {
			e.at++
		}
	}
	return true
}

func (e *editor) container(depth int) bool {
	object := e.text[e.at] == '{'
	e.at++
	for n := 0; ; n++ {
		e.space()
		if c := e.text[e.at]; c == '}' || c == ']' {
			e.at++
			return true
		}
		parent := len(e.pointer)
		if object {
			e.name()
		} else {
			e.pointer = strconv.AppendInt(append(e.pointer, '/'), int64(n), 10)
		}
		if !e.value(depth + 1) {
			return false
		}
		e.pointer = e.pointer[:parent]
	}
}

// name takes a member's name and puts it onto the pointer.
func (e *editor) name() {
	name := e.leaf(true)
	if strings.ContainsAny(name, "~/") {
		name = strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	}
	e.pointer = append(append(e.pointer, '/'), name...)
}

// leaf takes one string, replaces its secrets and gives the text as it was.
func (e *editor) leaf(isName bool) string {
	start := e.at
	for e.at++; e.text[e.at] != '"'; e.at++ {
		if e.text[e.at] == '\\' {
			e.at++
		}
	}
	e.at++
	text := e.text[start+1 : e.at-1]
	if strings.IndexByte(text, '\\') >= 0 {
		text = gjson.Parse(e.text[start:e.at]).Str
	}
	holder := ""
	if !isName {
		holder = e.holder()
	}
	hits := find(text, holder)
	if len(hits) == 0 {
		return text
	}
	e.out = append(e.out, e.text[e.copied:start]...)
	e.out = quote(e.out, e.d.replace(text, hits))
	e.copied = e.at
	e.note(text, hits, isName)
	return text
}

// holder is the name of the nearest member that holds the string, also through
// a list.
func (e *editor) holder() string { return memberName(string(e.pointer)) }

func (e *editor) note(text string, hits []hit, isName bool) {
	pointer := string(e.pointer)
	for _, h := range hits {
		e.found = append(e.found, detectors.Finding{Detector: "secrets", Rule: h.rule, Severity: h.severity, Pointer: pointer, Key: isName,
			Start: h.start, End: h.end, Fingerprint: e.d.fingerprint(text[h.start:h.end])})
	}
}

// quote appends text as a JSON string; what is no UTF-8 becomes U+FFFD.
func quote(to []byte, text string) []byte {
	quoted, err := jsontext.AppendQuote(to, strings.ToValidUTF8(text, "\uFFFD"))
	if err != nil { // cannot be for valid UTF-8
		return append(to, `""`...)
	}
	return quoted
}

// space skips white space and the separators, whose places are known to be
// right.
func (e *editor) space() {
	for e.at < len(e.text) && strings.IndexByte(" \t\r\n,:", e.text[e.at]) >= 0 {
		e.at++
	}
}
