//go:build e2e

package peers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// plan is what a client does; clients/session.mjs tells the format.
type plan struct {
	Target       target            `json:"target"`
	Headers      map[string]string `json:"headers,omitempty"`
	Capabilities map[string]any    `json:"capabilities"`
	Steps        []step            `json:"steps"`
}

// target is a URL or a command.
type target struct {
	URL     string   `json:"url,omitempty"`
	Command string   `json:"command,omitempty"`
	Args    []string `json:"args,omitempty"`
}

type step struct {
	Method   string          `json:"method,omitempty"`
	Params   json.RawMessage `json:"params,omitempty"`
	Progress bool            `json:"progress,omitempty"`
	Await    string          `json:"await,omitempty"`
	Asks     bool            `json:"asks,omitempty"` // takes two rounds in the stateless era
}

// upstream is a real server: a command for stdio, or a URL.
type upstream struct {
	plan    string
	command func(dir string) []string
	url     func(t *testing.T) string
	tools   map[string]effects
}

var upstreams = map[string]upstream{
	"filesystem": {
		plan:    "filesystem",
		command: func(dir string) []string { return []string{node, everyServer("filesystem"), dir} },
		tools:   fileTools,
	},
	"memory": {
		plan: "memory",
		command: func(dir string) []string {
			return []string{"env", "MEMORY_FILE_PATH=" + dir + "/memory.jsonl", node, everyServer("memory")}
		},
		tools: map[string]effects{
			"*":                   {[]string{"read"}, []string{"database"}},
			"create_entities":     {[]string{"write"}, []string{"database"}},
			"create_relations":    {[]string{"write"}, []string{"database"}},
			"add_observations":    {[]string{"write"}, []string{"database"}},
			"delete_entities":     {[]string{"delete"}, []string{"database"}},
			"delete_observations": {[]string{"delete"}, []string{"database"}},
		},
	},
	"everything-stdio": {
		plan:    "everything",
		command: func(string) []string { return []string{node, everyServer("everything"), "stdio"} },
		tools:   reads,
	},
	"everything-http": {
		plan:  "everything",
		url:   func(t *testing.T) string { return onPort(t, node, everyServer("everything"), "streamableHttp") },
		tools: reads,
	},
	"modern-stdio": {
		plan:    "modern",
		command: func(string) []string { return []string{node, modernServer(), "stdio"} },
		tools:   reads,
	},
	"modern-http": {
		plan:  "modern",
		url:   func(t *testing.T) string { return onPort(t, node, modernServer(), "http") },
		tools: reads,
	},
	"gosdk-stdio": {
		plan:    "basic",
		command: func(string) []string { return []string{gosdk, "serve", "stdio"} },
		tools:   reads,
	},
	"gosdk-http": {
		plan:  "basic",
		url:   func(t *testing.T) string { return onPort(t, gosdk, "serve", "http") },
		tools: reads,
	},
	"fixture-http": {
		plan:  "fixture",
		url:   func(t *testing.T) string { return firstLine(t, nil, fixture) },
		tools: reads,
	},
}

// fileTools is what the tools of server-filesystem do; the rest of them read.
var fileTools = map[string]effects{
	"*":                {[]string{"read"}, []string{"files"}},
	"write_file":       {[]string{"write"}, []string{"files"}},
	"edit_file":        {[]string{"write"}, []string{"files"}},
	"create_directory": {[]string{"write"}, []string{"files"}},
	"move_file":        {[]string{"write"}, []string{"files"}},
}

func everyServer(name string) string {
	return module("@modelcontextprotocol", "server-"+name, "dist", "index.js")
}

func modernServer() string { return filepath.Join(here, "clients", "modern-server.mjs") }

// onPort starts a server that listens on $PORT and returns its MCP endpoint.
func onPort(t *testing.T, argv ...string) string {
	t.Helper()
	port := freePort(t)
	p := start(t, nil, []string{"PORT=" + port}, argv...)
	url := "http://127.0.0.1:" + port + "/mcp"
	p.reachable(t, url, func(int) bool { return true })
	return url
}

// clients are the peers that play plans: the TypeScript SDK in version 1 and,
// in both eras, version 2; the official Go SDK; mcp-go.
var clients = []string{"v1", "v2", "v2-auto", "gosdk", "mcp-go"}

// TestSessions plays each plan with each client, directly and through each way
// into Callgate. What the client sees must be the same, and every call must be
// in the record.
func TestSessions(t *testing.T) {
	for name, up := range upstreams {
		for _, client := range clients {
			t.Run(name+"/"+client, func(t *testing.T) { compareWays(t, up, client) })
		}
	}
}

func compareWays(t *testing.T, up upstream, client string) {
	dir := t.TempDir()
	p := readPlan(t, up.plan, dir)
	if client == "gosdk" || client == "mcp-go" {
		p = p.only(goMethods)
	}
	e := entry{Tools: up.tools}
	direct := target{}
	if up.url != nil {
		e.URL = up.url(t)
		direct.URL = e.URL
	} else {
		e.Command = up.command(dir)
		direct = targetOf(e.Command)
	}
	want := p.play(t, client, direct, dir)
	p.complete(t, want)
	t.Run("serve", func(t *testing.T) {
		g := configure(t, setting{servers: map[string]entry{"peer": e}})
		g.serve(t)
		got := p.play(t, client, target{URL: g.base + "/mcp/peer"}, dir)
		same(t, want, got)
		p.recorded(t, got, g.records(t))
	})
	if up.url != nil {
		return
	}
	t.Run("wrap", func(t *testing.T) {
		// The configured entry gives the effects; the command is the wrapped one.
		g := configure(t, setting{servers: map[string]entry{"peer": e}})
		got := p.play(t, client, targetOf(g.wrap("peer", e.Command...)), dir)
		same(t, want, got)
		p.recorded(t, got, g.records(t))
	})
}

