// Package secret reads references to secrets, such as
// "Bearer ${secret:env:CRM_TOKEN}", so that a configuration names a secret and
// never holds it.
//
// It guarantees that what a reference stands for is read when it is used, so
// that a changed file counts from the next use; that a secret which is missing
// or empty is an error, never an empty text; and that neither an error nor any
// way of printing a Value shows a secret or the text around a reference.
//
// It does not keep secrets out of memory, and it does not check who may read
// the environment of the process.
package secret

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// MaxBytes is the largest file that a reference may name.
const MaxBytes = 64 << 10

const (
	opening = "${secret:"
	closing = "}"
)

// Errors of Parse.
var (
	// ErrSyntax: a reference is not closed, has no kind or names nothing.
	ErrSyntax = errors.New(`a reference is written ${secret:env:NAME} or ${secret:file:PATH}`)
	// ErrKind: a reference is neither to the environment nor to a file.
	ErrKind = errors.New(`a reference is to "env" or to "file"`)
	// ErrName: the environment has no variables of such a name.
	ErrName = errors.New("the name of an environment variable is letters, digits and _, not beginning with a digit")
	// ErrPath: the path of a file is not absolute.
	ErrPath = errors.New("the path of a file with a secret must be absolute")
)

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Value is a text with references to secrets in it, or without. It is immutable
// but for what it remembers of files, may be copied, and is safe for concurrent
// use. The zero value is the empty text.
type Value struct {
	parts []part
}

// part is a literal text or a source.
type part struct {
	literal string
	source  source // nil for a literal
}

// source is where a secret is read from.
type source interface {
	read() (string, error)
	warning() string
	String() string // the reference
}

// Parse reads a text. It looks at its form only: what the references stand for
// need not be there yet. Its error wraps one of the errors above and holds
// nothing of the text.
func Parse(s string) (Value, error) {
	var v Value
	for {
		before, rest, found := strings.Cut(s, opening)
		if before != "" {
			v.parts = append(v.parts, part{literal: before})
		}
		if !found {
			return v, nil
		}
		reference, after, closed := strings.Cut(rest, closing)
		if !closed {
			return Value{}, fmt.Errorf("secret: %w", ErrSyntax)
		}
		src, err := parseSource(reference)
		if err != nil {
			return Value{}, fmt.Errorf("secret: %w", err)
		}
		v.parts = append(v.parts, part{source: src})
		s = after
	}
}

func parseSource(reference string) (source, error) {
	kind, name, ok := strings.Cut(reference, ":")
	switch {
	case !ok || kind == "" || name == "":
		return nil, ErrSyntax
	case kind == "env" && nameForm.MatchString(name):
		return variable(name), nil
	case kind == "env":
		return nil, ErrName
	case kind == "file" && filepath.IsAbs(name):
		return &file{path: name}, nil
	case kind == "file":
		return nil, ErrPath
	}
	return nil, ErrKind
}

// Resolve gives the text with each secret in its place. Its error names the
// reference that could not be read, and nothing else of the text.
func (v Value) Resolve() (string, error) {
	var b strings.Builder
	for _, p := range v.parts {
		if p.source == nil {
			b.WriteString(p.literal)
			continue
		}
		text, err := p.source.read()
		if err != nil {
			return "", fmt.Errorf("secret: %s: %w", p.source, err)
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// HasReference reports whether the text holds a reference.
func (v Value) HasReference() bool {
	for _, p := range v.parts {
		if p.source != nil {
			return true
		}
	}
	return false
}

// Variables gives the names of the environment variables that the text refers
// to.
func (v Value) Variables() []string {
	var names []string
	for _, p := range v.parts {
		if name, ok := p.source.(variable); ok {
			names = append(names, string(name))
		}
	}
	return names
}

// Warnings tells what is unwise about the places that the references name, for
// the operator; each is one sentence. It reads no secret.
func (v Value) Warnings() []string {
	var list []string
	for _, p := range v.parts {
		if p.source == nil {
			continue
		}
		if w := p.source.warning(); w != "" {
			list = append(list, w)
		}
	}
	return list
}

// String shows the references; the text around them may be a secret itself and
// is shown as "...".
func (v Value) String() string {
	var b strings.Builder
	for _, p := range v.parts {
		if p.source == nil {
			b.WriteString("...")
			continue
		}
		b.WriteString(p.source.String())
	}
	return b.String()
}

// Format prints String whatever the verb, so that no verb reaches the fields.
func (v Value) Format(f fmt.State, _ rune) { fmt.Fprint(f, v.String()) }

// MarshalText gives String, so that no encoder shows more than it.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
