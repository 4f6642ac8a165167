package sidecar

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callgate/detectors"
	"callgate/detectors/effects"
	"callgate/policy"
	"callgate/rego"
	"callgate/sidecar/audit"
	"callgate/sidecar/config"
	"callgate/sidecar/session"
	"callgate/toolproxy"
)

// planted is a secret that tests put into calls, errors and results. It has
// the form of a cloud key and must never be stored, logged or answered.
const planted = "AKIA" + "Q3EGRZ7XW4N5VTUP"

// bench is a firewall of real parts over a file of its own.
type bench struct {
	*Firewall
	t    testing.TB
	path string
}

// setup is what a test changes of the firewall it gets.
type setup struct {
	profile  string
	rules    map[string]string // operator's rules by file name
	settings map[string]any
	timeout  time.Duration
	override map[string]*effects.Override
	detector detectors.Detector // beside the shipped ones

	approvals  config.Approvals
	catalogues []effects.File
}

// open makes a firewall, and at the end of the test looks for the planted
// secret in every byte of its record.
func open(t testing.TB, o setup) *bench {
	t.Helper()
	b := &bench{t: t, path: filepath.Join(t.TempDir(), "callgate.db")}
	store, err := audit.Open(t.Context(), audit.Options{Path: b.path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		b.hunt()
	})
	var own []string
	for _, file := range o.catalogues {
		own = append(own, filepath.Join(t.TempDir(), file.Name))
		if err := os.WriteFile(own[len(own)-1], file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	judge, err := newEffects(own)
	if err != nil {
		t.Fatal(err)
	}
	marker, scanner, err := newDetectors(bytes.Repeat([]byte{7}, keySize))
	if err != nil {
		t.Fatal(err)
	}
	if o.detector != nil {
		scanner.Detectors = append(scanner.Detectors, o.detector)
	}
	parts := Parts{
		Policy: engine(t, o), Record: store, Sessions: session.New(100, time.Hour, time.Now),
		Effects: judge, Override: func(_, tool string) *effects.Override { return o.override[tool] },
		Scanner: scanner, Secrets: marker, Now: time.Now, WriteTimeout: 2 * time.Second,
	}
	if err := parts.keep(t.Context(), o.approvals); err != nil {
		t.Fatal(err)
	}
	b.Firewall = New(parts)
	return b
}

func engine(t testing.TB, o setup) *policy.Engine {
	t.Helper()
	var dirs []string
	if len(o.rules) > 0 {
		dir := t.TempDir()
		for name, text := range o.rules {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		dirs = []string{dir}
	}
	e, err := policy.Load(t.Context(), policy.Options{
		Shipped: rego.Files, Dirs: dirs, Profile: o.profile, Settings: o.settings, Timeout: o.timeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// hunt fails the test when the planted secret stands anywhere in the record.
func (b *bench) hunt() {
	files, err := filepath.Glob(b.path + "*")
	if err != nil || len(files) == 0 {
		b.t.Fatalf("no record to look through: %v", err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			b.t.Fatal(err)
		}
		if bytes.Contains(content, []byte(planted)) {
			b.t.Errorf("%s holds the planted secret", filepath.Base(name))
		}
	}
}

// one gives the only record.
func (b *bench) one() audit.Record {
	b.t.Helper()
	all := b.all()
	if len(all) != 1 {
		b.t.Fatalf("%d records, want one", len(all))
	}
	return all[0]
}

func (b *bench) all() []audit.Record {
	b.t.Helper()
	var all []audit.Record
	for r, err := range b.Record.List(context.Background(), audit.Query{Oldest: true}) {
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// tool is a definition as a server would tell it.
func tool(name, description string) *toolproxy.Tool {
	raw := json.RawMessage(`{"name":"` + name + `","description":"` + description + `","inputSchema":{"type":"object"}}`)
	return &toolproxy.Tool{
		Server: "office", Name: name, Description: description,
		InputSchema: json.RawMessage(`{"type":"object"}`), Raw: raw, Hash: name + "-hash",
	}
}

// call is a call of a defined tool by a caller who may read and draft.
func call(name, arguments string, scopes ...string) *toolproxy.Call {
	if scopes == nil {
		scopes = []string{"*:read", "*:draft"}
	}
	definition := tool(name, "")
	return &toolproxy.Call{
		Surface: toolproxy.SurfaceMCP, Stage: toolproxy.StageExecute, Server: "office", Tool: name,
		Caller:    toolproxy.Caller{Name: "tester", Auth: "key", Scopes: scopes},
		Arguments: json.RawMessage(arguments), Definition: definition, AtHand: []*toolproxy.Tool{definition},
	}
}

// upstream answers with a text and remembers what it was sent.
type upstream struct {
	answer string
	err    error
	during func(c *toolproxy.Call)
	got    []*toolproxy.Call
}

// ServeCall is the upstream's side of the wire.
func (u *upstream) ServeCall(_ context.Context, c *toolproxy.Call) (*toolproxy.Result, error) {
	u.got = append(u.got, c)
	if u.during != nil {
		u.during(c)
	}
	if u.err != nil {
		return nil, u.err
	}
	return &toolproxy.Result{Body: json.RawMessage(`{"content":[{"type":"text","text":` + quote(u.answer) + `}]}`)}, nil
}

func quote(text string) string {
	raw, _ := json.Marshal(text)
	return string(raw)
}

// refusedAs fails unless err is a refusal of a code at a step, with words that
// say nothing of the cause, and a record of its own.
func refusedAs(t *testing.T, err error, code toolproxy.Code, step string) *toolproxy.Refusal {
	t.Helper()
	refusal, ok := toolproxy.AsRefusal(err)
	if !ok {
		t.Fatalf("got %v, want a refusal with code %s", err, code)
	}
	if refusal.Code != code || refusal.Stage != step {
		t.Fatalf("refused as %s at %s (%v), want %s at %s", refusal.Code, refusal.Stage, refusal.Cause, code, step)
	}
	if refusal.Message == "" || strings.Contains(refusal.Error()+refusal.Hint, planted) {
		t.Errorf("words of the refusal: %q, %q", refusal.Message, refusal.Hint)
	}
	return refusal
}
