//go:build e2e

package peers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// refused is what a client sees of a refused tool call.
type refused struct {
	Result struct {
		ResultType string `json:"resultType"`
		IsError    bool   `json:"isError"`
		Content    []struct{ Type, Text string }
		Meta       map[string]struct {
			Decision string
			Rules    []string
			Record   string
			Code     string
		} `json:"_meta"`
	}
	Error any
}

// TestDenials lets a caller that may only read try to write. Each client must
// see a tool result that says so, the file must not exist, and the record must
// tell the same.
func TestDenials(t *testing.T) {
	for _, client := range clients {
		for _, way := range []string{"serve", "wrap"} {
			t.Run(client+"/"+way, func(t *testing.T) { denied(t, client, way) })
		}
	}
}

func denied(t *testing.T, client, way string) {
	dir := t.TempDir()
	command := []string{node, everyServer("filesystem"), dir}
	g := configure(t, setting{
		scopes:  []string{"*:read"},
		servers: map[string]entry{"peer": {Command: command, Tools: fileTools}},
	})
	to := targetOf(g.wrap("peer", command...))
	if way == "serve" {
		g.serve(t)
		to = target{URL: g.base + "/mcp/peer"}
	}
	p := plan{Capabilities: map[string]any{}, Steps: []step{
		call("write_file", fmt.Sprintf(`{"path":%q,"content":"x"}`, filepath.Join(dir, "new.txt"))),
		call("read_text_file", fmt.Sprintf(`{"path":%q}`, filepath.Join(dir, "notes.txt"))),
	}}
	seen := p.play(t, client, to, dir)
	if len(seen.Steps) != 2 {
		t.Fatalf("the client did %d steps", len(seen.Steps))
	}
	no, yes := answerOf(t, seen.Steps[0]), answerOf(t, seen.Steps[1])
	why := no.Result.Meta["callgate/decision"]
	if !no.Result.IsError || why.Decision != "deny" || why.Code != "denied" || len(why.Rules) == 0 || why.Record == "" {
		t.Errorf("the write was answered with %s", seen.Steps[0])
	}
	if len(no.Result.Content) == 0 || no.Result.Content[0].Text == "" {
		t.Error("the refusal has no words for the model")
	}
	if yes.Result.IsError || yes.Error != nil || len(yes.Result.Content) == 0 || yes.Result.Content[0].Text != "first line\nsecond line\n" {
		t.Errorf("the read was answered with %s", seen.Steps[1])
	}
	if _, err := os.Stat(filepath.Join(dir, "new.txt")); !os.IsNotExist(err) {
		t.Errorf("the refused write happened (%v)", err)
	}
	recordedDenial(t, g.records(t), why.Record)
}

func recordedDenial(t *testing.T, rows []row, id string) {
	t.Helper()
	decisions := map[string]string{}
	for _, r := range rows {
		decisions[r.Tool] = r.Decision
		if r.Tool == "write_file" && (r.ID != id || r.Outcome != "refused") {
			t.Errorf("the refusal names record %s, the record is %+v", id, r)
		}
	}
	if decisions["write_file"] != "deny" || decisions["read_text_file"] != "allow" {
		t.Errorf("recorded decisions: %v", decisions)
	}
}

func call(tool, arguments string) step {
	return step{Method: "tools/call", Params: json.RawMessage(fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool, arguments))}
}

func answerOf(t *testing.T, raw json.RawMessage) refused {
	t.Helper()
	var r refused
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return r
}

// TestHiddenTools checks that a caller sees only the tools that it could ever
// be allowed to call.
func TestHiddenTools(t *testing.T) {
	dir := t.TempDir()
	command := []string{node, everyServer("filesystem"), dir}
	g := configure(t, setting{
		scopes:  []string{"*:read"},
		servers: map[string]entry{"peer": {Command: command, Tools: fileTools}},
	})
	p := plan{Capabilities: map[string]any{}, Steps: []step{{Method: "tools/list", Params: json.RawMessage(`{}`)}}}
	for _, client := range clients {
		seen := p.play(t, client, targetOf(g.wrap("peer", command...)), dir)
		var list struct {
			Result struct{ Tools []struct{ Name string } }
		}
		if err := json.Unmarshal(seen.Steps[0], &list); err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, tool := range list.Result.Tools {
			names[tool.Name] = true
		}
		if !names["read_text_file"] || names["write_file"] || names["move_file"] {
			t.Errorf("%s sees %v", client, names)
		}
	}
}

// TestPrivateLists checks that a server's mark that all may share its list of
// tools does not reach a client of the era that has such marks.
func TestPrivateLists(t *testing.T) {
	command := []string{gosdk, "serve", "stdio"}
	g := configure(t, setting{servers: map[string]entry{"peer": {Command: command, Tools: reads}}})
	p := plan{Capabilities: map[string]any{}, Steps: []step{{Method: "tools/list", Params: json.RawMessage(`{}`)}}}
	direct := p.play(t, "v2-auto", targetOf(command), t.TempDir())
	if !shared.Match(direct.Steps[0]) {
		t.Fatalf("the server does not share its list: %s", direct.Steps[0])
	}
	through := p.play(t, "v2-auto", targetOf(g.wrap("peer", command...)), t.TempDir())
	if shared.Match(through.Steps[0]) || !bytes.Contains(through.Steps[0], []byte(`"private"`)) {
		t.Errorf("the list through callgate: %s", through.Steps[0])
	}
}

// TestDemo runs the README's first command.
func TestDemo(t *testing.T) {
	t.Logf("%s", run(t, "", callgate, "demo"))
}
