package policy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The words that inputs repeat are made into terms once.
func init() {
	ast.InternStringTerm(
		"version", "now", "call", "tool", "caller", "session", "findings", "origins", "money", "result",
		"id", "surface", "stage", "server", "arguments", "effects", "domains", "effect_source", "evidence", "listing",
		"known", "description_hash", "pinned", "drift", "annotations", "schema_errors", "draft_twin", "pointer", "fault",
		"name", "auth", "roles", "scopes", "claims", "calls", "labels", "recent", "totals",
		"detector", "rule", "severity", "level", "direction", "start", "end", "fingerprint", "detail",
		"source", "amount", "currency", "payee", "is_error", "bytes",
		"via", "tools", "traits", "programs", "approved", "results", "targets", "role", "value", "within",
		"known", "first", "windows", "caller", "hour", "day", "week", "month", "recipient", "host", "path",
		"opaque", "bulk", "privileged", "network", "untrusted", "private",
		"read", "draft", "write", "delete", "send", "execute", "pay", "admin", "unknown",
		"mail", "calendar", "chat", "crm", "finance", "files", "code", "web", "database", "identity", "other",
		"info", "low", "medium", "high", "critical", "exfil", "injection", "secrets", "text", "argument", "description",
		"verdict", "decision", "opinions", "deny", "ask", "transform", "allow", "said", "reason", "nearest", "edits",
		"op", "value", "redirect", "set", "remove", "redact",
	)
}

// builder makes the terms of one input. Most terms come out of few allocations.
type builder struct {
	terms []ast.Term
	pairs [][2]*ast.Term // of the objects under construction, the innermost last
	err   error          // the first one
	room  struct {       // enough for most inputs
		terms [48]ast.Term
		pairs [32][2]*ast.Term
	}
}

func newBuilder() *builder {
	b := &builder{}
	b.terms, b.pairs = b.room.terms[:0], b.room.pairs[:0]
	return b
}

// members puts the members of one object, as far as they are read.
type members struct {
	*builder
	reads *reads // nil where the object itself is not read
}

func (b *builder) term(v ast.Value) *ast.Term {
	if len(b.terms) == cap(b.terms) {
		b.terms = make([]ast.Term, 0, 32)
	}
	b.terms = append(b.terms, ast.Term{Value: v})
	return &b.terms[len(b.terms)-1]
}

func (b *builder) textTerm(s string) *ast.Term {
	s = valid(s)
	if ast.HasInternedValue(s) {
		return ast.InternedTerm(s)
	}
	return b.term(ast.String(s))
}

// valid is s as JSON carries it: each byte that is no UTF-8 becomes U+FFFD.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

func (b *builder) object(r *reads, fill func(members)) *ast.Term {
	start := len(b.pairs)
	fill(members{b, r})
	return b.close(start)
}

// close makes an object of the pairs since start.
func (b *builder) close(start int) *ast.Term {
	o := ast.NewObject(b.pairs[start:]...)
	b.pairs = b.pairs[:start]
	return b.term(o)
}

func (b *builder) array(items []*ast.Term) *ast.Term {
	if len(items) == 0 {
		return ast.InternedEmptyArray
	}
	return b.term(ast.NewArray(items...))
}

func (o members) put(key string, value *ast.Term) {
	o.pairs = append(o.pairs, [2]*ast.Term{o.textTerm(key), value})
}

func (o members) text(key, s string) {
	if o.reads.member(key) != nil {
		o.put(key, o.textTerm(s))
	}
}

func (o members) flag(key string, is bool) {
	if o.reads.member(key) != nil {
		o.put(key, ast.InternedTerm(is))
	}
}

func (o members) number(key string, n int64) {
	if o.reads.member(key) != nil {
		o.put(key, ast.InternedTerm(n))
	}
}

// plainDecimal is a number without an exponent, of a size that cannot cost.
var plainDecimal = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,18})?$`)

// decimal puts an exact number. A text that is none is an error, read or not.
func (o members) decimal(key string, n json.Number) {
	if !plainDecimal.MatchString(string(n)) {
		o.err = cmp.Or(o.err, fmt.Errorf("%s is no plain decimal", key))
		return
	}
	if o.reads.member(key) != nil {
		o.put(key, o.term(ast.Number(n)))
	}
}

func (o members) texts(key string, items []string) {
	if o.reads.member(key) == nil {
		return
	}
	terms := make([]*ast.Term, len(items))
	for i, item := range items {
		terms[i] = o.textTerm(item)
	}
	o.put(key, o.array(terms))
}

// object puts a member that is an object. Where nobody reads it, fill has only
// its checks to make.
func (o members) object(key string, fill func(members)) {
	r := o.reads.member(key)
	if r == nil {
		fill(members{o.builder, nil})
		return
	}
	o.put(key, o.builder.object(r, fill))
}

// list puts a list of objects, each as far as it is read.
func list[T any](o members, key string, items []T, fill func(T, members)) {
	r := o.reads.member(key)
	if r == nil {
		return
	}
	terms := make([]*ast.Term, len(items))
	for i, item := range items {
		start := len(o.pairs)
		fill(item, members{o.builder, r.element()})
		terms[i] = o.close(start)
	}
	o.put(key, o.array(terms))
}

// raw puts a member that is JSON text of an object, or nothing.
func (o members) raw(key, what string, text json.RawMessage) {
	isRead := o.reads.member(key) != nil
	term, err := object(what, text, isRead)
	if o.err == nil {
		o.err = err
	}
	if isRead && err == nil {
		o.put(key, term)
	}
}
