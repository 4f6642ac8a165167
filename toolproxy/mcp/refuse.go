package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"callgate/toolproxy"
)

// JSON-RPC error codes that a refusal can carry. Those of the protocol are
// used where the protocol fixes them; the rest lie outside its reserved range
// of -32768 to -32000.
const (
	rpcParse          = -32700
	rpcInvalidRequest = -32600
	rpcInvalidParams  = -32602
	rpcHeaderMismatch = -32020
	rpcRefused        = 403
	rpcUpstream       = 502
	rpcUnavailable    = 503
)

// decision is what a refusal tells programs, in a tool result's _meta and in
// an error's data.
type decision struct {
	Decision string         `json:"decision"`
	Rules    []string       `json:"rules"`
	Record   string         `json:"record"`
	Question string         `json:"question,omitempty"`
	Code     toolproxy.Code `json:"code"`
}

func decisionOf(r *toolproxy.Refusal) decision {
	d := decision{Decision: r.Decision, Rules: r.Rules, Record: r.Record, Question: r.Question, Code: r.Code}
	if d.Decision == "" {
		d.Decision = "deny"
	}
	if d.Rules == nil {
		d.Rules = []string{}
	}
	return d
}

type textContent struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type toolResult struct {
	Meta       map[string]decision `json:"_meta"`
	ResultType string              `json:"resultType,omitempty"`
	Content    []textContent       `json:"content"`
	IsError    bool                `json:"isError"`
}

type rpcError struct {
	Code    int      `json:"code"`
	Message string   `json:"message"`
	Data    decision `json:"data"`
}

type rpcReply struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  *toolResult     `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

// refuse encodes a refusal for the client that sent m: a tool result that a
// model can read where m is a tool call, else an error.
func refuse(m Message, r *toolproxy.Refusal) []byte {
	reply := rpcReply{Version: "2.0", ID: json.RawMessage(m.ID)}
	if m.ID == "" {
		reply.ID = json.RawMessage("null")
	}
	code := rpcCode(r)
	if m.Method == methodCall && code > 0 {
		reply.Result = &toolResult{
			Meta:    map[string]decision{"callgate/decision": decisionOf(r)},
			Content: []textContent{{Type: "text", Text: speak(r)}},
			IsError: true,
		}
		if m.Modern() {
			reply.Result.ResultType = "complete"
		}
	} else {
		reply.Error = &rpcError{Code: code, Message: speak(r), Data: decisionOf(r)}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(reply); err != nil {
		return []byte(`{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"Refused by Callgate."}}`)
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

// speak makes the text of a refusal from fixed words, rule names and ids.
func speak(r *toolproxy.Refusal) string {
	if r.Message == "" {
		worded := *r // what a transport refuses did not pass the firewall, which words the rest
		r = worded.Worded()
	}
	var b strings.Builder
	b.WriteString("Callgate (" + string(r.Code) + "): " + r.Message)
	if len(r.Rules) > 0 {
		b.WriteString("\nRules: " + strings.Join(r.Rules, ", "))
	}
	if r.Hint != "" {
		b.WriteString("\nInstead: " + r.Hint)
	}
	if r.Question != "" {
		b.WriteString("\nQuestion: " + r.Question)
	}
	if r.Record != "" {
		b.WriteString("\nRecord: " + r.Record)
	}
	return b.String()
}

// rpcCode gives the JSON-RPC error code of a refusal. It is negative where the
// message itself is at fault, so that not even a tool call was understood.
func rpcCode(r *toolproxy.Refusal) int {
	switch r.Code {
	case toolproxy.CodeInvalidJSON, toolproxy.CodeInvalidUTF8, toolproxy.CodeDuplicateKey:
		return rpcParse
	case toolproxy.CodeInvalidMessage:
		if errors.Is(r, errParams) || errors.Is(r, errParamsCase) {
			return rpcInvalidParams
		}
		return rpcInvalidRequest
	case toolproxy.CodeTooLarge, toolproxy.CodeTooDeep, toolproxy.CodeBatch, toolproxy.CodeSlowClient:
		return rpcInvalidRequest
	case toolproxy.CodeHeaderMismatch:
		return rpcHeaderMismatch
	case toolproxy.CodeUpstreamUnavailable, toolproxy.CodeUpstreamTimeout,
		toolproxy.CodeUpstreamInvalid, toolproxy.CodeUpstreamTooLarge:
		return rpcUpstream
	case toolproxy.CodeRecordUnavailable, toolproxy.CodeOverload:
		return rpcUnavailable
	}
	return rpcRefused
}
