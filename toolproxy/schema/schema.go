// Package schema compiles the input schema that a tool's server tells and
// checks arguments against it.
//
// A schema is untrusted: nothing that it refers to outside itself is loaded,
// its size, nesting and the work of checking against it are bounded, and its
// patterns run on an engine of linear time. A fault says where and by which
// keyword arguments fail; it never repeats a value. The package does not judge
// whether a schema is honest.
package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Bounds on a schema, and on what a check may cost and report.
const (
	MaxBytes  = 256 << 10 // of a schema
	MaxDepth  = 64        // of a schema and of arguments
	MaxValues = 20_000    // JSON values in a schema
	MaxSteps  = 100_000   // subschemas that one check may apply
	MaxFaults = 32        // faults that one check reports
)

// Keywords of faults that are none of JSON Schema's.
const (
	KeywordJSON   = "json"   // arguments that are not one JSON value
	KeywordNumber = "number" // a number too large or too long to compare exactly
	KeywordDepth  = "depth"  // arguments nested over MaxDepth
	KeywordWork   = "work"   // the check would take over MaxSteps
	KeywordFailed = "failed" // the check itself failed
)

// Fault is one way in which arguments do not fit a schema.
type Fault struct {
	Pointer string // RFC 6901 pointer into the arguments; a long one ends at a parent
	Keyword string // the keyword that failed
}

// Schema is a compiled input schema. It is safe for concurrent use.
type Schema struct {
	hash string

	mu     sync.Mutex // one check at a time, so that fuel counts one check
	fuel   *fuel
	schema *jsonschema.Schema
}

// Hash is the hex SHA-256 of the schema in canonical form.
func (s *Schema) Hash() string { return s.hash }

// base is the address of a schema without $id. No host can have it.
const base = "https://schema.invalid/tool"

var errRemote = errors.New("schemas outside the tool's own are not loaded")

// denied is a loader that loads nothing.
type denied struct{}

func (denied) Load(string) (any, error) { return nil, errRemote }

// Compile compiles an inputSchema. No schema at all allows all arguments. The
// dialect is 2020-12 where $schema names no other.
func Compile(raw json.RawMessage) (s *Schema, err error) {
	if len(raw) == 0 {
		raw = json.RawMessage(`{}`)
	}
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("schema of %d bytes is over the cap of %d", len(raw), MaxBytes)
	}
	defer func() {
		if cause := recover(); cause != nil {
			s, err = nil, errors.New("schema does not compile: the compiler failed")
		}
	}()
	doc, err := decode(raw)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	var bound bounds
	if fault := bound.walk(doc, "", 1); fault != nil {
		return nil, fmt.Errorf("schema: %s at %q", fault.Keyword, fault.Pointer)
	}
	if bound.values > MaxValues {
		return nil, fmt.Errorf("schema of %d values is over the cap of %d", bound.values, MaxValues)
	}
	canonical := jsontext.Value(bytes.Clone(raw))
	if err := canonical.Canonicalize(); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	sum := sha256.Sum256(canonical)
	s = &Schema{hash: hex.EncodeToString(sum[:]), fuel: &fuel{}}
	if s.schema, err = compile(doc, s.fuel); err != nil {
		return nil, fmt.Errorf("schema does not compile: %w", err)
	}
	return s, nil
}

func compile(doc any, f *fuel) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(denied{})
	compiler.UseRegexpEngine(pattern)
	compiler.RegisterVocabulary(f.vocabulary())
	compiler.AssertVocabs()
	if err := compiler.AddResource(base, doc); err != nil {
		return nil, err
	}
	return compiler.Compile(base)
}

// pattern compiles a pattern for an engine of linear time. Servers write for
// JavaScript, whose patterns can look around and can cost exponential time;
// one that this engine does not know constrains nothing here. The server, who
// wrote it, checks it itself.
func pattern(source string) (jsonschema.Regexp, error) {
	if known, err := regexp.Compile(source); err == nil {
		return known, nil
	}
	return unbound(source), nil
}

// unbound is a pattern that every text matches.
type unbound string

// MatchString is always true.
func (unbound) MatchString(string) bool { return true }

// String gives the pattern as it was written.
func (u unbound) String() string { return string(u) }

// Validate checks arguments, a JSON object whose keys do not repeat; none at
// all are checked as {}. It returns nil where they fit, else up to MaxFaults
// faults in order of pointer and keyword.
func (s *Schema) Validate(arguments json.RawMessage) []Fault {
	if len(arguments) == 0 {
		arguments = json.RawMessage(`{}`)
	}
	doc, err := decode(arguments)
	if err != nil {
		return []Fault{{Keyword: KeywordJSON}}
	}
	var bound bounds
	if fault := bound.walk(doc, "", 1); fault != nil {
		return []Fault{*fault}
	}
	faults := gather(s.check(doc))
	slices.SortFunc(faults, func(a, b Fault) int {
		if order := strings.Compare(a.Pointer, b.Pointer); order != 0 {
			return order
		}
		return strings.Compare(a.Keyword, b.Keyword)
	})
	faults = slices.Compact(faults)
	return faults[:min(len(faults), MaxFaults)]
}

// check runs one validation. A check that fails or runs out of fuel is an
// error like any other.
func (s *Schema) check(doc any) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case errFuel:
			err = errFuel
		default:
			err = errFailed
		}
	}()
	s.fuel.left = MaxSteps
	return s.schema.Validate(doc)
}

var errFailed = errors.New("the check failed")

// decode reads one JSON value and keeps its numbers as written.
func decode(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return nil, errors.New("not JSON")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return doc, nil
}
