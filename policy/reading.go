package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/util"
)

// ReadInput reads an input as Input.JSON writes it. The error is Faults that
// name each member that is not known, not there or of another type; of the
// input itself they repeat names only.
func ReadInput(text []byte) (*Input, error) { return readInput(text, false) }

// readInput may take what is missing for nothing.
func readInput(text []byte, partly bool) (*Input, error) {
	if err := oneValue(text); err != nil {
		return nil, inputFault("", "input", "give one JSON object as callgate policy schema describes it", "%s", err)
	}
	var in Input
	if err := json.Unmarshal(text, &in); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return nil, inputFault(wrong.Field, "member_type", "", "it is a %s", wrong.Value)
		}
		return nil, inputFault("", "input", "", "%s", err)
	}
	if in.Version != InputVersion {
		return nil, inputFault("version", "member_type", "", "it is %d, and this program knows %d", in.Version, InputVersion)
	}
	if _, err := in.value(nil); err != nil {
		return nil, inputFault("", "member_type", "", "%s", err)
	}
	if in.Money != nil {
		for _, span := range slices.Sorted(maps.Keys(in.Money.Windows)) {
			if !slices.Contains(spans, span) {
				return nil, inputFault("money.windows."+span, "unknown_member", choice(span, spans), "there is no such window")
			}
		}
	}
	canon, err := in.JSON()
	if err != nil {
		return nil, inputFault("", "input", "", "%s", err)
	}
	var given, known map[string]any
	if err := errors.Join(util.UnmarshalJSON(text, &given), util.UnmarshalJSON(canon, &known)); err != nil {
		return nil, inputFault("", "input", "", "%s", err)
	}
	faults := compare(given, known, "")
	if partly {
		faults = slices.DeleteFunc(faults, func(f Fault) bool { return f.Code == "missing_member" })
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	return &in, nil
}

// oneValue makes sure that every reader sees the same in a text.
func oneValue(text []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	if dec.PeekKind() != '{' {
		return errors.New("it is no JSON object")
	}
	if err := dec.SkipValue(); err != nil {
		return err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind the object")
	}
	return nil
}

func inputFault(at, code, fix, format string, args ...any) Faults {
	return Faults{{File: strings.Trim("input."+at, "."), Code: code, Message: fmt.Sprintf(format, args...), Fix: fix}}
}

// spans are the windows of time in which payments are summed up.
var spans = []string{"hour", "day", "week", "month"}

// optional are the members that JSON leaves out where they are empty.
var optional = []string{"evidence", "amount", "money", "result"}

// compare finds where an input as given and as read are not made of the same
// members.
func compare(given, known map[string]any, at string) Faults {
	var faults Faults
	names := slices.Sorted(maps.Keys(known))
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value, ok := known[name]
		left := given[name]
		switch {
		case !ok && slices.Contains(optional, name) && (left == nil || left == ""):
		case !ok:
			fix := ""
			if near := nearest(name, names); near != "" {
				fix = fmt.Sprintf("did you mean %s?", near)
			}
			faults = append(faults, inputFault(at+name, "unknown_member", fix, "there is no such member")...)
		case !slices.Contains([]string{"arguments", "annotations", "claims"}, name):
			faults = append(faults, compareValues(left, value, at+name)...)
		}
	}
	for _, name := range names {
		if _, ok := given[name]; !ok {
			faults = append(faults, inputFault(at+name, "missing_member", "callgate policy schema shows what an input holds", "it is missing")...)
		}
	}
	return faults
}

func compareValues(given, known any, at string) Faults {
	if kind(given) != kind(known) {
		return inputFault(at, "member_type", "", "it is %s, not %s", kind(given), kind(known))
	}
	switch k := known.(type) {
	case map[string]any:
		return compare(given.(map[string]any), k, at+".")
	case []any:
		g := given.([]any)
		var faults Faults
		for i := range min(len(g), len(k)) {
			faults = append(faults, compareValues(g[i], k[i], fmt.Sprintf("%s[%d]", at, i))...)
		}
		return faults
	}
	return nil
}
