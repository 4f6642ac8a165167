package policy_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"callgate/policy"
	"callgate/rego"
)

func load(t testing.TB, o policy.Options) *policy.Engine {
	t.Helper()
	if o.Shipped == nil {
		o.Shipped = rego.Files
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute // a busy machine must not fail a test
	}
	e, err := policy.Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// folder writes files of an operator.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// shippedWith is the shipped policy with one file in another's place.
func shippedWith(t testing.TB, name string, change func(string) string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(rego.Files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(rego.Files, path)
		files[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	before := string(files[name].Data)
	after := change(before)
	if after == before {
		t.Fatalf("nothing is changed in %s", name)
	}
	files[name].Data = []byte(after)
	return files
}

// read is a call that the shipped policy allows.
func read() *policy.Input {
	return &policy.Input{
		Version: policy.InputVersion, Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Call:   policy.Call{ID: "1", Surface: "mcp", Stage: "execute", Server: "crm", Tool: "get", Effects: []string{"read"}, Domains: []string{"crm"}, EffectSource: "catalogue"},
		Tool:   policy.Tool{Known: true},
		Caller: policy.Caller{Name: "sales", Auth: "key", Scopes: []string{"crm:read", "mail:draft"}},
	}
}

func changed(change func(*policy.Input)) *policy.Input {
	in := read()
	change(in)
	return in
}

func found(detector, direction string, level int) func(*policy.Input) {
	return func(in *policy.Input) {
		in.Findings = []policy.Finding{{Detector: detector, Rule: "r", Direction: direction, Level: level}}
		if direction == "result" {
			in.Result = &policy.Result{Bytes: 10}
		}
	}
}

func TestDecideShipped(t *testing.T) {
	send := func(twin string, scopes ...string) func(*policy.Input) {
		return func(in *policy.Input) {
			in.Call.Tool, in.Call.Effects, in.Call.Domains = "send_mail", []string{"send"}, []string{"mail"}
			in.Tool.DraftTwin, in.Caller.Scopes = twin, scopes
		}
	}
	pay := func(in *policy.Input) {
		in.Call.Effects, in.Caller.Scopes = []string{"pay"}, []string{"*:*"}
		in.Money = &policy.Money{Known: true, Amount: "5", Currency: "EUR", Payee: "acme"}
	}
	cases := []struct {
		name    string
		profile string
		change  func(*policy.Input)
		verdict policy.Verdict
		rules   []string
		reasons []string
	}{
		{"read", "", func(*policy.Input) {}, policy.Allow, []string{"least_privilege"}, []string{"the caller holds the scope"}},
		{"write", "", func(in *policy.Input) { in.Call.Effects = []string{"read", "write"} }, policy.Deny, []string{"least_privilege"}, []string{"needs the scope crm:write"}},
		{"send with the scope", "", send("save_draft", "mail:send"), policy.Allow, []string{"least_privilege"}, []string{"the caller holds the scope"}},
		{"send becomes a draft", "", send("save_draft", "mail:draft"), policy.Transform, []string{"draft_vs_send"}, []string{"a send without the scope becomes a draft"}},
		{"send without twin", "", send("", "mail:draft"), policy.Deny, []string{"least_privilege"}, []string{"needs the scope mail:send"}},
		{"pay", "", pay, policy.Deny, []string{"financial_write_ban"}, []string{"agents do not move money or change financial records"}},
		{"unknown", "", func(in *policy.Input) { in.Call.Effects, in.Caller.Scopes = []string{"unknown"}, []string{"*:*"} }, policy.Deny, []string{"unknown_effect"}, []string{"it is not known what this tool does"}},
		{"exfil", "", found("exfil", "argument", 3), policy.Deny, []string{"exfil_url"}, []string{"an argument holds an address that could carry data away"}},
		{"exfil below", "", found("exfil", "argument", 2), policy.Allow, []string{"least_privilege"}, []string{"the caller holds the scope"}},
		{"exfil, strict", "strict", found("exfil", "argument", 2), policy.Deny, []string{"exfil_url"}, []string{"an argument holds an address that could carry data away"}},
		{"injected argument", "", found("injection", "argument", 3), policy.Deny, []string{"injection"}, []string{"an argument carries instructions or hidden text that steer an agent"}},
		{"injected result", "", found("injection", "result", 3), policy.Deny, []string{"injection"}, []string{"the result carries instructions or hidden text that steer an agent"}},
		{"doubtful result", "", found("injection", "result", 2), policy.Allow, []string{"main"}, []string{"results pass once they are screened"}},
		{"doubtful result, strict", "strict", found("injection", "result", 1), policy.Transform, []string{"injection"}, []string{"passages that may steer an agent are taken out"}},
		{"plain result", "", found("injection", "result", 1), policy.Allow, []string{"main"}, []string{"results pass once they are screened"}},
		{"schema", "", func(in *policy.Input) { in.Tool.SchemaErrors = []policy.SchemaError{{Pointer: "/id", Fault: "type"}} }, policy.Deny, []string{"schema"}, []string{"the arguments do not fit the tool's schema: type at /id"}},
		{"listing", "", func(in *policy.Input) {
			found("exfil", "argument", 4)(in)
			in.Call.Listing, in.Tool.SchemaErrors = true, []policy.SchemaError{{Fault: "required"}}
		}, policy.Allow, []string{"least_privilege"}, []string{"the caller holds the scope"}},
		{"observe decides alike", "observe", pay, policy.Deny, []string{"financial_write_ban"}, []string{"agents do not move money or change financial records"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := load(t, policy.Options{Profile: c.profile})
			d, err := e.Decide(t.Context(), changed(c.change))
			if err != nil {
				t.Fatal(err)
			}
			if d.Verdict != c.verdict || !reflect.DeepEqual(d.Rules(), c.rules) || !reflect.DeepEqual(d.Reasons(), c.reasons) {
				t.Errorf("got %s by %v because %q, want %s by %v because %q", d.Verdict, d.Rules(), d.Reasons(), c.verdict, c.rules, c.reasons)
			}
			if d.Revision != e.Revision() || d.Revision == "" {
				t.Errorf("revision %q, the engine's is %q", d.Revision, e.Revision())
			}
			if e.Observe() != (c.profile == "observe") {
				t.Errorf("observe %v under profile %q", e.Observe(), c.profile)
			}
		})
	}
}

func TestDecideRedirects(t *testing.T) {
	d, err := load(t, policy.Options{}).Decide(t.Context(), changed(func(in *policy.Input) {
		in.Call.Effects, in.Call.Domains, in.Tool.DraftTwin = []string{"send"}, []string{"mail"}, "save_draft"
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := []policy.Edit{{Op: "redirect", Tool: "save_draft"}}
	if len(d.Opinions) != 1 || !reflect.DeepEqual(d.Opinions[0].Edits, want) {
		t.Errorf("opinions %+v, want one with edits %+v", d.Opinions, want)
	}
}

// TestDecideReplays is invariant 9: the stored input gives the same decision.
func TestDecideReplays(t *testing.T) {
	dir := folder(t, map[string]string{"ids.rego": `package callgate.rules.ids

deny contains {"reason": "that very number"} if input.call.arguments.id == 9007199254740993
`})
	redact := map[string]any{"rules": map[string]any{"injection": map[string]any{"redact": "medium"}}}
	e := load(t, policy.Options{Dirs: []string{dir}, Settings: redact})
	arguments := func(text string) func(*policy.Input) {
		return func(in *policy.Input) { in.Call.Arguments = json.RawMessage(text) }
	}
	cases := []struct {
		in   *policy.Input
		want policy.Verdict
	}{
		{typical(), policy.Allow},
		{changed(arguments(` { "id" : 9007199254740993 } `)), policy.Deny},
		{changed(arguments(`{"id":9007199254740992}`)), policy.Allow},
		{changed(arguments(`{"id":"<\u0000>"}`)), policy.Allow},
		{changed(found("injection", "result", 2)), policy.Transform},
	}
	for _, c := range cases {
		first, err := e.Decide(t.Context(), c.in)
		if err != nil || first.Verdict != c.want {
			t.Fatalf("%v, %v; want %v", first, err, c.want)
		}
		text, err := c.in.JSON()
		if err != nil {
			t.Fatal(err)
		}
		var stored policy.Input
		if err := json.Unmarshal(text, &stored); err != nil {
			t.Fatal(err)
		}
		second, err := e.Decide(t.Context(), &stored)
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("first %+v, then %+v (%v)", first, second, err)
		}
	}
}

func TestDecideConcurrently(t *testing.T) {
	e := load(t, policy.Options{})
	pay := changed(func(in *policy.Input) { in.Call.Effects = []string{"pay"} })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if d, err := e.Decide(t.Context(), read()); err != nil || d.Verdict != policy.Allow {
					t.Errorf("read: %v, %v", d, err)
				}
				if d, err := e.Decide(t.Context(), pay); err != nil || d.Verdict != policy.Deny {
					t.Errorf("pay: %v, %v", d, err)
				}
			}
		})
	}
	wg.Wait()
}

// wantError checks that there is no decision but the zero one, for a reason.
func wantError(t *testing.T, d policy.Decision, err error, kind policy.Kind, cause string) {
	t.Helper()
	var e *policy.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, %v; want an error of kind %s", d, err, kind)
	}
	if e.Kind != kind || !strings.Contains(e.Error(), cause) {
		t.Errorf("got %v, want kind %s and %q", e, kind, cause)
	}
	if !reflect.DeepEqual(d, policy.Decision{}) || d.Verdict != policy.Deny {
		t.Errorf("decision %+v, want the zero one", d)
	}
}