func targetOf(argv []string) target { return target{Command: argv[0], Args: argv[1:]} }

func readPlan(t *testing.T, name, dir string) plan {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(here, "plans", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var p plan
	dec := json.NewDecoder(strings.NewReader(strings.ReplaceAll(string(raw), "${DIR}", dir)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		t.Fatalf("plan %s: %v", name, err)
	}
	return p
}

// transcript is what a client saw.
type transcript struct {
	Server struct {
		Version      string          `json:"version"`
		Capabilities json.RawMessage `json:"capabilities"`
		Info         json.RawMessage `json:"info"`
		Instructions json.RawMessage `json:"instructions"`
	} `json:"server"`
	Steps []json.RawMessage `json:"steps"`
	Asked []json.RawMessage `json:"asked"`
}

// play runs the plan on a fresh folder.
func (p plan) play(t *testing.T, client string, to target, dir string) transcript {
	t.Helper()
	furnish(t, dir)
	p.Target = to
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	switch client {
	case "gosdk":
		out = run(t, string(raw), gosdk, "play")
	case "mcp-go":
		out = playMCPGo(t, p)
	default:
		out = run(t, string(raw), node, filepath.Join(here, "clients", "session.mjs"), client)
	}
	var seen transcript
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return seen
}

// furnish gives a folder the files that the plans name, and no others.
func furnish(t *testing.T, dir string) {
	t.Helper()
	old, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range old {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{"notes.txt": "first line\nsecond line\n", "pixel.png": "\x89PNG\r\n\x1a\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// uuid is the only thing that two sessions with the same server may differ in.
var uuid = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func anonymous(raw []byte) []byte { return uuid.ReplaceAll(raw, []byte("SESSION")) }

// complete checks that a session did what its plan says, so that two equal
// failures do not pass for success.
func (p plan) complete(t *testing.T, seen transcript) {
	t.Helper()
	if len(seen.Steps) != len(p.Steps) {
		t.Fatalf("the client did %d steps of %d", len(seen.Steps), len(p.Steps))
	}
	answered := 0
	for i, raw := range seen.Steps {
		var s struct{ Result, Heard json.RawMessage }
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		if s.Result != nil || len(s.Heard) > 0 && s.Heard[0] == '{' {
			answered++
		}
		if p.Steps[i].Await != "" && (len(s.Heard) == 0 || s.Heard[0] != '{') {
			t.Errorf("the server never sent %s", p.Steps[i].Await)
		}
	}
	if answered < len(p.Steps)-2 {
		t.Errorf("only %d of %d steps were answered", answered, len(p.Steps))
	}
}

func same(t *testing.T, want, got transcript) {
	t.Helper()
	differ(t, "version", want.Server.Version, got.Server.Version)
	differ(t, "capabilities", string(want.Server.Capabilities), string(got.Server.Capabilities))
	differ(t, "server info", string(want.Server.Info), string(got.Server.Info))
	differ(t, "instructions", string(want.Server.Instructions), string(got.Server.Instructions))
	differLists(t, "step", private(want.Steps), private(got.Steps))
	differLists(t, "request to the client", want.Asked, got.Asked)
}

// private is the steps with every list of tools marked as one that caches may
// not share. A list that is made for one caller must be; that mark is the one
// thing that Callgate changes, and TestPrivateLists checks that it does.
func private(steps []json.RawMessage) []json.RawMessage {
	steps = slices.Clone(steps)
	for i, raw := range steps {
		if bytes.Contains(raw, []byte(`"tools/list"`)) {
			steps[i] = shared.ReplaceAll(raw, []byte(`"cacheScope"${1}"private"`))
		}
	}
	return steps
}

var shared = regexp.MustCompile(`"cacheScope"(:\s*)"public"`)

func differLists(t *testing.T, what string, want, got []json.RawMessage) {
	t.Helper()
	if len(want) != len(got) {
		t.Errorf("%d %ss directly, %d through callgate", len(want), what, len(got))
	}
	for i := range min(len(want), len(got)) {
		differ(t, fmt.Sprintf("%s %d", what, i+1), string(anonymous(want[i])), string(anonymous(got[i])))
	}
}

func differ(t *testing.T, what, want, got string) {
	t.Helper()
	if want != got {
		t.Errorf("%s\ndirectly: %s\nthrough:  %s", what, want, got)
	}
}

// judged are the methods that become calls.
var judged = []string{"tools/call", "resources/read", "prompts/get"}

// recorded checks that the record holds an allowed call for each judged step
// of the plan, in the plan's order, and no refused one.
func (p plan) recorded(t *testing.T, seen transcript, rows []row) {
	t.Helper()
	var want, got []string
	for _, s := range p.Steps {
		if !slices.Contains(judged, s.Method) {
			continue
		}
		name := toolOf(t, s)
		want = append(want, name)
		if s.Asks && seen.Server.Version >= "2026-07-28" {
			want = append(want, name)
		}
	}
	for _, r := range rows {
		if r.Decision != "allow" || r.Caller != "me" || r.Server != "peer" || r.Surface != "mcp" || r.Outcome == "" {
			t.Errorf("record %+v", r)
		}
		if slices.Contains(want, r.Tool) {
			got = append(got, r.Tool)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("calls made:     %q\ncalls recorded: %q", want, got)
	}
}

// toolOf is the name that a step has in the record.
func toolOf(t *testing.T, s step) string {
	t.Helper()
	if s.Method != "tools/call" {
		return s.Method
	}
	var params struct{ Name string }
	if err := json.Unmarshal(s.Params, &params); err != nil {
		t.Fatal(err)
	}
	return params.Name
}
