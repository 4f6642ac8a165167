package mcp

import (
	"errors"
	"strings"

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

var (
	errBatch   = errors.New("JSON-RPC batches are not accepted")
	errMessage = errors.New("not a JSON-RPC 2.0 message")
	errKeyCase = errors.New("a member of the envelope is written in another case")
)

// Parse passes raw through the gate and reads its envelope. The error is a
// *toolproxy.Refusal.
func Parse(raw []byte, gate toolproxy.Gate) (Message, error) {
	if err := gate.Check(raw); err != nil {
		return Message{}, err
	}
	return read(raw)
}

// read reads the envelope of bytes that have passed the gate.
func read(raw []byte) (Message, error) {
	doc := gjson.ParseBytes(raw)
	if doc.IsArray() {
		return Message{}, toolproxy.Refuse(toolproxy.CodeBatch, "gate", errBatch)
	}
	m := Message{Raw: raw}
	var version, method, id gjson.Result
	cased := false
	doc.ForEach(func(key, value gjson.Result) bool {
		switch name := key.String(); name {
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
		default:
			cased = cased || foldsTo(name, envelope)
		}
		return true
	})
	if cased {
		return Message{}, toolproxy.Refuse(toolproxy.CodeInvalidMessage, "gate", errKeyCase)
	}
	m.ID, m.Method = id.Raw, method.String()
	m.Kind = kind(version, method, id, m)
	if m.Kind == KindInvalid {
		return Message{}, toolproxy.Refuse(toolproxy.CodeInvalidMessage, "gate", errMessage)
	}
	return m, nil
}

// envelope and callParams are the members that decide what a message does.
// Readers that ignore case would take another spelling for them.
var (
	envelope   = []string{"jsonrpc", "id", "method", "params", "result", "error"}
	callParams = []string{"name", "arguments", "uri", "_meta", "cursor", "task", "taskId", "inputResponses", "requestState"}
)

// foldsTo reports whether name is one of names but for its case.
func foldsTo(name string, names []string) bool {
	for _, exact := range names {
		if name != exact && strings.EqualFold(name, exact) {
			return true
		}
	}
	return false
}

// kind judges the envelope. An id is a string or a number; a response to a
// request that could not be read has the id null, and some servers leave the id
// of such an error out.
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
	case !method.Exists() && m.Result.Exists() != m.Err.Exists() &&
		(named || id.Type == gjson.Null && (id.Exists() || m.Err.Exists())):
		return KindResponse
	}
	return KindInvalid
}

const (
	metaVersion      = `_meta.io\.modelcontextprotocol/protocolVersion`
	metaCapabilities = `_meta.io\.modelcontextprotocol/clientCapabilities`
)

// Modern reports whether the message belongs to the stateless era, in which
// each request names its protocol version itself.
func (m Message) Modern() bool {
	return m.Params.Get(metaVersion).Exists()
}

// Answers reports whether m is a response to the request with the given raw
// id. An error whose id is null answers any request, because its sender could
// not read the request.
func (m Message) Answers(id string) bool {
	if m.Kind != KindResponse {
		return false
	}
	return sameID(m.ID, id) || m.Err.Exists() && (m.ID == "null" || m.ID == "")
}

// sameID compares two raw ids: numbers as written, strings as they read.
func sameID(a, b string) bool {
	return a == b || idKey(a) == idKey(b)
}

// idKey is the same for two raw ids that name the same request.
func idKey(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return raw
	}
	return `"` + gjson.Parse(raw).String() + `"`
}

// span returns the bytes of Raw that value was read from.
func (m Message) span(value gjson.Result) []byte {
	end := value.Index + len(value.Raw)
	if value.Index > 0 && end <= len(m.Raw) && string(m.Raw[value.Index:end]) == value.Raw {
		return m.Raw[value.Index:end:end]
	}
	return []byte(value.Raw)
}

// splice returns Raw with body in the place of value, which must have been
// read from Raw.
func (m Message) splice(value gjson.Result, body []byte) ([]byte, bool) {
	end := value.Index + len(value.Raw)
	if value.Index <= 0 || end > len(m.Raw) || string(m.Raw[value.Index:end]) != value.Raw {
		return nil, false
	}
	out := make([]byte, 0, len(m.Raw)-len(value.Raw)+len(body))
	out = append(out, m.Raw[:value.Index]...)
	out = append(out, body...)
	return append(out, m.Raw[end:]...), true
}

// body is the member of a response that carries what was answered.
func (m Message) body() gjson.Result {
	if m.Err.Exists() {
		return m.Err
	}
	return m.Result
}