// TestDecideFails holds a rule of the operator that goes wrong for one call.
func TestDecideFails(t *testing.T) {
	cases := []struct {
		name, body string
		kind       policy.Kind
		cause      string
	}{
		{"divides by zero", `deny contains {"reason": "x"} if 1 / (input.session.calls - 666) == 1`, policy.Evaluation, "divide by zero"},
		{"divides by zero in not", `deny contains {"reason": "x"} if not 1 / (input.session.calls - 666) < 1`, policy.Evaluation, "divide by zero"},
		{"is no number", `deny contains {"reason": "x"} if { input.call.id == "666"; to_number(input.call.tool) > 1 }`, policy.Evaluation, "to_number"},
		{"has two values", "deny contains {\"reason\": _x} if input.call.id == \"666\"\n\n_x := v if some v in {\"a\", \"b\"}", policy.Evaluation, "conflict"},
		{"counts far", `deny contains {"reason": "x"} if { input.call.id == "666"; count(numbers.range(1, 80000000)) == 0 }`, policy.Timeout, "deadline"},
		{"loops", `deny contains {"reason": "x"} if { input.call.id == "666"; r := numbers.range(1, 1000); some a in r; some b in r; some c in r; a + b + c == 0 }`, policy.Timeout, "deadline"},
		{"no reason", "deny contains _x if input.call.id == \"666\"\n\n_x := {\"nearest\": \"x\"}", policy.Malformed, `rule own, deny: policy malformed: the element lacks the member "reason"`},
		{"a reason that is no text", `ask contains {"reason": input.session.calls} if input.call.id == "666"`, policy.Malformed, "reason is no text"},
		{"more than a reason", `deny contains {"reason": "x", "verdict": "allow"} if input.call.id == "666"`, policy.Malformed, "members besides reason"},
		{"grants no list", `allow contains {"reason": "x", "effects": input.call.id} if input.call.id == "666"`, policy.Malformed, "effects is no list"},
		{"edits nothing", `transform contains {"reason": "x", "edits": []} if input.call.id == "666"`, policy.Malformed, "0 edits"},
		{"edits with no op", `transform contains {"reason": "x", "edits": [{"tool": "y"}]} if input.call.id == "666"`, policy.Malformed, "no known op"},
		{"edits with more", `transform contains {"reason": "x", "edits": [{"op": "remove", "pointer": "/a", "value": 1}]} if input.call.id == "666"`, policy.Malformed, "members besides op, pointer"},
		{"edits nowhere", `transform contains {"reason": "x", "edits": [{"op": "remove", "pointer": "a"}]} if input.call.id == "666"`, policy.Malformed, "pointer is none"},
		{"edits two ways", `transform contains {"reason": "x", "edits": [{"op": "redirect", "tool": t}]} if { input.call.id == "666"; some t in ["y", "z"] }`, policy.Malformed, "redirects to two tools"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, map[string]string{"own.rego": "package callgate.rules.own\n\n" + c.body + "\n"})
			o := policy.Options{Dirs: []string{dir}}
			if c.kind == policy.Timeout {
				o.Timeout = 50 * time.Millisecond
			}
			e := load(t, o)
			d, err := e.Decide(t.Context(), changed(func(in *policy.Input) { in.Call.ID, in.Session.Calls = "666", 666 }))
			wantError(t, d, err, c.kind, c.cause)
			if c.kind == policy.Timeout {
				return
			}
			if d, err := e.Decide(t.Context(), read()); err != nil || d.Verdict != policy.Allow {
				t.Errorf("another call: %v, %v", d, err)
			}
		})
	}
}

