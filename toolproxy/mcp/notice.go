package mcp

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"callgate/toolproxy"
)

// notice is what a changed call or result tells programs, in _meta.
type notice struct {
	Decision string   `json:"decision"`
	Rules    []string `json:"rules"`
	Record   string   `json:"record"`
}

const decisionPath = `_meta.callgate/decision`

// tell adds a notice to a result: a text block behind the content, where a
// model reads it, and a member of _meta, where a program does. A result that
// cannot carry it is left as it is; the record says what happened all the same.
func tell(result *toolproxy.Result) *toolproxy.Result {
	n := result.Notice
	if result.IsError || !gjson.ParseBytes(result.Body).IsObject() {
		return result
	}
	rules := n.Rules
	if rules == nil {
		rules = []string{}
	}
	body, err := sjson.SetRawBytes(bytes.Clone(result.Body), decisionPath, encoded(notice{n.Decision, rules, n.Record}))
	if err == nil && gjson.GetBytes(body, "content").IsArray() {
		text := "Callgate: " + n.Message + "\nRules: " + strings.Join(rules, ", ") + "\nRecord: " + n.Record
		body, err = sjson.SetRawBytes(body, "content.-1", encoded(textContent{Type: "text", Text: text}))
	}
	if err != nil {
		return result
	}
	return &toolproxy.Result{Body: body, IsError: result.IsError, Edited: true}
}

// encoded is the JSON of a value that always has one.
func encoded(value any) json.RawMessage {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return raw
}
