package effects

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"callgate/detectors/code"
)

// told writes carried calls as "server/tool arguments at at".
func told(calls []Carried) []string {
	var out []string
	for _, c := range calls {
		out = append(out, fmt.Sprintf("%s/%s %s %s %s", c.Server, c.Tool, c.Arguments, c.ToolAt, c.ArgumentsAt))
	}
	return out
}

func TestCarried(t *testing.T) {
	j := shipped(t)
	for _, c := range []struct {
		tool, arguments string
		want            []string
		ok              bool
	}{
		{"call_tool", `{"name":"delete_file","arguments":{"path":"/a"}}`, []string{`/delete_file {"path":"/a"} /name /arguments`}, true},
		{"mcp_callTool", `{"toolName":"files/delete_file","params":"{\"path\":\"/a\"}"}`, []string{`files/delete_file {"path":"/a"} /toolName /params`}, true},
		{"invoke_tool", `{"server":"files","tool":"a/b"}`, []string{`files/a/b {} /tool `}, true},
		{"run_tool", `{"tool_name":"x","input":null}`, []string{`/x {} /tool_name /input`}, true},
		{"use_tool", `{"name":"x","args":""}`, []string{`/x {} /name /args`}, true},
		{"execute_tool", `{"function":{"name":"x","arguments":"{}"}}`, []string{`/x {} /function/name /function/arguments`}, true},
		{"batch_tools", `{"calls":[{"name":"x","args":{}},{"name":"y","args":{"a":1}}]}`, []string{`/x {} /calls/0/name /calls/0/args`, `/y {"a":1} /calls/1/name /calls/1/args`}, true},
		{"invoke", `{"name":"x","args":{"a":1}}`, []string{`/x {"a":1} /name /args`}, true},
		{"invoke", `{"lambda":"x","args":{}}`, nil, true},
		{"invoke", `{"name":"x"}`, nil, true},
		{"get_user", `{"name":"x","args":{}}`, nil, true},

		{"call_tool", `{}`, nil, false},
		{"call_tool", `[]`, nil, false},
		{"call_tool", `{"name":""}`, nil, false},
		{"call_tool", `{"name":7,"args":{}}`, nil, false},
		{"call_tool", `{"name":"x","tool":"y"}`, nil, false},
		{"call_tool", `{"name":"x","args":{},"params":{}}`, nil, false},
		{"call_tool", `{"name":"x","args":[]}`, nil, false},
		{"call_tool", `{"name":"x","args":7}`, nil, false},
		{"call_tool", `{"name":"x","server":7}`, nil, false},
		{"call_tool", `{"name":"x","args":"{\"a\":1,\"a\":2}"}`, nil, false},
		{"call_tool", `{"name":"x","args":"{\"a\":{\"b\":1,\"B\":2}}"}`, nil, false},
		{"call_tool", `{"name":"x","args":"{\"a\":1} x"}`, nil, false},
		{"call_tool", `{"name":"x","args":"[1]"}`, nil, false},
		{"call_tool", fmt.Sprintf(`{"name":"x","args":%q}`, nested(maxDepth+1)), nil, false},
		{"batch_tools", `{"calls":[]}`, nil, false},
		{"batch_tools", `{"calls":[{"name":"x"},{}]}`, nil, false},
		{"batch_tools", `{"calls":[` + strings.Repeat(`{"name":"x"},`, MaxCarried) + `{"name":"x"}]}`, nil, false},
	} {
		v := j.Of(described(c.tool, "name", "toolName", "tool", "tool_name", "function", "calls"), nil)
		calls, ok := j.Carried(v, json.RawMessage(c.arguments), nil)
		if got := told(calls); ok != c.ok || !slices.Equal(got, c.want) {
			t.Errorf("%s(%.80s) carries %q, %v, want %q", c.tool, c.arguments, got, ok, c.want)
		}
		f := j.Call(v, json.RawMessage(c.arguments))
		if !ok != slices.Contains(f.Effects, Unknown) || !ok != slices.Contains(f.Traits, code.Opaque) {
			t.Errorf("%s(%.80s) is %v %v", c.tool, c.arguments, f.Effects, f.Traits)
		}
		if len(calls) > 0 && meet(f.Effects, carrierEffects) {
			t.Errorf("%s(%.80s) carries calls and is %v itself", c.tool, c.arguments, f.Effects)
		}
	}
	most := `{"calls":[` + strings.Repeat(`{"name":"x"},`, MaxCarried-1) + `{"name":"x"}]}`
	if calls, ok := j.Carried(j.Of(described("batch_tools"), nil), json.RawMessage(most), nil); !ok || len(calls) != MaxCarried {
		t.Errorf("%d calls, %v", len(calls), ok)
	}
	deepest := fmt.Sprintf(`{"name":"x","args":%q}`, nested(maxDepth))
	if calls, ok := j.Carried(j.Of(described("call_tool"), nil), json.RawMessage(deepest), nil); !ok || len(calls) != 1 {
		t.Errorf("as deep as may be: %d calls, %v", len(calls), ok)
	}
}