// TestDecideDistrusts holds a main that lies about one call.
func TestDecideDistrusts(t *testing.T) {
	granted := `{{"verdict": "allow", "rule": "read_vs_write", "said": {"reason": "x", "effects": ["read"]}}}`
	objected := `{{"verdict": "deny", "rule": "schema", "said": {"reason": "x"}}} | ` + granted
	cases := []struct {
		name, value string
		kind        policy.Kind
		cause       string
	}{
		{"no text", `true`, policy.Malformed, "decision is no object"},
		{"empty", `{}`, policy.Malformed, `lacks the member "verdict"`},
		{"no opinions", `{"verdict": "allow"}`, policy.Malformed, `lacks the member "opinions"`},
		{"one member more", `{"verdict": "allow", "opinions": ` + granted + `, "result": true}`, policy.Malformed, "members besides"},
		{"no known word", `{"verdict": "permit", "opinions": ` + granted + `}`, policy.Malformed, "no known word"},
		{"a number", `{"verdict": 3, "opinions": ` + granted + `}`, policy.Malformed, "no known word"},
		{"allow against an objection", `{"verdict": "allow", "opinions": (` + objected + `)}`, policy.Malformed, "does not follow"},
		{"allow without a grant", `{"verdict": "allow", "opinions": set()}`, policy.Malformed, "does not follow"},
		{"deny without an objection", `{"verdict": "deny", "opinions": set()}`, policy.Malformed, "does not follow"},
		{"an opinion without a verdict", `{"verdict": "deny", "opinions": {{"rule": "schema", "said": {"reason": "x"}}}}`, policy.Malformed, `lacks the member "verdict"`},
		{"an opinion of no known word", `{"verdict": "deny", "opinions": {{"verdict": "permit", "rule": "schema", "said": {"reason": "x"}}}}`, policy.Malformed, "no known word"},
		{"an opinion with a member more", `{"verdict": "deny", "opinions": {{"verdict": "deny", "rule": "schema", "said": {"reason": "x"}, "result": true}}}`, policy.Malformed, "members besides"},
		{"a list", `{"verdict": "deny", "opinions": []}`, policy.Malformed, "no set"},
		{"of a stranger", `{"verdict": "deny", "opinions": {{"verdict": "deny", "rule": "stranger", "said": {"reason": "x"}}}}`, policy.Malformed, "unknown rule"},
	}
	lie := func(value string) fs.FS {
		return shippedWith(t, "main.rego", func(main string) string {
			honest := strings.Replace(main, "decision := {", "_decision := {", 1)
			return strings.Replace(honest, "\n# METADATA\n# entrypoint: true\n", "\ndecision := "+value+" if {\n\tinput.call.id == \"666\"\n} else := _decision\n\n", 1)
		})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := load(t, policy.Options{Shipped: lie(c.value)})
			d, err := e.Decide(t.Context(), changed(func(in *policy.Input) { in.Call.ID = "666" }))
			wantError(t, d, err, c.kind, c.cause)
		})
	}
	t.Run("the truth", func(t *testing.T) {
		e := load(t, policy.Options{Shipped: lie(`{"verdict": "allow", "opinions": ` + granted + `}`)})
		d, err := e.Decide(t.Context(), changed(func(in *policy.Input) { in.Call.ID = "666" }))
		if err != nil || d.Verdict != policy.Allow {
			t.Errorf("%v, %v", d, err)
		}
	})
	t.Run("a grant that is too small", func(t *testing.T) {
		e := load(t, policy.Options{Shipped: lie(`{"verdict": "allow", "opinions": ` + granted + `}`)})
		d, err := e.Decide(t.Context(), changed(func(in *policy.Input) { in.Call.ID, in.Call.Effects = "666", []string{"read", "pay"} }))
		wantError(t, d, err, policy.Malformed, "does not follow")
	})
	t.Run("undefined", func(t *testing.T) {
		e := load(t, policy.Options{Shipped: shippedWith(t, "main.rego", func(main string) string {
			honest := strings.Replace(main, "decision := {", "_decision := {", 1)
			return strings.Replace(honest, "\n# METADATA\n# entrypoint: true\n", "\ndecision := _decision if input.call.id != \"666\"\n\n", 1)
		})})
		d, err := e.Decide(t.Context(), changed(func(in *policy.Input) { in.Call.ID = "666" }))
		wantError(t, d, err, policy.Undefined, "data.callgate.main.decision is undefined")
	})
}

func TestDecideBadInput(t *testing.T) {
	e := load(t, policy.Options{})
	d, err := e.Decide(t.Context(), nil)
	wantError(t, d, err, policy.Evaluation, "panic")
	d, err = e.Decide(t.Context(), &policy.Input{})
	wantError(t, d, err, policy.Malformed, "version")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d, err = e.Decide(ctx, read())
	wantError(t, d, err, policy.Timeout, "canceled")
}
