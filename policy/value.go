package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/ast"
)

// JSON gives the form that records store and that rego/schemas/input.json
// describes: lists and objects are never null and the time is in UTC. Decoding
// it and deciding again gives the same decision. The error is of a raw member
// that is not JSON.
func (in *Input) JSON() ([]byte, error) {
	plain := in.plain()
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(&plain); err != nil {
		return nil, fmt.Errorf("encode the policy input: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// plain is in with every absent list and object made empty.
func (in *Input) plain() Input {
	p := *in
	p.Now = in.Now.UTC()
	p.Call.Arguments = orObject(in.Call.Arguments)
	p.Call.Effects = orEmpty(in.Call.Effects)
	p.Call.Domains = orEmpty(in.Call.Domains)
	p.Tool.Drift = orEmpty(in.Tool.Drift)
	p.Tool.Annotations = orObject(in.Tool.Annotations)
	p.Tool.SchemaErrors = orEmpty(in.Tool.SchemaErrors)
	p.Caller.Roles = orEmpty(in.Caller.Roles)
	p.Caller.Scopes = orEmpty(in.Caller.Scopes)
	p.Caller.Claims = orObject(in.Caller.Claims)
	p.Session.Labels = orEmpty(in.Session.Labels)
	p.Session.Recent = orEmpty(in.Session.Recent)
	if in.Session.Totals == nil {
		p.Session.Totals = map[string]int64{}
	}
	p.Findings = orEmpty(in.Findings)
	p.Origins = orEmpty(in.Origins)
	return p
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func orObject(raw json.RawMessage) json.RawMessage {
	if text := bytes.TrimSpace(raw); len(text) == 0 || string(text) == "null" {
		return json.RawMessage("{}")
	}
	return raw
}

// value builds what Rego sees, without going over JSON text for anything but
// the raw members. It equals the value of JSON.
func (in *Input) value() (ast.Value, error) {
	if in.Version != InputVersion {
		return nil, fmt.Errorf("input version %d, want %d", in.Version, InputVersion)
	}
	call, err := in.Call.term()
	if err != nil {
		return nil, err
	}
	tool, err := in.Tool.term()
	if err != nil {
		return nil, err
	}
	caller, err := in.Caller.term()
	if err != nil {
		return nil, err
	}
	root := ast.NewObjectWithCapacity(10)
	put(root, "version", number(in.Version))
	put(root, "now", text(in.Now.UTC().Format(time.RFC3339Nano)))
	put(root, "call", call)
	put(root, "tool", tool)
	put(root, "caller", caller)
	put(root, "session", in.Session.term())
	put(root, "findings", list(in.Findings, Finding.term))
	put(root, "origins", list(in.Origins, Origin.term))
	if in.Money != nil {
		put(root, "money", in.Money.term())
	}
	if in.Result != nil {
		put(root, "result", in.Result.term())
	}
	return root, nil
}

func (c *Call) term() (*ast.Term, error) {
	arguments, err := object("the arguments", c.Arguments)
	if err != nil {
		return nil, err
	}
	o := ast.NewObjectWithCapacity(11)
	put(o, "id", text(c.ID))
	put(o, "surface", text(c.Surface))
	put(o, "stage", text(c.Stage))
	put(o, "server", text(c.Server))
	put(o, "tool", text(c.Tool))
	put(o, "arguments", arguments)
	put(o, "effects", list(c.Effects, text))
	put(o, "domains", list(c.Domains, text))
	put(o, "effect_source", text(c.EffectSource))
	if c.Evidence != "" {
		put(o, "evidence", text(c.Evidence))
	}
	put(o, "listing", ast.InternedTerm(c.Listing))
	return ast.NewTerm(o), nil
}

func (t *Tool) term() (*ast.Term, error) {
	annotations, err := object("the tool's annotations", t.Annotations)
	if err != nil {
		return nil, err
	}
	o := ast.NewObjectWithCapacity(7)
	put(o, "known", ast.InternedTerm(t.Known))
	put(o, "description_hash", text(t.DescriptionHash))
	put(o, "pinned", ast.InternedTerm(t.Pinned))
	put(o, "drift", list(t.Drift, text))
	put(o, "annotations", annotations)
	put(o, "schema_errors", list(t.SchemaErrors, SchemaError.term))
	put(o, "draft_twin", text(t.DraftTwin))
	return ast.NewTerm(o), nil
}

func (e SchemaError) term() *ast.Term {
	o := ast.NewObjectWithCapacity(2)
	put(o, "pointer", text(e.Pointer))
	put(o, "fault", text(e.Fault))
	return ast.NewTerm(o)
}

func (c *Caller) term() (*ast.Term, error) {
	claims, err := object("the caller's claims", c.Claims)
	if err != nil {
		return nil, err
	}
	o := ast.NewObjectWithCapacity(5)
	put(o, "name", text(c.Name))
	put(o, "auth", text(c.Auth))
	put(o, "roles", list(c.Roles, text))
	put(o, "scopes", list(c.Scopes, text))
	put(o, "claims", claims)
	return ast.NewTerm(o), nil
}

func (s *Session) term() *ast.Term {
	totals := ast.NewObjectWithCapacity(len(s.Totals))
	for name, total := range s.Totals {
		totals.Insert(text(name), number(total))
	}
	o := ast.NewObjectWithCapacity(5)
	put(o, "id", text(s.ID))
	put(o, "calls", number(s.Calls))
	put(o, "labels", list(s.Labels, text))
	put(o, "recent", list(s.Recent, text))
	put(o, "totals", ast.NewTerm(totals))
	return ast.NewTerm(o)
}

func (f Finding) term() *ast.Term {
	o := ast.NewObjectWithCapacity(10)
	put(o, "detector", text(f.Detector))
	put(o, "rule", text(f.Rule))
	put(o, "severity", text(f.Severity))
	put(o, "level", number(f.Level))
	put(o, "direction", text(f.Direction))
	put(o, "pointer", text(f.Pointer))
	put(o, "start", number(f.Start))
	put(o, "end", number(f.End))
	put(o, "fingerprint", text(f.Fingerprint))
	put(o, "detail", text(f.Detail))
	return ast.NewTerm(o)
}

func (o Origin) term() *ast.Term {
	obj := ast.NewObjectWithCapacity(2)
	put(obj, "pointer", text(o.Pointer))
	put(obj, "source", text(o.Source))
	return ast.NewTerm(obj)
}

func (m *Money) term() *ast.Term {
	o := ast.NewObjectWithCapacity(3)
	put(o, "amount", text(m.Amount))
	put(o, "currency", text(m.Currency))
	put(o, "payee", text(m.Payee))
	return ast.NewTerm(o)
}

func (r *Result) term() *ast.Term {
	o := ast.NewObjectWithCapacity(2)
	put(o, "is_error", ast.InternedTerm(r.IsError))
	put(o, "bytes", number(r.Bytes))
	return ast.NewTerm(o)
}

func put(o ast.Object, key string, value *ast.Term) { o.Insert(ast.InternedTerm(key), value) }

// text is s as JSON carries it: each byte that is no UTF-8 becomes U+FFFD.
func text(s string) *ast.Term {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	return ast.InternedTerm(s)
}

func number[T int | int64](n T) *ast.Term { return ast.InternedTerm(n) }

func list[T any](items []T, term func(T) *ast.Term) *ast.Term {
	terms := make([]*ast.Term, len(items))
	for i, item := range items {
		terms[i] = term(item)
	}
	return ast.ArrayTerm(terms...)
}

// object reads a raw member that is an object, or nothing. The cause of an
// error names the place, not what stood there.
func object(what string, raw json.RawMessage) (*ast.Term, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(orObject(raw)))
	if dec.PeekKind() != '{' {
		return nil, fmt.Errorf("%s are not a JSON object", what)
	}
	term, err := read(dec)
	if err != nil {
		return nil, fmt.Errorf("%s are not well-formed JSON at byte %d", what, dec.InputOffset())
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, fmt.Errorf("%s are more than one JSON value", what)
	}
	return term, nil
}

// read reads one value. Numbers keep their digits; one whose exponent is
// beyond what can be evaluated is an error.
func read(dec *jsontext.Decoder) (*ast.Term, error) {
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
		key, err := read(dec)
		if err != nil {
			return nil, err
		}
		value, err := read(dec)
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
		item, err := read(dec)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := dec.ReadToken()
	return ast.ArrayTerm(items...), err
}
