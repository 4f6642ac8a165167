package toolproxy

// words are what an agent reads for each code, and the next step: fixed text, so
// that neither a cause nor an attacker's words reach a model.
var words = map[Code]struct{ message, hint string }{
	CodeInvalidJSON:         {"The message is not valid JSON.", "Send one complete JSON value."},
	CodeInvalidUTF8:         {"The message is not valid Unicode text.", "Send UTF-8 without lone surrogates."},
	CodeDuplicateKey:        {"The message has the same key twice, or twice but for its case.", "Send each key once."},
	CodeTooLarge:            {"The message is larger than this firewall accepts.", "Send less, or ask the operator to raise limits.max_request."},
	CodeTooDeep:             {"The message is nested deeper than this firewall accepts.", "Send a flatter value."},
	CodeBatch:               {"Batches are not accepted.", "Send one message at a time."},
	CodeInvalidMessage:      {"The message is not one that this endpoint understands.", "Check the protocol version and the shape of the message."},
	CodeHeaderMismatch:      {"The request's headers and body disagree.", "Send headers that repeat the body exactly."},
	CodeOrigin:              {"The Host or Origin of the request is not accepted.", "Ask the operator about allowed_hosts and allowed_origins."},
	CodeUnauthenticated:     {"The caller is not known.", "Send Authorization: Bearer KEY with a key of this firewall."},
	CodeUnknownServer:       {"No server of this name is configured.", "Ask the operator which servers there are."},
	CodeSlowClient:          {"The request did not arrive in time.", "Send the request again without pausing."},
	CodeOverload:            {"Too many calls are under way.", "Try again in a moment."},
	CodeDenied:              {"The call was refused by policy.", ""},
	CodeAsk:                 {"The call needs the approval of a person.", "Ask the person you work for to approve it, then make the same call again."},
	CodeNotApproved:         {"A person was asked to approve the call, and refused.", "Do not make the call again; ask the person you work for what to do."},
	CodeTooManyAsked:        {"The call needs the approval of a person, and too many calls wait for one.", "Wait until the calls before it are approved or refused."},
	CodePolicyError:         {"The call was refused because policy gave no answer.", "Tell the operator the record id."},
	CodePolicyTimeout:       {"The call was refused because policy took too long.", "Tell the operator the record id."},
	CodeDetectorError:       {"The call was refused because it could not be examined.", "Tell the operator the record id."},
	CodeInternal:            {"The call was refused because the firewall failed.", "Tell the operator the record id."},
	CodeRecordUnavailable:   {"The firewall is unavailable: it cannot write its record, so nothing was forwarded.", "Tell the operator, and try again later."},
	CodeUpstreamUnavailable: {"The tool's server cannot be reached.", "Try again later."},
	CodeUpstreamTimeout:     {"The call was forwarded, but the tool's server did not answer in time.", "Try again later; the call may have had its effect."},
	CodeUpstreamInvalid:     {"The call was forwarded, but the server's answer cannot be trusted.", "Tell the operator the record id."},
	CodeUpstreamTooLarge:    {"The call was forwarded, but the server's answer is larger than this firewall accepts.", "Ask for less."},
	CodeResultWithheld:      {"The call was made, but its result was withheld: it holds text that could turn an agent.", "Go on without this result, and tell the person you work for."},
	CodeCancelled:           {"The call was cancelled.", ""},
}

// Worded gives the refusal the fixed words of its code. A hint that it has
// already, such as the nearest allowed action, stays.
func (r *Refusal) Worded() *Refusal {
	w := words[r.Code]
	r.Message = w.message
	if r.Hint == "" {
		r.Hint = w.hint
	}
	return r
}
