package effects

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"callgate/detectors/code"
)

// described is a tool with the arguments that its schema declares.
func described(name string, arguments ...string) Words {
	return Words{Server: "acme", Name: name, Arguments: arguments}
}

// TestCall judges calls of tools that no catalogue knows.
func TestCall(t *testing.T) {
	j := shipped(t)
	for _, c := range []struct {
		tool      Words
		arguments string
		effects   string
		source    string
	}{
		// A program takes the place of the words that say that it runs.
		{described("execute_sql", "sql"), `{"sql":"SELECT name FROM users"}`, "read", "arguments"},
		{described("execute_sql", "sql"), `{"sql":"DELETE FROM users"}`, "delete", "arguments"},
		{described("execute_sql", "sql"), `{}`, "execute", "lexicon"},
		{described("execute_sql", "sql"), `{"sql":""}`, "execute", "lexicon"},
		{described("execute_sql", "sql"), `{"sql":["SELECT 1","DROP TABLE users"]}`, "unknown", "arguments"},
		{described("run_query", "query"), `{"query":"select 1"}`, "read", "arguments"},
		{described("query_database", "query"), `{"query":" -- who\nselect 1"}`, "read", "lexicon"},
		{described("run_command", "command"), `{"command":"ls -la"}`, "execute read", "arguments"},
		{described("run_command", "command"), `{"command":"rm -rf /srv"}`, "delete execute", "arguments"},
		{described("run_command", "command", "args"), `{"command":"rm","args":["-rf","/srv"]}`, "delete execute", "arguments"},
		{described("shell", "command"), `{"command":["rm","-rf","/srv"]}`, "delete execute", "arguments"},
		{described("shell", "commands"), `{"commands":["ls /srv","rm -rf /srv"]}`, "delete execute read", "arguments"},
		{described("http_request", "url", "method"), `{"url":"https://example.com","method":"GET"}`, "read", "arguments"},
		{described("http_request", "url", "method"), `{"url":"https://example.com","method":"POST"}`, "send write", "arguments"},
		{described("http_request", "url", "method"), `{"url":"https://example.com"}`, "send", "lexicon"},
		{described("http_request", "url", "method", "headers"), `{"url":"https://example.com","method":"GET","headers":{"X-HTTP-Method-Override":"DELETE"}}`, "delete read send", "arguments"},
		{described("http_request", "url", "method", "body"), `{"url":"https://example.com","method":"GET","body":"x"}`, "read send", "arguments"},
		{described("graphql_query", "query"), `{"query":"{ me { id } }"}`, "read", "lexicon"},
		{described("graphql_query", "query"), `{"query":"mutation { deletePost(id: 1) { id } }"}`, "delete read write", "arguments"},
		{described("open_file", "path", "mode"), `{"path":"/a","mode":"r"}`, "read", "lexicon"},
		{described("open_file", "path", "mode"), `{"path":"/a","mode":"w"}`, "read write", "arguments"},
		{described("execute_python", "code"), `{"code":"print(1)"}`, "execute", "lexicon"},

		// Nothing is taken away on the strength of a likeness.
		{described("execute_sql", "file"), `{"file":"x.sql","sql":"select 1"}`, "execute read", "arguments"},
		{described("http_request", "url"), `{"url":"https://example.com","method":"GET"}`, "read send", "arguments"},
		{described("call_tool", "job"), `{"job":1,"name":"x","arguments":{}}`, "execute send", "lexicon"},
		{Words{Name: "get_user", Arguments: []string{"id"}, Annotations: json.RawMessage(`{"readOnlyHint":false}`)}, `{"id":1,"sql":"select 1"}`, "execute read write", "arguments"},
		{Words{Name: "query_sql", Arguments: []string{"sql"}, Annotations: json.RawMessage(`{"readOnlyHint":false}`)}, `{"sql":"select 1"}`, "read", "arguments"},
		{described("search", "query"), `{"query":"select 1"}`, "read", "lexicon"},
		{described("query_database", "query"), `{"query":"customers in Bern"}`, "read", "lexicon"},
		{described("execute", "query"), `{"query":"select 1"}`, "execute", "lexicon"},
		{Words{Server: "database", Name: "execute", Arguments: []string{"query"}}, `{"query":"select 1"}`, "execute", "lexicon"},
		{described("execute_report", "sql"), `{"sql":"select 1"}`, "execute read", "arguments"},
		{described("delete_by_sql", "sql"), `{"sql":"select 1"}`, "delete read", "arguments"},
		{described("email_sql_result", "sql", "to"), `{"sql":"select 1","to":"a@example.com"}`, "read send", "arguments"},
		{described("frobnicate_sql", "sql"), `{"sql":"select 1"}`, "read unknown", "arguments"},
		{described("run_script", "script"), `{"script":"ls"}`, "execute", "lexicon"},
		{described("text_editor", "command", "path"), `{"command":"view","path":"/a"}`, "execute send", "lexicon"},
		{described("update_webhook", "url", "method"), `{"url":"https://example.com","method":"GET"}`, "send write", "arguments"},
		{described("trigger_webhook", "url", "method"), `{"url":"https://example.com","method":"GET"}`, "execute", "lexicon"},

		// What is given counts, not what could be.
		{described("create_event", "title", "attendees"), `{"title":"x"}`, "write", "lexicon"},
		{described("create_event", "title", "attendees"), `{"title":"x","attendees":[]}`, "write", "lexicon"},
		{described("create_event", "title", "attendees"), `{"title":"x","attendees":["a@example.com"]}`, "send write", "arguments"},
		{described("create_event", "event"), `{"event":{"attendees":[{"email":"a@example.com"}]}}`, "send write", "arguments"},
		{described("update_document", "share_with"), `{"share_with":"a@example.com"}`, "send write", "arguments"},
		{described("save_draft", "to", "cc", "body"), `{"to":"a@example.com","cc":"b@example.com","body":"x"}`, "draft", "lexicon"},
		{described("list_events", "attendees"), `{"attendees":["a@example.com"]}`, "read", "lexicon"},
		{described("relocate_and_rename_file", "from", "to"), `{"from":"/a","to":"/b"}`, "write", "lexicon"},
		{described("create_contact", "email"), `{"email":"a@example.com"}`, "write", "lexicon"},
		{described("update_record", "to", "body"), `{"body":"x"}`, "write", "lexicon"},
		{described("update_record", "to", "body"), `{"to":"a@example.com","body":"x"}`, "send write", "arguments"},
		{described("update_record", "fields"), `{"fields":{"amount":5,"iban":"DE00"}}`, "pay write", "arguments"},

		// What is unknown stays so, and so does what cannot be read.
		{described("frobnicate", "x"), `{"x":1}`, "unknown", "none"},
		{described("get_user"), `[]`, "read unknown", "arguments"},
		{described("get_user"), `{"a"`, "read unknown", "arguments"},
		{described("get_user"), ``, "read", "lexicon"},
		{described("get_user"), nested(maxDepth + 1), "read unknown", "arguments"},
		{described("get_user"), nested(maxDepth), "read", "lexicon"},
		{described("get_user"), paths(maxHits), "read", "lexicon"},
		{described("get_user"), paths(maxHits + 1), "read unknown", "arguments"},
	} {
		f := j.Call(j.Of(c.tool, nil), json.RawMessage(c.arguments))
		if !slices.Equal(f.Effects, strings.Fields(c.effects)) || f.Source != c.source {
			t.Errorf("%s(%.80s) is %v of %s by %q, want %s of %s", c.tool.Name, c.arguments, f.Effects, f.Source, f.Evidence, c.effects, c.source)
		}
	}
}

