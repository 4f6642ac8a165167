package audit

import (
	"encoding/json"
	"strconv"
)

// AppendJSON appends the record as one line of JSON without a newline: the form
// that `audit list --json` prints and that other programs read. Members are
// only ever added. What was judged, input and rewritten, is there when whole is
// true. Lists and findings are never null; times are UTC with microseconds; a
// call that has not ended has the outcome "open".
func (r *Record) AppendJSON(b []byte, whole bool) ([]byte, error) {
	o := object{b: append(b, '{')}
	o.text("id", r.ID)
	o.number("seq", r.Seq)
	o.text("time", r.Time.UTC().Format("2006-01-02T15:04:05.000000Z"))
	o.text("surface", r.Surface)
	o.text("stage", r.Stage)
	o.text("caller", r.Caller)
	o.text("session", r.Session)
	o.text("server", r.Server)
	o.text("tool", r.Tool)
	o.list("effects", r.Effects)
	o.list("domains", r.Domains)
	o.text("effect_source", r.EffectSource)
	o.text("decision", r.Decision)
	o.text("code", r.Code)
	o.text("step", r.Step)
	o.list("rules", r.Rules)
	o.list("reasons", r.Reasons)
	o.text("cause", r.Cause)
	o.raw("observed", strconv.AppendBool(nil, r.Observed))
	o.findings("findings", r.Findings)
	o.text("revision", r.Revision)
	o.text("approval", r.Approval)
	o.end(&r.End)
	if whole {
		o.document("input", r.Input)
		o.document("rewritten", r.Rewritten)
	}
	return append(o.b, '}'), o.err
}

// MarshalJSON gives the whole record in the form of AppendJSON.
func (r Record) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil, true) }

// String gives the word for an outcome; "open" for Pending.
func (o Outcome) String() string {
	if o == Pending {
		return "open"
	}
	return string(o)
}

// object is a JSON object that is being written.
type object struct {
	b   []byte
	err error // the first document that was no JSON
}

func (o *object) end(e *End) {
	o.text("outcome", e.Outcome.String())
	o.number("latency_us", e.Latency.Microseconds())
	o.number("upstream_us", e.Upstream.Microseconds())
	o.text("end_code", e.Code)
	o.text("end_cause", e.Cause)
	o.list("end_rules", e.Rules)
	o.findings("end_findings", e.Findings)
}

func (o *object) key(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(appendText(o.b, name), ':')
}

func (o *object) text(name, value string) {
	o.key(name)
	o.b = appendText(o.b, value)
}

func (o *object) number(name string, n int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

func (o *object) list(name string, items []string) {
	o.key(name)
	o.b = appendList(o.b, items)
}

func (o *object) raw(name string, value []byte) {
	o.key(name)
	o.b = append(o.b, value...)
}

func (o *object) findings(name string, doc json.RawMessage) {
	if len(doc) == 0 {
		doc = json.RawMessage("[]")
	}
	o.document(name, doc)
}

// document writes JSON that was stored, on one line; nothing where there is none.
func (o *object) document(name string, doc json.RawMessage) {
	if len(doc) == 0 {
		return
	}
	compact, err := json.Marshal(doc)
	if err != nil {
		if o.err == nil {
			o.err = err
		}
		compact = []byte("null")
	}
	o.raw(name, compact)
}
