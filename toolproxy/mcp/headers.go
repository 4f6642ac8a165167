package mcp

import (
	"errors"
	"mime"
	"net/http"
	"net/textproto"
	"strings"

	mcpgo "github.com/mark3labs/mcp-go/mcp"
	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// Header names in canonical form.
const (
	headerVersion = "Mcp-Protocol-Version"
	headerSession = "Mcp-Session-Id"
	headerMethod  = "Mcp-Method"
	headerName    = "Mcp-Name"
	headerParam   = "Mcp-Param-"
)

// hopByHop are the headers that belong to one connection (RFC 9110, section
// 7.6.1).
var hopByHop = map[string]bool{
	"Connection": true, "Proxy-Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true,
	"Proxy-Authorization": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

// keptHere are the client's headers that say who the client is to us. Tokens
// are never passed on, and an origin or address of the client means nothing to
// the upstream.
var keptHere = map[string]bool{
	"Authorization": true, "X-Callgate-Key": true, "Cookie": true, "Origin": true, "Referer": true,
	"Forwarded": true, "Expect": true, "Content-Length": true, "Content-Encoding": true, "Accept-Encoding": true,
}

// keptThere are the upstream's headers that are not for the client: its
// demands of credentials are met by us, and it may not open this listener to
// web pages or send the client elsewhere.
var keptThere = map[string]bool{
	"Www-Authenticate": true, "Set-Cookie": true, "Content-Length": true, "Location": true, "Alt-Svc": true,
	"Strict-Transport-Security": true, "Content-Location": true, "Refresh": true, "Clear-Site-Data": true,
	"Content-Security-Policy": true,
}

// steering are headers that some servers obey in place of the method, the path
// or the address that the request really has.
var steering = map[string]bool{
	"X-Http-Method": true, "X-Http-Method-Override": true, "X-Method-Override": true,
	"X-Original-Method": true, "X-Original-Url": true, "X-Original-Uri": true, "X-Original-Host": true,
	"X-Rewrite-Url": true, "X-Host": true, "X-Real-Ip": true, "X-Client-Ip": true, "X-Cluster-Client-Ip": true,
	"True-Client-Ip": true, "Cf-Connecting-Ip": true, "Via": true,
}

// passes reports whether a client's header goes to the upstream. One with an
// underscore does not: many servers take it for the hyphen of another name.
func passes(name string) bool {
	return !hopByHop[name] && !keptHere[name] && !steering[name] && strings.IndexByte(name, '_') < 0 &&
		!strings.HasPrefix(name, "Callgate-") && !strings.HasPrefix(name, "X-Forwarded-")
}

// requestHeaders is what of a client's headers goes to the upstream.
func requestHeaders(from http.Header) http.Header {
	to := make(http.Header, len(from)+4)
	hops := hopsOf(from)
	for name, values := range from {
		if passes(name) && !hops[name] {
			to[name] = values
		}
	}
	to["Accept-Encoding"] = []string{"identity"}
	return to
}

// replyHeaders puts what of an upstream's headers goes to the client into to.
func replyHeaders(to, from http.Header) {
	hops := hopsOf(from)
	for name, values := range from {
		if hops[name] || hopByHop[name] || keptThere[name] || strings.HasPrefix(name, "Access-Control-") {
			continue
		}
		to[name] = values
	}
}

// hopsOf gives the headers that a Connection header names; nil for none.
func hopsOf(from http.Header) map[string]bool {
	var hops map[string]bool
	for _, line := range from["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			if hops == nil {
				hops = map[string]bool{}
			}
			hops[textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))] = true
		}
	}
	return hops
}

var errMediaType = errors.New("the body is not of the type application/json in UTF-8")

// readAsJudged checks that the Content-Type of a client lets nobody read the
// body as anything but the UTF-8 JSON that is judged. Where there is none it is
// the upstream's to say what that means.
func readAsJudged(h http.Header) *toolproxy.Refusal {
	types := h["Content-Type"]
	if len(types) == 0 || len(types) == 1 && mediaType(h) == "application/json" && inUTF8(types[0]) {
		return nil
	}
	return toolproxy.Refuse(toolproxy.CodeInvalidMessage, "gate", errMediaType)
}

// inUTF8 reports whether a Content-Type names no other character set.
func inUTF8(contentType string) bool {
	_, params, err := mime.ParseMediaType(contentType)
	charset, named := params["charset"]
	return err == nil && (!named || strings.EqualFold(charset, "utf-8"))
}

func mismatch(cause string) *toolproxy.Refusal {
	return toolproxy.Refuse(toolproxy.CodeHeaderMismatch, "gate", errors.New(cause))
}

