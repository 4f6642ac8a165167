package audit

import (
	"database/sql/driver"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	decidedColumns = 24
	endedColumns   = 9
	processColumn  = 2 // of decided; known to the writer only
)

const insertDecided = `INSERT INTO decided (id, time, process, surface, stage, caller, session, server, tool,
	effects, domains, effect_source, decision, code, step, rules, reasons, cause, observed, findings, revision, input, rewritten, approval)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const insertEnded = `INSERT INTO ended (seq, time, outcome, code, cause, rules, findings, latency_us, upstream_us)
	SELECT seq, ?, ?, ?, ?, ?, ?, ?, ? FROM decided WHERE id = ?`

// bindDecided copies a record into the arguments of insertDecided.
func bindDecided(args *[decidedColumns]driver.NamedValue, r *Record) {
	observed := int64(0)
	if r.Observed {
		observed = 1
	}
	for i, v := range [decidedColumns]driver.Value{
		r.ID, r.Time.UnixMicro(), nil,
		text(r.Surface), text(r.Stage), text(r.Caller), text(r.Session), text(r.Server), text(r.Tool),
		list(r.Effects), list(r.Domains), text(r.EffectSource),
		r.Decision, text(r.Code), text(r.Step), list(r.Rules), list(r.Reasons), text(r.Cause), observed,
		document(r.Findings), text(r.Revision), document(r.Input), document(r.Rewritten), text(r.Approval),
	} {
		args[i].Value = v
	}
}

// bindEnded copies an end into the arguments of insertEnded.
func bindEnded(args *[endedColumns]driver.NamedValue, id string, e *End) {
	for i, v := range [endedColumns]driver.Value{
		time.Now().UnixMicro(), string(e.Outcome), text(e.Code), text(e.Cause), list(e.Rules), document(e.Findings),
		e.Latency.Microseconds(), e.Upstream.Microseconds(), id,
	} {
		args[i].Value = v
	}
}

func text(s string) driver.Value {
	if s == "" {
		return nil
	}
	return s
}

func document(doc json.RawMessage) driver.Value {
	if len(doc) == 0 {
		return nil
	}
	return string(doc)
}

// list gives a JSON array.
func list(items []string) driver.Value {
	if len(items) == 0 {
		return nil
	}
	return string(appendList(nil, items))
}

func appendList(b []byte, items []string) []byte {
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, item)
	}
	return append(b, ']')
}

// appendText appends a JSON string. Plain words, which are nearly all, are
// copied; the rest is left to encoding/json.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, err := json.Marshal(s)
			if err != nil { // a string always has a form
				return strconv.AppendQuoteToASCII(b, s)
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
