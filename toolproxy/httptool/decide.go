// Package httptool is the firewall's plain HTTP side. This version has the
// decision API: a call as JSON in, the decision out, nothing forwarded.
package httptool

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// Asked is a call that somebody wants judged.
type Asked struct {
	Call   *toolproxy.Call
	Caller string // the name that the asker gave; empty for none
}

// ParseCall passes raw through the gate and reads a call for a decision:
//
//	{"server","tool","arguments":{},"definition":{"description","inputSchema","annotations"}?,"caller"?,"session"?}
//
// The error is a *toolproxy.Refusal whose cause names the member at fault.
func ParseCall(raw []byte, gate toolproxy.Gate) (Asked, error) {
	if err := gate.Check(raw); err != nil {
		return Asked{}, err
	}
	doc := gjson.ParseBytes(raw)
	if !doc.IsObject() {
		return Asked{}, invalid("a call is a JSON object")
	}
	asked := Asked{Call: &toolproxy.Call{Surface: toolproxy.SurfaceTool, Stage: toolproxy.StagePropose}}
	var fault error
	doc.ForEach(func(key, value gjson.Result) bool {
		fault = asked.member(key.String(), value)
		return fault == nil
	})
	if fault != nil {
		return Asked{}, fault
	}
	c := asked.Call
	if c.Server == "" || c.Tool == "" {
		return Asked{}, invalid(`"server" and "tool" are needed`)
	}
	if c.Definition != nil {
		c.Definition.Server, c.Definition.Name = c.Server, c.Tool
		c.AtHand = []*toolproxy.Tool{c.Definition}
	}
	return asked, nil
}

func (a *Asked) member(key string, value gjson.Result) error {
	c := a.Call
	switch key {
	case "server":
		return text(key, value, &c.Server)
	case "tool":
		return text(key, value, &c.Tool)
	case "caller":
		return text(key, value, &a.Caller)
	case "session":
		return text(key, value, &c.Session)
	case "arguments":
		if !value.IsObject() {
			return invalid(`"arguments" is not an object`)
		}
		c.Arguments = json.RawMessage(value.Raw)
		return nil
	case "definition":
		if !value.IsObject() {
			return invalid(`"definition" is not an object`)
		}
		definition, err := define(value)
		c.Definition = definition
		return err
	}
	return invalid(fmt.Sprintf("unknown member at byte %d", value.Index))
}

// define reads a tool's definition; its hash is over the canonical form.
func define(value gjson.Result) (*toolproxy.Tool, error) {
	canonical := jsontext.Value(value.Raw).Clone()
	if err := canonical.Canonicalize(); err != nil {
		return nil, invalid(`"definition" has no canonical form`)
	}
	sum := sha256.Sum256(canonical)
	return &toolproxy.Tool{
		Description: value.Get("description").String(),
		InputSchema: raw(value.Get("inputSchema")),
		Annotations: raw(value.Get("annotations")),
		Raw:         json.RawMessage(value.Raw),
		Hash:        hex.EncodeToString(sum[:]),
	}, nil
}

func raw(value gjson.Result) json.RawMessage {
	if !value.Exists() {
		return nil
	}
	return json.RawMessage(value.Raw)
}

func text(key string, value gjson.Result, to *string) error {
	if value.Type != gjson.String {
		return invalid(fmt.Sprintf("%q is not a string", key))
	}
	*to = value.Str
	return nil
}

func invalid(fault string) error {
	return toolproxy.Refuse(toolproxy.CodeInvalidMessage, "gate", errors.New(fault))
}
