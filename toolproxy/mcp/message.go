package mcp

import (
	"errors"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// Kind tells the JSON-RPC messages apart.
type Kind int

// The kinds of message. The zero value is none of them.
const (
	KindInvalid Kind = iota
	KindRequest
	KindNotification
	KindResponse
)

// Message is one JSON-RPC message that has passed the gate. Its fields are
// slices of Raw, which nobody may change.
type Message struct {
	Raw    []byte
	Kind   Kind
	ID     string // the id as written, so that no reader's number type can change it
	Method string
	Params gjson.Result
	Result gjson.Result // of a response that succeeded
	Err    gjson.Result // of a response that failed
}

// Parse passes raw through the gate and reads its envelope. The error is a
// *toolproxy.Refusal.
func Parse(raw []byte, gate toolproxy.Gate) (Message, error) {
	if err := gate.Check(raw); err != nil {
		return Message{}, err
	}
	doc := gjson.ParseBytes(raw)
	if doc.IsArray() {
		return Message{}, toolproxy.Refuse(toolproxy.CodeBatch, "gate", errors.New("JSON-RPC batches are not accepted"))
	}
	m := Message{Raw: raw}
	var version, method, id gjson.Result
	doc.ForEach(func(key, value gjson.Result) bool {
		switch key.String() {
		case "jsonrpc":
			version = value
		case "id":
			id = value
		case "method":
			method = value
		case "params":
			m.Params = value
		case "result":
			m.Result = value
		case "error":
			m.Err = value
		}
		return true
	})
	m.ID, m.Method = id.Raw, method.String()
	m.Kind = kind(version, method, id, m)
	if m.Kind == KindInvalid {
		return Message{}, toolproxy.Refuse(toolproxy.CodeInvalidMessage, "gate", errors.New("not a JSON-RPC 2.0 message"))
	}
	return m, nil
}

// kind judges the envelope. An id is a string or a number; a response to a
// request that could not be read has the id null.
func kind(version, method, id gjson.Result, m Message) Kind {
	named := id.Type == gjson.String || id.Type == gjson.Number
	switch {
	case version.Type != gjson.String || version.Str != "2.0":
		return KindInvalid
	case method.Type == gjson.String && method.Str != "" && !m.Result.Exists() && !m.Err.Exists():
		if named {
			return KindRequest
		}
		if !id.Exists() {
			return KindNotification
		}
	case !method.Exists() && (named || id.Type == gjson.Null && id.Exists()) && m.Result.Exists() != m.Err.Exists():
		return KindResponse
	}
	return KindInvalid
}

const protocolVersionKey = `_meta.io\.modelcontextprotocol/protocolVersion`

// Modern reports whether the message belongs to the stateless era, in which
// each request names its protocol version itself.
func (m Message) Modern() bool {
	return m.Params.Get(protocolVersionKey).Exists()
}
