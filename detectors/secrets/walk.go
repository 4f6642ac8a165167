package secrets

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// leaf is one string of a JSON value: a string value or a member's name.
type leaf struct {
	text    string // decoded
	name    string // of the nearest member that holds it; empty for a name itself
	start   int    // in the raw value, after the quote
	key     bool
	pointer string // set only where something was found
	hits    []hit
}

// maxDepth is how deep values may nest. The gate lets less through.
const maxDepth = 256

// walker visits the strings of a JSON value that is known to be valid.
type walker struct {
	raw   string
	i     int
	path  []step
	visit func(leaf)
}

// step is one part of the place that a walk has come to.
type step struct {
	name  string // of the member
	index int    // in the list; -1 for a member
}

// walk visits each string in order of place. The error is ErrInvalid for a
// value that nests too deeply.
func (w *walker) walk(visit func(leaf)) error {
	w.i, w.path, w.visit = 0, w.path[:0], visit
	w.space()
	return w.value("")
}

// value visits the value at the current place, which the member name holds.
func (w *walker) value(name string) error {
	switch w.raw[w.i] {
	case '"':
		l := w.leaf()
		l.name = name
		w.visit(l)
		return nil
	case '{':
		return w.object()
	case '[':
		return w.list(name)
	}
	for w.i < len(w.raw) && strings.IndexByte(",]} \t\r\n", w.raw[w.i]) < 0 {
		w.i++
	}
	return nil
}

// object visits the members of an object. Of {"name": "x", "value": "y"} the
// value counts as the value of a member x.
func (w *walker) object() error {
	label := ""
	return w.each('}', func(at int) error {
		l := w.leaf()
		l.key = true
		w.path[at] = step{l.text, -1}
		w.visit(l)
		w.space() // and the colon
		name := l.text
		switch {
		case (name == "name" || name == "key") && w.raw[w.i] == '"':
			start := w.i
			label = w.leaf().text
			w.i = start
		case name == "value" && label != "":
			name = label
		}
		return w.value(name)
	})
}

func (w *walker) list(name string) error {
	index := -1
	return w.each(']', func(at int) error {
		index++
		w.path[at] = step{"", index}
		return w.value(name)
	})
}

// each visits what is in an object or a list, whose place in the path is at.
func (w *walker) each(last byte, item func(at int) error) error {
	at := len(w.path)
	if at == maxDepth {
		return ErrInvalid
	}
	w.path = append(w.path, step{})
	w.i++
	for w.space(); w.raw[w.i] != last; w.space() {
		if err := item(at); err != nil {
			return err
		}
	}
	w.i++
	w.path = w.path[:at]
	return nil
}

// leaf reads the string at the current place.
func (w *walker) leaf() leaf {
	start := w.i + 1
	for w.i = start; w.raw[w.i] != '"'; w.i++ {
		if w.raw[w.i] == '\\' {
			w.i++
		}
	}
	w.i++
	return leaf{text: unescape(w.raw[start : w.i-1]), start: start}
}

// space passes over white space and separators, which are known to be right.
func (w *walker) space() {
	for w.i < len(w.raw) && separators[w.raw[w.i]] {
		w.i++
	}
}

var separators = setOf(",:", &spacing)

// pointer gives the current place as RFC 6901 writes it.
func (w *walker) pointer() string {
	var b []byte
	for _, s := range w.path {
		b = append(b, '/')
		if s.index >= 0 {
			b = strconv.AppendInt(b, int64(s.index), 10)
		} else {
			b = append(b, escapeToken.Replace(s.name)...)
		}
	}
	return string(b)
}

var escapeToken = strings.NewReplacer("~", "~0", "/", "~1")

// unescape gives the text of a JSON string.
func unescape(raw string) string {
	i := strings.IndexByte(raw, '\\')
	if i < 0 {
		return raw
	}
	var b strings.Builder
	b.Grow(len(raw))
	last := 0
	for more := 0; more >= 0; i += more {
		b.WriteString(raw[last:i])
		c, next := escape(raw, i)
		b.WriteRune(c)
		i, last = next, next
		more = strings.IndexByte(raw[i:], '\\')
	}
	b.WriteString(raw[last:])
	return b.String()
}

// escape reads the escape at i. Half a surrogate pair is U+FFFD.
func escape(raw string, i int) (c rune, next int) {
	const short, long = 2, 6 // \n, \u000a
	switch raw[i+1] {
	case 'b':
		return '\b', i + short
	case 'f':
		return '\f', i + short
	case 'n':
		return '\n', i + short
	case 'r':
		return '\r', i + short
	case 't':
		return '\t', i + short
	case 'u':
	default:
		return rune(raw[i+1]), i + short
	}
	c, next = unit(raw, i), i+long
	if !utf16.IsSurrogate(c) {
		return c, next
	}
	if next+long <= len(raw) && raw[next] == '\\' && raw[next+1] == 'u' {
		if both := utf16.DecodeRune(c, unit(raw, next)); both != '\uFFFD' {
			return both, next + long
		}
	}
	return '\uFFFD', next
}

// unit reads the four hexadecimal digits of \uXXXX at i.
func unit(raw string, i int) rune {
	n, _ := strconv.ParseUint(raw[i+2:i+6], 16, 16) // valid JSON has digits there
	return rune(n)
}
