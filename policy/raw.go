package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/ast"
)

var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// object reads a raw member that is an object, or nothing. Where it is not to
// be built it is checked all the same, and the term is nil. The cause of an
// error names the place, not what stood there.
func object(what string, raw json.RawMessage, build bool) (*ast.Term, error) {
	raw = orObject(raw)
	if string(raw) == "{}" {
		return ast.InternedEmptyObject, nil
	}
	dec := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(dec)
	dec.Reset(bytes.NewBuffer(raw))
	if dec.PeekKind() != '{' {
		return nil, fmt.Errorf("%s are not a JSON object", what)
	}
	read := readTerm
	if !build {
		read = skip
	}
	term, err := read(dec)
	if err != nil {
		return nil, fmt.Errorf("%s are not well-formed JSON at byte %d", what, dec.InputOffset())
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s are more than one JSON value", what)
	}
	return term, nil
}

// skip goes over one value and makes the same checks as readTerm.
func skip(dec *jsontext.Decoder) (*ast.Term, error) {
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		if token.Kind() == '0' {
			if _, err := ast.NumberChecked(token.String()); err != nil {
				return nil, err
			}
		}
		if dec.StackDepth() == 0 {
			return nil, nil
		}
	}
}

// readTerm reads one value. Numbers keep their digits; one whose exponent is
// beyond what can be evaluated is an error.
func readTerm(dec *jsontext.Decoder) (*ast.Term, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '{':
		return readObject(dec)
	case '[':
		return readArray(dec)
	case '"':
		return ast.StringTerm(token.String()), nil
	case '0':
		number, err := ast.NumberChecked(token.String())
		return ast.NewTerm(number), err
	case 't', 'f':
		return ast.InternedTerm(token.Bool()), nil
	}
	return ast.InternedNullTerm, nil
}

func readObject(dec *jsontext.Decoder) (*ast.Term, error) {
	o := ast.NewObject()
	for dec.PeekKind() != '}' {
		key, err := readTerm(dec)
		if err != nil {
			return nil, err
		}
		value, err := readTerm(dec)
		if err != nil {
			return nil, err
		}
		o.Insert(key, value)
	}
	_, err := dec.ReadToken()
	return ast.NewTerm(o), err
}

func readArray(dec *jsontext.Decoder) (*ast.Term, error) {
	var items []*ast.Term
	for dec.PeekKind() != ']' {
		item, err := readTerm(dec)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := dec.ReadToken()
	return ast.ArrayTerm(items...), err
}