func TestCarriedByCatalogue(t *testing.T) {
	for _, c := range []struct {
		carries, arguments string
		want               []string
		ok                 bool
		effects            string
	}{
		{`{"tool":"n","arguments":"a"}`, `{"n":"x","a":{"b":1}}`, []string{`/x {"b":1} /n /a`}, true, ""},
		{`{"tool":"/run/n","arguments":"/run/a","server":"s"}`, `{"run":{"n":"x"},"s":"files"}`, []string{`files/x {} /run/n `}, true, ""},
		{`{"calls":"/steps/*","tool":"n","arguments":"a"}`, `{"steps":[{"n":"x"},{"n":"y","a":{}}]}`, []string{`/x {} /steps/0/n `, `/y {} /steps/1/n /steps/1/a`}, true, ""},
		{`{"calls":"/steps/*","tool":"n","arguments":"a"}`, `{"steps":[]}`, nil, false, "unknown"},
		{`{"tool":"n","arguments":"a"}`, `{"name":"x"}`, nil, false, "unknown"},
		{`{"code":"js"}`, `{"js":"await tools.read_file({path: x}); files['send-mail'](1); deleteFile()"}`, []string{`/delete_file  /js `, `/read_file  /js `, `/send-mail  /js `}, true, "execute"},
		{`{"code":"js"}`, `{"js":7}`, nil, false, "unknown"},
	} {
		j, err := New([]byte(`{}`), File{Name: "x", Data: []byte(`{"server":"x","tools":{"zap":{"schema":"` + SchemaHash([]byte(`{}`)) + `","effects":[],"domains":["other"],"carries":` + c.carries + `}}}`)})
		if err != nil {
			t.Fatal(err)
		}
		v := j.Of(WordsOf("acme", "zap", "", json.RawMessage(`{ }`), nil), nil)
		calls, ok := j.Carried(v, json.RawMessage(c.arguments), NewAtHand([]string{"read_file", "send-mail", "delete_file", "list", ""}))
		if got := told(calls); ok != c.ok || !slices.Equal(got, c.want) {
			t.Errorf("%s: %s carries %q, %v, want %q", c.carries, c.arguments, got, ok, c.want)
		}
		if f := j.Call(v, json.RawMessage(c.arguments)); !slices.Equal(f.Effects, strings.Fields(c.effects)) {
			t.Errorf("%s: %s is %v, want %q", c.carries, c.arguments, f.Effects, c.effects)
		}
	}
}

// TestCodeMode names tools in the program of a tool that runs code.
func TestCodeMode(t *testing.T) {
	j := shipped(t)
	v := j.Of(described("run_code", "code"), nil)
	arguments := json.RawMessage(`{"code":"const r = await callTool(\"files/read_file\"); SEND_MAIL(r)"}`)
	calls, ok := j.Carried(v, arguments, NewAtHand([]string{"read_file", "sendMail", "write_file"}))
	if got := told(calls); !ok || !slices.Equal(got, []string{"/read_file  /code ", "/sendMail  /code "}) {
		t.Errorf("%q, %v", got, ok)
	}
	if f := j.Call(v, arguments); !slices.Equal(f.Effects, []string{Execute}) || !slices.Contains(f.Traits, code.Opaque) {
		t.Errorf("%v %v", f.Effects, f.Traits)
	}
}
