package sidecar

import (
	"slices"
	"strings"
	"testing"

	"callgate/detectors/effects"
	"callgate/policy"
	"callgate/toolproxy"
)

// carrier is a call of a tool that makes calls of others, with all of them at
// hand.
func carrier(arguments string, scopes ...string) *toolproxy.Call {
	c := call("call_tool", arguments, scopes...)
	c.Definition = defineAs(`{"type":"object","properties":{"name":{"type":"string"},"arguments":{}},"required":["name"]}`, "call_tool", "Call a tool by its name.")
	c.AtHand = []*toolproxy.Tool{
		c.Definition, tool("get_contact", "Read a contact."), tool("delete_contact", "Delete a contact."),
		defineAs(`{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}`, "update_contact", "Change a contact."),
		tool("mail_send", "Send a mail."), tool("mail_draft", "Save a draft of a mail."), tool("fetch_page", "Fetch a web page."),
	}
	return c
}

func defineAs(schema, name, description string) *toolproxy.Tool {
	t := tool(name, description)
	t.InputSchema = []byte(schema)
	return t
}

var twins = map[string]*effects.Override{
	"mail_send":  {Effects: []string{"send"}, Domains: []string{"mail"}, DraftTwin: "mail_draft"},
	"mail_draft": {Effects: []string{"draft"}, Domains: []string{"mail"}},
}

// TestCarriedCallIsJudged: what a call carries is judged in its place, and the
// carrier is what goes.
func TestCarriedCallIsJudged(t *testing.T) {
	for name, c := range map[string]struct {
		arguments, scopes string
		tool, effects     string
		refused           string // rules; "" for an allow
	}{
		"a read":             {`{"name":"get_contact","arguments":{"id":"c-1"}}`, "*:read", "get_contact", "read", ""},
		"a deletion":         {`{"name":"delete_contact","arguments":{"id":"c-1"}}`, "*:read", "delete_contact", "delete", "least_privilege"},
		"as a text":          {`{"name":"delete_contact","arguments":"{\"id\":\"c-1\"}"}`, "*:read", "delete_contact", "delete", "least_privilege"},
		"its own schema":     {`{"name":"update_contact","arguments":{"id":5}}`, "*:*", "update_contact", "write", "schema"},
		"a tool not listed":  {`{"name":"purge_database","arguments":{}}`, "*:read", "purge_database", "delete", "least_privilege"},
		"a carrier":          {`{"name":"call_tool","arguments":{"name":"delete_contact","arguments":{}}}`, "*:read", "call_tool", "unknown", "least_privilege, unknown_effect"},
		"in another case":    {`{"name":"Delete_Contact","arguments":{}}`, "*:*", "Delete_Contact", "unknown", "unknown_effect"},
		"with a space":       {`{"name":"get_contact ","arguments":{}}`, "*:read", "get_contact ", "unknown", "least_privilege, unknown_effect"},
		"behind a prefix":    {`{"name":"mcp__office__get_contact","arguments":{}}`, "*:*", "mcp__office__get_contact", "unknown", "unknown_effect"},
		"a word of its own":  {`{"name":"read.frobnicate","arguments":{}}`, "*:*", "read.frobnicate", "unknown", "unknown_effect"},
		"of another server":  {`{"server":"bank","name":"get_contact","arguments":{}}`, "*:*", "bank/get_contact", "unknown", "unknown_effect"},
		"no call at all":     {`{"name":"get_contact","arguments":"nonsense"}`, "*:read", "call_tool", "unknown", "least_privilege, unknown_effect"},
		"an address":         {`{"name":"fetch_page","arguments":{"url":"http://169.254.169.254/latest"}}`, "*:read", "fetch_page", "read", "egress, exfil_url"},
		"a secret beside it": {`{"name":"get_contact","arguments":{},"note":"` + planted + `"}`, "*:*", "get_contact", "read", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, setup{override: twins})
			up := &upstream{answer: "ok"}
			made := carrier(c.arguments, c.scopes)
			_, err := b.Guard(up).ServeCall(t.Context(), made)
			r := b.one()
			if r.Tool != c.tool || !slices.Contains(r.Effects, c.effects) {
				t.Errorf("judged %s: %v", r.Tool, r.Effects)
			}
			if c.refused == "" {
				if err != nil || string(up.got[0].Arguments) != c.arguments || up.got[0].Tool != "call_tool" {
					t.Errorf("forwarded %v, %v", up.got, err)
				}
				return
			}
			if got := strings.Join(r.Rules, ", "); got != c.refused || len(up.got) > 0 {
				t.Errorf("refused by %s, forwarded %d: %v\n%s", got, len(up.got), r.Reasons, r.Input)
			}
		})
	}
}