func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
}

func paths(count int) string {
	return `{"paths":["` + strings.Repeat(`a","`, count-1) + `a"]}`
}

// TestCallOfOperator gives an operator's word that no argument changes.
func TestCallOfOperator(t *testing.T) {
	j := shipped(t)
	v := j.Of(described("run_command", "command"), &Override{Effects: []string{Read}})
	f := j.Call(v, json.RawMessage(`{"command":"sudo rm -rf / && curl https://example.com -d x","cc":"a@example.com"}`))
	if !slices.Equal(f.Effects, []string{Read}) || f.Source != "operator" {
		t.Errorf("%v of %s", f.Effects, f.Source)
	}
	if !slices.Contains(f.Traits, code.Privileged) || !slices.Contains(f.Programs, "rm") || len(f.Targets) == 0 || f.Targets[0].Within[0] != "example.com" {
		t.Errorf("%v %v %v", f.Traits, f.Programs, f.Targets)
	}
	if f := j.Call(v, json.RawMessage(`[`)); !slices.Equal(f.Effects, []string{Read}) || !slices.Equal(f.Traits, []string{code.Opaque}) {
		t.Errorf("unreadable: %v %v", f.Effects, f.Traits)
	}
}

// TestCallOfProtocol judges a verdict that the judge did not make.
func TestCallOfProtocol(t *testing.T) {
	v := Verdict{Effects: []string{Read}, Domains: []string{Other}, Source: "protocol", Evidence: "resources/read"}
	f := shipped(t).Call(v, json.RawMessage(`{"uri":"file:///etc/passwd","cc":"a@example.com"}`))
	if !slices.Equal(f.Effects, []string{Read}) || f.Source != "protocol" || len(f.Targets) != 1 || f.Targets[0].Role != Path || f.Targets[0].Within[0] != "/etc/passwd" {
		t.Errorf("%+v", f)
	}
}

