package schema

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxGathered bounds the faults that are collected before they are ordered.
const maxGathered = 1024

// maxPointer bounds a pointer, in bytes: keys are the caller's own text.
const maxPointer = 256

// gather turns a validation error into faults.
func gather(err error) []Fault {
	if err == nil {
		return nil
	}
	if errors.Is(err, errFuel) {
		return []Fault{{Keyword: KeywordWork}}
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Fault{{Keyword: KeywordFailed}}
	}
	return appendFaults(nil, invalid)
}

// appendFaults collects the faults at the leaves. Where alternatives fail, the
// keyword that joins them is the fault: which of them was meant is unknown.
func appendFaults(faults []Fault, e *jsonschema.ValidationError) []Fault {
	if len(faults) >= maxGathered {
		return faults
	}
	keyword := ""
	if path := e.ErrorKind.KeywordPath(); len(path) > 0 {
		keyword = path[0]
	}
	if len(e.Causes) == 0 || keyword == "anyOf" || keyword == "oneOf" {
		if keyword == "" {
			keyword = "false"
		}
		return append(faults, Fault{Pointer: pointer(e.InstanceLocation), Keyword: keyword})
	}
	for _, cause := range e.Causes {
		faults = appendFaults(faults, cause)
	}
	return faults
}

// pointer joins tokens to a JSON pointer that is not over maxPointer.
func pointer(tokens []string) string {
	var p string
	for _, token := range tokens {
		next := p + "/" + escape.Replace(token)
		if len(next) > maxPointer {
			return p
		}
		p = next
	}
	return p
}

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// bounds counts the values of a document and finds what may not be checked.
type bounds struct{ values int }

func (b *bounds) walk(v any, at string, depth int) *Fault {
	b.values++
	switch v := v.(type) {
	case json.Number:
		if !comparable(v) {
			return &Fault{Pointer: at, Keyword: KeywordNumber}
		}
	case map[string]any:
		if depth > MaxDepth {
			return &Fault{Pointer: at, Keyword: KeywordDepth}
		}
		for key, value := range v {
			if fault := b.walk(value, "", depth+1); fault != nil {
				return &Fault{Pointer: at + join(key, fault.Pointer), Keyword: fault.Keyword}
			}
		}
	case []any:
		if depth > MaxDepth {
			return &Fault{Pointer: at, Keyword: KeywordDepth}
		}
		for i, value := range v {
			if fault := b.walk(value, "", depth+1); fault != nil {
				return &Fault{Pointer: at + join(strconv.Itoa(i), fault.Pointer), Keyword: fault.Keyword}
			}
		}
	}
	return nil
}

// join puts a token before a pointer, or drops the pointer where that would
// make it too long.
func join(token, rest string) string {
	token = pointer([]string{token})
	if len(token)+len(rest) > maxPointer {
		return token
	}
	return token + rest
}

// comparable reports whether a number is short enough to compare exactly: up
// to 400 digits and an exponent of up to 400 either way. A few bytes can name
// a number that takes megabytes to hold.
func comparable(n json.Number) bool {
	const most = 400
	digits, exponent, found := strings.Cut(strings.ToLower(string(n)), "e")
	if len(digits) > most {
		return false
	}
	if !found {
		return true
	}
	e, err := strconv.Atoi(exponent)
	return err == nil && e <= most && e >= -most
}
