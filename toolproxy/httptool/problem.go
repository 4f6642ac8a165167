package httptool

import (
	"encoding/json"
	"net/http"

	"callgate/toolproxy"
)

// Problem is a refusal as an application/problem+json document (RFC 9457).
type Problem struct {
	Type     string   `json:"type"`
	Title    string   `json:"title"`
	Status   int      `json:"status"`
	Detail   string   `json:"detail,omitempty"`
	Code     string   `json:"code"`
	Decision string   `json:"decision"`
	Rules    []string `json:"rules"`
	Record   string   `json:"record,omitempty"`
	Question string   `json:"question,omitempty"`
}

// status maps a code to the HTTP status that says the same.
var status = map[toolproxy.Code]int{
	toolproxy.CodeInvalidJSON:         http.StatusBadRequest,
	toolproxy.CodeInvalidUTF8:         http.StatusBadRequest,
	toolproxy.CodeDuplicateKey:        http.StatusBadRequest,
	toolproxy.CodeTooLarge:            http.StatusRequestEntityTooLarge,
	toolproxy.CodeTooDeep:             http.StatusBadRequest,
	toolproxy.CodeBatch:               http.StatusBadRequest,
	toolproxy.CodeInvalidMessage:      http.StatusBadRequest,
	toolproxy.CodeHeaderMismatch:      http.StatusBadRequest,
	toolproxy.CodeOrigin:              http.StatusForbidden,
	toolproxy.CodeUnauthenticated:     http.StatusUnauthorized,
	toolproxy.CodeUnknownServer:       http.StatusNotFound,
	toolproxy.CodeSlowClient:          http.StatusRequestTimeout,
	toolproxy.CodeTooManyAsked:        http.StatusTooManyRequests,
	toolproxy.CodeOverload:            http.StatusServiceUnavailable,
	toolproxy.CodeRecordUnavailable:   http.StatusServiceUnavailable,
	toolproxy.CodeUpstreamUnavailable: http.StatusBadGateway,
	toolproxy.CodeUpstreamTimeout:     http.StatusGatewayTimeout,
	toolproxy.CodeUpstreamInvalid:     http.StatusBadGateway,
	toolproxy.CodeUpstreamTooLarge:    http.StatusBadGateway,
	toolproxy.CodeInternal:            http.StatusInternalServerError,
}

// Status gives the HTTP status of a code; what is not listed is 403.
func Status(code toolproxy.Code) int {
	if s, ok := status[code]; ok {
		return s
	}
	return http.StatusForbidden
}

// WriteProblem answers a request with a refusal.
func WriteProblem(w http.ResponseWriter, r *toolproxy.Refusal) {
	p := Problem{
		Type: "about:blank", Title: r.Error(), Status: Status(r.Code), Detail: r.Hint,
		Code: string(r.Code), Decision: r.Decision, Rules: r.Rules, Record: r.Record, Question: r.Question,
	}
	if p.Rules == nil {
		p.Rules = []string{}
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="callgate"`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	// A client that is gone does not read its problem.
	_ = json.NewEncoder(w).Encode(p)
}
