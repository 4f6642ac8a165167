package policy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"time"

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
	p.Call.Tools = orEmpty(in.Call.Tools)
	p.Call.Traits = orEmpty(in.Call.Traits)
	p.Call.Programs = orEmpty(in.Call.Programs)
	p.Tool.Results = orEmpty(in.Tool.Results)
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
	p.Targets = make([]Target, len(in.Targets))
	for i, t := range in.Targets {
		t.Within = orEmpty(t.Within)
		p.Targets[i] = t
	}
	if in.Money != nil {
		p.Money = in.Money.plain()
	}
	p.Findings = orEmpty(in.Findings)
	p.Origins = orEmpty(in.Origins)
	return p
}

func (m *Money) plain() *Money {
	p := *m
	p.Windows = map[string]Window{}
	for span, w := range m.Windows {
		p.Windows[span] = Window{Caller: w.Caller.plain(), Payee: w.Payee.plain()}
	}
	return &p
}

func (s Sum) plain() Sum {
	s.Amount = cmp.Or(s.Amount, "0")
	return s
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
// the raw members. Where everything is read it equals the value of JSON; what no
// rule reads is left out, though a raw member that is not well-formed is an
// error all the same.
func (in *Input) value(r *reads) (ast.Value, error) {
	if in.Version != InputVersion {
		return nil, fmt.Errorf("input version %d, want %d", in.Version, InputVersion)
	}
	b := newBuilder()
	root := b.object(r, in.members)
	return root.Value, b.err
}

func (in *Input) members(o members) {
	o.number("version", int64(in.Version))
	o.text("now", in.Now.UTC().Format(time.RFC3339Nano))
	o.object("call", in.Call.members)
	o.object("tool", in.Tool.members)
	o.object("caller", in.Caller.members)
	o.object("session", in.Session.members)
	list(o, "targets", in.Targets, Target.members)
	list(o, "findings", in.Findings, Finding.members)
	list(o, "origins", in.Origins, Origin.members)
	if in.Money != nil {
		o.object("money", in.Money.members)
	}
	if in.Result != nil {
		o.object("result", in.Result.members)
	}
}

func (c *Call) members(o members) {
	o.text("id", c.ID)
	o.text("surface", c.Surface)
	o.text("stage", c.Stage)
	o.text("server", c.Server)
	o.text("tool", c.Tool)
	o.raw("arguments", "the arguments", c.Arguments)
	o.texts("effects", c.Effects)
	o.texts("domains", c.Domains)
	o.text("effect_source", c.EffectSource)
	if c.Evidence != "" {
		o.text("evidence", c.Evidence)
	}
	o.text("via", c.Via)
	o.texts("tools", c.Tools)
	o.texts("traits", c.Traits)
	o.texts("programs", c.Programs)
	o.flag("approved", c.Approved)
	o.flag("listing", c.Listing)
}

func (t *Tool) members(o members) {
	o.flag("known", t.Known)
	o.text("description_hash", t.DescriptionHash)
	o.flag("pinned", t.Pinned)
	o.texts("drift", t.Drift)
	o.raw("annotations", "the tool's annotations", t.Annotations)
	list(o, "schema_errors", t.SchemaErrors, SchemaError.members)
	o.text("draft_twin", t.DraftTwin)
	o.texts("results", t.Results)
}

func (e SchemaError) members(o members) {
	o.text("pointer", e.Pointer)
	o.text("fault", e.Fault)
}

func (c *Caller) members(o members) {
	o.text("name", c.Name)
	o.text("auth", c.Auth)
	o.texts("roles", c.Roles)
	o.texts("scopes", c.Scopes)
	o.raw("claims", "the caller's claims", c.Claims)
}

func (s *Session) members(o members) {
	o.text("id", s.ID)
	o.number("calls", int64(s.Calls))
	o.texts("labels", s.Labels)
	o.texts("recent", s.Recent)
	o.object("totals", func(o members) {
		for name, total := range s.Totals {
			o.number(valid(name), total)
		}
	})
}

func (f Finding) members(o members) {
	o.text("detector", f.Detector)
	o.text("rule", f.Rule)
	o.text("severity", f.Severity)
	o.number("level", int64(f.Level))
	o.text("direction", f.Direction)
	o.text("pointer", f.Pointer)
	o.number("start", int64(f.Start))
	o.number("end", int64(f.End))
	o.text("fingerprint", f.Fingerprint)
	o.text("detail", f.Detail)
}

func (o Origin) members(m members) {
	m.text("pointer", o.Pointer)
	m.text("source", o.Source)
}

func (t Target) members(o members) {
	o.text("role", t.Role)
	o.text("pointer", t.Pointer)
	o.text("value", t.Value)
	o.texts("within", t.Within)
}

func (m *Money) members(o members) {
	o.flag("known", m.Known)
	if m.Amount != "" {
		o.decimal("amount", m.Amount)
	}
	o.text("currency", m.Currency)
	o.text("payee", m.Payee)
	o.flag("first", m.First)
	o.object("windows", func(o members) {
		for span, w := range m.Windows {
			o.object(valid(span), w.members)
		}
	})
}

func (w Window) members(o members) {
	o.object("caller", w.Caller.members)
	o.object("payee", w.Payee.members)
}

func (s Sum) members(o members) {
	o.decimal("amount", cmp.Or(s.Amount, "0"))
	o.number("calls", int64(s.Calls))
}

func (r *Result) members(o members) {
	o.flag("is_error", r.IsError)
	o.number("bytes", int64(r.Bytes))
}
