package httptool

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"callgate/toolproxy"
)

func TestParseCall(t *testing.T) {
	asked, err := ParseCall([]byte(`{"server":"mail","tool":"send","arguments":{"to":"a@example.com","n":9007199254740993},
		"definition":{"description":"Send a mail","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":false}},
		"caller":"sales","session":"s1"}`), toolproxy.Gate{})
	if err != nil {
		t.Fatal(err)
	}
	c := asked.Call
	if c.Server != "mail" || c.Tool != "send" || c.Session != "s1" || asked.Caller != "sales" {
		t.Errorf("got %+v of %q", c, asked.Caller)
	}
	if string(c.Arguments) != `{"to":"a@example.com","n":9007199254740993}` {
		t.Errorf("arguments changed: %s", c.Arguments)
	}
	d := c.Definition
	if d.Name != "send" || d.Server != "mail" || d.Description != "Send a mail" || string(d.InputSchema) != `{"type":"object"}` || len(d.Hash) != 64 {
		t.Errorf("definition %+v", d)
	}
}

func TestParseCallHashIgnoresForm(t *testing.T) {
	hash := func(definition string) string {
		asked, err := ParseCall([]byte(`{"server":"a","tool":"b","definition":`+definition+`}`), toolproxy.Gate{})
		if err != nil {
			t.Fatal(err)
		}
		return asked.Call.Definition.Hash
	}
	if hash(`{"description":"x","annotations":{}}`) != hash(`{ "annotations": { }, "description": "\u0078" }`) {
		t.Error("the order of members and white space change the hash")
	}
	if hash(`{"description":"x"}`) == hash(`{"description":"y"}`) {
		t.Error("another description has the same hash")
	}
}

func TestParseCallRefuses(t *testing.T) {
	cases := []struct {
		raw  string
		code toolproxy.Code
	}{
		{`[]`, toolproxy.CodeInvalidMessage},
		{`{}`, toolproxy.CodeInvalidMessage},
		{`{"server":"a"}`, toolproxy.CodeInvalidMessage},
		{`{"server":"a","tool":1}`, toolproxy.CodeInvalidMessage},
		{`{"server":"a","tool":"b","arguments":[]}`, toolproxy.CodeInvalidMessage},
		{`{"server":"a","tool":"b","definition":"x"}`, toolproxy.CodeInvalidMessage},
		{`{"server":"a","tool":"b","effects":["read"]}`, toolproxy.CodeInvalidMessage},
		{`{"server":"a","tool":"b","Tool":"c"}`, toolproxy.CodeDuplicateKey},
		{`{"server":"a",`, toolproxy.CodeInvalidJSON},
	}
	for _, c := range cases {
		_, err := ParseCall([]byte(c.raw), toolproxy.Gate{})
		refusal, ok := toolproxy.AsRefusal(err)
		if !ok || refusal.Code != c.code {
			t.Errorf("%s: got %v, want %s", c.raw, err, c.code)
		}
	}
}

func TestWriteProblem(t *testing.T) {
	w := httptest.NewRecorder()
	WriteProblem(w, &toolproxy.Refusal{Code: toolproxy.CodeUnauthenticated, Decision: "deny", Message: "no", Record: "r1"})
	if w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("status %d, header %v", w.Code, w.Header())
	}
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if p.Code != "unauthenticated" || p.Record != "r1" || p.Status != 401 || p.Rules == nil {
		t.Errorf("got %+v", p)
	}
}
