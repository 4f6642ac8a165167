package sidecar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"callgate/detectors/effects"
	"callgate/toolproxy"
)

// world is one file of testdata/corpus; its README.md explains the members.
type world struct {
	About    string               `yaml:"about"`
	Server   string               `yaml:"server"`
	Settings map[string]any       `yaml:"settings"`
	Callers  map[string][]string  `yaml:"callers"`
	Tools    map[string]worldTool `yaml:"tools"`
	Calls    []worldCall          `yaml:"calls"`

	name   string
	atHand []*toolproxy.Tool
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
	Unlisted bool           `yaml:"unlisted"`
	With     map[string]any `yaml:"with"`
	JSON     string         `yaml:"json"`
	At       time.Time      `yaml:"at"`
	Was      *worldTool     `yaml:"was"`
	After    []worldBefore  `yaml:"after"`
	Becomes  string         `yaml:"becomes"`
	Balanced string         `yaml:"balanced"`
	Strict   string         `yaml:"strict"`
}

// worldBefore is what a conversation did before a call.
type worldBefore struct {
	Call     string         `yaml:"call"`
	With     map[string]any `yaml:"with"`
	At       time.Time      `yaml:"at"`
	Approved bool           `yaml:"approved"`
	Refused  bool           `yaml:"refused"`
}

// readWorlds reads all files of the corpus.
func readWorlds(t *testing.T) []*world {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(moduleRoot(t), "testdata", "corpus", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []*world
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w, err := parseWorld(text)
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(file), err)
		}
		w.name = strings.TrimSuffix(filepath.Base(file), ".yaml")
		all = append(all, w)
	}
	return all
}

// parseWorld reads one file. Members that nobody reads, and names that nothing
// has, are errors.
func parseWorld(text []byte) (*world, error) {
	var w world
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&w); err != nil {
		return nil, err
	}
	if w.About == "" || w.Server == "" || len(w.Calls) == 0 {
		return nil, fmt.Errorf("about, server and calls are needed")
	}
	for _, name := range slices.Sorted(maps.Keys(w.Tools)) {
		tool, err := w.Tools[name].define(w.Server, name)
		if err != nil {
			return nil, err
		}
		w.atHand = append(w.atHand, tool)
	}
	told := map[string]bool{}
	for _, c := range w.Calls {
		if err := w.check(c); err != nil {
			return nil, fmt.Errorf("%q: %w", c.What, err)
		}
		if told[c.What] {
			return nil, fmt.Errorf("%q: it is there twice", c.What)
		}
		told[c.What] = true
	}
	return &w, nil
}

func (w *world) check(c worldCall) error {
	_, listed := w.Tools[c.Call]
	switch {
	case c.What == "", c.Balanced == "", c.Strict == "":
		return fmt.Errorf("what, balanced and strict are needed")
	case w.Callers[c.Who] == nil:
		return fmt.Errorf("nobody is called %q", c.Who)
	case listed == c.Unlisted:
		return fmt.Errorf("tool %q is listed: %v, and unlisted: %v", c.Call, listed, c.Unlisted)
	case c.With != nil && c.JSON != "":
		return fmt.Errorf("with and json are both given")
	case c.JSON != "" && !json.Valid([]byte(c.JSON)):
		return fmt.Errorf("json is none")
	case (c.Becomes != "") != strings.HasPrefix(c.Balanced+c.Strict, "transform"):
		return fmt.Errorf("a transform under the balanced profile, and only that, becomes something")
	}
	for _, before := range c.After {
		if _, listed := w.Tools[before.Call]; !listed {
			return fmt.Errorf("there is no tool %q", before.Call)
		}
	}
	return nil
}

// arguments are those of a call, as bytes; nil for none.
func (c *worldCall) arguments() json.RawMessage {
	switch {
	case c.JSON != "":
		return json.RawMessage(plantedIn.Replace(c.JSON))
	case c.With == nil:
		return nil
	}
	return argumentsFrom(c.With)
}

func argumentsFrom(with map[string]any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(with); err != nil {
		panic(err) // YAML gives nothing that JSON has not
	}
	return json.RawMessage(plantedIn.Replace(strings.TrimSpace(b.String())))
}

// plantedSecrets are what stands in a call where its file names a secret. No
// line of the repository has the form of one.
var plantedSecrets = map[string]string{
	"{aws_key}":      planted,
	"{github_token}": "ghp_" + "R7mQ2xKf9LzZ4tWc8BvJ3pNh6YsD5gAe1uTq",
	"{slack_token}":  "xoxb-" + "523456789017-" + "Q2xKf9LmZ4tWc8RvJ3pNh6Ys",
	"{stripe_key}":   "sk_" + "live_" + "7bQ2xKf9LmZ4tWc8RvJ3pNh6",
	"{password}":     "Tr0ub" + "4dor7x",
	"{card}":         "4111 1111 " + "1111 1111",
	"{private_key}": "-----BEGIN RSA " + "PRIVATE KEY-----\\n" + strings.Repeat("7bQ2xKf9LmZ4tWc8RvJ3pNh6YsD5gAe1", 2) + "\\n" +
		strings.Repeat("Z4tWc8RvJ3pNh6YsD5gAe17bQ2xKf9Lm", 2) + "\\n-----END RSA " + "PRIVATE KEY-----",
	"{jwt}": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" + "." + "eyJzdWIiOiJ1c2VyLTEyMyJ9" + "." + "bQ2xKf9LmZ4tWc8RvJ3pNh6YsD5gAe17bQ2xKf9LmZ4",
}

var plantedIn = func() *strings.Replacer {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(plantedSecrets)) {
		pairs = append(pairs, name, plantedSecrets[name])
	}
	return strings.NewReplacer(pairs...)
}()

// made is a call as it comes to the firewall.
func (w *world) made(who, tool string, arguments json.RawMessage) *toolproxy.Call {
	c := &toolproxy.Call{
		Surface: toolproxy.SurfaceMCP, Stage: toolproxy.StageExecute, Server: w.Server, Tool: tool,
		Caller:    toolproxy.Caller{Name: who, Auth: "key", Scopes: w.Callers[who]},
		Arguments: arguments, AtHand: w.atHand,
	}
	for _, at := range w.atHand {
		if at.Name == tool {
			c.Definition = at
		}
	}
	return c
}

// override is the operator's word on a tool.
func (w *world) override(_, name string) *effects.Override {
	tool, ok := w.Tools[name]
	if !ok {
		return nil
	}
	return &effects.Override{Effects: tool.Effects, Domains: tool.Domains, DraftTwin: tool.Twin}
}

var argumentKinds = map[string]map[string]any{
	"text": {"type": "string"}, "number": {"type": "number"}, "flag": {"type": "boolean"}, "object": {"type": "object"}, "any": {},
	"texts":   {"type": "array", "items": map[string]any{"type": "string"}},
	"objects": {"type": "array", "items": map[string]any{"type": "object"}},
}

// define makes the definition that a server would give.
func (tool worldTool) define(server, name string) (*toolproxy.Tool, error) {
	properties, required := map[string]any{}, []string{}
	for argument, kind := range tool.Takes {
		kind, optional := strings.CutSuffix(kind, "?")
		if argumentKinds[kind] == nil {
			return nil, fmt.Errorf("%s: %q is no kind of argument", name, kind)
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
	definition.Hash = digest(definition.Raw)
	return definition, nil
}