// agree checks that a message's headers say the same as its body, so that
// nothing on the way that reads only the headers is misled. What the modern
// era requires must be there; what is there must be right in either era. The
// tool may be nil where none is known.
func agree(h http.Header, m Message, tool *known) *toolproxy.Refusal {
	for _, name := range []string{headerVersion, headerMethod, headerName, headerSession} {
		if len(h[name]) > 1 {
			return mismatch(name + " is sent twice")
		}
	}
	strict := false
	if version := m.Params.Get(metaVersion); version.Exists() {
		if h.Get(headerVersion) != version.String() {
			return mismatch(headerVersion + " is not the version of _meta")
		}
		// Whether it serves a version that is not known here is the upstream's to say.
		strict = m.Kind == KindRequest && mcpgo.IsValidProtocolVersion(version.String())
	}
	if m.Method == "" {
		if len(h[headerMethod])+len(h[headerName]) > 0 {
			return mismatch("a response has the headers of a request")
		}
		return nil
	}
	if refusal := agreeMethod(h, m, strict); refusal != nil {
		return refusal
	}
	return agreeParams(h, m, tool)
}

func agreeMethod(h http.Header, m Message, strict bool) *toolproxy.Refusal {
	switch method := h.Get(headerMethod); {
	case method == "" && strict:
		return mismatch(headerMethod + " is missing")
	case method != "" && method != m.Method:
		return mismatch(headerMethod + " is not the method of the body")
	}
	var want gjson.Result
	switch m.Method {
	case methodCall, "prompts/get":
		want = m.Params.Get("name")
	case "resources/read":
		want = m.Params.Get("uri")
	default:
		return nil
	}
	sent := h.Get(headerName)
	name, readable := mcpgo.DecodeHeaderValue(sent)
	switch {
	case sent == "" && strict:
		return mismatch(headerName + " is missing")
	case sent != "" && (!readable || want.Type != gjson.String || name != want.Str):
		return mismatch(headerName + " is not the name in the body")
	}
	return nil
}

// agreeParams checks the Mcp-Param headers that the tool's schema declares.
// Others are not for us to know.
func agreeParams(h http.Header, m Message, tool *known) *toolproxy.Refusal {
	if m.Method != methodCall || tool == nil || tool.headers == nil {
		return nil
	}
	sent := false
	for name, values := range h {
		if strings.HasPrefix(name, headerParam) {
			if sent = true; len(values) > 1 {
				return mismatch("an Mcp-Param header is sent twice")
			}
		}
	}
	if !sent && !m.Modern() {
		return nil
	}
	lookup := func(name string) (string, bool) {
		values := h.Values(name)
		if len(values) == 0 {
			return "", false
		}
		return values[0], true
	}
	if err := mcpgo.ValidateParamHeadersLookup(lookup, tool.headers, []byte(m.Params.Raw)); err != nil {
		return mismatch("an Mcp-Param header is not the argument in the body")
	}
	return nil
}

// restate makes the headers say what a message of our own making says, where
// its era or the client's own headers have them.
func restate(h http.Header, m Message, tool *known) {
	had := h.Get(headerMethod) != "" || m.Modern()
	for name := range h {
		if name == headerMethod || name == headerName || strings.HasPrefix(name, headerParam) {
			delete(h, name)
		}
	}
	if !had {
		return
	}
	params := []byte(m.Params.Raw)
	for name, value := range mcpgo.StandardHeaders(mcpgo.ProtocolVersion20260728, mcpgo.MCPMethod(m.Method), params) {
		h.Set(name, value)
	}
	if tool != nil && tool.headers != nil {
		for name, value := range mcpgo.GenerateParamHeaders(tool.headers, params) {
			h.Set(name, value)
		}
	}
}

// conversation is the session that a client names, by our header, our key in
// _meta, the legacy session or the trace, in this order.
func conversation(h http.Header, m Message) string {
	session := h.Get("Callgate-Session")
	if session == "" {
		session = m.Params.Get(`_meta.callgate/session`).String()
	}
	if session == "" {
		session = h.Get(headerSession)
	}
	if session == "" {
		session = trace(h.Get("Traceparent"))
	}
	if session == "" {
		session = trace(m.Params.Get(`_meta.traceparent`).String())
	}
	if len(session) > 256 {
		return digest(session)
	}
	return session
}

// trace gives the trace id of a W3C traceparent, or nothing.
func trace(parent string) string {
	parts := strings.Split(parent, "-")
	if len(parts) < 4 || len(parts[1]) != 32 || strings.Trim(parts[1], "0") == "" ||
		strings.Trim(parts[1], "0123456789abcdef") != "" {
		return ""
	}
	return parts[1]
}
