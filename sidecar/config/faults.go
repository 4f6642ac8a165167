package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Code is the stable name of a kind of fault.
type Code string

// The closed set of codes.
const (
	CodeUnreadable  Code = "unreadable"   // the configuration file cannot be read
	CodeTooLarge    Code = "too_large"    // the configuration file is over MaxBytes
	CodeSyntax      Code = "syntax"       // not YAML, or more than one document
	CodeAnchor      Code = "anchor"       // an anchor, alias or merge key
	CodeUnknownKey  Code = "unknown_key"  // no such key
	CodeUnsupported Code = "unsupported"  // a key that this version does not serve
	CodeDuplicate   Code = "duplicate"    // a key, name or word twice
	CodeMissing     Code = "missing"      // a key that must be there
	CodeConflict    Code = "conflict"     // keys that exclude each other
	CodeWrongType   Code = "wrong_type"   // a list where text is due, and the like
	CodeRange       Code = "out_of_range" // a number, size or duration beyond its bounds
	CodeDuration    Code = "bad_duration" // not a duration
	CodeSize        Code = "bad_size"     // not a size
	CodeWord        Code = "unknown_word" // a word outside a closed set
	CodeName        Code = "bad_name"     // not a name
	CodeAddress     Code = "bad_address"  // not an address to listen on
	CodeURL         Code = "bad_url"      // not a URL of an upstream
	CodeScope       Code = "bad_scope"    // not "domain:effect"
	CodeKey         Code = "bad_key"      // not a keyed hash
	CodeText        Code = "bad_text"     // text that its place cannot hold
	CodeUnreachable Code = "unreachable"  // a file or folder that is not there
)

// Fault is one thing wrong with a configuration. Message and Hint never repeat
// text that may be a secret.
type Fault struct {
	File    string
	Line    int // from 1; 0 where the whole file is meant
	Column  int // from 1; 0 where the whole line is meant
	Code    Code
	Message string
	Hint    string // what to do about it; may be empty
}

// String is "file:line:column: message", with the hint on a line of its own.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	if f.Column > 0 {
		fmt.Fprintf(&b, ":%d", f.Column)
	}
	fmt.Fprintf(&b, ": %s", f.Message)
	if f.Hint != "" {
		fmt.Fprintf(&b, "\n    hint: %s", f.Hint)
	}
	return b.String()
}

// Faults is everything wrong with a configuration, in the order of the file.
// It is the error of Load and Parse.
type Faults []Fault

// Error lists the faults, one after the other, without a final newline.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// err is nil where there are no faults, and else the faults in order.
func (fs Faults) err() error {
	if len(fs) == 0 {
		return nil
	}
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return fs
}
