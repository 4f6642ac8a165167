package effects

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Fault is one thing that keeps a catalogue from being read.
type Fault struct {
	File    string
	Line    int    // 0 where there is none
	Code    string // stable, such as "unknown_effect"
	Message string
	Fix     string // the next step
}

// String gives the fault on one line.
func (f Fault) String() string {
	at := f.File
	if f.Line > 0 {
		at = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return fmt.Sprintf("%s: %s: %s (fix: %s)", at, f.Code, f.Message, f.Fix)
}

// Faults are all that is wrong, ordered by file and line.
type Faults []Fault

// Error lists the faults, one a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return "the catalogue has faults:\n  " + strings.Join(lines, "\n  ")
}

// faultList collects the faults of one file.
type faultList struct {
	file  string
	raw   []byte
	found Faults
}

// add notes a fault at the value that a pointer names.
func (l *faultList) add(at jsontext.Pointer, code, message, fix string) {
	if tokens := slices.Collect(at.Tokens()); len(tokens) > 1 {
		message = fmt.Sprintf("%q: %s", tokens[1], message)
	}
	l.found = append(l.found, Fault{File: l.file, Line: lineOf(l.raw, at), Code: code, Message: message, Fix: fix})
}

func (l *faultList) among(at jsontext.Pointer, code string, words, known []string) {
	for _, word := range words {
		if !slices.Contains(known, word) {
			l.add(at, code, fmt.Sprintf("%q is not known", word), "write one of "+strings.Join(known, ", "))
		}
	}
}

func (l *faultList) argument(at jsontext.Pointer, argument string) {
	if _, err := path(argument); err != nil {
		l.add(at, "bad_argument", fmt.Sprintf("%q: %v", argument, err), "write the name of an argument, or a JSON pointer in which * is each element")
	}
}

func (l *faultList) err() error {
	if len(l.found) == 0 {
		return nil
	}
	slices.SortFunc(l.found, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	return l.found
}

// unreadable is the fault of a file that is not of the form.
func unreadable(file string, raw []byte, err error) Fault {
	f := Fault{File: file, Code: "not_a_catalogue", Message: err.Error(), Fix: "see the documentation of the form"}
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &syntactic):
		f.Code, f.Line = "invalid_json", line(raw, syntactic.ByteOffset)
	case errors.As(err, &semantic):
		f.Line = line(raw, semantic.ByteOffset)
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		f.Code, f.Fix = "duplicate_key", "keep one of the two"
	case errors.Is(err, json.ErrUnknownName):
		f.Code, f.Fix = "unknown_member", "take it out, or correct its name"
	}
	return f
}

// lineOf gives the line of the value that a pointer names, or of the nearest
// value around it.
func lineOf(raw []byte, at jsontext.Pointer) int {
	for ; ; at = at.Parent() {
		dec := jsontext.NewDecoder(bytes.NewReader(raw))
		for {
			if _, err := dec.ReadToken(); err != nil {
				break
			}
			if dec.StackPointer() == at {
				return line(raw, dec.InputOffset())
			}
		}
		if at == "" {
			return 0
		}
	}
}

func line(raw []byte, offset int64) int {
	return 1 + bytes.Count(raw[:min(len(raw), int(offset))], []byte("\n"))
}
