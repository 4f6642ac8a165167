package detectors

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// maxDepth is how deep a walk goes. The gate lets nothing through that is
// nested deeper than half of it.
const maxDepth = 128

// leaf is one string of a JSON value: a string value, or a member's name.
type leaf struct {
	text    string
	pointer string
	key     bool
}

// walker visits the strings of one JSON value in document order.
type walker struct {
	pointer []byte
	depth   int
	visit   func(leaf) bool // false ends the walk
	tooDeep func(pointer string)
}

// walk visits each string leaf and each member name of raw that could hold
// something. Numbers, booleans and nulls are skipped. raw has passed the gate.
func (w *walker) walk(raw json.RawMessage) {
	w.value(gjson.ParseBytes(raw))
}

func (w *walker) value(v gjson.Result) bool {
	switch {
	case v.Type == gjson.String:
		return w.visit(leaf{text: v.Str, pointer: string(w.pointer)})
	case v.Type != gjson.JSON:
		return true
	case w.depth == maxDepth:
		w.tooDeep(string(w.pointer))
		return true
	}
	w.depth++
	goOn, index, array := true, 0, v.IsArray()
	v.ForEach(func(name, member gjson.Result) bool {
		mark := len(w.pointer)
		if array {
			w.pointer = strconv.AppendInt(append(w.pointer, '/'), int64(index), 10)
			index++
		} else {
			w.pointer = appendToken(append(w.pointer, '/'), name.Str)
			goOn = w.name(name.Str)
		}
		goOn = goOn && w.value(member)
		w.pointer = w.pointer[:mark]
		return goOn
	})
	w.depth--
	return goOn
}

func (w *walker) name(name string) bool {
	if harmless(name) {
		return true
	}
	return w.visit(leaf{text: name, pointer: string(w.pointer), key: true})
}

// longestHarmless is shorter than every host, address, secret and phrase that
// any family looks for.
const longestHarmless = 14

// harmless reports that a member's name is too short and too plain to hold
// anything. It may say no too often, never yes wrongly.
func harmless(name string) bool {
	if len(name) > longestHarmless {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// appendToken appends one reference token of an RFC 6901 pointer.
func appendToken(to []byte, name string) []byte {
	if !strings.ContainsAny(name, "~/") {
		return append(to, name...)
	}
	for i := range len(name) {
		switch name[i] {
		case '~':
			to = append(to, "~0"...)
		case '/':
			to = append(to, "~1"...)
		default:
			to = append(to, name[i])
		}
	}
	return to
}