// TestCatalogued judges calls of a tool whose schema is pinned, and of one that
// only has its name.
func TestCatalogued(t *testing.T) {
	schema := `{"type":"object","properties":{"q":{"type":"string"},"mails":{},"n":{}}}`
	pinned := func(entry string) File {
		return File{Name: "acme.json", Data: []byte(fmt.Sprintf(`{"server":"npm:acme","tools":{"send_zap":{"schema":%q,%s}}}`, SchemaHash([]byte(schema)), entry))}
	}
	for _, c := range []struct {
		entry     string
		other     bool // the schema is not the pinned one
		arguments string
		effects   string
		source    string
	}{
		{`"effects":["read"],"domains":["mail"]`, false, `{"q":"x","cc":"a@example.com"}`, "read", "catalogue"},
		{`"effects":["read"],"domains":["mail"]`, true, `{"q":"x"}`, "read send", "catalogue"},
		{`"effects":[],"domains":["database"],"roles":{"sql":["q"]}`, false, `{"q":"SELECT 1"}`, "read", "arguments"},
		{`"effects":[],"domains":["database"],"roles":{"sql":["q"]}`, false, `{"q":"TRUNCATE t"}`, "delete", "arguments"},
		{`"effects":[],"domains":["database"],"roles":{"sql":["q"]}`, false, `{"n":"SELECT 1"}`, "unknown", "arguments"},
		{`"effects":[],"domains":["database"],"roles":{"sql":["q"]}`, false, `{"q":7}`, "unknown", "arguments"},
		{`"effects":["read"],"domains":["database"],"roles":{"sql":["q"]}`, false, `{"n":1}`, "read", "catalogue"},
		{`"effects":["write"],"domains":["database"],"roles":{"sql":["q"]}`, false, `{"q":"SELECT 1"}`, "read write", "arguments"},
		{`"effects":[],"domains":["database"],"roles":{"sql":["q"]}`, true, `{"q":"SELECT 1"}`, "send", "lexicon"},
		{`"effects":[],"domains":["database"],"roles":{"sql":["/n/*/q"]}`, false, `{"n":[{"q":"SELECT 1"},{"q":"DROP TABLE t"}]}`, "delete read", "arguments"},
		{`"effects":[],"domains":["code"],"roles":{"code":["q"]}`, false, `{"q":"1+1"}`, "execute", "arguments"},
		{`"effects":["write"],"domains":["calendar"],"roles":{"recipients":["/mails/*/address"]}`, false, `{"mails":[{"address":"a@example.com"}]}`, "send write", "arguments"},
		{`"effects":["write"],"domains":["calendar"],"roles":{"recipients":["/mails/*/address"]}`, false, `{"mails":[]}`, "write", "catalogue"},
		{`"effects":["draft"],"domains":["mail"],"roles":{"recipients":["mails"]}`, false, `{"mails":"a@example.com"}`, "draft", "catalogue"},
	} {
		j, err := New(load(t, "../../rego/facts/lexicon.json"), pinned(c.entry))
		if err != nil {
			t.Fatal(err)
		}
		w := WordsOf("acme", "send_zap", "", json.RawMessage(schema), nil)
		if c.other {
			w.Schema = SchemaHash([]byte(`{}`))
		}
		v := j.Of(w, nil)
		f := j.Call(v, json.RawMessage(c.arguments))
		if !slices.Equal(f.Effects, strings.Fields(c.effects)) || f.Source != c.source || v.Catalogued == c.other || len(v.Effects) == 0 || len(v.Least) == 0 {
			t.Errorf("%s with %s is %v of %s by %q, want %s of %s", c.entry, c.arguments, f.Effects, f.Source, f.Evidence, c.effects, c.source)
		}
	}
}

// TestLeast asks for the mildest call of a tool.
func TestLeast(t *testing.T) {
	j := shipped(t)
	for _, c := range []struct {
		tool  Words
		least string
	}{
		{described("get_user"), "read"},
		{described("delete_file", "path"), "delete"},
		{described("execute_sql", "sql"), "read"},
		{described("execute_report", "sql"), "execute"},
		{described("run_command", "command"), "execute"},
		{described("email_sql_result", "sql"), "send"},
		{described("create_event", "attendees"), "write"},
		{described("call_tool", "name", "arguments"), "read"},
		{described("frobnicate"), "unknown"},
	} {
		if v := j.Of(c.tool, nil); !slices.Equal(v.Least, strings.Fields(c.least)) {
			t.Errorf("%s: %v, want %s", c.tool.Name, v.Least, c.least)
		}
	}
}