// TestCarriedCallIsRewritten: edits of a carried call are made where it stands.
func TestCarriedCallIsRewritten(t *testing.T) {
	for arguments, want := range map[string]string{
		`{"name":"mail_send","arguments":{"to":"dana@example.com"},"x":1}`:         `{"name":"mail_draft","arguments":{"to":"dana@example.com"},"x":1}`,
		`{"name":"mail_send","arguments":"{\"to\":\"dana@example.com\"}","x":[ ]}`: `{"name":"mail_draft","arguments":"{\"to\":\"dana@example.com\"}","x":[ ]}`,
	} {
		b := open(t, setup{override: twins})
		up := &upstream{answer: "ok"}
		result, err := b.Guard(up).ServeCall(t.Context(), carrier(arguments, "mail:draft"))
		if err != nil || string(up.got[0].Arguments) != want || up.got[0].Tool != "call_tool" {
			t.Fatalf("sent %v, %v; %s\n%s", up.got, err, b.one().Cause, b.one().Input)
		}
		if result.Notice == nil || !strings.Contains(result.Notice.Message, "mail_draft ran in place of mail_send") {
			t.Errorf("told %+v", result.Notice)
		}
	}
}

// TestCarriedCallsTogether: where several calls are carried, each has to be one
// that may be made.
func TestCarriedCallsTogether(t *testing.T) {
	catalogue := effects.File{Name: "own.json", Data: []byte(`{"server":"cmd:own","tools":{"batch":{"schema":"` + effects.SchemaHash([]byte(`{"type":"object"}`)) + `",
		"effects":[],"domains":["other"],"carries":{"calls":"/calls/*","tool":"tool","arguments":"args"}}}}`)}
	b := open(t, setup{override: twins, catalogues: []effects.File{catalogue}})
	both := carrier(`{"calls":[{"tool":"get_contact","args":{}},{"tool":"delete_contact","args":{"id":"c-1"}}]}`, "*:read")
	both.Tool, both.Definition = "batch", tool("batch", "")
	_, err := b.Guard(&upstream{}).ServeCall(t.Context(), both)
	refusedAs(t, err, toolproxy.CodeDenied, "policy")
	in, err := policy.ReadInput(b.one().Input)
	if err != nil || in.Call.Tool != "batch" || strings.Join(in.Call.Tools, " ") != "delete_contact get_contact" || strings.Join(in.Call.Effects, " ") != "delete read" {
		t.Errorf("judged %+v, %v", in, err)
	}
	faulty := carrier(`{"calls":[{"tool":"get_contact","args":{}},{"tool":"update_contact","args":{"id":5}}]}`, "*:*")
	faulty.Tool, faulty.Definition = "batch", tool("batch", "")
	_, err = b.Guard(&upstream{}).ServeCall(t.Context(), faulty)
	if refusal := refusedAs(t, err, toolproxy.CodeDenied, "policy"); strings.Join(refusal.Rules, " ") != "schema" {
		t.Errorf("refused by %v", refusal.Rules)
	}
	reads := carrier(`{"calls":[{"tool":"get_contact","args":{}},{"tool":"get_contact","args":{"id":"c-1"}}]}`, "*:read")
	reads.Tool, reads.Definition = "batch", tool("batch", "")
	if _, err := b.Guard(&upstream{answer: "ok"}).ServeCall(t.Context(), reads); err != nil {
		t.Error(err)
	}
}

// TestCarriedToolsDrift: a carrier hides no change of its tools, nor of its own.
func TestCarriedToolsDrift(t *testing.T) {
	arguments := `{"name":"get_contact","arguments":{"id":"c-1"}}`
	for changed := range 2 { // the carrier, and the tool that it calls
		b := open(t, setup{override: twins})
		if _, err := b.Guard(&upstream{answer: "ok"}).ServeCall(t.Context(), carrier(arguments, "*:read")); err != nil {
			t.Fatal(err)
		}
		c := carrier(arguments, "*:read")
		c.AtHand[changed].InputSchema = append([]byte(nil), `{"type":"object","properties":{"name":{},"arguments":{},"more":{}}}`...)
		c.AtHand[changed].Hash = "changed"
		b.asks(c)
	}
}

// TestNamesOfResources: what a server could fetch from others is a target, its
// own names are none.
func TestNamesOfResources(t *testing.T) {
	for uri, want := range map[string]string{
		"notes://today": "allow", "demo://resource/static": "allow", "http://10.0.0.5/": "deny", "ftps://10.0.0.5/": "deny",
		"gopher://10.0.0.5/": "deny", "\u0001http://10.0.0.5/": "deny",
	} {
		b := open(t, setup{})
		c := call("resources/read", `{"uri":"`+uri+`"}`, "*:read")
		c.Implied, c.Definition = []string{"read"}, nil
		_, _ = b.Guard(&upstream{answer: "ok"}).ServeCall(t.Context(), c) // the record tells
		if r := b.one(); r.Decision != want {
			t.Errorf("%s: %s by %v", uri, r.Decision, r.Rules)
		}
	}
}
