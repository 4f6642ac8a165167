package sidecar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"callgate/detectors/effects"
	"callgate/sidecar/audit"
	"callgate/toolproxy"
)

// leastCalls is how many calls the corpus has to hold.
const leastCalls = 300

// world is one file of testdata/corpus; its README.md explains the members.
type world struct {
	About    string               `yaml:"about"`
	Server   string               `yaml:"server"`
	Settings map[string]any       `yaml:"settings"`
	Callers  map[string][]string  `yaml:"callers"`
	Tools    map[string]worldTool `yaml:"tools"`
	Calls    []worldCall          `yaml:"calls"`
}

type worldTool struct {
	About   string            `yaml:"about"`
	Takes   map[string]string `yaml:"takes"`
	Hints   map[string]any    `yaml:"hints"`
	Effects []string          `yaml:"effects"`
	Domains []string          `yaml:"domains"`
	Twin    string            `yaml:"twin"`
}

type worldCall struct {
	What     string         `yaml:"what"`
	Who      string         `yaml:"who"`
	Call     string         `yaml:"call"`
	With     map[string]any `yaml:"with"`
	After    []worldCall    `yaml:"after"`
	Balanced string         `yaml:"balanced"`
	Strict   string         `yaml:"strict"`
}

// TestCorpus makes every call of testdata/corpus under every profile.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(moduleRoot(t), "testdata", "corpus", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, file := range files {
		w := readWorld(t, file)
		calls += len(w.Calls)
		for _, profile := range []string{"balanced", "strict", "observe"} {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml")+"/"+profile, func(t *testing.T) { w.play(t, profile) })
		}
	}
	if calls < leastCalls {
		t.Errorf("the corpus holds %d calls, want %d", calls, leastCalls)
	}
}

func readWorld(t *testing.T, file string) *world {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var w world
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&w); err != nil {
		t.Fatalf("%s: %v", filepath.Base(file), err)
	}
	if w.About == "" || w.Server == "" || len(w.Calls) == 0 {
		t.Fatalf("%s: about, server and calls are needed", filepath.Base(file))
	}
	return &w
}

// play makes the calls of a world, each in a conversation of its own.
func (w *world) play(t *testing.T, profile string) {
	overrides := map[string]*effects.Override{}
	for name, tool := range w.Tools {
		overrides[name] = &effects.Override{Effects: tool.Effects, Domains: tool.Domains, DraftTwin: tool.Twin}
	}
	for i, c := range w.Calls {
		t.Run(fmt.Sprintf("%02d %s", i+1, c.What), func(t *testing.T) {
			b := open(t, setup{profile: profile, settings: w.Settings, override: overrides})
			for _, before := range c.After {
				before.Who = c.Who
				w.make(t, b, before)
			}
			forwarded := w.make(t, b, c)
			want := map[string]string{"balanced": c.Balanced, "observe": c.Balanced, "strict": c.Strict}[profile]
			records := b.all()
			record := records[len(records)-1]
			if got := told(record); got != want {
				t.Errorf("%s(%v) by %s: %s, want %s\nreasons: %v\neffects: %v %v by %s\ninput: %s", c.Call, c.With, c.Who, got, want,
					record.Reasons, record.Effects, record.Domains, record.EffectSource, record.Input)
			}
			free := record.Decision == "allow" || record.Decision == "transform" || profile == "observe" && record.Code != "" && !strings.Contains(want, " with ")
			if forwarded != free {
				t.Errorf("%s(%v) by %s: %s, and forwarded: %v", c.Call, c.With, c.Who, told(record), forwarded)
			}
		})
	}
}

// make sends one call through the firewall and reports whether it was
// forwarded.
func (w *world) make(t *testing.T, b *bench, c worldCall) bool {
	t.Helper()
	scopes, known := w.Callers[c.Who]
	if !known {
		t.Fatalf("%s: nobody is called %q", c.What, c.Who)
	}
	if _, known := w.Tools[c.Call]; !known {
		t.Fatalf("%s: there is no tool %q", c.What, c.Call)
	}
	arguments, err := json.Marshal(c.With)
	if err != nil {
		t.Fatal(err)
	}
	if c.With == nil {
		arguments = nil
	}
	made := &toolproxy.Call{
		Surface: toolproxy.SurfaceMCP, Stage: toolproxy.StageExecute, Server: w.Server, Tool: c.Call, Session: "corpus",
		Caller:    toolproxy.Caller{Name: c.Who, Auth: "key", Scopes: scopes},
		Arguments: arguments, AtHand: w.atHand(t),
	}
	for _, tool := range made.AtHand {
		if tool.Name == c.Call {
			made.Definition = tool
		}
	}
	up := &upstream{answer: "done"}
	_, _ = b.Guard(up).ServeCall(t.Context(), made) // the record tells what became of it
	return len(up.got) > 0
}

func (w *world) atHand(t *testing.T) []*toolproxy.Tool {
	t.Helper()
	var tools []*toolproxy.Tool
	for name, tool := range w.Tools {
		tools = append(tools, tool.define(t, w.Server, name))
	}
	slices.SortFunc(tools, func(a, b *toolproxy.Tool) int { return strings.Compare(a.Name, b.Name) })
	return tools
}

var argumentKinds = map[string]map[string]any{
	"text": {"type": "string"}, "number": {"type": "number"}, "flag": {"type": "boolean"}, "object": {"type": "object"}, "any": {},
	"texts":   {"type": "array", "items": map[string]any{"type": "string"}},
	"objects": {"type": "array", "items": map[string]any{"type": "object"}},
}

// define makes the definition that a server would give.
func (tool worldTool) define(t *testing.T, server, name string) *toolproxy.Tool {
	t.Helper()
	properties, required := map[string]any{}, []string{}
	for argument, kind := range tool.Takes {
		kind, optional := strings.CutSuffix(kind, "?")
		if argumentKinds[kind] == nil {
			t.Fatalf("%s: %q is no kind of argument", name, kind)
		}
		properties[argument] = argumentKinds[kind]
		if !optional {
			required = append(required, argument)
		}
	}
	slices.Sort(required)
	schema := jsonOf(map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false})
	definition := &toolproxy.Tool{Server: server, Name: name, Description: tool.About, InputSchema: schema}
	whole := map[string]any{"name": name, "description": tool.About, "inputSchema": schema}
	if tool.Hints != nil {
		definition.Annotations = jsonOf(tool.Hints)
		whole["annotations"] = tool.Hints
	}
	definition.Raw = jsonOf(whole)
	definition.Hash = fmt.Sprintf("%x", definition.Raw)
	return definition
}

// told is a recorded decision in the words of the corpus.
func told(r audit.Record) string {
	switch {
	case r.Decision == "allow":
		return "allow"
	case r.Code != "" && r.Code != string(toolproxy.CodeDenied) && r.Code != string(toolproxy.CodeAsk):
		return r.Decision + " with " + r.Code
	}
	return r.Decision + " by " + strings.Join(r.Rules, ", ")
}
