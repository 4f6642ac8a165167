package mcp

import (
	"encoding/json"
	"testing"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// FuzzParse checks that a message reads to us as it does to a reader that
// ignores the case of keys and takes the last of two, and that its parts are
// found where they stand.
func FuzzParse(f *testing.F) {
	f.Add([]byte(callEcho))
	f.Add([]byte(` {"jsonrpc":"2.0","i\u0064":"a\/b","result":{"tools":[]}} `))
	f.Add([]byte(`{"jsonrpc":"2.0","method":"ping","METHOD":"tools/call"}`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":null,"error":{"code":1}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Parse(raw, toolproxy.Gate{})
		if err != nil {
			if _, ok := toolproxy.AsRefusal(err); !ok {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		var other struct {
			ID             json.RawMessage
			Method         string
			Params, Result json.RawMessage
			Error          json.RawMessage
		}
		if err := json.Unmarshal(raw, &other); err != nil {
			t.Fatalf("another reader: %v", err)
		}
		if other.Method != m.Method || string(other.ID) != m.ID || string(other.Params) != m.Params.Raw {
			t.Fatalf("read %q %q %q, another reader %q %q %q", m.ID, m.Method, m.Params.Raw, other.ID, other.Method, other.Params)
		}
		for _, part := range []gjson.Result{m.Params, m.Result, m.Err} {
			if !part.Exists() {
				continue
			}
			if string(m.span(part)) != part.Raw {
				t.Fatalf("span %q of %q", m.span(part), part.Raw)
			}
			if same, ok := m.splice(part, []byte(part.Raw)); !ok || string(same) != string(raw) {
				t.Fatalf("splice of the same changes %q to %q", raw, same)
			}
		}
	})
}

func TestAnswers(t *testing.T) {
	cases := []struct {
		name, reply, id string
		want            bool
	}{
		{"number", `{"jsonrpc":"2.0","id":1,"result":1}`, `1`, true},
		{"other type", `{"jsonrpc":"2.0","id":"1","result":1}`, `1`, false},
		{"large numbers", `{"jsonrpc":"2.0","id":9007199254740992,"result":1}`, `9007199254740993`, false},
		{"escaped", `{"jsonrpc":"2.0","id":"a/b","result":1}`, `"a\/b"`, true},
		{"error without id", `{"jsonrpc":"2.0","error":{}}`, `1`, true},
		{"error with null", `{"jsonrpc":"2.0","id":null,"error":{}}`, `1`, true},
		{"result with null", `{"jsonrpc":"2.0","id":null,"result":1}`, `1`, false},
		{"request", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, `1`, false},
	}
	for _, c := range cases {
		if got := mustParse(t, c.reply).Answers(c.id); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
